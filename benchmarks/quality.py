"""Time to quality: the processor seconds a GAN needs until its samples are as good as asked.

`python benchmarks/quality.py train PEER --seed 0` trains one contender (a function of
`quality_peers.py`, or `gankit`: this package with its defaults; `gankit_no_ema`: without the
average of G; `gankit_latent100`: with the paper's length of z, `..._latent8`, `16`, `32`: with
others; `gankit_batch32`, `16`: in batches of so many; `gankit_beta0`: without Adam's first average;
`gankit_rate4e3`: colour at the rate of grey; `gankit_cosine7`, `10`, `60`: in batches of 16 at a
rate that falls from 2e-3 to 0 within so many epochs; `gankit_bfloat16`: in mixed precision) on the
60,000 images of Fashion-MNIST (`--data cifar10` for 32 px colour: gankit's own, `keras_copied`,
`pytorch_dcgan`), and writes a row a look: epoch, processor seconds of the training alone, and the
Frechet classifier distance of 10,000 samples (the same classifier for all). `... table` prints for
each peer the best score that it and all of gankit's seeds reached, and when they did; and draws the
curves.
Set TF_NUM_INTRAOP_THREADS=1, OMP_NUM_THREADS=1 and one core, so that a processor second is the same
for all. The peer `pytorch_dcgan` needs KERAS_BACKEND=torch and a Python with PyTorch.

Runs of different days or machines cannot be compared in seconds, only in steps. `... price` trains
3,840 images of each contender in turn, round after round on this machine, and writes each run's
`processor_seconds` anew: its epochs times the median of what one costs.
"""

import argparse
import csv
import os
import sys
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # for all: TensorFlow leaves it off here

import numpy as np

from gankit import datasets
from gankit.runs import read_table

ROUND = 3840  # images: whole batches of 64, 128 and 256
DRAWN = {  # at most as many as there are styles
    "fashion_mnist": ["gankit", "pytorch_dcgan", "keras_copied", "keras_guide",
                      "tensorflow_tutorial"],
    "cifar10": ["gankit", "pytorch_dcgan", "keras_copied", "gankit_cosine10", "gankit_cosine60"],
}  # fmt: skip
OURS = {"fashion_mnist": "gankit", "cifar10": "gankit_cosine10"}  # what the peers are held against
FOLDER = Path(__file__).parent.parent / "data" / "runs" / "time_to_quality"


def looks(epochs):
    """Epochs at which a contender is scored: more often at first."""
    early = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, *range(4, min(epochs, 24) + 1)]
    return [*early, *range(27, epochs, 3), epochs]


def gankit(seed, shape=(28, 28, 1), latent_dim=None, **options):
    """This package's DCGAN, all by default."""
    import keras
    import tensorflow as tf

    from gankit.gans import GAN
    from gankit.models import dcgan

    keras.utils.set_random_seed(seed)
    gan = GAN(dcgan.generator(shape, latent_dim), dcgan.discriminator(shape), seed=seed)
    gan.compile(**options)
    return tf.function(gan.algorithm_1), lambda n, s: gan.generate(n, seed=s), 64


def gankit_no_ema(seed, shape=(28, 28, 1)):
    """The same, its samples drawn by G itself, not by its average."""
    return gankit(seed, shape, ema=0.0)


gankit_latent100 = partial(gankit, latent_dim=100)  # the DCGAN paper's
gankit_latent8 = partial(gankit, latent_dim=8)
gankit_latent16 = partial(gankit, latent_dim=16)
gankit_latent32 = partial(gankit, latent_dim=32)


def gankit_batches(seed, shape=(28, 28, 1), batch_size=32):
    """The same in smaller batches."""
    step, sample, _ = gankit(seed, shape)
    return step, sample, batch_size


gankit_batch32 = gankit_batches
gankit_batch16 = partial(gankit_batches, batch_size=16)


def gankit_adam(seed, shape=(28, 28, 1), latent_dim=None, beta_1=0.5):
    """The same at 4e-3, the default of grey images, whatever the images; another beta_1."""
    import keras

    adams = [keras.optimizers.Adam(4e-3, beta_1=beta_1) for _ in "GD"]
    return gankit(seed, shape, latent_dim, g_optimizer=adams[0], d_optimizer=adams[1])


gankit_rate4e3 = gankit_adam
gankit_beta0 = partial(gankit_adam, beta_1=0.0)
gankit_rate4e3_latent16 = partial(gankit_adam, latent_dim=16)
gankit_rate4e3_latent32 = partial(gankit_adam, latent_dim=32)


def gankit_cosine(seed, shape=(28, 28, 1), images=60_000, *, epochs):
    """The same in batches of 16, at a rate that falls from 2e-3 to 0 within the training."""
    import keras

    fall = keras.optimizers.schedules.CosineDecay(2e-3, images // 16 * epochs)
    adams = [keras.optimizers.Adam(fall, beta_1=0.5) for _ in "GD"]
    step, sample, _ = gankit(seed, shape, g_optimizer=adams[0], d_optimizer=adams[1])
    return step, sample, 16


gankit_cosine7 = partial(gankit_cosine, epochs=7)
gankit_cosine10 = partial(gankit_cosine, epochs=10)
gankit_cosine60 = partial(gankit_cosine, epochs=60)  # recorded: looks of the recipe dcgan_cifar10


def gankit_bfloat16(seed, shape=(28, 28, 1)):
    """The same in mixed precision."""
    import keras

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        return gankit(seed, shape)
    finally:
        keras.mixed_precision.set_global_policy("float32")  # of the classifier that judges


def measure(images, judge, step, sample, batch_size, seed, epochs, path, budget=None):
    """Train, and write the score at each look; the judge's own time is not counted."""
    per_epoch = len(images) // batch_size
    marks = {round(e * per_epoch) for e in looks(epochs)}
    batches, spent, done = images.batches(batch_size, seed=seed), 0.0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["epoch", "processor_seconds", "frechet"])
        while done < epochs * per_epoch and (budget is None or spent < budget):
            for reals in batches:
                start = time.process_time()
                step(reals)
                spent += time.process_time() - start
                done += 1
                if done in marks:
                    score = judge.score(np.asarray(sample(judge.n, 1)))["frechet"]
                    table.writerow([f"{done / per_epoch:.2f}", f"{spent:.1f}", f"{score:.2f}"])
                    file.flush()
                    print(f"{done / per_epoch:.2f} {spent:.0f} s {score:.1f}", flush=True)
            batches.on_epoch_end()


def round_of(contender, data):
    """Be a process that `price` tells to train `ROUND` images."""
    import contenders

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    step, _, batch_size = contender
    contenders.loop(step, datasets.load(data).take(ROUND), batch_size)


def price(folder, data, torch_python, rounds=7):
    """Processor seconds an epoch of each contender, interleaved; rewrites the runs' seconds."""
    from throughput import Worker

    images, threads = len(datasets.load(data)), int(os.environ.get("OMP_NUM_THREADS", "1"))
    workers, costs = {}, {}
    try:
        for name in curves(folder):
            torch = name == "pytorch_dcgan"
            command = [torch_python if torch else sys.executable, __file__, "round", name]
            environment = {"KERAS_BACKEND": "torch"} if torch else {}
            workers[name] = Worker([*command, "--data", data], environment, threads)
        for _ in range(rounds):
            for name, worker in workers.items():
                if (seconds := worker.round()) is None:
                    raise SystemExit(f"{name}: {worker.close()}")
                costs.setdefault(name, []).append(seconds["processor"] * images / ROUND)
    finally:
        for worker in workers.values():
            worker.close()
    for name, seconds in costs.items():
        lowest, middle, highest = np.quantile(seconds, [0, 0.5, 1])
        print(f"{name:22}{middle:7.1f} s an epoch ({lowest:.1f} to {highest:.1f})")
        for path in folder.glob(f"{name}_[0-9]*.csv"):
            table = read_table(path)
            rows = zip(table["epoch"], table["frechet"])
            lines = [f"{epoch:.2f},{epoch * middle:.1f},{score:.2f}\n" for epoch, score in rows]
            path.write_text("epoch,processor_seconds,frechet\n" + "".join(lines))


def seconds_until(table, score):
    """Processor seconds at which a run was first as good as `score`, on its measured curve."""
    good = np.flatnonzero(table["frechet"] <= score)
    if len(good) == 0:
        return float("inf")
    i = good[0]
    if i == 0:
        return float(table["processor_seconds"][0])
    (t0, t1), (f0, f1) = (table[k][i - 1 : i + 1] for k in ("processor_seconds", "frechet"))
    return float(t0 + (t1 - t0) * (f0 - score) / (f0 - f1))


def curves(folder=FOLDER):
    """`{contender: [one table a seed]}`."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        found.setdefault(path.stem.rsplit("_", 1)[0], []).append(read_table(path))
    return found


def report(ours, folder=FOLDER):
    """Print a line a run of a peer: when the best score that it and all of ours reached was."""
    found = curves(folder)
    if ours not in found:
        raise SystemExit(f"no curve of {ours} in {folder}, which the others are held against")
    worst = max(table["frechet"].min() for table in found[ours])
    print(f"held against {ours}")
    print(f"{'peer':24}epochs   its best   to     took    ours took (seeds)         ratio")
    for name, tables in found.items():
        for table in [] if name == ours else tables:
            best = table["frechet"].min()
            score = max(best, worst)
            spent = seconds_until(table, score)
            took = [seconds_until(other, score) for other in found[ours]]
            times = ", ".join(f"{t:.0f}" for t in took)
            print(
                f"{name:24}{table['epoch'][-1]:6.1f}{best:11.1f}{score:7.1f}{spent:7.0f} s   "
                f"{times:22}{spent / np.median(took):8.1f}"
            )


def picture(names, folder=FOLDER):
    """The curves of these contenders, on logarithmic axes."""
    from gankit import plots
    from gankit.pictures import figure

    found = curves(folder)
    fig, axes = figure(size=(7, 4), alt="Frechet classifier distance against processor seconds.")
    for name, (colour, style) in zip([name for name in names if name in found], plots.STYLES):
        tables = found[name]
        for i, table in enumerate(tables):
            x, y = table["processor_seconds"], table["frechet"]
            axes.plot(x, y, color=colour, linestyle=style, label=None if i else name)
    low = min(table["frechet"].min() for tables in found.values() for table in tables)
    ticks = [tick for tick in (3, 5, 10, 20, 30, 50, 100, 200, 400) if tick > 0.9 * low]
    seconds = [10, 30, 100, 300, 1000, 3000]
    axes.set(xscale="log", yscale="log", xlabel="processor seconds of training",
             ylabel="Frechet classifier distance")  # fmt: skip
    axes.set(xticks=seconds, xticklabels=seconds, yticks=ticks, yticklabels=ticks)
    axes.minorticks_off()
    axes.legend(loc="lower left", fontsize=8)  # where no curve can be: good within a second
    return fig


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "price", "table", "round"])
    parser.add_argument("peer", nargs="?", default="gankit")
    parser.add_argument("--data", default="fashion_mnist", choices=["fashion_mnist", "cifar10"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--budget", type=float, help="stop after so many processor seconds")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with torch")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    drawn_in = options.out or Path(__file__).parent / "results"
    options.out = options.out or FOLDER / ("" if options.data == "fashion_mnist" else options.data)
    if options.what == "table":
        report(OURS[options.data], options.out)
        name = "quality.png" if options.data == "fashion_mnist" else f"quality_{options.data}.png"
        picture(DRAWN[options.data], options.out).savefig(drawn_in / name)
        return
    if options.what == "price":
        price(options.out, options.data, options.torch_python)
        return
    if options.peer.startswith("gankit"):
        make = globals()[options.peer]
    elif options.peer == "pytorch_dcgan":
        from quality_torch import pytorch_dcgan as make
    else:
        import quality_peers

        make = getattr(quality_peers, options.peer)
    images = datasets.load(options.data)
    given = {} if options.data == "fashion_mnist" else {"shape": images.image_shape}
    if options.peer.startswith("gankit_cosine"):
        given["images"] = len(images)  # which say when the rate is 0
    contender = make(options.seed, **given)
    if options.what == "round":
        round_of(contender, options.data)
    from gankit.training import Judge

    judge = Judge(f"{options.data}_classifier")
    path = options.out / f"{options.peer}_{options.seed}.csv"
    measure(images, judge, *contender, options.seed, options.epochs, path, options.budget)


if __name__ == "__main__":
    main()

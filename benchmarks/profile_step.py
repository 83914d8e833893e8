"""Where the time of a training step goes: TensorFlow's own profile of `GAN.fit`, by operation.

    python benchmarks/profile_step.py --width 16

What `fit` takes beyond the operations (Python, data, callbacks, the operations' own start) is the
last line. The profiler knows wall time alone: run it on a core that is at rest.
"""

import argparse
import csv
import tempfile
import time
from collections import Counter
from pathlib import Path

import contenders
import tensorflow as tf

from gankit.gans import GAN


def spent(folder):
    """{kind of operation: seconds} from the file that TensorFlow's profiler leaves."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space, seconds = xplane_pb2.XSpace(), Counter()
    for path in Path(folder).rglob("*.xplane.pb"):
        space.MergeFromString(path.read_bytes())
    for plane in (plane for plane in space.planes if "CPU" in plane.name):
        for event in (event for line in plane.lines for event in line.events):
            kind = plane.event_metadata[event.metadata_id].name.split(":")[-1]
            kind = kind.removeprefix("_MklNative").removeprefix("_Fused")  # oneDNN's names
            if hasattr(tf.raw_ops, kind):  # noted as place/name:Kind
                seconds[kind] += event.duration_ps / 1e12
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=28)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    images = contenders.load(options.size, options.steps)
    gan = GAN(*contenders.networks(images, options.width))
    gan.compile(contenders.adam(), contenders.adam(), ema=0.0)
    fit = {"batch_size": contenders.BATCH, "verbose": 0}
    gan.fit(images, **fit)  # traces
    start = time.process_time()
    gan.fit(images, epochs=2, initial_epoch=1, **fit)
    whole = time.process_time() - start
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            gan.fit(images, epochs=3, initial_epoch=2, **fit)
        seconds = spent(folder)
    rest = whole - sum(seconds.values())
    name = f"profile_{options.size}px_w{options.width}.csv"
    with (Path(__file__).parent / "results" / name).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["operation", "ms_a_step", "share"])
        few = [(kind, s) for kind, s in seconds.most_common() if s > whole / 200]
        others = sum(seconds.values()) - sum(s for _, s in few)
        for kind, s in [*few, ("other operations", others), ("beside operations", rest)]:
            table.writerow([kind, f"{1e3 * s / options.steps:.3f}", f"{s / whole:.3f}"])
            print(f"{kind:30} {1e3 * s / options.steps:8.3f} ms {s / whole:7.1%}")
    print(f"{'a step of fit':30} {1e3 * whole / options.steps:8.3f} ms")


if __name__ == "__main__":
    main()

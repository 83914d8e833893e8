# %% [markdown]
# # 02 · What do convolutions buy, rule by rule?
#
# Lesson 01 ended with a GAN of fully connected layers that drew blurred clothes. In 2016 Radford,
# Metz and Chintala wrote down rules for building both players from convolutions instead: the
# **DCGAN**. (Their list has five; the slides split the first, on changing size, in two.)
# Most GANs since stand on them. Here you take the rules one at a time, each beside a *wrong twin*,
# and then watch what a DCGAN learns.
#
# | rule | says | part |
# |---|---|---|
# | 1 | D halves sides by strides, not by pooling | 2 |
# | 2 | G doubles them by transposed convolutions | 3, 4 |
# | 3 | no hidden dense layers | 5 |
# | 4 | batch normalisation, but not at G's output nor at D's input | 5 |
# | 5 | ReLU in G, tanh at its end | 5 |
# | 6 | LeakyReLU in D | 5 |
#
# **You will see** where the weights sit, what going down and up in size does to information, a
# checkerboard and where it comes from, two GANs given equal processor time, what each rule is
# worth, 90 epochs of a recorded training, walks through latent space, and a test for memorising.
#
# **Time**: about 3 minutes of computing on two cores, 2 with a GPU; two hours of thinking.
#
# **Before this**: lesson 01 (both losses, Algorithm 1, reading D's loss).
#
# **It mirrors** the forensics slides' part on DCGAN (S2.9-S2.18, S2.20) and the last claims of the
# slides on adversarial examples and GANs (S4.98-S4.102); the table at the end says what became of
# each.
#
# *For a session of 90 minutes*: begin with *Run All* (three minutes), meanwhile the questions from
# memory (5); parts 1 and 4, voting before each answer (25); rule 3 of part 5, then "All six in one
# piece" and the planted faults (15); of part 6 the race and "What each rule is worth" (20); part 9
# with the memory test (20); the exit note (5). Show the exercise copy while the class votes, and
# not the cells below the question, which give the answer away. The rest is for home.

# %%
from gankit import datasets, latents, plots
from gankit.course import check, setup, todo
from gankit.pictures import figure

train, test = datasets.fashion_mnist(), datasets.fashion_mnist("test")
profile = setup(minutes=(3, 2), data=train, title="02 · DCGAN")

# %%
import time

import keras
import numpy as np
from keras import layers, ops
from PIL import Image
from scipy.stats import ttest_ind

from gankit.backend import input_gradients
from gankit.datasets import data_folder
from gankit.gans import GAN
from gankit.models import dcgan, mlp
from gankit.runs import load_run, read_table
from gankit.sweeps import load_sweep
from gankit.sweeps import picture as sweep_picture
from gankit.training import Judge

SHAPE = train.image_shape  # (28, 28, 1)
run, simple_run = load_run("dcgan_fashion_mnist"), load_run("mlp_fashion_mnist")
LATENT = run.recipe["generator"]["latent_dim"]  # how many numbers its z has

# %% [markdown]
# ## From memory
#
# Answer before you unfold; a sentence each.
#
# 1. D's loss stands at 1.386. What does D most likely say of all that it is shown?
# 2. Both losses print 0.00. Is the game won?
# 3. In a step of G, what of the real images reaches G?
#
# <details><summary>Answers</summary>
#
# 1. One half: it cannot tell. 1.386 is 2 ln 2. Either the fakes are perfect, or D is too weak to
#    see. (Other answers can add up to 1.386, too: look at D's outputs before you believe a loss.)
# 2. No. D's and the non-saturating G's loss on the same fakes add up to at least 1.386; two zeros
#    can only come from the saturating loss, and then D has won and G's gradient is gone.
# 3. Nothing directly. Only D's gradient at G's own fakes, and D has learned from the reals. Part 9
#    puts that to the test.
#
# </details>
#
# ## The data
#
# Fashion-MNIST (Xiao et al. 2017): small grey pictures of clothes, made as a harder stand-in for
# the digits of MNIST. The slides give its size as 60,000 and 10,000.

# %% tags=["S2.18", "nbval-check-output"]
counts = np.bincount(train.labels)
alike = len(set(counts)) == 1 and len(counts) == 10
apart = not set(map(bytes, test.take(500).images)) & set(map(bytes, train.images))
print("ok: ten classes, equally many images of each, 28 x 28, grey" if alike else counts)
print("ok: no test image looked at is in the training set" if apart else "some are in both!")

# %%
first = np.concatenate([train.images[train.labels == k][:1] for k in range(10)]) / np.float32(255)
print(f"{train.name}: {len(train):,} training images, {len(test):,} test images")
plots.image_grid(
    first,
    titles=train.class_names,
    alt="A garment of each of the ten classes, light on black, most of them filling the frame "
    f"from edge to edge: {np.mean(train.images[:5000] == 0):.0%} of all pixels are exactly black.",
)

# %% [markdown]
# ## 1. Where do the weights sit?
#
# The simple G of lesson 01 is made of fully connected ("dense") layers. The DCGAN is said to have
# none: it is made of convolutions with strides. Both make 28 x 28 images from 100 random
# numbers here, as in the paper.
#
# **Predict.** Which G has more weights, and where has the DCGAN's G most of its own?
#
# - a) the DCGAN: it draws better, so it needs more; in its convolutions
# - b) the simple one; the DCGAN's sit in its convolutions
# - c) the simple one; the DCGAN's sit in a dense layer

# %%
guess = "?"  # a, b or c

# %%
builders = {
    "simple G": mlp.generator(SHAPE, latent_dim=100),
    "DCGAN G": dcgan.generator(SHAPE, latent_dim=100, width=16),
    "simple D": mlp.discriminator(SHAPE),
    "DCGAN D": dcgan.discriminator(SHAPE, width=16),
}


def weights_in(network, *kinds):
    """How many weights the layers of these kinds have."""
    return sum(layer.count_params() for layer in network.layers if isinstance(layer, kinds))


size = {name: network.count_params() for name, network in builders.items()}
dense = {name: weights_in(network, layers.Dense) for name, network in builders.items()}

# %%
fig, axes = figure(
    size=(8, 3),
    alt="Bars of the number of weights, dense ones hatched. "
    + ", ".join(f"{n}: {size[n]:,}, {dense[n] / size[n]:.0%} of them dense" for n in size)
    + ". The DCGAN is far smaller, and yet most of its G is one dense layer.",
)
names = list(size)[::-1]
axes.barh(names, [dense[n] for n in names], color=plots.ORANGE, hatch="///", edgecolor="white")
rest = [size[n] - dense[n] for n in names]
axes.barh(names, rest, left=[dense[n] for n in names], color=plots.BLUE)
for n in names:
    text = f" {size[n]:,}, of which dense {dense[n] / size[n]:.0%}"
    axes.text(size[n], n, text, va="center")
axes.set(xlim=(0, 900_000), xlabel="weights (hatched: in dense layers)")
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# c. (a) takes weights for ability; (b) takes the paper's "no fully connected layers" at its word.
# A convolution uses the *same* few weights at every place of the image: 4 x 4 x 16 x 32 = 8,192 of
# them do the work between 7 x 7 and 14 x 14. But the 100 latent numbers have no place yet, and
# giving them one takes a dense layer: about 95 % of all weights of this G.
#
# Few weights are not little work: each is used at 49 or 196 places. On one core, a step of this
# DCGAN took us 25 ms, one of the simple GAN 12 ms (batch 64, in the race of part 6).
#
# </details>
#
# So what does "no pooling, no dense layers" mean, literally? Let the layers be counted.

# %% tags=["S2.9", "nbval-check-output"]
G, D = builders["DCGAN G"], builders["DCGAN D"]
pools = (layers.MaxPooling2D, layers.AveragePooling2D, layers.GlobalAveragePooling2D)
pooling = [layer for layer in (*G.layers, *D.layers) if isinstance(layer, pools)]
strided = [layer for layer in (*G.layers, *D.layers) if getattr(layer, "strides", 1) == (2, 2)]
where = [i for i, layer in enumerate(G.layers) if isinstance(layer, layers.Dense)]
where += [i - len(D.layers) for i, layer in enumerate(D.layers) if isinstance(layer, layers.Dense)]
print(pooling or "ok: no pooling")
print("ok: every convolution has stride two" if len(strided) == 4 else strided)
print("ok: two dense layers, G's first and D's last" if where == [0, -1] else where)

# %% [markdown]
# ## 2. Going down: is something lost?
#
# D must get from 28 x 28 to one number. On its way, strides of 2 halve each side twice: 28, 14, 7.
# The slides warn that information may be lost on that way.
#
# **Predict.** With 64 and then 128 channels, how many numbers are left of an image's 784 when its
# sides have shrunk to 7 x 7?
#
# - a) 49: one for each place
# - b) 784, as before
# - c) 6,272

# %%
guess = "?"  # a, b or c

# %% tags=["S2.12"]
wide = dcgan.discriminator(SHAPE, width=64)
stages = [("image", SHAPE)]
convolutions = [layer for layer in wide.layers if hasattr(layer, "kernel_size")]
stages += [("convolution", layer.output.shape[1:]) for layer in convolutions]
labels = [f"{name}\n{h} x {w} x {c}" for name, (h, w, c) in stages]
numbers = [int(np.prod(shape)) for _, shape in stages]
fig, axes = figure(
    size=(6, 3),
    alt=f"Three bars: {numbers[0]:,} numbers in the image, {numbers[1]:,} after the first strided "
    f"convolution, {numbers[2]:,} after the second. Sides shrink, channels more than "
    "make up for it.",
)
axes.bar(labels, numbers, color=[plots.GREY, plots.BLUE, plots.BLUE])
for i, n in enumerate(numbers):
    axes.text(i, n, f"{n:,}", ha="center", va="bottom")
axes.set(ylabel="numbers", ylim=(0, 15_000))
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# c: 7 x 7 x 128. (a) forgets the channels, (b) thinks of them as a fair exchange. Here an image is
# *spread out* before anything has to be dropped.
#
# </details>
#
# Whether something is lost is thus a matter of channels, not of strides. Four filters, each of
# which looks at one corner of every 2 x 2 block, lose nothing: the transposed convolution with the
# same kernel brings the image back. One filter loses three numbers of four, and so does the
# maximum of each block.

# %% tags=["S2.11", "nbval-check-output"]
x = np.stack([test.unit()[test.labels == k][5] for k in (0, 1, 3, 4, 7, 8)])
corners = np.eye(4, dtype="float32").reshape(2, 2, 1, 4)  # filter k sees corner k
one = np.full((2, 2, 1, 1), 0.25, "float32")  # one filter: the mean of the block


def there_and_back(x, kernel):
    """Down by a strided convolution, up by the transposed one with the same kernel."""
    down = ops.conv(x, kernel, strides=2)
    return ops.convert_to_numpy(ops.conv_transpose(down, kernel, strides=2))


four_back, one_back = there_and_back(x, corners), there_and_back(x, one) * 4
print("ok: four filters bring every pixel back" if np.array_equal(four_back, x) else "differs!")
print("ok: one filter does not" if np.abs(one_back - x).max() > 0.1 else "one is enough?")

# %% [markdown]
# ### Rule 1: strides in place of pooling
#
# ```python
# layers.Conv2D(32, 4, strides=2, padding="same")                            # rule 1
# layers.Conv2D(32, 4, padding="same"), layers.MaxPooling2D(2)               # its wrong twin
# ```
#
# Both halve the sides. The twin decides *for* the network what is kept, namely the largest of
# four. In a classifier that is often welcome: a cat a pixel further left is a cat. But D's task is
# to see whether the pixels are right. Below, every 2 x 2 block of these images is turned half
# round.
#
# **Predict.** What does max pooling make of the difference? And what reaches G, which learns from
# D's gradient alone: how many of four numbers get any?

# %% tags=["S2.12", "nbval-check-output"]
turned = x.reshape(-1, 14, 2, 14, 2)[:, :, ::-1, :, ::-1].reshape(x.shape)
pool, stride = layers.MaxPooling2D(2), layers.Conv2D(1, 2, strides=2)
noise = np.random.default_rng(0).random((4, *SHAPE), "float32")
seen, share = {}, {}
for name, layer in {"pooling": pool, "stride": stride}.items():
    seen[name] = np.abs(ops.convert_to_numpy(layer(x) - layer(turned)))
    slopes = input_gradients(layer, ops.convert_to_tensor(noise))
    share[name] = float(np.mean(ops.convert_to_numpy(slopes) != 0))
print("ok: pooling sees no difference" if seen["pooling"].max() == 0 else "pooling sees one")
print("ok: a stride sees it" if seen["stride"].max() > 0.1 else "the stride sees none")
quarter = share == {"pooling": 0.25, "stride": 1.0}
print("ok: a gradient for one number in four, and for all" if quarter else share)

# %%
twice = [np.repeat(np.repeat(a, 2, 1), 2, 2) for a in (layers.MaxPooling2D(2)(x), seen["stride"])]
plots.image_grid(
    np.concatenate([x, turned, np.asarray(twice[0]), np.clip(twice[1], 0, 1)]),
    columns=6,
    scale=2,
    rows=["image", "blocks turned", "max pooling, of both", "stride: difference"],
    alt="Six garments; below them the same with every 2 x 2 block turned half round, visibly "
    "frayed; below these one row only, because max pooling gives exactly the same for both; last, "
    "what a strided convolution sees differently: bright along every edge.",
)

# %% [markdown]
# Nothing, and one: max pooling gives the same for both, and hands its gradient to the largest of
# each four alone. A D with pooling could not object to the second row, and a G would be free to
# draw it. (That holds for a layer of pooling right on the image; behind other layers the loss is
# the same, of other numbers.) Whether G's samples suffer is another question: part 6 measures it,
# for a twin that takes the mean of each four.
#
# ## 3. Going up: is something won?
#
# G goes the other way: 7, 14, 28. A **transposed convolution** with stride 2 lays the inputs two
# pixels apart and lets each *stamp* the kernel, times its value; where stamps overlap they add up.

# %%
def transposed(x, kernel, stride=2):
    """Stamp `kernel` (k, k) once for each number of `x` (h, w), `stride` pixels apart."""
    (h, w), k = x.shape, len(kernel)
    out = np.zeros((stride * (h - 1) + k, stride * (w - 1) + k))
    for i in range(h):
        for j in range(w):
            top, left = stride * i, stride * j
            out[top : top + k, left : left + k] += x[i, j] * kernel
    return out


# %% tags=["S2.13", "nbval-check-output"]
rng = np.random.default_rng(0)
small, kernel = rng.standard_normal((7, 7)), rng.standard_normal((4, 4))
ours = transposed(small, kernel)
layer = layers.Conv2DTranspose(1, 4, strides=2, padding="same", use_bias=False)
layer.build((None, 7, 7, 1))
layer.set_weights([kernel[:, :, None, None]])
theirs = ops.convert_to_numpy(layer(small[None, :, :, None].astype("float32")))[0, :, :, 0]
inner = ours[1:-1, 1:-1]  # "same" padding cuts off what sticks out
print("ok: ours equals Keras'" if np.allclose(inner, theirs, atol=1e-5) else "they differ")

# %% [markdown]
# **Predict.** From 7 x 7 to 14 x 14, four times as many pixels. What is in them?
#
# - a) new detail: the kernel has learned what clothes look like
# - b) the same 49 numbers, arranged by fixed weights
# - c) four times as many free choices

# %%
guess = "?"  # a, b or c

# %% tags=["S2.10", "S2.13", "nbval-check-output"]
# Everything a transposed convolution can make of 49 numbers is a mixture of 49 pictures.
pictures = [transposed(one, kernel)[1:-1, 1:-1] for one in np.eye(49).reshape(49, 7, 7)]
rank = np.linalg.matrix_rank(np.reshape(pictures, (49, -1)))
print("ok: sides double, four times the pixels" if pictures[0].shape == (14, 14) else "no")
print("ok: they vary in as many ways as the inputs did" if rank == 49 else rank)

# %%
truth = x[[0, 3, 4, 5]].reshape(4, 14, 2, 14, 2, 1).mean(axis=(2, 4))
coarse = truth.reshape(4, 7, 2, 7, 2).mean(axis=(2, 4))
kernels = {
    "copied (nearest)": np.pad(np.ones((2, 2)), 1),
    "a smooth kernel": np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16,
    "a random kernel": np.abs(rng.standard_normal((4, 4))) / 3.2,
}
ups = [np.stack([transposed(c, k)[1:-1, 1:-1] for c in coarse]) for k in kernels.values()]
ups = [truth[..., 0], *ups]
plots.image_grid(
    np.concatenate([np.clip(np.stack(u), 0, 1) for u in ups]).astype("float32")[..., None],
    columns=4, rows=["14 x 14, before", *kernels], scale=4,
    alt="Four garments at 14 x 14 pixels, then rebuilt from 7 x 7 by three kernels: copied, they "
    "are "
    "blocks; smoothed, a blur; with random weights, a regular weave. None brings back the detail.",
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# b. (a) is nearly right and therefore tempting: the kernel is learned, so what it stamps is a
# *good guess*, but the same guess everywhere. Detail that differs from image to image must come
# from the inputs: 7 x 7 places times 32 channels, made from z. (c) counts pixels for freedom.
#
# </details>
#
# ### Rule 2: transposed convolutions to go up
#
# ```python
# layers.Conv2DTranspose(16, 4, strides=2, padding="same")                # rule 2: a learned stamp
# layers.UpSampling2D(2)                                                  # its twin: a fixed one
# ```
#
# The twin is the first of the three kernels above, for ever. (Followed by a convolution it is a
# rival to be taken seriously: part 4.)
#
# ### Exercise 1: follow the shapes
#
# Write down what comes out of `Conv2DTranspose(filters, kernel, strides=stride, padding="same")`.
#
# <details><summary>Hint</summary>With "same" padding the kernel's size does not matter: stride
# times size. What becomes of the channels?</details>

# %% tags=["exercise"]
def upsampled_shape(shape, filters, kernel, stride):
    """(height, width, channels) after the layer, from `shape` = (height, width, channels)."""
    # solution: what does the stride do, what do the filters?
    height, width, _ = shape
    return height * stride, width * stride, filters
    # end of solution


# %% tags=["nbval-check-output"]
upsampled_shape = check("02.upsampled_shape", upsampled_shape)
shape = (7, 7, 32)
for filters in (16, 1):
    shape = upsampled_shape(shape, filters, kernel=4, stride=2)
print("two layers on from 7 x 7 x 32:", tuple(int(s) for s in shape))

# %% [markdown]
# ## 4. The checkerboard
#
# Give a transposed convolution an input of ones and a kernel of ones: each output pixel then
# *counts* how many stamps fall on it.
#
# **Predict.** Stride 2, kernels of 3, 4 and 5. With which are the counts the same everywhere?
#
# - a) all: the input is the same everywhere
# - b) 4
# - c) 5: the larger the kernel, the smoother
#
# And then: with *random* weights in the kernel, does the flat one stay flat?

# %%
guess = "?"  # a, b or c

# %% tags=["S2.13", "nbval-check-output"]
def ripple(kernel):
    """Spread of the output for an input of ones over its root mean square; edges left out."""
    out = transposed(np.ones((9, 9)), kernel)[6:12, 6:12]
    return out.std() / np.sqrt((out**2).mean())


ones = {k: ripple(np.ones((k, k))) for k in (3, 4, 5)}
normal = np.random.default_rng(1).standard_normal
random = {k: np.mean([ripple(normal((k, k))) for _ in range(200)]) for k in (3, 4, 5)}
flat = [k for k in ones if ones[k] < 1e-9]
print("ok: of ones, only kernel 4 gives the same everywhere" if flat == [4] else ones)
print("ok: of random weights, none is" if min(random.values()) > 0.5 else random)

# %%
def after_copying(kernel):
    """The rival: copy each pixel to 2 x 2, then a plain convolution."""
    grid = np.ones((1, 18, 18, 1), "float32")
    out = ops.conv(grid, kernel[:, :, None, None].astype("float32"))
    return ops.convert_to_numpy(out)[0, 3:9, 3:9, 0]


some = {k: normal((k, k)) for k in (3, 4, 5)}
maps = [transposed(np.ones((9, 9)), np.ones((k, k)))[6:12, 6:12] for k in (3, 4, 5)]
maps += [after_copying(np.ones((3, 3)))]
maps += [transposed(np.ones((9, 9)), some[k])[6:12, 6:12] for k in (3, 4, 5)]
maps += [after_copying(some[3])]
titles = [f"ones, kernel {k}\nripple {ones[k]:.2f}" for k in ones] + ["copied, then 3\nripple 0"]
titles += [f"random, kernel {k}\nripple {random[k]:.2f}, mean of 200" for k in random]
titles += ["copied, then random 3\nripple 0"]

# %%
fig, axes = figure(
    2, 4, (8.2, 4.8),
    alt="Eight maps of 6 x 6 output pixels for an even input. Kernels of ones: 3 and 5 show a "
    f"checkerboard (ripple {ones[3]:.2f}, {ones[5]:.2f}), 4 is flat. Random kernels: all "
    f"show a pattern of period 2 (ripple {min(random.values()):.2f} or more). Copying first: flat "
    "in both rows.",
)  # fmt: skip
for ax, grid, title in zip(axes.flat, maps, titles):
    ax.imshow(grid / np.abs(grid).max(), "gray", vmin=-1.3 if grid.min() < 0 else 0, vmax=1.3)
    for (i, j), value in np.ndenumerate(grid[:2, :2]):
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        ax.text(j, i, f"{value:.2g}", ha="center", va="center", size=7, bbox=box)
    ax.set_title(title, size=9)
    ax.set(xticks=[], yticks=[])
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# b, and no. With kernel 3, one pixel in four gets four stamps and one gets a single one; with 4, a
# multiple of the stride, every pixel gets four. That is why this course's kernels are 4 and not
# the paper's 5. But an even *number* of stamps is not an even *sum*: the four pixels of each block
# are made by four separate sets of weights, and random ones differ (ripple about 0.85 for every
# size). Kernel 4 only makes evenness *learnable*, by no longer building the pattern in. Copy first
# and convolve after, and all pixels inside share the same weights: no checkerboard at any weights
# (Odena et al. 2016).
#
# </details>
#
# Did training find the even weights? A checkerboard is a wave from pixel to pixel, the highest
# frequency an image can have. Its power in the recorded DCGAN's samples beside that in test
# images:

# %%
recorded_g, recorded_d = run.network("generator"), run.network("discriminator")
fakes = recorded_g.predict(latents.sample(500, LATENT, seed=5), batch_size=256, verbose=0)


def finest_wave(images):
    """Power of the wave that changes sign from pixel to pixel, both ways, as a share of all."""
    power = np.abs(np.fft.fft2(images[..., 0])) ** 2
    return power[:, 14, 14].mean() / power.reshape(len(power), -1)[:, 1:].sum(1).mean()


waves = {"fakes": finest_wave(fakes), "test images": finest_wave(test.take(500).unit())}
print(", ".join(f"{name}: {1e6 * wave:.0f} millionths" for name, wave in waves.items()))
last_up = [layer for layer in recorded_g.layers if isinstance(layer, layers.Conv2DTranspose)][-1]
learned = np.moveaxis(last_up.get_weights()[0][:, :, 0], -1, 0)  # 32 kernels, one an input channel
each = np.median([ripple(k) for k in learned])
print(f"ripple: G's last kernels {each:.2f} (median), their sum {ripple(sum(learned)):.2f}")

# %% [markdown]
# In the recorded run's samples this wave has hardly more power than in test images; at some 15
# millionths of all power no eye sees it. (In a recording made with another z it had one and a half
# times as much.) Its last *kernels* are not even, though, only about half as uneven as random ones:
# what is nearly even is their sum. The channels have learned to cancel each other's pattern.
#
# ## 5. The other rules, each beside a wrong twin
#
# ### Rule 3: no fully connected hidden layer
#
# ```python
# layers.Flatten(), layers.Dense(1)                                       # rule 3: D decides
# layers.Flatten(), layers.Dense(512), layers.LeakyReLU(0.2), layers.Dense(1)       # its wrong twin
# ```
#
# What does a dense layer not know? Below are garments, and the same garments with their 784 pixels
# shuffled, all in the same way.
#
# **Predict.** A simple GAN, all dense, is trained on the shuffled ones. Its task is now
#
# - a) hopeless: the shapes are gone
# - b) somewhat harder
# - c) exactly as hard as before

# %%
guess = "?"  # a, b or c

# %%
order = np.random.default_rng(0).permutation(784)


def shuffled(images):
    """The same pixels in another order, one order for all images."""
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


plots.image_grid(
    np.concatenate([x, shuffled(x)]), columns=6, scale=2, rows=["garments", "shuffled"],
    alt="Six garments, and below them the same with all pixels shuffled in one fixed way: to the "
    "eye six patches of noise, to a dense layer the same task.",
)  # fmt: skip

# %% tags=["S2.14", "nbval-check-output"]
plain, twin = layers.Dense(512), layers.Dense(512)
outputs = plain(x.reshape(-1, 784))
twin.build((None, 784))
twin.set_weights([plain.get_weights()[0][order], plain.get_weights()[1]])  # its rows, reordered
same = np.allclose(outputs, twin(shuffled(x).reshape(-1, 784)), atol=1e-4)
print("ok: to a dense layer shuffled garments are the same task" if same else "it can tell")

# 7 x 7 x 32 numbers into 512: what this one layer would add to all of D
added = (7 * 7 * 32 + 1) * 512
print("ok: it would outweigh all of D fifty times" if added > 50 * D.count_params() else added)

# %% [markdown]
# <details><summary>Answer</summary>
#
# c. Tempting is (a), because *our* eyes need neighbours. A dense layer has a weight for every
# pixel and no idea which pixels are neighbours: reorder its weights along with the pixels, and
# every output, every loss and every gradient is the same. That is what convolutions buy: they are
# told, before any training, that neighbours belong together and that an edge is an edge anywhere.
#
# </details>
#
# *Say in one sentence why G's first layer may be dense all the same.*
#
# <details><summary>One answer</summary>The 100 latent numbers have no neighbours: there is no
# place in z that a convolution could respect.</details>
#
# ### Rule 4: batch normalisation, except at G's output and D's input
#
# ```python
# layers.BatchNormalization()                                             # rule 4: hidden layers
# layers.BatchNormalization() before D's first layer, or after G's last   # its wrong twins
# ```
#
# It gives each channel of a batch mean 0 and spread 1. First, what for: this is what a fresh G
# draws, with the paper's small starting weights, N(0, 0.02).

# %% tags=["S2.15"]
start = keras.initializers.RandomNormal(stddev=0.02, seed=0)
drawn, spread = [], []
for batch_norm in (False, True):
    fresh = dcgan.generator(SHAPE, 100, width=16, batch_norm=batch_norm, initializer=start)
    drawn.append(ops.convert_to_numpy(fresh(latents.sample(64, 100, seed=0), training=True)))
    spread.append(drawn[-1].std())
plots.image_grid(
    np.concatenate([images[:6] for images in drawn]), columns=6, scale=2,
    rows=[f"without, spread {spread[0]:.5f}", f"with, spread {spread[1]:.3f}"],
    alt="Images of two fresh generators: without batch normalisation six even grey squares "
    f"(spread {spread[0]:.5f}), with it faint patterns (spread {spread[1]:.3f}): each layer "
    "shrinks "
    "the signal, and normalising puts it back, so that all layers get a gradient from the start.",
)  # fmt: skip

# %% [markdown]
# Each layer shrinks the signal, until all images are one grey; normalised, it arrives. So why not
# everywhere? A published DCGAN has it in all layers of both networks. D is shown reals and fakes in
# separate batches.
#
# **Predict.** The fakes have half the contrast of the reals and are too bright, all of them. A D
# that *begins* with batch normalisation sees
#
# - a) that at once: it is the mean of all pixels
# - b) nothing of it
# - c) less of it than before

# %%
guess = "?"  # a, b or c

# %% tags=["S2.15", "nbval-check-output"]
pale = 0.5 * x + 0.3  # half the contrast, and too bright
norm = layers.BatchNormalization(epsilon=1e-5)
after = [ops.convert_to_numpy(norm(images, training=True)) for images in (x, pale)]
print("ok: the two differ" if np.abs(x - pale).mean() > 0.1 else "they are the same")
gone = np.abs(after[0] - after[1]).max() < 1e-2
print("ok: after batch normalisation they do not" if gone else "they still differ")
# and at G's output: a batch of trousers, and one of pullovers
kinds = [train.images[train.labels == k][:64] / np.float32(255) for k in (1, 2)]
ended = [float(np.mean(norm(kind, training=True))) for kind in kinds]
real = [kind.mean() for kind in kinds]
forced = abs(ended[0] - ended[1]) < 1e-3 < 0.1 < abs(real[0] - real[1])
print("ok: both kinds of batches are forced to one brightness" if forced else ended)

# %%
shown = np.clip((np.concatenate(after) + 1) / 4, 0, 1)
plots.image_grid(
    np.concatenate([x, pale, shown]), columns=6, scale=2,
    rows=["reals", "fakes", "reals, normalised", "fakes, normalised"],
    alt="Six garments, the same at half the contrast and too bright, and both after batch "
    "normalisation: the last two rows are the same, so such a D could never complain.",
)  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# b. (a) would be right for a convolution. Batch normalisation takes out each batch's own
# mean and spread, so what differs between the *batches* is gone before D looks; its learned scale
# and offset come after, and treat both batches alike. At G's output the twin is as blind: every
# batch of images, trousers or pullovers, would be forced to one mean brightness.
#
# </details>
#
# ### Rule 5: ReLU in G, tanh at its end
#
# ```python
# layers.Activation("tanh"), layers.Rescaling(0.5, offset=0.5)            # rule 5, to our [0, 1]
# layers.ReLU()                       at the end of G                     # its wrong twin
# ```
#
# **Predict.** Images here lie in [0, 1]. Would a sigmoid not be the natural end, and tanh a
# mistake?

# %% tags=["S2.16", "nbval-check-output"]
into = np.linspace(-8, 8, 201).astype("float32")
outputs = {"tanh, rescaled": ops.tanh(into) / 2 + 0.5, "sigmoid(2a)": ops.sigmoid(2 * into)}
outputs = {name: ops.convert_to_numpy(values) for name, values in outputs.items()}
same = np.allclose(*outputs.values(), atol=1e-6)
print("ok: rescaled tanh is the sigmoid of twice its input" if same else "they differ")
hidden = [la.activation.__name__ for la in G.layers if isinstance(la, layers.Activation)]
print("ok: G has ReLU, ReLU, tanh" if hidden == ["relu", "relu", "tanh"] else hidden)

# %%
black = np.mean(train.images[:5000] == 0)
fig, axes = figure(
    size=(7, 3),
    alt="Three ends for G against what comes in, -3 to 3. Rescaled tanh stays in [0, 1] and is "
    "steep nowhere else but between; linear leaves the band on both sides; ReLU has no upper end, "
    f"and below 0 no slope, just where {black:.0%} of all pixels must be drawn.",
)
axes.axhspan(0, 1, color="#EEEEEE")
inside = np.abs(into) < 3
linear_end, relu_end = into, np.maximum(into, 0)
for values, colour, style, name, at in (
    (outputs["tanh, rescaled"], plots.BLUE, "-", "tanh, rescaled", (1.6, 0.76)),
    (linear_end, plots.ORANGE, "--", "linear", (-0.65, -0.95)),
    (relu_end, plots.VERMILION, ":", "ReLU", (1.35, 1.6)),
):
    axes.plot(into[inside], values[inside], color=colour, linestyle=style, linewidth=2)
    axes.annotate(name, at, color=colour, fontweight="bold", ha="right" if at[1] > 1 else "left")
axes.set(ylim=(-1.2, 2), xlabel="into G's last activation", ylabel="pixel (band: what is allowed)")
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# Neither: they are the same curve, tanh(a)/2 + 1/2 = sigmoid(2a). What matters is an end that
# *cannot* leave the images' range (a linear one can: D would know such fakes by one pixel), and
# whose slope gets small only little by little. A ReLU has none below 0, and about half of
# all pixels here are black: where G has drawn one black, that pixel passes no gradient back. (Why
# ReLU *inside* G the paper does not say; part 6 holds LeakyReLU against it.)
#
# </details>
#
# ### Rule 6: LeakyReLU in D
#
# ```python
# layers.LeakyReLU(0.2)                                                   # rule 6
# layers.ReLU()                                                           # its wrong twin
# ```
#
# G learns from what comes back *through* D. A ReLU that is off lets nothing through. Below, two
# small Ds with the same random weights are pushed, by a negative bias, towards having their units
# off.
#
# **Predict.** How long is the gradient that reaches the image, with ReLU and with LeakyReLU, at a
# large push: equal? a factor of 5? something else?

# %%
def pushed_d(activation, push):
    """Two strided convolutions whose units are pushed towards off, and a decision."""
    keras.utils.set_random_seed(0)
    bias = keras.initializers.Constant(-push)
    stack = [layers.Input(SHAPE), layers.Rescaling(2.0, offset=-1.0)]
    for width in (16, 32):
        conv = layers.Conv2D(width, 4, strides=2, padding="same", bias_initializer=bias)
        stack += [conv, layers.Activation(activation)]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(1)])


def slope_length(network, images):
    """Mean length of D's gradient at the images."""
    slopes = ops.convert_to_numpy(input_gradients(network, ops.convert_to_tensor(images)))
    return np.sqrt((slopes**2).sum(axis=(1, 2, 3))).mean()


# %% tags=["S2.17", "nbval-check-output"]
def leaky(values):
    """Rule 6."""
    return ops.leaky_relu(values, negative_slope=0.2)


pushes = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6]
passed = {
    "LeakyReLU": [slope_length(pushed_d(leaky, push), x) for push in pushes],
    "ReLU": [slope_length(pushed_d("relu", push), x) for push in pushes],
}
print("ok: ReLU ends at exactly nothing" if passed["ReLU"][-1] == 0 else passed["ReLU"])
print("ok: LeakyReLU still teaches" if passed["LeakyReLU"][-1] > 1e-3 else passed["LeakyReLU"])

# %%
fig, axes = figure(
    size=(6.5, 3),
    alt="Length of D's gradient at the image against the push. LeakyReLU falls from "
    f"{passed['LeakyReLU'][0]:.2f} to {passed['LeakyReLU'][-1]:.3f}, ReLU from "
    f"{passed['ReLU'][0]:.2f} to exactly 0: from a D whose units are off, G learns nothing.",
)
for (name, values), (colour, style) in zip(passed.items(), plots.STYLES):
    axes.plot(pushes, values, color=colour, linestyle=style, marker="o")
    axes.annotate(name, (pushes[-1], values[-1]), (6, 0), textcoords="offset points", va="center",
                  color=colour, fontweight="bold")  # fmt: skip
axes.set(xlabel="push towards off (negative bias)", ylabel="length of D's gradient at an image")
axes.set_ylim(bottom=-0.02)
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# With all units off, LeakyReLU passes a fifth at each of its two layers. (A tenth of the first
# length is left, not a 25th: at push 0 many units are off already.) Small, but it points somewhere.
# ReLU passes exactly zero. "A factor of 5" forgets that; and no loss shows it, since D
# may be right.
#
# </details>
#
# ### All six in one piece
#
# Here are both networks, every line with its rule; the third cell shows that they are the
# package's.

# %%
def own_generator(width=16):
    """Rules 2 to 5."""
    def norm_relu():
        return [layers.BatchNormalization(momentum=0.9), layers.ReLU()]  # rules 4 and 5

    return keras.Sequential([
        layers.Input((100,)),
        layers.Dense(7 * 7 * 2 * width, use_bias=False),  # z gets a space: not hidden (rule 3)
        layers.Reshape((7, 7, 2 * width)),
        *norm_relu(),
        layers.Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False),  # rule 2
        *norm_relu(),
        layers.Conv2DTranspose(1, 4, strides=2, padding="same"),  # rule 2; rule 4: not normalised
        layers.Activation("tanh"),  # rule 5
        layers.Rescaling(0.5, offset=0.5),  # to [0, 1]
    ])  # fmt: skip


# %%
def own_discriminator(width=16):
    """Rules 1, 3, 4 and 6."""
    return keras.Sequential([
        layers.Input(SHAPE),
        layers.Rescaling(2.0, offset=-1.0),  # [0, 1] to the paper's [-1, 1]
        layers.Conv2D(width, 4, strides=2, padding="same"),  # rule 1; rule 4: not normalised
        layers.LeakyReLU(0.2),  # rule 6
        layers.Conv2D(2 * width, 4, strides=2, padding="same", use_bias=False),  # rule 1
        layers.BatchNormalization(momentum=0.9),  # rule 4
        layers.LeakyReLU(0.2),
        layers.Flatten(),
        layers.Dense(1),  # the decision, a logit: not hidden (rule 3)
    ])  # fmt: skip


# %% tags=["S2.20", "nbval-check-output"]
z = latents.sample(8, 100, seed=0)
for name, own, package, inputs in (
    ("G", own_generator(), G, z),
    ("D", own_discriminator(), D, x),
):
    own.set_weights(package.get_weights())
    same = np.allclose(own(inputs, training=True), package(inputs, training=True), atol=1e-5)
    print(f"ok: {name} is the package's" if same else f"{name} differs")

# %% [markdown]
# *Why has a layer before batch normalisation no bias?* <details><summary>One answer</summary>The
# mean is taken out right after, and the bias with it; batch normalisation has an offset of its
# own.</details>
#
# ### Exercise 2: four planted faults
#
# This DCGAN breaks four rules, one a line. Give the letters of the broken lines.
#
# <details><summary>Hint</summary>Go through rules 1, 3, 4 and 6 and look for the line each would
# strike out. Not everything that looks odd is wrong.</details>

# %%
from gankit.checks.lesson_02 import FAULTY_DCGAN

print("\n".join(f"{letter}  {line}" for letter, line in FAULTY_DCGAN.items()))

# %% tags=["exercise"]
# solution
planted_faults = ["d", "h", "i", "j"]
# end of solution

# %% tags=["nbval-check-output"]
planted_faults = check("02.planted_faults", planted_faults)

# %% [markdown]
# ### Made to fail: a step of G that touches D
#
# Rule 4 brings a trap. In G's step D must stay still, so it is left out of the variables that are
# updated.
#
# **Predict.** D is called on G's fakes with `training=True`, and nothing else is done: no loss, no
# optimizer. Does anything in D move?

# %% tags=["nbval-check-output"]
pair = GAN(dcgan.generator(SHAPE, width=16), dcgan.discriminator(SHAPE, width=16))
pair.compile()
batch = train.take(64).unit()


def moved(step):
    """How far the largest of D's weights, and of its batch statistics, moves in a step."""
    player = pair.discriminator
    kinds = (player.trainable_variables, player.non_trainable_variables)
    before = [[ops.convert_to_numpy(v) + 0 for v in kind] for kind in kinds]
    step()
    now = [[ops.convert_to_numpy(v) for v in kind] for kind in kinds]
    return [max(np.abs(b - a).max() for a, b in zip(*both)) for both in zip(before, now)]


plain_call = moved(lambda: pair.discriminator(pair.generator(pair.draw_latent(64)), training=True))
our_step = moved(lambda: pair.generator_step(ops.convert_to_tensor(batch)))
print("ok: a plain call moves no weight of D,", end=" ")
print("but its statistics" if plain_call[0] == 0 < plain_call[1] else f"{plain_call}")
print("ok: our step moves neither" if our_step == [0, 0] else f"our step moves {our_step}")

# %%
print(f"{'':28}  weights  batch statistics")
print(f"D called with training=True  {plain_call[0]:7.4f}  {plain_call[1]:16.4f}")
print(f"the package's step of G      {our_step[0]:7.4f}  {our_step[1]:16.4f}")

# %% [markdown]
# No optimizer moves the statistics, the *call* does. Whoever compares D's trainable weights finds
# nothing. Afterwards D carries an average of fakes into every use outside of
# training, and nobody sees why its verdicts there differ. (The package calls D's pure function
# instead and drops what it would have stored: `gankit.tricks.frozen_call`.)
#
# ## 6. Side by side at equal processor time
#
# Now both are trained on the same images with the same optimizers (Adam, 1e-3, beta1 0.5), batches
# of 64, and the same number of *processor seconds* (those of all cores, added up); a step of the
# DCGAN takes about twice as long. (The game is Algorithm 1 as in lesson 01, so that the networks
# alone differ; what our defaults change in it comes later.) They are judged by the **Frechet
# classifier distance**: how far the samples' features lie from those of test images, in the eyes of
# a classifier that took no part. Noise gets about 369, a second set of real images about 0.3
# (10,000 each); lesson 03 is about when to trust it.
#
# **Predict.** After 40 processor seconds, who is ahead?
#
# - a) the DCGAN: its layers know about neighbours
# - b) the one or the other: another seed, another machine, another winner
# - c) the simple GAN: its steps are cheaper

# %%
guess = "?"  # a, b or c

# %%
class StopAfter(keras.callbacks.Callback):
    """Ends `fit` after so many processor seconds, or steps; the first step is free: it builds."""

    def __init__(self, seconds, steps):
        super().__init__()
        self.seconds, self.steps, self.done = seconds, steps, 0

    def on_train_batch_end(self, batch, logs=None):
        self.began = self.began if self.done else time.process_time()
        self.done += 1
        self.model.stop_training = (
            time.process_time() - self.began > self.seconds or self.done >= self.steps
        )


judge = Judge("fashion_mnist_classifier", n=profile(smoke=200, classroom=2000, full=10_000))
parts = profile(smoke=1, classroom=4, full=12)

# %%
def learn(gan):
    """Train in parts of 10 s and score samples after each (2,000 in the classroom profile)."""
    rows = []
    for part in range(parts):
        stop = StopAfter(seconds=10, steps=profile(smoke=2, classroom=10**6, full=10**6))
        gan.fit(train, epochs=part + 1, initial_epoch=part, callbacks=[stop], verbose=0)
        score = judge.score(gan.generate(judge.n, seed=1))
        rows.append([10 * (part + 1), stop.done, score["frechet"]])
    return np.array(rows)


def make(family, latent_dim=100, **kwargs):
    """A GAN of that family, ready to train."""
    keras.utils.set_random_seed(0)
    gan = GAN(family.generator(SHAPE, latent_dim, **kwargs), family.discriminator(SHAPE, **kwargs))
    adams = [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in "GD"]
    gan.compile(*adams, fresh_fakes=True, ema=0.0)  # Algorithm 1 to the letter
    return gan


# %%
gans = {"simple": make(mlp), "DCGAN": make(dcgan, width=16)}
fresh = {name: [gan.generator.get_weights(), gan.discriminator.get_weights()]
         for name, gan in gans.items()}  # fmt: skip
live = {"simple": learn(gans["simple"])}

# %%
live["DCGAN"] = learn(gans["DCGAN"])

# %% tags=["nbval-check-output"]
for name, gan in gans.items():
    now = [gan.generator.get_weights(), gan.discriminator.get_weights()]
    for player, old, new in zip("GD", fresh[name], now):
        most = max(np.abs(b - a).max() for a, b in zip(old, new))
        print(f"ok: {name} {player} moved" if most > 1e-4 else f"{name} {player} did not move")

# %%
steps = {name: int(rows[:, 1].sum()) for name, rows in live.items()}
last = {name: rows[-1, 2] for name, rows in live.items()}
both = np.stack([gan.generate(8, seed=3) for gan in gans.values()])
plots.side_by_side(
    *both,
    columns=4,
    titles=[f"{n}: {steps[n]:,} steps, distance {last[n]:.0f}" for n in live],
    alt=f"Samples after {live['simple'][-1, 0]:.0f} processor seconds of training each. Simple: "
    f"{steps['simple']:,} steps, Frechet classifier distance {last['simple']:.0f}. DCGAN: "
    f"{steps['DCGAN']:,} steps, {last['DCGAN']:.0f}. Grain on the left, blots of cloth "
    "on the right.",
)

# %%
fig, axes = figure(
    size=(6.5, 3),
    alt="Frechet classifier distance against processor seconds of training, one run each. "
    + ". ".join(f"{n}: " + ", ".join(f"{v:.0f}" for v in rows[:, 2]) for n, rows in live.items())
    + f". At the end {min(last, key=last.get)} is ahead; who is may change with the machine.",
)
for (name, rows), (colour, style) in zip(live.items(), plots.STYLES):
    axes.plot(rows[:, 0], rows[:, 2], color=colour, linestyle=style, marker="o")
    up = 6 if name == max(last, key=last.get) else -6  # the names do not meet
    axes.annotate(name, rows[-1, [0, 2]], (6, up), textcoords="offset points", va="center",
                  color=colour, fontweight="bold")  # fmt: skip
axes.set(xlabel="processor seconds of training", ylim=(0, None))
axes.set(ylabel="Frechet classifier distance")
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# b. Per *step*, (a) is right: after 800 steps the DCGAN stood at 156, 158 and 154, the simple GAN
# at 187, 196 and 240 (seeds 0, 1, 2; 2,000 samples against 10,000 test images). But its steps are
# dearer, and how much dearer is the processor's affair. Held to *one core*, where a step of the
# DCGAN cost nearly two of the simple GAN's, we measured:
#
# | processor seconds | simple GAN, seeds 0, 1, 2 | DCGAN, seeds 0, 1, 2 |
# |---|---|---|
# | 20 | 153, 184, 145 | 155, 154, 151 |
# | 40 | 101, 120, 109 | 106, 113, 118 |
# | 100 | 70, 82, 77 | 77, 75, 76 |
#
# In each row one network is ahead with two seeds, the other with the third. The run above is one
# more of seed 0, on all cores at once, where a step costs more processor time: compare its numbers
# of steps with the 3,223 and 1,614 that one core took in 40 s. Your curves alone would have named a
# winner. "Better at equal time" names a network, a seed, a machine and a clock.
#
# The samples tell what the number does not: the simple GAN draws garments with a grain of noise,
# the DCGAN at first blots of woven cloth. On another machine, above all with a GPU, the order may
# be another.
#
# </details>
#
# ### Longer: the two recorded runs
#
# Both saw all 60,000 images in batches of 64, one for 14 epochs, the other for 90. Before you
# compare them, look at what differs.

# %%
keys = ("data", "batch_size", "beta_1", "family", "generator", "discriminator", "learning_rate")
for key in (*keys, "decay", "compile", "epochs"):
    left, right = (str(r.recipe.get(key, "none")) for r in (simple_run, run))
    mark = "same   " if left == right else "DIFFERS"
    print(f"{mark} {key:14} {left:41} {right}")

# %%
ends = {"simple": simple_run.probes, "DCGAN": run.probes}
fig, axes = figure(
    size=(5, 3.2),
    alt="Frechet classifier distance, on a scale of powers of ten, of the two recorded runs "
    "against steps. "
    + " ".join(f"{n}: {p['frechet'][-1]:.0f}, epoch {p['epoch'][-1]:.0f}." for n, p in ends.items())
    + " The DCGAN lies below from the look at step 100 on; but more than the network differs.",
)  # fmt: skip
for (name, probes), (colour, style) in zip(ends.items(), plots.STYLES):
    axes.semilogy(probes["step"], probes["frechet"], color=colour, linestyle=style)
    text, at = f"{name} {probes['frechet'][-1]:.0f}", (probes["step"][-1], probes["frechet"][-1])
    axes.annotate(text, at, (6, 4), textcoords="offset points", color=colour)
axes.set(xlabel="step", yticks=[15, 30, 60, 120, 400], yticklabels=[15, 30, 60, 120, 400])
axes.minorticks_off()
axes.margins(x=0.3), axes.set_xlim(0)
axes.set(ylabel="Frechet classifier distance")
fig

# %% [markdown]
# **Which of these does the picture show?**
#
# - a) convolutions are worth the whole gap
# - b) the whole recipe of the right-hand column is worth it
# - c) a larger learning rate is worth it
#
# <details><summary>Answer</summary>
#
# b. Network, length of z, rate, its decay, epochs and the averaging of G differ *together*; a gap
# between two such runs belongs to no single one of them. (a) and (c) each pick a favourite. A
# published project closes with "0.0003 was best" after changing the rate, the layers and the
# activation at once: the same mistake. The live runs above do change the networks only.
#
# </details>
#
# ### What each rule is worth
#
# So: one thing at a time. The recorded sweep `ablation_fashion_mnist` trained a DCGAN (width 16,
# 900 steps, or two passes over 28,800 images; gankit's defaults but for a z of 100 numbers) again
# and again, each time with *one* rule taken away or one trick put on, with three seeds each. Only
# the spread between seeds tells which gaps mean anything.
#
# Its twins are not always those of part 5: a dense layer of 256 in *both* players; batch norm
# "everywhere" is also *after* D's first convolution and G's last, LeakyReLU is *inside* G; in place
# of a transposed convolution pixels are copied and then convolved, pooling takes the mean of four.
#
# How to read the picture: a mark is the run of one seed, the bar their mean, the grey band the
# range of the *base*, a DCGAN with all six rules. The word on the right is the verdict of a Welch
# test, at 95 %, on the logarithms of the distances, base against variant: *harm* (crosses),
# *gain* (diamonds) or "no difference" to be told (dots).
#
# **Predict.** Which change hurts most after 900 steps?
#
# - a) rule 1: pooling in place of strides
# - b) rule 4: D without batch normalisation
# - c) rule 6: ReLU in place of LeakyReLU in D
# - d) no rule at all, but the learning rate of the paper, 2e-4 instead of 4e-3

# %%
guess = "?"  # a, b, c or d

# %%
sweep = load_sweep("ablation_fashion_mnist")
sweep_picture(sweep)

# %% tags=["nbval-check-output"]
for name, verdict in sweep.verdicts().items():
    if name[0].isdigit():  # a rule; the tricks stand in the next cell
        print(f"rule {name}: {verdict}")

# %%
for name, ends_at in zip(sweep.variants, sweep.scores):
    each_seed = " ".join(f"{end:4.0f}" for end in ends_at if not np.isnan(end))
    print(f"{name:36} {each_seed:16} {sweep.verdicts().get(name, 'the base')}")

# %%
for name in ("5: LeakyReLU in G", "3: a dense hidden layer in both"):  # two close calls
    logs = [np.log(sweep.scores[sweep.variants.index(n)]) for n in (sweep.variants[0], name)]
    print(f"{name}: p = {ttest_ind(*logs, equal_var=False).pvalue:.4f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# d, then b. Where the base stood at 98 to 106, the paper's rate gave 233 to 237, which says
# nothing of its end: 900 steps of a rate twenty times smaller are the beginning of a training. D
# without batch normalisation gave 142 to 151, with it *everywhere* 124 to 128: too little hurts,
# and too much. (A G without it, its weights drawn as Keras does, cannot be told from the base.)
# Spectral normalisation in its place gave 204 to 211 at this rate.
#
# (a) and (c) are the tempting answers, since parts 2 and 5 showed what these rules *do*. But the
# mean of four passes every pixel a gradient (max pooling was not trained), and what a wrong twin
# loses need not show in 900 steps of a small network. Of the tricks none helped beyond the spread
# between seeds, and at this rate six hurt: dropout in D, simultaneous steps, least squares, a
# slower G, spectral norm in place of batch norm, and, more than to leave batch norm out of D, reals
# and fakes in one batch. That hides no brightness from D, and hurts all the same; why, these runs
# do not say.
#
# Now look at the two that are hard to call. LeakyReLU in G: 107, 116 and 114, called harm, since
# p = .0475 is below .05. But 26 variants are held against one base here, and by chance alone about
# one of them would be called something. A dense hidden layer: 169, 130 and 221, each far above the
# base, and yet "no difference to be told", since three runs that differ so much among themselves
# could lie anywhere (p = .08). A verdict is a sentence about so many seeds, not about the rule. And
# 900 steps are a beginning: the length of z, which cannot be told here, makes a large difference a
# few epochs later. **Which variant would you give a fourth seed?**
#
# </details>
#
# ### What makes it quick
#
# Three DCGANs at 28 px, all judged as above, along the processor seconds they were trained for. The
# *copied recipe* puts together what many repositories hold: the paper's settings (width 64, batches
# of 128, Adam 2e-4, weights from N(0, 0.02)), no batch normalisation in D, and a fresh pass of G
# for each update. *PyTorch's example* has the same width, rate and first weights, batches of 64,
# batch normalisation in D, and G learns from the fakes that D has just seen, which saves a pass of
# G. *Our defaults*: the same pass saved, the same batches, width 32, Adam 4e-3, first weights as
# Keras draws them, a z of 12 numbers where the others have 100, and the samples are drawn by a
# running average of G. The dotted curves are ours judged by *G itself*, as it stands.
#
# **Predict.** Where the copied recipe arrives at the end of its curve, how much sooner were our
# defaults there?
#
# - a) 1.3 times: that is what a saved pass of G is worth
# - b) about 4 times: the network is half as wide, so a step costs a quarter
# - c) more than 10 times

# %%
guess = "?"  # a, b or c

# %%
races = data_folder() / "runs" / "time_to_quality"
curves = {
    label: [read_table(path) for path in sorted(races.glob(f"{name}_[0-9]*.csv"))]
    for name, label in (
        ("keras_copied", "copied recipe"),
        ("gankit", "our defaults"),
        ("pytorch_dcgan", "PyTorch's example"),
        ("gankit_no_ema", "G itself"),
    )
}
raced = {label: tables[0]["frechet"] for label, tables in curves.items()}

# %%
fig, axes = figure(
    size=(6.5, 3.3),
    alt="Frechet classifier distance against processor seconds of training, both axes in powers: "
    + ", ".join(f"{label} {f[0]:.0f} to {f[-1]:.0f}" for label, f in raced.items())
    + ". Ours lies far to the left of the copied recipe and of PyTorch's example, with each of its "
    "seeds, and ends lowest. Ours judged by G itself runs in zigzags above ours.",
)
for (label, tables), (colour, style) in zip(curves.items(), plots.STYLES):
    for table in tables:
        axes.loglog(table["processor_seconds"], table["frechet"], color=colour, linestyle=style)
    low = {"our defaults": (-10, -8)}.get(label)
    end = (min if low else max)(table["frechet"][-1] for table in tables)
    at = tables[0]["processor_seconds"][-1], end
    side = {"ha": "right", "xytext": low} if low else {"xytext": (6, -4)}
    axes.annotate(label, at, textcoords="offset points", color=colour, **side)
ticks, seconds = [15, 30, 50, 100, 200, 400], [10, 30, 100, 300, 1000, 3000]
axes.set(xlabel="processor seconds of training", yticks=ticks, yticklabels=ticks)
axes.set(ylabel="Frechet classifier distance", xticks=seconds, xticklabels=seconds)
axes.minorticks_off(), axes.margins(x=0.2, y=0.1)
fig

# %% tags=["nbval-check-output"]
copied, ours = (curves[label] for label in ("copied recipe", "our defaults"))
best = min(copied, key=lambda table: table["frechet"].min())
goal, spent = best["frechet"].min(), best["processor_seconds"][best["frechet"].argmin()]
arrived = [t["processor_seconds"][np.argmax(t["frechet"] <= goal)] for t in ours]
quick = all(t["frechet"].min() <= goal for t in ours) and spent > 10 * max(arrived)
print("ok: each seed of ours was there in a tenth of the time" if quick else (spent, arrived))

# %%
ends = ", ".join(f"{table['frechet'][-1]:.0f}" for table in copied)
print(f"copied recipe: at the end, {copied[0]['epoch'][-1]:g} epochs, {ends}; "
      f"the best, {goal:.0f}, after {spent:.0f} s")  # fmt: skip
print("ours, each seed: as good at the look after", ", ".join(f"{s:.0f} s" for s in arrived))
an_epoch = [
    np.mean([table["processor_seconds"][-1] / table["epoch"][-1] for table in tables])
    for tables in (copied, ours)
]
print(f"processor seconds for an epoch: copied recipe {an_epoch[0]:.0f}, ours {an_epoch[1]:.0f}; "
      f"a step {an_epoch[0] / an_epoch[1] * 2:.0f} times as dear")
example = curves["PyTorch's example"]
level = min(table["frechet"].min() for table in example)  # the best of all its seeds and looks
for label, tables in (("PyTorch's example", example), ("ours", ours)):
    first = [t["processor_seconds"][t["frechet"] <= level] for t in tables]
    told_first = ", ".join(f"{f[0]:.0f} s" if len(f) else "never" for f in first)
    print(f"{label}: a distance of {level:.1f} after {told_first};",
          f"at the end, {tables[0]['epoch'][-1]:g} epochs,",
          ", ".join(f"{table['frechet'][-1]:.0f}" for table in tables))  # fmt: skip

# %%
pairs_of = zip(curves["our defaults"], curves["G itself"])  # the same training, judged twice
gains = np.concatenate([1 - a["frechet"] / b["frechet"] for a, b in pairs_of])
print(f"{len(gains)} looks at three seeds: the average of G was better at {(gains > 0).sum()}, its "
      f"distance {gains.mean():.0%} smaller in the mean")  # fmt: skip
for label in ("our defaults", "G itself", "PyTorch's example"):
    whole_epochs = [t["frechet"][t["epoch"] % 1 == 0] for t in curves[label]]
    rises = np.concatenate([np.diff(f) for f in whole_epochs])
    print(f"{label}: from one epoch to the next the distance rose {(rises > 0).sum()} times of "
          f"{len(rises)}, by {rises.max():.1f} at most")  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# c: about twenty times; the cell above has the figures. (a) and (b) each see a part: the saved
# pass and the narrower network make an *image* about three times cheaper, and batches of half the
# size double the number of steps again. The rest is what a step is worth. The sweep makes it
# likely that much of this is the rate, and the rule that lets D stand it; this race alone cannot
# divide it, for width, batches, rate, starting weights, batch norm, the length of z and the saved
# pass all differ at once.
#
# PyTorch's example has the copied recipe's width, rate and first weights, and leaves it far
# behind: batch normalisation in D, batches of half the size or the saved pass, of which the part
# before makes the first the likeliest. Ours is where the best of the example's seeds stands after
# 20 epochs in about a tenth of its time: a step costs less than a third, and is worth more. It
# does not stop there: after 20 epochs of its own, less than a third of the time, its three seeds
# stand well below all of them.
#
# The average costs next to nothing, and training does not know of it: the dotted curves are the
# same three trainings, judged by G as it stands. G circles around where it is going, and its
# distance goes up again between one epoch and the next: 14 times in 57 here, by up to 2.3 points.
# (PyTorch's example, which has no average, goes up five times, once by 3.6.) The mean of its last
# thousand steps lies nearer to the middle, and went up once, by .2. The sweep above could not tell
# the average from none: it compares trainings that were done apart, and of 900 steps. To judge
# *one* training twice is the sharper test, and a cheaper one.
#
# What the picture does not say: where the copied recipe would end; its distance had not clearly
# levelled out. Nor that ours is best: it is what was best among the settings in
# `benchmarks/README.md`.
#
# </details>
#
# ### One number that no rule names
#
# The paper's z has 100 numbers, and so has nearly everything that was copied from it. Nothing but
# the length of z differs between the curves of the next picture.
#
# **Predict.** After twelve epochs, which G stands best?
#
# - a) that of 100 numbers: the more of them, the more garments can be told apart
# - b) all about the same: G's first layer is dense, and can drop what it does not need
# - c) those of fewer numbers, by far

# %%
guess = "?"  # a, b or c

# %%
lengths = {
    dim: [read_table(path) for path in sorted(races.glob(f"gankit{name}_[0-9].csv"))]
    for dim, name in ((100, "_latent100"), (16, "_latent16"), (12, ""), (8, "_latent8"))
}
twelve = {
    dim: [t["frechet"][t["epoch"] == 12][0] for t in tables] for dim, tables in lengths.items()
}

# %%
fig, axes = figure(
    size=(6.5, 3.3),
    alt="Frechet classifier distance against epochs, both axes in powers, for four lengths of z. "
    "After twelve epochs: "
    + ", ".join(f"{dim} numbers " + " ".join(f"{v:.0f}" for v in at) for dim, at in twelve.items())
    + ". The curves of 100 numbers leave the others in the first epochs and stay above; that of 8 "
    "falls fastest and hardly further after the tenth epoch.",
)
for (dim, tables), (colour, style) in zip(lengths.items(), plots.STYLES):
    for i, t in enumerate(tables):
        label = None if i else f"{dim} numbers"
        axes.loglog(t["epoch"], t["frechet"], color=colour, linestyle=style, label=label)
axes.set(xlabel="epoch", xticks=[1, 2, 5, 10, 20], xticklabels=[1, 2, 5, 10, 20], xlim=(0.9, None))
axes.set(ylabel="Frechet classifier distance", yticks=[15, 20, 30, 50, 80], ylim=(None, 100))
axes.set_yticklabels([15, 20, 30, 50, 80])
axes.minorticks_off(), axes.legend()
fig

# %% tags=["nbval-check-output"]
print("ok: each seed of 12 numbers is nearer than each of 100"
      if max(twelve[12]) < min(twelve[100]) else twelve)  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# c. After twelve epochs 100 numbers stood at 24, 27 and 29, 16 at 18, 18 and 17, 12 at 15, 17 and
# 15, and 8, one seed, at 16. (a) takes z for a list of features, where more is more. Our guess: z
# need only carry as much variety as this G can draw; what it has beyond that G must first learn
# not to show. 8 falls fastest and was between 14.8 and 16.3 from the tenth epoch on. 12 is our
# default for grey images. Against 16 that is a close call, like LeakyReLU's above: after seven
# epochs 21, 21 and 21 against 23, 24 and 22 (p = .04), after twelve p = .07.
#
# And at the end? The recorded run has 12 and ends at 11.4; with 16 and 100 numbers it was trained,
# too, and ended at 10.5 and 14.8; trainings half as long, from another seed, at 11.8 with 12 and
# 12.7 with 16. So neither 12 nor 16 is ahead there. And it is a finding about small grey clothes:
# for colour pictures 100 numbers were ahead of 16 at the end, and there the default remains 100.
#
# </details>
#
# (b) can be put to the test: how many directions of z does G's first layer still use? Its
# *effective rank* is the number of equally strong directions that would spread the strength as
# widely (the squared sum of the squared singular values over the sum of their fourth powers).

# %%
def effective_rank(generator):
    """Of the kernel of G's first layer, and how many rows it has."""
    kernel = generator.layers[0].get_weights()[0]
    strength = np.linalg.svd(kernel, compute_uv=False) ** 2
    return strength.sum() ** 2 / (strength**2).sum(), len(kernel)


looked_at = {"fresh G": builders["DCGAN G"], "G of part 6": gans["DCGAN"].generator,
             "recorded G, 90 epochs": recorded_g}  # fmt: skip
for name, generator in looked_at.items():
    rank, dim = effective_rank(generator)
    print(f"{name:22} {rank:5.1f} of {dim} directions")

# %% [markdown]
# So (b) may be half of the truth: G comes to use few directions, and it takes its time. A fresh G
# uses all of them alike. The G of 100 numbers that this course had recorded before, 90 epochs as
# well, had pressed them into a rank of 7.6. That the lost time goes into this is a guess, not
# shown.
#
# *And you*: what would you measure to put that guess to the test?
#
# ## 7. Which epoch looks done?
#
# Every row below is one latent vector, drawn again and again by the recorded DCGAN while it
# learned.
#
# **Predict**, from the strip that the next cell draws, before you go on to the curve: after which
# epoch would you have stopped it?

# %%
def grid_of(path):
    """The 64 samples of a recorded grid, float (64, 28, 28, 1)."""
    sheet = np.asarray(Image.open(path), "float32") / 255
    return sheet.reshape(8, 28, 8, 28).swapaxes(1, 2).reshape(64, 28, 28, 1)


probes = run.probes
per_epoch = run.recipe["images"] // run.recipe["batch_size"]
grids = {int(path.stem.split("_")[1]): path for path in run.samples}
whole = [e for e in (3, 12, 24, 48) if e < probes["epoch"][-1]] + [int(probes["epoch"][-1])]
moments = [0, 100, 300, *(per_epoch * e for e in whole)]
words = [f"step {s}" if s < per_epoch else f"epoch {s // per_epoch}" for s in moments]
plots.progression(
    [grid_of(grids[s]) for s in moments], words, n=4,
    alt="Four latent vectors at eight moments of a DCGAN's training: even noise at step 0, glowing "
    "blots at step 100, outlines at 300, clothes from epoch 3 on, sharper and sharper; a dark coat "
    "widens and frays, a boot comes apart into straps; other late differences are hard to see.",
)  # fmt: skip

# %%
guess = "?"  # an epoch

# %%
shares = np.stack([probes[f"class_{k}"] for k in range(10)], axis=1)
late = probes["epoch"] >= 1
epochs, distances = probes["epoch"][late], probes["frechet"][late]
at_epoch = dict(zip(epochs, distances))
fig, axes = figure(
    size=(7, 3.2),
    alt="Frechet classifier distance (10,000 samples) of the recorded DCGAN after every third "
    "epoch: "
    + ", ".join(f"{at_epoch[e]:.0f} after epoch {e}" for e in whole)
    + ". It goes on falling where the eye sees little change, and is nearly level at the end.",
)
axes.plot(epochs, distances, color=plots.BLUE, marker="o")
for e in whole:
    at = (e, at_epoch[e])
    axes.annotate(f"{at[1]:.0f}", at, (2, 6), textcoords="offset points")
axes.set(xlabel="epoch", ylabel="Frechet classifier distance", ylim=(0, None), xticks=whole)
fig

# %% [markdown]
# <details><summary>What we make of it</summary>
#
# By epoch 12 every row is a garment, and it is tempting to stop there. The distance goes on
# falling, from 15 to 11, until about epoch 36; the other 54 epochs change nothing that it sees. It
# looks at 10,000 samples at once, at how often each kind appears and how much each varies; the eye
# looks at four. Neither is the truth. The boot of the last row comes apart into straps and keeps
# them, and the mean of 10,000 hides it. "Done" needs a criterion that was fixed beforehand.
#
# </details>
#
# Does it draw all there is? The judge's classes among 10,000 samples of the last epoch:

# %% tags=["S2.18", "nbval-check-output"]
at_end = shares[-1]
print("ok: all ten classes among its samples" if at_end.min() > 0.01 else at_end)
print("ok: none makes up a quarter" if at_end.max() < 0.25 else at_end)
better = run.probes["frechet"][-1] < simple_run.probes["frechet"][-1]
print("ok: the recorded DCGAN ends nearer to the test images" if better else "the simple one does")

# %% [markdown]
# ### Any layers you like?
#
# The slides say that a GAN can be built from any layers and regularisers. The step never asks what
# the networks are made of: here a convolutional G plays against a dense D with dropout, under an
# R1 penalty.

# %% tags=["S4.101", "nbval-check-output"]
mixed = GAN(
    dcgan.generator(SHAPE, width=8, upsampling="nearest", activation="silu"),
    keras.Sequential([layers.Input(SHAPE), layers.Flatten(), layers.Dense(64, "tanh"),
                      layers.Dropout(0.3), layers.Dense(1)]),
)  # fmt: skip
mixed.compile(r1=0.3, loss="hinge", run_eagerly=True)
start = [network.get_weights() for network in (mixed.generator, mixed.discriminator)]
mixed.fit(train.take(64), batch_size=16, verbose=0)
for player, old, network in zip("GD", start, (mixed.generator, mixed.discriminator)):
    most = max(np.abs(b - a).max() for a, b in zip(old, network.get_weights()))
    print(f"ok: {player} moved" if most > 1e-5 else f"{player} did not move")

# %% [markdown]
# That it *runs* is one thing; how well it learns depends on the layers, as part 6 shows.
#
# ## 8. Walking from one garment to another
#
# G turns every latent vector z into an image, so one may walk from one z to another and watch. By
# which way? Here z is drawn from N(0, 1); the paper has 100 numbers, drawn evenly from
# [-1, 1].
#
# **Predict.** Two random latents of 100 numbers have length about 10. How long is the point
# half-way between them on the straight line?
#
# - a) 10: half-way between 10 and 10
# - b) about 7
# - c) about 0: they cancel

# %%
guess = "?"  # a, b or c

# %%
def half_way(dim):
    """200 pairs of latents of `dim` numbers: one end, and half-way by two paths."""
    z0, z1 = np.split(latents.sample(400, dim, seed=3), 2)
    on_sphere = np.stack([latents.spherical(a, b, 0.5) for a, b in zip(z0, z1)])
    return z0, z1, {"ends": z0, "linear": latents.linear(z0, z1, 0.5), "spherical": on_sphere}


for dim in (100, LATENT):
    z0, z1, halves = half_way(dim)
    drawn_lengths = np.linalg.norm(latents.sample(100_000, dim, seed=4), axis=1)
    for name, z in halves.items():
        length = np.linalg.norm(z, axis=1).mean()
        shorter = np.mean(drawn_lengths <= length)
        print(f"{dim:3} numbers  {name:9}  length {length:5.2f}, {shorter:.1%} of all are shorter")

# %% [markdown]
# <details><summary>Answer</summary>
#
# b: 10 divided by the root of 2. (a) is right on a line of numbers. In 100 dimensions two random
# directions are nearly at right angles, and half-way on the chord one is well inside the sphere.
# The length of 100 normal numbers is 10, give or take 0.7; about four in a million are as short
# as 7, so a G of 100 numbers has hardly ever been asked what to draw there. The recorded G takes
# 12: about one latent in twelve is as short as its chords are half-way. Few numbers make a soft
# sphere.
#
# </details>
#
# ### Exercise 3: half-way, and as long as the ends
#
# <details><summary>Hint</summary>The mean points the right way. Only its length is wrong; with
# angle w between the ends, the way along the great circle has at its middle (z0 + z1) / (2 cos(w /
# 2)), and 2 cos(w / 2) is the root of 2 (1 + cos w).</details>

# %% tags=["exercise"]
def spherical_mid(z0, z1):
    """Half-way from z0 to z1 on the great circle; both are vectors."""
    # solution: the right direction, and then the length
    cosine = z0 @ z1 / np.linalg.norm(z0) / np.linalg.norm(z1)
    return (z0 + z1) / np.sqrt(2 * (1 + cosine))
    # end of solution


# %% tags=["nbval-check-output"]
spherical_mid = check("02.spherical_mid", spherical_mid)
mid = spherical_mid(z0[0], z1[0])
near = np.abs(mid - latents.spherical(z0[0], z1[0], 0.5)).max() < 0.05 * np.linalg.norm(mid)
print("ok: that is where the package's path is half-way" if near else "the package's path differs")

# %% [markdown]
# Three strips between the same two ends: straight in z, on the sphere, and a plain fade from one
# image to the other. What is wrong with each?

# %%
def draw(z):
    """Images of the recorded G."""
    return recorded_g.predict(np.asarray(z, "float32"), batch_size=256, verbose=0)


contrast = {name: draw(z).std(axis=(1, 2, 3)).mean() for name, z in halves.items()}
contrast["pixels"] = (0.5 * draw(z0) + 0.5 * draw(z1)).std(axis=(1, 2, 3)).mean()
way = np.linspace(0, 1, 7)
a, b = z0[9], z1[9]
strips = [draw([path(a, b, t) for t in way]) for path in (latents.linear, latents.spherical)]
strips.append(np.stack([(1 - t) * strips[0][0] + t * strips[0][-1] for t in way]))
plots.interpolation(
    strips,
    rows=[f"{n}, contrast half-way {contrast[n]:.3f}" for n in ("linear", "spherical", "pixels")],
    alt="Three strips of seven images between the same two garments. Over 200 pairs, mean contrast "
    f"half-way is {contrast['linear']:.3f} on the straight line, {contrast['spherical']:.3f} on "
    f"the "
    f"sphere, {contrast['pixels']:.3f} for a fade of pixels; at the ends "
    f"{contrast['ends']:.3f}. The "
    "fade shows both through each other; the other two show one shape at a time, if not always a "
    "garment.",
)

# %% [markdown]
# The fade is never one garment: in the middle both show through each other, which costs contrast
# (here the spread of an image's pixels). The straight line draws its middle from latents shorter
# than most that G learned from: with 12 numbers unusual, with 100 hardly ever met. The sphere keeps
# to usual ones, which is no promise of a garment at each step.
#
# *Say in one sentence what a smooth strip does **not** show.*
#
# <details><summary>One answer</summary>That G made the images up: a G that had learned every
# training image by heart could still pass smoothly from one to the next. For that there is part
# 9.</details>
#
# ## 9. Made up, or remembered?
#
# **Predict.** For each fake we look up the training image that is nearest, pixel by pixel. The
# typical distance comes out well above 0. Has G memorised?
#
# - a) no: a copy would have distance 0
# - b) cannot be told from that number alone
# - c) yes: a truly new image would have no near one

# %%
guess = "?"  # a, b or c

# %%
def nearest(images, others):
    """Distance of each image to the nearest of the others (root of summed squares), and which."""
    a, b = images.reshape(len(images), -1), others.reshape(len(others), -1)
    squares = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    which = squares.argmin(axis=1)
    return np.sqrt(np.maximum(squares[np.arange(len(a)), which], 0)), which


# %% [markdown]
# ### Exercise 4: the memory test
#
# Give back two numbers: the typical distance of the fakes, and one to hold it against. Use
# `nearest`: all differences at once would be 94 gigabytes.
#
# <details><summary>Hint</summary>What could G have copied from? And which images are real, and yet
# cannot be copies of anything G's opponent ever saw? One image can be anything: take a
# median.</details>

# %% tags=["exercise"]
def memory_test(fakes, train, test, discriminator):
    """Two typical distances: (of fakes, of images that nobody can have copied)."""
    # solution: from what could G copy, and who cannot have?
    return np.median(nearest(fakes, train)[0]), np.median(nearest(test, train)[0])
    # end of solution


# %% tags=["nbval-check-output"]
memory_test = check("02.memory_test", memory_test)

# %% tags=["S4.102"]
known = train.take(min(len(train), profile(smoke=2000, classroom=60_000, full=60_000))).unit()
unseen = test.take(500).unit()
fake_distance, test_distance = memory_test(fakes, known, unseen, recorded_d)
print(f"median distance to the nearest of {len(known):,} training images:")
print(f"  {len(fakes)} fakes        {fake_distance:.2f}")
print(f"  {len(unseen)} test images  {test_distance:.2f}")

# %%
rows = []
for images in (fakes[:6], unseen[:6]):
    distance, which = nearest(images, known)
    rows += [(images, [""] * 6), (known[which], [f"{d:.1f}" for d in distance])]
plots.image_grid(
    np.concatenate([images for images, _ in rows]), columns=6, scale=2,
    titles=[text for _, texts in rows for text in texts],
    rows=["fakes", "nearest training", "test images", "nearest training"],
    alt="Six fakes above their nearest training images, and six test images above theirs, with "
    "the distances. The neighbours are alike in outline, the test boot's even in its straps; the "
    f"median distance is {fake_distance:.2f} for fakes and {test_distance:.2f} for test images.",
)  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# b, until the second number is there. (a) forgets that a smudged copy is a copy too, (c) that
# trousers resemble trousers. Held against real images that nobody trained on, the fakes are
# *farther* from the training set than new photographs are: no sign of copying. It is a weak test:
# a copy moved by two pixels would pass it, "far" may also just mean "not quite a garment", and the
# test boot nearly has a double among the training images: such pairs make photographs look nearer.
#
# </details>
#
# A test that never rings proves little. **Make it ring**: by the slides, G is not trained on real
# data, since noise is all it gets. Here is a simple GAN that is given only eight garments, again
# and again. G is never shown one of them.

# %%
few = train.take(8, seed=1).unit()
parrot = make(mlp)
blank = parrot.generator.get_weights()
rounds = profile(smoke=1, classroom=20, full=60)
parrot.fit(np.tile(few, (profile(smoke=8, classroom=100, full=100), 1, 1, 1)), batch_size=16,
           epochs=rounds, verbose=0)  # fmt: skip
copies = parrot.generate(200, seed=4)
copy_distance, test_to_few = memory_test(copies, few, unseen, parrot.discriminator)
distance, which = nearest(copies, few)
counts = np.bincount(which, minlength=8)
print(f"median distance to the nearest of the eight: fakes {copy_distance:.2f}, "
      f"test images {test_to_few:.2f}")  # fmt: skip

# %%
plots.image_grid(
    np.concatenate([few, copies[:8]]), columns=8, scale=2,
    titles=[f"{c}" for c in counts] + [f"{d:.1f}" for d in distance[:8]],
    rows=["the eight; to how many of\n200 fakes each is nearest", "fakes, how far\nthe nearest is"],
    alt="The eight training images, and eight fakes with their distance to the nearest. Median of "
    f"200 fakes {copy_distance:.2f}, against {test_to_few:.2f} for test images: the smaller the "
    f"first, the more G repeats what it was never shown. Nearest to the eight: {counts.tolist()}.",
)  # fmt: skip

# %% [markdown]
# In the classroom profile the alarm rings: compare the two medians (we saw about 2 against 7.0),
# and look. Nobody ever showed G these pictures; D, which has nothing else to praise, described
# them pixel by pixel through its gradient. And of the eight G repeats only some, with us a single
# one: the dropped modes of lesson 01, which a small distance cannot see.
#
# That G gets the reals only through D can be shown exactly: hand G's step other reals, and nothing
# changes; let D *learn* from other reals first, and everything does.

# %% tags=["S4.102", "nbval-check-output"]
# 1 the same GAN twice; in G's step one is handed garments, the other nothing but black
twins = [make(mlp), make(mlp)]
for twin, reals in zip(twins, (batch, np.zeros_like(batch))):
    twin.generator_step(ops.convert_to_tensor(reals))
equal = all(map(np.array_equal, *(twin.generator.get_weights() for twin in twins)))
print("ok: G's step does not look at the reals" if equal else "G's step depends on the reals")
# 2 the same, but before it D takes a step on them
twins = [make(mlp), make(mlp)]
for twin, reals in zip(twins, (batch, np.zeros_like(batch))):
    twin.algorithm_1(ops.convert_to_tensor(reals))
equal = all(map(np.array_equal, *(twin.generator.get_weights() for twin in twins)))
print("they do not reach G at all" if equal else "ok: through D they reach it all the same")

# %% [markdown]
# So the slide's sentence is right to the letter and wrong in what it suggests. That G gets noise
# only is no protection: whoever trained on your pictures may have a G that repeats them.
#
# ### Unlimited data?
#
# The slides promise huge amounts of data from G, to be used in place of augmentation and to help
# where labels are missing. What of this can be seen here?

# %% tags=["S4.98", "nbval-check-output"]
many = draw(latents.sample(profile(smoke=500, classroom=5000, full=20_000), LATENT, seed=9))
different = len({image.tobytes() for image in (many * 255).round().astype("uint8")})
print("ok: as many images as asked for, no two equal" if different == len(many) else different)

# %% tags=["S4.99", "S4.100"]
def sureness(images):
    """The judge's probability of the class it names, for each image."""
    logits = judge.network.predict(images, batch_size=256, verbose=0)[1]
    return ops.convert_to_numpy(ops.softmax(logits)).max(axis=1)


doubt = [np.mean(sureness(images) < 0.9) for images in (fakes, unseen)]
fig, axes = figure(
    size=(8, 3),
    alt="Share of each class among the recorded DCGAN's samples, by the judge: "
    + ", ".join(f"{n} {s:.0%}" for n, s in zip(train.class_names, at_end))
    + f". The judge is unsure of {doubt[0]:.0%} of the fakes and {doubt[1]:.0%} of the test "
    f"images.",
)
axes.bar(train.class_names, 100 * at_end, color=plots.BLUE)
axes.axhline(10, color=plots.BLACK, linewidth=1, linestyle=":")
axes.tick_params(axis="x", labelrotation=30)
axes.set(ylabel="share of samples, %", title=f"judge unsure (below 0.9): {doubt[0]:.0%} of fakes, "
         f"{doubt[1]:.0%} of test images")  # fmt: skip
fig

# %% [markdown]
# As many as one likes, and no two equal to the byte. That is a weak test (a G that draws one bag
# again and again, a little differently, passes it); so far the promise holds. But all of them come
# from one function that was fitted to 60,000 images; more samples say more about G,
# not about clothes. And they come without labels: every label in this picture was given by a judge
# that had learned from labels. Whether a classifier gains from such images cannot be told from
# here: it takes a G that can be asked for a class.
#
# ## 10. Arithmetic with garments
#
# Radford et al. subtracted and added latents ("man with glasses - man + woman") and drew what came
# out; single latents failed, means of three worked. Let us take sleeves: *pullover - T-shirt +
# dress*.
#
# **Predict.** A hundred times we do so with single latents, and a hundred times with means of
# thirty (brought back to the usual length, 3.5). How many of the results are dresses?
#
# - a) few with single latents, nearly all with means: chance traits cancel, and the paper is right
# - b) few with single latents, and of the means not much more than half
# - c) nearly all with both: what is added last is a dress

# %%
guess = "?"  # a, b or c

# %%
pool = latents.sample(profile(smoke=600, classroom=4000, full=4000), LATENT, seed=7)
_, kinds = judge.read(draw(pool))
by_name = {name: pool[kinds == k] for k, name in enumerate(train.class_names)}


TERMS = {"pullover": "Pullover", "- T-shirt": "T-shirt/top", "+ dress": "Dress"}


def arithmetic(n, seed):
    """Latents of the three terms, each the mean of n, and of the result: (4, dim), length 3.5."""
    rng = np.random.default_rng(seed)
    terms = []
    for name in TERMS.values():
        choice = by_name[name] if len(by_name[name]) else pool  # in smoke a class may be missing
        terms.append(choice[rng.integers(len(choice), size=n)].mean(axis=0))
    z = np.stack([*terms, terms[0] - terms[1] + terms[2]])
    return np.sqrt(LATENT) * z / np.linalg.norm(z, axis=1, keepdims=True)


# %%
tries, told, shown = 100, [], []
for n in (1, 30):
    images = draw(np.concatenate([arithmetic(n, seed) for seed in range(tries)]))
    images = images.reshape(tries, 4, *SHAPE).swapaxes(0, 1)  # a row for each term, and the result
    shown += list(images[:, :3])
    for term, made in zip((*TERMS, "= result"), images):
        named = np.bincount(judge.read(made)[1], minlength=10) / tries
        top = [f"{train.class_names[k]} {named[k]:.0%}" for k in np.argsort(-named)[:3]]
        told.append(", ".join(top))
        print(f"means of {n:2}  {term:10} the judge says {told[-1]}")

# %%
plots.image_grid(
    np.concatenate(shown), columns=3, scale=2,
    rows=[*TERMS, "= (one latent each)", *(f"{t}, mean of 30" for t in TERMS), "= (means of 30)"],
    alt="Three times pullover - T-shirt + dress, above from single latents: all sorts of results; "
    "below from means of 30 latents: terms and results look alike from one try to the next. Of "
    f"{tries}, the judge says of single results: {told[3]}; of means of dresses: {told[6]}; of "
    f"results from means: {told[7]}.",
)  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# b. With single latents it fails, as the paper says: "pullover" comes along with "dark", "narrow",
# "striped", and all of that is added and subtracted too. With means such chance traits cancel, and
# the results look alike from one try to the next; but the judge calls only 51 of 100 dresses, and
# most of the others are still what they began with. (c) forgets the two other terms.
#
# Means need care of their own. One expects "dress" to be one region of z and its mean the middle of
# it: nine in ten are dresses here, and the mean of thirty pullovers is in nearly one case of four
# no pullover to the judge. Nothing in the training asks for regions.
#
# </details>
#
# Is that arithmetic? Look at the third term before you believe a result: one that is called what
# was added last may be no more than that. Nothing in the training asks that directions mean
# anything; sums that look convincing were picked because they do.
#
# ## Exit note
#
# Which bet did you lose today, and what had you believed?
#
# ## The claims
#
# | item | the claim | theirs | ours | verdict |
# |---|---|---|---|---|
# | S2.9 | a DCGAN goes up and down by strided convolutions, without pooling or fully connected layers | said | no pooling, every convolution strided; two dense layers remain, G's first (95 % of its weights at width 16) and D's last | holds with limits: no *hidden* dense layers |
# | S2.10 | up-sampling doubles the image's sides and raises its resolution | said | sides double; the 196 pixels made of 49 numbers vary in 49 ways (rank) | holds with limits: more pixels, no new information |
# | S2.11 | down-sampling may lose information | said | one filter of stride 2 loses it; four bring every pixel back exactly; D's layers never hold fewer numbers than the image | holds with limits: channels decide, not strides |
# | S2.12 | rule 1: strides in place of pooling | said | max pooling cannot tell images whose blocks were turned, and passes a gradient to one number in four; a stride tells them and passes it to all; mean pooling in its place: distance 105 against 102 (three seeds) | holds: as to what it does; a gain in distance cannot be told at 900 steps |
# | S2.13 | rule 2: transposed convolutions to go up | said | written out, equal to Keras'; ripple .44, 0, .27 for kernels 3, 4, 5 of ones, about .86 for random ones of any size, 0 if pixels are copied first; distance 101 with copied pixels, 102 without | holds with limits: a checkerboard is near; kernels that are multiples of the stride make it avoidable |
# | S2.14 | rule 3: no fully connected layers | said | a dense layer finds shuffled images as easy; one of 512 units would outweigh D 79 times; but z needs one; with a hidden one distances of 169, 130, 221 against 98 to 106 | holds with limits: as in S2.9; the three distances lie far above and vary too much for the test |
# | S2.15 | rule 4: batch normalisation except at G's output and D's input | said | inside, it keeps a fresh G's signal alive (spread .063 against .002); at D's input it hides brightness and contrast altogether; distance 146 without it in D, 126 with it everywhere, 102 as the rule says | holds: and it is the rule of which the test is surest here, as to D; in G no difference can be told |
# | S2.16 | rule 5: ReLU in G, tanh at the end | said | rescaled tanh equals the sigmoid of twice its input; a ReLU end has no slope where half of all pixels must be; LeakyReLU inside G: 112 against 102 (p = .0475, one of 26 variants) | holds: for the range, tanh and sigmoid are one; whether ReLU beats LeakyReLU cannot be told |
# | S2.17 | rule 6: LeakyReLU in D | said | pushed off, D with ReLU passes a gradient of exactly 0, with LeakyReLU a small one; distance 102 with either | holds: as to what it does; no gain at 900 steps |
# | S2.18 | Fashion-MNIST: 60,000 training and 10,000 test images | said | counted; ten classes, equally many of each | holds |
# | S2.20 | the model can be explained from its code | promised | both networks in two cells, a rule a line, equal to the package's | holds |
# | S4.98 | G makes huge amounts of realistic data | said | 5,000 latents, 5,000 different images; the judge is unsure of more fakes than test images (39 % against 23 %) | holds with limits: any number of images, of one fixed function of 60,000 |
# | S4.99 | samples of G can replace augmentation | said | they come without labels; shown only by a judge that had labels | cannot be told here: it takes a G that can be asked for a class |
# | S4.100 | helps algorithms without labels | said | not tried; see S4.99 | cannot be told here: no such algorithm was run |
# | S4.101 | a GAN can use any layers and regularisers | said | a convolutional G against a dense D with dropout, hinge loss and R1: both are trained | holds with limits: it runs; autoencoders were not tried |
# | S4.102 | G is not trained on the real data, as it gets only noise | said | G's step is the same whatever reals it is handed; through D they reach it, and a GAN fed with eight images repeats them (median distance about 2, test images 7.0) | holds with limits: to the letter; it is no protection |
#
# ## References
#
# - I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014.
# - A. Radford, L. Metz, S. Chintala, Unsupervised representation learning with deep convolutional
#   generative adversarial networks, ICLR 2016.
# - J. T. Springenberg et al., Striving for simplicity: the all convolutional net, ICLR workshop
#   2015.
# - S. Ioffe, C. Szegedy, Batch normalization, ICML 2015.
# - A. Maas, A. Hannun, A. Ng, Rectifier nonlinearities improve neural network acoustic models,
#   ICML workshop 2013.
# - A. Odena, V. Dumoulin, C. Olah, Deconvolution and checkerboard artifacts, Distill 2016.
# - V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning, arXiv 2016.
# - T. White, Sampling generative networks, arXiv 2016.
# - H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv 2017.
# - M. Heusel et al., GANs trained by a two time-scale update rule, NeurIPS 2017 (the Frechet
#   distance).

# %% [markdown]
# # 01 · How does G learn clothes it is never shown?
#
# A GAN is two networks. **G** turns random numbers into samples; **D** tells samples of G from real
# ones. G sees no real sample, ever. Yet it ends up drawing shirts and shoes.
#
# **You will see** the answer D *should* give, drawn beside the one a network learns; Algorithm 1 of
# Goodfellow et al. (2014), every line of it; a GAN that learns two bumps, one that learns
# Fashion-MNIST, and three that go wrong while their losses look fine.
#
# **You will be able to** write both losses on logits, put Algorithm 1 in order, read D's loss, and
# tell dropped modes, a vanished gradient and a frozen D apart.
#
# **Time** about 4 minutes of computing on two cores, 3 with a GPU; an hour or two of thinking.
# **Before** you know what a network, a loss and a gradient step are, and have read one blog post on
# GANs. **Mirrors** a student project's slides on GANs (S2), the report of a project on fake dogs (S3)
# and a lecture's slides on adversarial examples and GANs (S4).

# %%
from gankit import datasets, plots
from gankit.course import check, setup, todo

clothes = datasets.fashion_mnist()
profile = setup(minutes=(4, 3), data=clothes, title="01 · GAN basics")

# %%
import keras
import numpy as np

# %% [markdown]
# ## Before we begin: three questions from memory
#
# 1. A classifier gives the logit 0 for "is this real?". Which probability is that, and what does it
#    pay in cross-entropy, whatever the truth?
# 2. A network has a loss. What does back-propagation hand to each of its weights?
# 3. Who, in a GAN, sees real samples?
#
# <details><summary>Answers</summary>
#
# 1. Probability 1/2, and -ln(1/2) = ln 2 = 0.693. Remember this number: two of it, 1.386, will stand
#    at the end of every good game in this lesson.
# 2. A slope: by how much the loss would rise if this weight rose a little. Back-propagation also
#    knows the slope at the network's *input*, and the whole lesson hangs on that.
# 3. D, and D alone.
# </details>

# %% [markdown]
# ## 1 · What networks are good at, in three panels
#
# A network with one hidden layer bends the plane, then draws a straight line. Below, the hidden
# weights are *drawn at random and never trained*; only the last layer is fitted. Two interlocked
# moons of points; a straight line gets about 87 % of them right.
#
# **Predict**: 16 such random units get
# (a) about as many, what is random knows nothing;
# (b) fewer, randomness spoils the data;
# (c) nearly all.

# %%
guess = "?"  # a, b or c


# %% tags=["S4.5", "S4.6", "S4.7"]
def hidden(x, width, seed=0):
    """Outputs of a hidden layer whose weights are random, and a constant: (n, width + 1)."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 2, (x.shape[1], width))
    return np.c_[np.tanh(x @ weights + rng.uniform(-3, 3, width)), np.ones(len(x))]


def moons(n, seed):
    rng = np.random.default_rng(seed)
    t, moon = rng.uniform(0, np.pi, n), rng.integers(2, size=n)
    x = np.where(moon, 1 - np.cos(t), np.cos(t)), np.where(moon, 0.5 - np.sin(t), np.sin(t))
    return np.stack(x, axis=1) + rng.normal(0, 0.2, (n, 2)), moon


def last_layer(features, wanted):
    return np.linalg.lstsq(features, wanted, rcond=None)[0]  # the best weights there are


# %% tags=["S4.5", "S4.6", "S4.7"]
# 1 moons: a straight line, and 16 random units
(x, moon), (new_x, new_moon) = moons(600, 0), moons(2000, 1)
line = last_layer(np.c_[x, np.ones(600)], 2 * moon - 1)
bent = last_layer(hidden(x, 16), 2 * moon - 1)
right_line = np.mean((np.c_[new_x, np.ones(2000)] @ line > 0) == new_moon)
right_bent = np.mean((hidden(new_x, 16) @ bent > 0) == new_moon)
# 2 a function, from its values: how far off with 4, 8, 16 units
t = np.linspace(-3, 3, 400)[:, None]
wave = np.sin(2 * t[:, 0]) * np.exp(-(t[:, 0] ** 2) / 6)
fits = {n: hidden(t, n) @ last_layer(hidden(t, n), wave) for n in (4, 8, 16)}
worst = {n: np.abs(fit - wave).max() for n, fit in fits.items()}
# 3 sixteen noisy points of a sine: polynomials of degree 1, 3, 12
rng = np.random.default_rng(4)
s, unseen = np.sort(rng.uniform(-1, 1, 16)), np.linspace(-0.95, 0.95, 300)
noisy = np.sin(3 * s) + rng.normal(0, 0.2, 16)
degrees = {n: np.polyval(np.polyfit(s, noisy, n), unseen) for n in (1, 3, 12)}
error = {n: np.sqrt(np.mean((p - np.sin(3 * unseen)) ** 2)) for n, p in degrees.items()}

# %%
alt = (
    f"Left: two moons of points; a straight line tells {right_line:.0%} of new points right, "
    f"the curved border of 16 random units {right_bent:.0%}. Middle: a wave and its fits by 4 "
    f"and 16 units, off by {worst[4]:.2f} and {worst[16]:.3f} at worst. Right: polynomials "
    "through 16 noisy points; degree 1 is too stiff, 3 follows the sine, 12 runs through the "
    f"points and swings wildly between them: error {error[1]:.2f}, {error[3]:.2f}, "
    f"{error[12]:.2f} where it was not shown. Networks can do nearly anything, which is why one "
    "asks how they do on what is new."
)

# %%
fig, (left, middle, right) = plots.figure(1, 3, (10, 3.2), alt=alt)
for k, marker, colour in ((0, "o", plots.BLUE), (1, "x", plots.ORANGE)):
    left.scatter(*x[moon == k].T, s=9, marker=marker, color=colour, linewidths=0.8)
a, b = np.meshgrid(np.linspace(-1.8, 2.8, 90), np.linspace(-1.3, 1.8, 90))
height = (hidden(np.c_[a.ravel(), b.ravel()], 16) @ bent).reshape(a.shape)
left.contour(a, b, height, [0], colors="black")
left.plot([-1.8, 2.8], -(line[0] * np.array([-1.8, 2.8]) + line[2]) / line[1], "k--")
left.set(title=f"line {right_line:.0%}, 16 units {right_bent:.0%}", ylim=(-1.3, 1.8))
middle.plot(t, wave, color=plots.GREY, lw=5, label="the wave")
middle.plot(t, fits[4], "--", color=plots.BLUE, label="4 units")
middle.plot(t, fits[16], color=plots.BLACK, lw=1, label="16 units")
right.plot(s, noisy, "o", color=plots.GREY)
for (n, p), (colour, style) in zip(degrees.items(), plots.STYLES):
    right.plot(unseen, p, style, color=colour, label=f"degree {n}: {error[n]:.2f}")
right.set(ylim=(-1.8, 2.2), title="error on what was not shown")
middle.legend(fontsize=8), right.legend(fontsize=8, loc="upper left")
middle.set(title="a wave", ylim=(-1.1, 1.7))
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# (c). The tempting idea is that all knowledge sits in trained weights. Random bends are enough to
# *separate*; training finds better bends with fewer units. More units come nearer to any continuous
# function (Cybenko 1989): that is what *can* be represented, not what training finds, and the right
# panel shows that the best fit to what was shown need not be the best elsewhere.
# </details>
#
# Keep the third panel in mind: a D that learns its few reals by heart is the same story.

# %% [markdown]
# ## 2 · Two kinds of task
#
# A **discriminative** model answers a question about a sample. A **generative** one makes samples.
#
# **Predict**, for each of the six: d or g?
# 1. name the garment; 2. draw a box round it; 3. say for each pixel whether it belongs to it;
# 4. say whether a picture is a photograph or a fake; 5. make a new garment out of noise;
# 6. find all garments in a picture, with boxes.

# %%
guess = "??????"  # such as "dgdgdg"

# %% tags=["S4.11", "S4.12", "S4.88"]
h, w, _ = clothes.image_shape
tasks = [
    ("1 classify", "discriminative", h * w, len(clothes.class_names), "a score a class"),
    ("2 localise", "discriminative", h * w, 4, "the corners of one box"),
    ("3 segment", "discriminative", h * w, h * w, "a verdict a pixel"),
    ("4 real or fake: D", "discriminative", h * w, 1, "one logit"),
    ("5 draw: G", "generative", 64, h * w, "grey levels"),
    ("6 detect, up to 3", "discriminative", h * w, 3 * (4 + 10), "boxes and their scores"),
]
print(f"{'task':19}{'kind':16}{'numbers in':>10}{'out':>6}")
for name, kind, into, out, what in tasks:
    print(f"{name:19}{kind:16}{into:10}{out:6}  {what}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Only the fifth is generative: `ddddgd`. The tempting wrong answer is D: it is
# half of a generative *framework*, and a plain binary classifier all the same. Note line 3: as many
# numbers come out as go in. "Many numbers to few" is a rule of thumb; the *question* decides.
# </details>

# %% [markdown]
# ## 3 · The game
#
# One picture of the whole. Full arrows carry samples forward. Dashed arrows carry slopes back:
# follow the one that reaches G, and see where it comes from.

# %% tags=["S3.13", "S4.89"]
alt = (
    "A diagram. Noise z goes into G, which makes a fake; a fake or a real sample goes into D, "
    "which answers with the probability that it is real. Dashed, backwards: D's loss moves D; "
    "G's loss moves G, and its slope has to pass through D and the fake. No arrow leads from "
    "the reals to G."
)
boxes = {
    "noise z": (0, 1), "G": (1.7, 1), "fake": (3.4, 1), "real": (3.4, 2.2), "D": (5.2, 1.5),
    "y": (7.2, 1.5),
}  # fmt: skip
colours = {"D": plots.BLUE, "G": plots.VERMILION, "": "black"}

# %%
fig, axes = plots.figure(size=(9, 2.9), alt=alt)
for name, place in boxes.items():
    style = {"boxstyle": "round,pad=.5", "fc": "#FFE8B0" if name in "GD" else "white"}
    axes.text(*place, name, ha="center", va="center", size=13, bbox=style)
for way, raised, bend, moves in (
    ("noise_z>G G>fake fake>D real>D D>y", 0, 0, ""),  # forward
    ("y>D", 0.25, 0.5, "D"),  # back, to D
    ("y>D D>fake fake>G", -0.4, 0, "G"),  # back, to G
):
    for pair in way.split():
        (x0, y0), (x1, y1) = (boxes[name.replace("_", " ")] for name in pair.split(">"))
        line = {"arrowstyle": "-|>", "shrinkA": 30, "shrinkB": 30, "lw": 1.7}
        line |= {"connectionstyle": f"arc3,rad={bend}", "color": colours[moves]}
        line |= {"ls": "--" if moves else "-"}
        axes.annotate("", (x1, y1 + raised), (x0, y0 + raised), arrowprops=line)
_ = axes.text(7.6, 1.5, "P(real)"), axes.text(6.2, 2.45, "D's loss moves D", color=plots.BLUE)
axes.text(4.2, 0.0, "G's loss moves G: its slope passes through D", color="#B04A00", ha="center")
_ = axes.set(xlim=(-0.8, 8.4), ylim=(-0.2, 2.8)), axes.set_axis_off()
fig

# %% [markdown]
# Two functions, then: `x = G(z)` and `y = D(x)`. Here they are for clothes: the *simple GAN*, in
# which every layer is fully connected. (Lesson 02 puts convolutions there.)

# %% tags=["S2.6", "S2.7", "S2.8", "S3.11", "S3.12"]
from gankit.models import mlp


def layers(network):
    """What comes out of each layer, and how many weights it has."""
    for layer in network.layers:
        kind = type(layer).__name__
        print(f"  {kind:12}{str(layer.output.shape[1:]):16}{layer.count_params():9,} weights")


print("G: noise in, a picture out")
layers(mlp.generator(clothes.image_shape, latent_dim=64))
print("D: a picture in, one logit out")
layers(mlp.discriminator(clothes.image_shape))

# %% tags=["nbval-check-output", "S4.92"]
from gankit.gans import GAN

for latent in ("normal", "uniform"):
    gan = GAN(
        mlp.generator(clothes.image_shape), mlp.discriminator(clothes.image_shape), latent=latent
    )
    z = gan.sample_latent(1000, seed=0)  # noise: N(0, 1), or U(-1, 1)
    x = gan.generator(z)  # one forward pass, no search
    y = keras.ops.sigmoid(gan.discriminator(x))  # a probability
    print(f"{latent}: z {z.shape} -> x {tuple(x.shape)} -> y {tuple(y.shape)}")
print("ok: y is a probability" if 0 < float(keras.ops.min(y)) < 1 else "not ok: y is none")

# %% [markdown]
# ## 4 · The best answer D can give
#
# Forget networks. Reals come from N(0, 1), fakes from N(1.5, 0.7), as many of each. Something
# arrives at x = -3. Hardly any reals are there: one in 740 lies
# farther out on the left.
#
# **Predict**: what should D say there?
# (a) about 0: there is no data, it cannot be real;
# (b) about 1/2: it cannot know;
# (c) about 1.

# %%
guess = "?"  # a, b or c

# %% [markdown]
# ### Exercise 1: the best D
# Write it from the two densities at x: p of the reals, q of the fakes.
#
# <details><summary>Hint</summary>
#
# Of all that arrives at x, real and fake together, which share is real?
# </details>


# %% tags=["exercise"]
def best_discriminator(p, q):
    """The best probability "real" where reals have density p and fakes q (arrays or numbers)."""
    # solution: a share
    return p / (p + q)
    # end of solution


# %% tags=["nbval-check-output"]
best_discriminator = check("01.best_discriminator", best_discriminator)

# %% [markdown]
# Now a network that knows no formula. It is shown samples, 100 small steps, and told only which are
# real. Does it find the same curve?

# %%
from keras.optimizers import Adam

from gankit.models import mlp


def normal(x, mean, std):
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))


# 1 reals and fakes, and which is which
rng = np.random.default_rng(0)
n = 100 * 256
samples = np.concatenate([rng.normal(0, 1, n), rng.normal(1.5, 0.7, n)])[:, None].astype("float32")
is_real = np.repeat([1.0, 0.0], n)
# 2 a binary classifier like any other: that is all D is
d = mlp.discriminator((1,), hidden=(64, 64))
d.compile(Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
_ = d.fit(samples, is_real, batch_size=512, epochs=1, verbose=0)

# %% tags=["nbval-check-output", "S4.91"]
x = np.linspace(-4, 5, 181)
p, q = normal(x, 0, 1), normal(x, 1.5, 0.7)
learnt = np.asarray(keras.ops.sigmoid(d(x[:, None])))[:, 0]
off = np.average(np.abs(learnt - best_discriminator(p, q)), weights=p + q)
print("ok: D is near p / (p + q)" if off < 0.08 else "not ok: D is far from p / (p + q)")

# %%
at = best_discriminator(normal(-3.0, 0, 1), normal(-3.0, 1.5, 0.7))
alt = (
    "Above: the densities of reals, around 0, and fakes, around 1.5. Below: D's probability, "
    f"learnt in 100 steps, on the curve p / (p + q); where samples are it is off by {off:.3f} "
    f"on average. At -3 both densities are next to nothing and yet the best answer is {at:.2f}: "
    "only the ratio counts."
)
fig, (above, below) = plots.figure(2, 1, (7, 4.6), sharex=True, alt=alt)
above.fill_between(x, p, color=plots.GREY, alpha=0.6)
above.plot(x, q, color=plots.ORANGE, lw=2)
above.text(-1.5, 0.3, "reals, p", ha="right"), above.text(2.3, 0.45, "fakes, q", color="#A06800")
below.plot(x, best_discriminator(p, q), color=plots.BLACK, lw=4, alpha=0.3)
below.plot(x, learnt, "--", color=plots.BLUE, lw=2)
below.text(-3.9, 0.75, "D, learnt (dashed), over p / (p + q)", color=plots.BLUE)
below.plot([-3], [at], "o", color=plots.VERMILION)
below.annotate(f"{at:.2f} at x = -3", (-3, at), (-2.9, 0.4), arrowprops={"arrowstyle": "-"})
below.set(xlabel="x", ylabel="P(real)", ylim=(-0.05, 1.1))
above.set(ylabel="density")
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# (c), 1.00. Tempting: "no data, so not real". But D compares, it does not count: at -3 a real is
# rare and a fake is rarer still, by a factor of seven million. And a D as sure as this is no
# achievement; the fakes merely do not go there. On the far right the formula turns *up* again, for
# the reals are spread wider; the network does not follow: it was shown next to nothing there.
# </details>
#
# **Say in one sentence** why D ends near p/(p+q) although nobody told it p or q.
# <details><summary>A model</summary>
#
# Among the samples that arrive near x a share p/(p+q) is labelled real, and cross-entropy is smallest
# when the answer is that share.
# </details>

# %% [markdown]
# ## 5 · What if the fakes are perfect?
#
# G has won: fakes and reals have the same density everywhere. D is trained as long as it likes.
#
# **Predict**: the best D then
# (a) says "real" to everything, for everything looks real;
# (b) says 1/2 to everything and pays the *highest* loss a best D can pay;
# (c) says 1/2 to everything and pays almost nothing, for the game is over.

# %%
guess = "?"  # a, b or c

# %% tags=["nbval-check-output", "S4.93"]
grid = np.linspace(-12, 12, 4001)


def best_loss(p, q):
    """What the best D pays: -log D on reals, -log(1 - D) on fakes."""
    answer = best_discriminator(p, q)
    pays = p * np.log(np.maximum(answer, 1e-300)) + q * np.log(np.maximum(1 - answer, 1e-300))
    return -np.sum(pays) * (grid[1] - grid[0])


reals = normal(grid, 0, 1)
shifts = np.linspace(0, 6, 61)
paid = [best_loss(reals, normal(grid, shift, 1)) for shift in shifts]
half = np.allclose(best_discriminator(reals, normal(grid, 0, 1)), 0.5)
top = np.argmax(paid) == 0 and np.isclose(paid[0], 2 * np.log(2), atol=1e-3)
print(
    "ok: perfect fakes: one half, at 2 ln 2, the most a best D pays" if half and top else "not ok"
)

# %%
alt = (
    f"What the best D pays, over the distance between fakes and reals: {paid[-1]:.2f} when they "
    f"are 6 apart, rising to {paid[0]:.3f} = 2 ln 2 when they coincide. A rising D loss can "
    "mean better fakes."
)
fig, axes = plots.figure(size=(6, 3), alt=alt)
axes.plot(shifts, paid, color=plots.BLUE, lw=2.5)
axes.axhline(2 * np.log(2), color=plots.GREY, ls=":")
axes.text(2.4, 1.27, "2 ln 2 = 1.386", color="#555555")
axes.annotate("perfect fakes", (0, paid[0]), (0.9, 0.95), arrowprops={"arrowstyle": "->"})
axes.set(xlabel="how far the fakes are from the reals", ylabel="loss of the best D", ylim=(0, 1.5))
axes.invert_xaxis()
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# (b). Training improves G from left to right in the picture, and the best D's loss *rises*. "Low loss
# is good" is true of a classifier with a fixed task. D's task gets harder as G learns.
#
# But do not turn it round: 1.386 and 1/2 are also what a D shows that has learnt nothing. The value
# 1/2 means good fakes only if D is good.
# </details>

# %% [markdown]
# ## 6 · Both losses, on logits
#
# D and G play for one number, the value of the game (Goodfellow et al. 2014, eq. 1):
#
# $$\min_G \max_D \; E_{x}\log D(x) + E_z \log(1 - D(G(z)))$$
#
# With f the logit, D = sigmoid(f), and two lines of algebra rid us of both logs:
# -log D = softplus(-f) and -log(1 - D) = softplus(f), where softplus(f) = log(1 + e^f). It never takes
# the log of 0. D *minimises* minus the value, so on reals it pays softplus of one sign, on fakes of the other.
#
# ### Exercise 2: D's loss
#
# <details><summary>Hint</summary>
#
# Two softplus, two means, one sum. Which of them should be small when the logits on reals are large?
# </details>

# %% tags=["exercise"]
from keras import ops


def d_loss(real, fake):
    """D's loss from its logits on reals and on fakes: one number."""
    # solution: ops.softplus, ops.mean
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))
    # end of solution


# %% tags=["nbval-check-output"]
d_loss = check("01.discriminator_loss", d_loss)

# %% [markdown]
# ### Exercise 3: G's loss
# The game says that G minimises the value, that is -softplus(f) on its fakes. Almost nobody trains
# with it. The paper itself offers another loss with the same goal, "fool D", and a better slope.
#
# <details><summary>Hint</summary>
#
# At the start D sees through the fakes: f = -10. What is the slope of -softplus(f) there? Which
# function of f has a slope of about -1 there, and also falls when f rises?
# </details>


# %% tags=["exercise"]
def g_loss(real, fake):
    """G's loss from D's logits on reals and on fakes: one number, not the minimax one."""
    # solution: what does G want D to say of its fakes?
    return ops.mean(ops.softplus(-fake))
    # end of solution


# %% tags=["nbval-check-output"]
g_loss = check("01.generator_loss", g_loss)

# %%
f = np.linspace(-10, 6, 200)
slopes = {"minimax": 1 / (1 + np.exp(-f)), "non-saturating": 1 / (1 + np.exp(f))}
flat, steep = slopes["minimax"][0], slopes["non-saturating"][0]
alt = (
    "How steep G's two losses are, over D's logit on a fake. At -10, where D is sure, the "
    f"minimax loss has a slope of {flat:.1e}, the non-saturating one of {steep:.2f}; at 0 they "
    "are equal; at 6 it is the other way round. Early in training all fakes stand on the left."
)
fig, axes = plots.figure(size=(6.5, 3), alt=alt)
for slope, (colour, style) in zip(slopes.values(), plots.STYLES):
    axes.plot(f, slope, style, color=colour, lw=2.5)
axes.text(-9.5, 0.9, "non-saturating: softplus(-f)", color="#A06800", va="top")
axes.text(-9.5, 0.06, "minimax: -softplus(f)", color=plots.BLUE)
axes.annotate("D is sure:\nhere G begins", (-10, 0.5), (-9.6, 0.4))
axes.set(xlabel="f, D's logit on a fake", ylabel="how steep G's loss is")
fig

# %% [markdown]
# Both losses fall when f rises: same goal. But the minimax loss is flat exactly where G is worst.
# The package has both under these names; are they what we wrote?

# %% tags=["nbval-check-output", "S4.90"]
from gankit import losses

real, fake = ops.array([[2.0], [-1.0]]), ops.array([[-2.0], [1.5]])
theirs, minimax = losses.get("non_saturating"), losses.get("minimax")
same_d = np.isclose(theirs.discriminator(real, fake, 1.0, 0.0), d_loss(real, fake))
same_g = np.isclose(theirs.generator(fake), g_loss(real, fake))
value = -float(d_loss(real, fake))
on_fakes = float(ops.mean(ops.log(1 - ops.sigmoid(fake))))  # the half of the value G can change
print("ok: D's loss equals the package's" if same_d else "not ok: D's losses differ")
print("ok: G's loss equals the package's" if same_g else "not ok: G's losses differ")
print("ok: minimax is the value's half" if np.isclose(minimax.generator(fake), on_fakes) else "no")

# %% [markdown]
# ## 7 · Algorithm 1, in order
#
# Here are the lines of one training step, shuffled. **Predict** the order. One line is used twice.
#
# - A: move D's weights down the slope of D's loss
# - B: take m reals
# - C: draw m noise vectors and let G make fakes
# - D: move G's weights down the slope of G's loss
# - E: let D judge reals and fakes
# - F: let D judge the fakes

# %%
guess = "???????"  # seven letters, such as "ABCDEFA"

# %% [markdown]
# <details><summary>Answer</summary>
#
# `BCEACFD`, with C twice (or `CBEACFD`: noise and reals may change places). Tempting: to use the
# first fakes again for G. That works and saves time, but Algorithm 1 draws afresh. Tempting, too:
# D before A. G would then learn from yesterday's D.
# </details>
#
# And now with tape and all. Read it, then find **the one line that keeps D still in G's half**.

# %% tags=["S4.94", "S4.95"]
import tensorflow as tf


def algorithm_1(reals, g, d, g_optimizer, d_optimizer, draw_noise):
    """One step of each player on m reals."""
    m = len(reals)
    # 1 D: judge reals and fakes, move D
    fakes = g(draw_noise(m))
    with tf.GradientTape() as tape:
        loss = d_loss(d(reals), d(fakes))
    slopes = tape.gradient(loss, d.trainable_variables)
    d_optimizer.apply(slopes, d.trainable_variables)
    # 2 G: fresh fakes, judged by the D of a moment ago; move G
    with tf.GradientTape() as tape:
        loss = g_loss(None, d(g(draw_noise(m))))
    slopes = tape.gradient(loss, g.trainable_variables)
    g_optimizer.apply(slopes, g.trainable_variables)


# %% [markdown]
# <details><summary>Which line keeps D still?</summary>
#
# `slopes = tape.gradient(loss, g.trainable_variables)`, with the line after it. Nothing is frozen.
# The slope runs *through* D, from its logit back to the fakes and on into G; but it is asked for G's
# weights only, and only they are moved. Remember this when we come to section 11.
# </details>
#
# `gankit.GAN` is to do exactly this. Two of its defaults add to Algorithm 1, and are switched off in
# this lesson: it spares a pass of G and lets G learn from the fakes that D has just seen, and its
# samples are drawn by a running average of G. Lesson 02 tells what they are worth. Two copies of one
# untrained GAN, one batch, one step each:


# %% tags=["S2.2", "S3.9"]
to_the_letter = {"fresh_fakes": True, "ema": 0.0}


def twin(seed=3):
    keras.utils.set_random_seed(seed)
    gan = GAN(mlp.generator((1,), 4, (32,)), mlp.discriminator((1,), (32,)), seed=seed)
    gan.compile(Adam(1e-3, beta_1=0.5), Adam(1e-3, beta_1=0.5), **to_the_letter)
    return gan


ours, theirs, start = twin(), twin(), twin()
reals = np.random.default_rng(0).normal(2, 0.5, (256, 1)).astype("float32")
algorithm_1(ops.array(reals), ours.generator, ours.discriminator, ours.g_optimizer,
            ours.d_optimizer, ours.draw_latent)  # fmt: skip
_ = theirs.fit(reals, batch_size=256, epochs=1, verbose=0)


# %% tags=["nbval-check-output"]
def distance(a, b):
    """The largest difference between the weights of two networks."""
    return max(float(np.abs(v - w).max()) for v, w in zip(a.get_weights(), b.get_weights()))


for name in ("generator", "discriminator"):
    one, two, old = (getattr(gan, name) for gan in (ours, theirs, start))
    print(
        f"{name}: " + ("ok: it moved" if distance(two, old) > 1e-4 else "not ok: it did not move")
    )
    print(
        "  ok: ours equals GAN" if distance(one, two) < 1e-5 else "  not ok: ours differs from GAN"
    )

# %% [markdown]
# The two players pull on one number from opposite ends: D *raises* how often it is right, G *lowers*
# how often D is right about fakes. One small step of each, on samples that stay the same:

# %% tags=["nbval-check-output", "S4.94"]
from gankit.backend import gradients

g, d = start.generator, start.discriminator
z, few = start.sample_latent(256, seed=1), ops.array(reals)


def right_on_reals():
    return float(ops.mean(ops.sigmoid(d(few))))


def right_on_fakes():
    return float(ops.mean(1 - ops.sigmoid(d(g(z)))))


# 1 D's step
before = right_on_reals() + right_on_fakes()
_, _, slopes = gradients(lambda: (d_loss(d(few), d(g(z))), None), d.trainable_variables)
keras.optimizers.SGD(0.01).apply(slopes, d.trainable_variables)
after = right_on_reals() + right_on_fakes()
print("ok: D's step made D more often right" if after > before else "not ok: D gained nothing")
# 2 G's step
before = right_on_fakes()
_, _, slopes = gradients(lambda: (g_loss(None, d(g(z))), None), g.trainable_variables)
keras.optimizers.SGD(0.01).apply(slopes, g.trainable_variables)
print("ok: G's step made D less often right" if right_on_fakes() < before else "not ok: no gain")

# %% [markdown]
# From here on we import `GAN`; you know what is inside.
#
# ## 8 · Two bumps
#
# Reals: two bumps on a line, at -2 and 2. G gets one number of noise, a single bump, and has to cut it
# in two.
#
# **Predict** D's loss in the course of training, three seeds:
# (a) it falls, as every loss does;
# (b) it rises to 1.386 and stays;
# (c) it may stay low for long and then leap.

# %%
guess = "?"  # a, b or c


# %%
def toy_gan(
    reals, seed, latent_dim, width, steps, batch_size=128, d_rate=1e-3, d_layers=2, **options
):
    """A small GAN, trained on points; returns it with its History."""
    keras.utils.set_random_seed(seed)
    shape = reals.shape[1:]
    gan = GAN(
        mlp.generator(shape, latent_dim, (width, width)),
        mlp.discriminator(shape, (width,) * d_layers),
        seed=seed,
    )
    fast = to_the_letter | {"steps_per_execution": profile(smoke=1, classroom=20, full=20)}
    gan.compile(Adam(1e-3, beta_1=0.5), Adam(d_rate, beta_1=0.5), **fast, **options)
    epochs = profile(smoke=1, classroom=20, full=20)  # so that History has 20 points
    points = profile(smoke=3, classroom=steps // 20, full=steps // 20) * batch_size * gan.d_steps
    history = gan.fit(reals[:points], batch_size, epochs, verbose=0, seed=seed).history
    return gan, {key: np.array(values) for key, values in history.items()}


def draw(gan, n=4000):
    """Samples, without the second it takes `generate` to warm up."""
    return np.asarray(gan(gan.sample_latent(n, seed=1)))


# %% tags=["S4.97"]
def bumps(n, seed):
    rng = np.random.default_rng(seed)
    return (rng.choice([-2.0, 2.0], (n, 1)) + rng.normal(0, 0.5, (n, 1))).astype("float32")


runs = {}
for seed in range(profile(smoke=1, classroom=3, full=3)):
    runs[seed] = toy_gan(bumps(12_800, seed), seed, latent_dim=1, width=32, steps=2000)
    fakes = draw(runs[seed][0])
    last = {key: values[-1] for key, values in runs[seed][1].items()}
    print(f"seed {seed}: {np.mean(fakes < 0):.0%} of the fakes on the left; D's loss "
          f"{last['d_loss']:.2f}, D right in {last['d_accuracy']:.0%}")  # fmt: skip

# %%
end = {seed: history["d_loss"][-1] for seed, (_, history) in runs.items()}
low = {seed: history["d_loss"].min() for seed, (_, history) in runs.items()}
alt = (
    "Left: D's mean loss over 20 stretches of training, one curve a seed: "
    + "; ".join(f"seed {s} at lowest {low[s]:.2f}, at the end {end[s]:.2f}" for s in runs)
    + ". Right: histograms of each seed's fakes at the end over the density of the two real bumps. "
    "A low loss of D meant that G was stuck; the leap upwards was progress."
)
fig, (left, right) = plots.figure(1, 2, (10, 3.3), alt=alt)
for (seed, (gan, history)), (colour, style) in zip(runs.items(), plots.STYLES):
    along = np.arange(1, len(history["d_loss"]) + 1) * 100
    left.plot(along, history["d_loss"], style, color=colour, lw=2, label=f"seed {seed}")
    right.hist(draw(gan)[:, 0], np.linspace(-4, 4, 81), density=True, histtype="step",
               color=colour, ls=style, lw=1.5)  # fmt: skip
left.axhline(2 * np.log(2), color=plots.GREY, ls=":")
left.set(xlabel="step", ylabel="D's loss", title="D's loss; dotted: 2 ln 2"), left.legend()
x = np.linspace(-4, 4, 300)
right.fill_between(x, (normal(x, -2, 0.5) + normal(x, 2, 0.5)) / 2, color=plots.GREY, alpha=0.5)
_ = right.set(xlabel="x", title="fakes at the end, over the reals' density")
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# (c). In our classroom run two seeds find both bumps within the first hundred steps and rest at 1.39.
# Seed 1 sits on *one* bump for 600 steps: D's loss is about 0.96 and D is right in three of four cases
# (always on the other bump, by chance on this one). Then G tears in two and the loss *leaps up*.
# Tempting was (a): a falling loss means learning. Here a *rise* did.
#
# And now the right panel. All three losses say 1.39, yet the fakes pile up in spikes several times as
# high as the reals' bumps. This D is small, and what it overlooks G need not learn: 1.386 means that
# *this D* cannot tell.
#
# With one bump of two covered the best D pays 0.95: you can compute that from exercise 1, and we do
# so for eight modes in section 13.
# </details>

# %% tags=["nbval-check-output"]
gan, history = runs[0]
keras.utils.set_random_seed(0)  # as toy_gan began
fresh = mlp.generator((1,), 1, (32, 32))
print("ok: G moved" if distance(gan.generator, fresh) > 1e-4 else "not ok: G did not move")
finite = all(np.isfinite(values).all() for values in history.values())
print("ok: every number is finite" if finite else "not ok: some numbers are not finite")

# %% [markdown]
# ## 9 · Clothes
#
# The simple GAN on Fashion-MNIST, rates of 2e-4, batches of 64. A popular account tells of three
# stages: the fakes are obvious and D learns quickly; the fakes get closer; D gets worse at telling.
#
# **Predict** the share of cases in which D is right at steps 1, 100 and at the end (13,000):
# (a) .5, .7, .99: it learns and learns;
# (b) .99, .7, .5: the better G gets;
# (c) about .6, above .9, then slowly down, but not to .5.

# %%
guess = "?"  # a, b or c

# %%
simple = GAN(mlp.generator(clothes.image_shape), mlp.discriminator(clothes.image_shape), seed=0)
simple.compile(Adam(2e-4, beta_1=0.5), Adam(2e-4, beta_1=0.5), **to_the_letter)
untrained = draw(simple, 8)
live = []
keep = keras.callbacks.LambdaCallback(
    on_train_batch_end=lambda step, logs: live.append(float(logs["d_accuracy"]))
)
steps = profile(smoke=4, classroom=300, full=300)
_ = simple.fit(clothes.take(32 * steps), epochs=2, callbacks=[keep], verbose=0)  # batches of 64
alt = (
    f"Eight fakes before training, grey noise, and from the same latents after {steps} steps; "
    "after 300 still noise, but brighter in the middle: the place of a garment is learnt "
    "before its shape."
)
titles = ["before", f"after {steps} steps"]
plots.side_by_side(untrained, draw(simple, 8), titles, columns=4, alt=alt, scale=2)

# %% [markdown]
# So much for seconds. The rest was recorded: the same networks and rates on all 60,000 images,
# 14 epochs. Below D's accuracy; under it what G made of the same 12 noise vectors.

# %% tags=["S2.3", "S2.4", "S2.5"]
from PIL import Image

from gankit.runs import load_run

run = load_run("mlp_fashion_mnist")
per_epoch = run.record["results"]["steps"] / len(run.history["epoch"])
steps_at, right_at = run.history["epoch"] * per_epoch, run.history["d_accuracy"]
far = dict(zip(run.probes["step"].astype(int), run.probes["frechet"]))
shown = [0, 300, 1874, max(far)]
grids = [np.asarray(Image.open(run.folder / f"samples_{step:06d}.png")) for step in shown]
print("Frechet classifier distance:", ", ".join(f"step {s}: {far[s]:.0f}" for s in shown))

# %%
blocks = [live[i : i + 10] for i in range(0, len(live), 10)]  # means of 10 steps: less noise
early = np.array([np.mean(block) for block in blocks])
alt = (
    "Above, over a logarithmic axis of steps: the share in which D is right. Trained live it "
    f"goes from {early[0]:.2f} to {early.max():.2f} within {len(live)} steps; in the recorded "
    f"run it falls from {right_at[0]:.2f} after one epoch to {right_at[-1]:.2f} after "
    f"{len(right_at)}. Below, four grids of 12 fakes: grey noise; blurred blobs; soft shirts "
    "and shoes; clear garments with specks. D does not get worse: its task gets harder."
)

# %%
fig, axes = plots.figure(2, 4, (9, 4.8), alt=alt, height_ratios=[1.2, 1])
grid = axes[0, 0].get_gridspec()
_ = [old.remove() for old in axes[0]]
top = fig.add_subplot(grid[0, :])
top.plot(10 * np.arange(len(early)) + 5, early, color=plots.BLUE, lw=2, label="live")
top.plot(steps_at, right_at, "o--", color=plots.ORANGE, label="recorded, by epoch")
top.axhline(0.5, color=plots.GREY, ls=":"), top.legend(loc="upper left", fontsize=9)
top.set(xscale="log", ylim=(0.4, 1.02), xlabel="step", ylabel="D is right")
for stage, x in (("I: fakes are obvious", 30), ("II: closer", 800), ("III: D errs", 5000)):
    top.text(x, 0.43, stage, ha="center")
for panel, step, image in zip(axes[1], shown, grids):
    panel.imshow(image[:84, :112], "gray", vmin=0, vmax=255, interpolation="nearest")
    panel.set_title(f"step {step:,}, distance {far[step]:.0f}", size=10), panel.set_axis_off()
fig

# %% [markdown]
# The *distance* compares 10,000 fakes with the 10,000 test images in the features of a small
# classifier: noise is at about 369, other real images at 0.3. (Lesson 03 takes it apart.)
#
# <details><summary>Answer</summary>
#
# (c), and the three stages are there. (a) takes D for a classifier with a fixed task; (b) forgets
# that D, too, starts from nothing. And it ends near .6, not .5: this G is not perfect.
#
# Two things to keep. D's accuracy fell although D never stopped learning: its *task* got harder. And
# the reverse does not hold: D's accuracy would also fall if D were too weak. Accuracy alone cannot tell (section 13).
# </details>
#
# Now the question of the title. What does G get, if not clothes? D's slope: at each *pixel* of a fake,
# brighter or darker to look more real. To see it bare, take the simplest D there is, one layer that
# begins at zero, and let it make *one* step on 500 reals and 500 fakes of an untrained G.
#
# **Predict** what its slope looks like: (a) noise; (b) one particular garment; (c) a ghost of all
# garments at once.

# %%
guess = "?"  # a, b or c

# %%
from gankit.backend import input_gradients

shape = clothes.image_shape
bare = keras.Sequential(
    [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1, kernel_initializer="zeros")]
)
z = simple.sample_latent(500, seed=0)
reals, fakes = clothes.take(500).unit(), np.asarray(mlp.generator(shape)(z))
_, _, slopes = gradients(lambda: (d_loss(bare(reals), bare(fakes)), None), bare.trainable_variables)
keras.optimizers.SGD(0.1).apply(slopes, bare.trainable_variables)
hint = np.asarray(input_gradients(bare, ops.array(fakes[:1])))[0]  # of D's logit, at each pixel
moved = np.clip(fakes[0] + 20 * hint, 0, 1)
before, after = (float(bare(image[None])[0, 0]) for image in (fakes[0], moved))

# %%
alt = (
    "Four panels: a fake, grey noise; D's slope at its pixels, dark blue at the rim and pale "
    "red in the middle, the average of the reals minus that of the fakes; the fake moved along "
    f"it, in which the shape shows; the average real. D's logit goes from {before:.2f} to "
    f"{after:.2f}. G never sees the last panel, but the second hands it over."
)
fig, panels = plots.figure(1, 4, (9, 2.6), alt=alt)
limit = np.abs(hint).max()
titles = ("a fake", "D's slope there", "moved along it", "the average real: never shown")
for panel, image, title in zip(panels, (fakes[0], hint, moved, reals.mean(axis=0)), titles):
    signed = image is hint
    panel.imshow(image, "RdBu_r" if signed else "gray", vmin=-limit if signed else 0,
                 vmax=limit if signed else 1, interpolation="nearest")  # fmt: skip
    panel.set_title(title, size=10), panel.set_axis_off()
_ = fig.colorbar(panels[1].images[0], ax=panels[1], shrink=0.8)
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# (c). From zero, the step of such a D is the average real minus the average fake, so its slope *is* that picture.
# Tempting is (a): one cannot see a garment in the slope of a deep D, for it differs from fake to fake
# and is mostly fine grain. It is the same message in a finer hand.
# </details>
#
# Through D's slope G hears of the reals, millions of numbers a step. "G never uses the data" is
# true of its *input* only.
#
# ## 10 · Both losses print 0.00
#
# A report on fake dogs says that ideally both losses are as low as possible. Very well. The same
# networks with the minimax loss, D's rate 2e-3, G's 2e-5. After some hundred steps both losses print
# as 0.00.
#
# **Predict** the fakes:
# (a) very good: both players have reached what they wanted;
# (b) noise;
# (c) one and the same garment, again and again.

# %%
guess = "?"  # a, b or c

# %%
from gankit.callbacks import TrainingDoctor


def lopsided(loss):
    """D learns a hundred times faster than G; two runs with one difference."""
    keras.utils.set_random_seed(0)
    shape = clothes.image_shape
    gan = GAN(mlp.generator(shape), mlp.discriminator(shape), seed=0)
    gan.compile(Adam(2e-5, beta_1=0.5), Adam(2e-3, beta_1=0.5), loss=loss, **to_the_letter)
    log, doctor = [], TrainingDoctor(report=lambda sentence: None)
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: log.append({k: float(v) for k, v in logs.items()})
    )
    some = clothes.take(64 * profile(smoke=1, classroom=100, full=100))
    gan.fit(some, epochs=4, callbacks=[keep, doctor], verbose=0)
    return gan, log, doctor


loser, log, doctor = lopsided("minimax")
print(f"step {len(log)}: D's loss {log[-1]['d_loss']:.2f}, G's loss {log[-1]['g_loss']:.2f}")
alt = (
    "Eight fakes: grey noise without any shape, though both losses are next to 0: G learnt nothing."
)
plots.image_grid(draw(loser, 8), title=f"fakes after {len(log)} steps", alt=alt)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (b). (a) is what the report hoped for; (c) is another illness, mode dropping, to which we come.
# D is right every time, so it pays nothing; and G's minimax loss is -softplus(f), which is 0 where D is
# sure. Zero is not G's *low* end: it is the *highest* value this loss can take.
# </details>
#
# What the package's doctor says of that run, if it ran long enough, and one contrasting case: the
# same rates, noise and order of data, with the non-saturating loss. Who still gets a slope?

# %%
for step, _, sentence in doctor.verdicts:
    print(f"step {step}: {sentence}\n")
other, other_log, _ = lopsided("non_saturating")
norms = {"minimax": [r["g_grad_norm"] for r in log],
         "non-saturating": [r["g_grad_norm"] for r in other_log]}  # fmt: skip
alt = (
    f"Length of G's gradient over {len(log)} steps, logarithmic: with the minimax loss it ends "
    f"at {norms['minimax'][-1]:.1e}, with the non-saturating one at "
    f"{norms['non-saturating'][-1]:.0f}. Same networks, same rates: the loss decides whether G "
    "still hears anything."
)
fig, axes = plots.figure(size=(6.5, 3), alt=alt)
for (name, curve), (colour, style) in zip(norms.items(), plots.STYLES):
    axes.plot(np.arange(1, len(curve) + 1), curve, style, color=colour, label=name)
axes.set(yscale="log", xlabel="step", ylabel="length of G's gradient"), axes.legend()
fig

# %% [markdown]
# A long gradient is not yet a good picture: D is still far ahead. (Where the curve dips, G fooled this
# D for a step or two: then *its* loss is flat.) But G is being told something.
#
# And with the non-saturating loss, can both losses be low? On a fake with logit f D pays softplus(f)
# and G pays softplus(-f). Add them:

# %% tags=["nbval-check-output", "S3.33"]
f = ops.array(np.random.default_rng(0).normal(0, 20, 10_000).astype("float32"))
both = np.asarray(ops.softplus(f) + ops.softplus(-f))
at_zero = float(ops.softplus(0.0) + ops.softplus(-0.0))
print("ok: nowhere less than 2 ln 2" if both.min() > 2 * np.log(2) - 1e-5 else "not ok: less")
print("ok: 2 ln 2 where D cannot tell" if np.isclose(at_zero, 2 * np.log(2)) else "not ok")
on_trained = ops.reshape(other.discriminator(draw(other, 256)), (-1,))
total = float(ops.mean(ops.softplus(on_trained) + ops.softplus(-on_trained)))
print("ok: nor on the fakes above" if total > 2 * np.log(2) - 1e-5 else "not ok: less")

# %%
f = np.linspace(-4, 4, 200)
pays_d, pays_g = np.log1p(np.exp(f)), np.log1p(np.exp(-f))
alt = (
    "Over D's logit on a fake: what D pays rises, what G pays falls, and their sum is "
    "smallest, 1.386 = 2 ln 2, where they cross at 0. Both cannot be low at once: what one "
    "wins the other pays."
)
fig, axes = plots.figure(size=(6, 3.2), alt=alt)
axes.plot(f, pays_d, color=plots.BLUE, lw=2), axes.plot(f, pays_g, "--", color=plots.ORANGE, lw=2)
axes.plot(f, pays_d + pays_g, color=plots.BLACK, lw=2.5)
axes.text(3, 2.5, "D pays", color=plots.BLUE), axes.text(-3.6, 2.5, "G pays", color="#A06800")
axes.text(0, 2.4, "the sum is at least 2 ln 2", ha="center")
axes.set(xlabel="f, D's logit on a fake", ylabel="loss", ylim=(0, 4.2))
fig

# %% [markdown]
# "Both as low as possible" is therefore not an ideal but a contradiction, with the non-saturating loss, and an alarm with
# the minimax one. A healthy game ends with *both* losses at their middle: D near 1.386, G near 0.693.
#
# ## 11 · The frozen discriminator
#
# A recipe copied a thousand times: compile D; set `D.trainable = False`; stack D on G and compile
# the stack, in which only G trains; then train D and the stack in turns. It worked in old Keras,
# where `compile` remembered what was trainable. In Keras 3 it does not.
#
# **Predict** what one sees:
# (a) an error; (b) D's loss stands still; (c) two losses that look alive.

# %%
guess = "?"  # a, b or c

# %%
import warnings

keras.utils.set_random_seed(0)
g, d = mlp.generator(clothes.image_shape), mlp.discriminator(clothes.image_shape)
entropy = keras.losses.BinaryCrossentropy(from_logits=True)
d.compile(Adam(2e-4, beta_1=0.5), entropy)
d.trainable = False  # meant for the stack only
stack = keras.Sequential([g, d])
stack.compile(Adam(2e-4, beta_1=0.5), entropy)
old_d, old_g = d.get_weights(), g.get_weights()
rng, reals = np.random.default_rng(0), clothes.take(20 * 64).unit()
for step in range(20):
    z = rng.normal(size=(64, 64)).astype("float32")
    both = np.concatenate([reals[64 * step :][:64], np.asarray(g(z))])
    with warnings.catch_warnings(record=True) as heard:  # the only sign there is
        frozen_d = d.train_on_batch(both, np.repeat([[1.0], [0.0]], 64, axis=0))
    frozen_g = stack.train_on_batch(z, np.ones((64, 1)))
    if step in (0, 9, 19):
        print(f"step {step + 1:2}: D's loss {float(frozen_d):.2f}, G's loss {float(frozen_g):.2f}")


# %% tags=["nbval-check-output"]
def change(old, network):
    """The largest change of a weight since `old` was kept."""
    return max(np.abs(a - b).max() for a, b in zip(old, network.get_weights()))


print("D moved:", "yes" if change(old_d, d) > 0 else "no, by exactly nothing")
print("G moved:", "yes" if change(old_g, g) > 0 else "no")

# %% [markdown]
# <details><summary>Answer</summary>
#
# (c). There is a warning that the model has no trainable weights, once, among many lines. Both losses
# change: G's falls and D's rises, as if G were winning brilliantly. It is: against a D that never
# learnt anything. The tempting check is to look at the losses. **Compare weights, not losses.** And the cure
# is in section 7: freeze nothing, and ask the tape for the slopes of one network only.
# </details>

# %% [markdown]
# ## 12 · Eight clusters on a ring
#
# Reals: eight small round clusters. A GAN *drops a mode* when it never visits one of them. To say so
# one has to count, and counting takes two conditions.
#
# ### Exercise 4: count modes
# A mode counts when at least 1 % of all samples lie within 4 standard deviations of its centre.
#
# <details><summary>Hint</summary>
#
# Near *and* enough. `np.linalg.norm(samples[:, None] - centres[None], axis=2)` is the distance of
# each sample to each centre.
# </details>


# %% tags=["exercise"]
def count_modes(samples, centres, std):
    """How many of the centres (m, 2) are covered by the samples (n, 2)."""
    # solution: distances, then shares, then a count
    distance = np.linalg.norm(samples[:, None] - centres[None], axis=2)
    share = np.mean(distance <= 4 * std, axis=0)
    return int(np.sum(share >= 0.01))
    # end of solution


# %% tags=["nbval-check-output"]
count_modes = check("01.count_modes", count_modes)

# %% [markdown]
# First an easy ring: clusters of standard deviation 0.05 on a circle of radius 2; two numbers of
# noise, wide networks, batches of 256. **Predict**: the plain GAN, no tricks, finds
# (a) one cluster and stays there: that is what plain GANs do; (b) about half; (c) all eight.

# %%
guess = "?"  # a, b or c


# %%
angle = np.arange(8) * np.pi / 4
centres = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ring(n, std, seed):
    rng = np.random.default_rng(seed)
    return (centres[rng.integers(8, size=n)] + rng.normal(0, std, (n, 2))).astype("float32")


def sharp(samples, std):
    """The share of samples within 4 std of some centre."""
    return np.mean(np.linalg.norm(samples[:, None] - centres[None], axis=2).min(axis=1) <= 4 * std)


easy = {}
for seed in range(profile(smoke=1, classroom=1, full=3)):
    gan, _ = toy_gan(
        ring(38_400, 0.05, seed), seed, latent_dim=2, width=128, steps=3000, batch_size=256
    )
    easy[f"seed {seed}: {count_modes(draw(gan), centres, 0.05)} of 8"] = draw(gan, 500)
alt = "Eight grey clusters on a ring, circled, and 500 orange fakes; clusters found by "
alt += ", ".join(easy) + ". A plain GAN need not drop modes."
plots.scatter2d(ring(1000, 0.05, 0), easy, centres, limit=3, alt=alt)

# %% [markdown]
# <details><summary>Answer</summary>
#
# (c): 8 of 8 with seeds 0, 1 and 2. "GANs drop modes" is not a law; an easy ring with enough noise,
# width and batch is learnt whole. Whoever shows you a dropped mode has chosen a setting. So do we, now.
# </details>
#
# A harder ring: clusters of 0.02, narrow networks (64), batches of 128, 16 numbers of noise. And one
# difference: D takes k = 1 step for each step of G, or k = 5.
#
# **Predict**: with k = 5, a better trained D,
# (a) G finds more clusters, for it has the better teacher;
# (b) as many; (c) fewer.

# %%
guess = "?"  # a, b or c


# %%
def hard_ring(seed, d_steps, steps, **options):
    reals = ring(steps // 20 * 128 * d_steps, 0.02, seed)
    return toy_gan(reals, seed, latent_dim=16, width=64, steps=steps, d_steps=d_steps, **options)


found, rows = {}, []
for seed in range(profile(smoke=1, classroom=1, full=3)):
    for k, steps in ((1, 4000), (5, 3000)):
        gan, history = hard_ring(seed, k, steps)
        found[seed, f"k = {k}"] = gan, history["d_loss"][-5:].mean()
        modes, share = count_modes(draw(gan), centres, 0.02), sharp(draw(gan), 0.02)
        rows.append(
            f"seed {seed}, k = {k}: {modes} of 8 clusters, {share:.0%} of the samples sharp"
        )
print("\n".join(rows))

# %% tags=["nbval-check-output"]
gan, _ = found[0, "k = 5"]
ratio = int(gan.d_optimizer.iterations) / max(1, int(gan.g_optimizer.iterations))
print("ok: D took five steps for each of G's" if ratio == 5 else "not ok: the steps do not fit k")
modes = [count_modes(draw(gan), centres, 0.02) for gan, _ in found.values()]
print("ok: counts lie between none and all" if all(0 <= m <= 8 for m in modes) else "not ok")

# %% [markdown]
# The first idea of many is to soften D. One that works is R1 (Mescheder et al. 2018): D pays for
# being *steep at real points*, gamma/2 times its mean squared slope there. Then its landscape has no
# cliffs round the clusters G has already found, and G's samples can move over. Same ring, same k = 5:

# %%
for seed in range(profile(smoke=1, classroom=1, full=3)):
    gan, history = hard_ring(seed, 5, 3000, r1=0.1)
    found[seed, "k = 5, R1"] = gan, history["d_loss"][-5:].mean()
samples = {}
for name in ("k = 1", "k = 5", "k = 5, R1"):
    gan, paid = found[0, name]
    modes = count_modes(draw(gan), centres, 0.02)
    samples[f"{name}: {modes} of 8, D's loss {paid:.2f}"] = draw(gan, 500)
alt = (
    "Three rings of eight grey clusters, each with 500 orange fakes. "
    + "; ".join(samples)
    + (
        ". More steps of D drop more clusters; a D that may not be steep gives them back. D's loss "
        "is lowest where most is missing."
    )
)
plots.scatter2d(ring(1000, 0.02, 0), samples, centres, limit=3, alt=alt)

# %% [markdown]
# One seed is an anecdote. These were measured with `hard_ring` above at its full length, seeds 0 to 2;
# the last two rows by `r1=0.1` at k = 1 and by label smoothing, `real_label=0.9`, in place of R1. (A
# seed repeats itself on one machine only: seed 0 with k = 5 found 2 clusters on one processor and 4
# on another.)

# %%
measured = {  # clusters found of 8, D's mean loss at the end; a pair a seed
    "k = 1": [(6, 1.16), (8, 1.25), (8, 1.28)],
    "k = 5": [(2, 0.58), (3, 0.74), (6, 0.94)],
    "k = 5, R1": [(8, 1.37), (8, 1.35), (8, 1.35)],
    "k = 1, R1": [(8, 1.38), (8, 1.38), (7, 1.38)],
    "k = 5, labels 0.9": [(3, 0.92), (2, 0.77), (2, 0.77)],
}

# %%
alt = (
    "Clusters found of 8, one dot a seed. "
    + "; ".join(
        f"{name}: {', '.join(str(m) for m, _ in seeds)}" for name, seeds in measured.items()
    )
    + ". With k = 5 fewer were found than with k = 1 in every seed; R1 brought all back; smoothed "
    "labels did not."
)
fig, axes = plots.figure(size=(6.5, 2.6), alt=alt)
for place, seeds in enumerate(measured.values()):
    for i, (modes, _) in enumerate(seeds):
        axes.plot(modes, place + 0.15 * (i - 1), "o", color=plots.BLUE, ms=9, mec="white")
axes.set(xlim=(0, 8.4), xlabel="clusters found of 8, a dot a seed", yticks=range(len(measured)))
axes.set_yticklabels(measured), axes.invert_yaxis()
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# (c): 2, 3 and 6 of 8 with k = 5, against 6, 8 and 8 with k = 1. A teacher who knows the answer
# precisely is of no use if the pupil hears only "no" everywhere except where it already stands: a
# sharp D is flat between the clusters and steep at them. R1 is no charm either: at k = 1 it gave 8, 8
# and 7, no more than luck. And label smoothing, often named in one breath with it, gave 3, 2 and 2.
# </details>
#
# **Say in one sentence** what R1 costs.
# <details><summary>A model</summary>
#
# Sharpness: with k = 5 and R1 only .52 to .61 of the samples lie within 4 standard deviations of a
# centre, without R1 .82 to .95, because a D that may not be steep cannot say exactly where a cluster
# ends.
# </details>
#
# ## 13 · Read D's loss: how many clusters are missing?
#
# Suppose G makes m of the eight clusters perfectly and none of the rest. Then p is 1/8 at each
# cluster, q is 1/m at m of them. **Predict** the loss of the best D when G covers *one* cluster:
# (a) about 1.386: it cannot tell within that cluster; (b) about 0.4; (c) about 0.

# %%
guess = "?"  # a, b or c


# %% tags=["nbval-check-output"]
def best_loss_with(m):
    """What the best D pays when G covers m of 8 clusters."""
    answer = best_discriminator(1 / 8, 1 / m)  # on a covered cluster; 1 on the others: free
    return -m / 8 * np.log(answer) - np.log(1 - answer)


curve = np.array([best_loss_with(m) for m in range(1, 9)])
rises = np.all(np.diff(curve) > 0) and np.isclose(curve[-1], 2 * np.log(2))
print("ok: the more clusters, the higher D's loss, up to 2 ln 2" if rises else "not ok")

# %% [markdown]
# And a last trap. A D of one hidden layer with a small rate, 1e-4, on the same ring:

# %%
weak, weak_history = toy_gan(
    ring(12_800, 0.02, 0), 0, latent_dim=16, width=64, steps=2000, d_rate=1e-4, d_layers=1
)
weak_modes, weak_loss = count_modes(draw(weak), centres, 0.02), weak_history["d_loss"][-5:].mean()
alt = (
    f"D's loss over the clusters covered: the curve of the best D rises from {curve[0]:.2f} at "
    f"one to {curve[-1]:.2f} at eight; GANs without R1 lie near it or below, those with R1 at "
    f"the top: their D is blunt. Apart from all, a weak D: loss {weak_loss:.2f} with "
    f"{weak_modes} clusters covered. A high loss means good fakes only if D is good."
)
fig, axes = plots.figure(size=(6.5, 3.6), alt=alt)
axes.plot(range(1, 9), curve, color=plots.BLACK, lw=2)
for (name, seeds), (colour, _), mark in zip(list(measured.items())[:4], plots.STYLES, "os^v"):
    axes.plot(*np.array(seeds).T, mark, color=colour, ms=8, ls="none", label=name)
axes.plot(weak_modes, weak_loss, "X", color=plots.VERMILION, ms=11, label="a weak D")
axes.text(1.2, 0.33, f"{curve[0]:.2f}: the best D, m of 8"), axes.legend(loc="lower right")
axes.set(xlabel="clusters covered", ylabel="D's loss", xlim=(-0.4, 8.4), ylim=(0, 1.6))
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# (b), 0.39; four clusters give 0.96, six 1.20, eight 1.39. (a) forgets the seven clusters on which
# D is right for nothing. So a D's loss that rests at 0.6 is a hint: something like six of eight is
# missing. But the red cross shows the same 1.39 as a perfect game, with *no* cluster found: that D is
# too weak to see anything. With R1 a game at 7 of 8 shows 1.38, too: its D is blunt on purpose. Loss alone never tells; count, look, and compare with what is possible.
# </details>
#
# ## Exit note
#
# Which bet did you lose? Write down one sentence that you would have said an hour ago and would not
# say now. If none comes to mind, try to finish: "D's loss is falling, so ..."
#
# ## What the documents claim, and what we found
#
# | item | the claim | theirs | ours | verdict |
# |---|---|---|---|---|
# | S4.5 | networks separate what a straight line cannot | a figure | two moons, 2,000 new points: line 87 %, 16 random units about 96 % | holds |
# | S4.6 | networks can approximate any continuous function (Cybenko) | a figure | a wave to 0.01 with 16 random units, 0.1-0.3 with 8 | holds with limits: it says that such weights exist, not that training finds them |
# | S4.7 | networks generalise well, between under- and overfitting | a figure | the best fit to 16 points was the worst elsewhere (degree 12) | holds with limits: if size and data fit each other |
# | S4.8 | vision is the goal, as the strongest sense | a wish | not tested | context |
# | S4.9 | a visual Turing test asks questions about a picture | a table | not tested | context |
# | S4.10 | progress at ILSVRC | figures | not tested | context |
# | S4.11 | discriminative tasks: classify, localise, detect, segment | a figure | a table of what goes in and comes out | holds |
# | S4.12 | generative: from N(0, 1) noise to data | a figure | 64 numbers in, 784 out | holds |
# | S4.88 | discriminative models go from many numbers to few, generative ones the other way | stated | segmentation: 784 to 784 | holds with limits: the question decides, not the count |
# | S4.89 | a GAN is a framework of a generative and a discriminative model, G and D | stated | drawn, and built | holds |
# | S2.2, S3.9 | two networks compete and both get better | stated | written as Algorithm 1 with two tapes; equal to `GAN` | holds with limits: with k = 5 or rates 100 to 1 one of them stops getting better |
# | S3.10 | GANs make faces of nobody, music, speech | stated | not tested here | context |
# | S3.11 | G is a forger, generally a deconvolutional network | stated | a fully connected one learns clothes | holds with limits: any network will do; lesson 02 has the convolutions |
# | S3.12 | D is an evaluator, generally a convolutional network | stated | a fully connected one does | holds with limits: as S3.11 |
# | S3.13 | the architecture | a figure | drawn with the slopes' way back | holds |
# | S2.6 | D: a sample in, real or fake out | a figure | 784 numbers in, one logit out | holds |
# | S2.7 | G: noise in, a sample out | a figure | 64 numbers in, 784 out | holds |
# | S2.8 | in a simple GAN G is fully connected | stated | three dense layers, 550,416 weights | holds |
# | S2.19 | Keras: open, friendly, several levels | stated | used throughout, at three levels | context |
# | S4.90 | the two play a minimax game | stated | the value's half is the minimax loss; nobody trains with it | holds with limits: in practice G uses the non-saturating loss, which is no zero-sum game |
# | S4.91 | G approximates the reals' distribution, D separates | stated | D learns p/(p+q) in 100 steps, G two bumps in 3 of 3 seeds | holds |
# | S4.92 | z uniform or normal; x = G(z), y = D(x) | stated | both run | holds |
# | S4.93 | optimum: Nash equilibrium with y = 0.5 | stated | best D: 1/2 and 2 ln 2 where p = q | holds with limits: y = 0.5 also where D is too weak to tell |
# | S4.94 | both are trained by back-propagation; G lowers D's score on fakes, D raises its score | stated | one small step of each does so | holds |
# | S4.95 | Algorithm 1, k = 1 | the listing | written out, equal to `GAN` | holds |
# | S4.96 | GANs were the first decent generative models | stated | not tested | context |
# | S4.97 | GANs approximate the data's density | stated | two bumps found in 3 of 3 seeds, their shape was not; ring: 6, 8, 8 of 8 clusters, with k = 5 only 2, 3, 6 | holds with limits: modes may be missing, and no density can be asked of G |
# | S2.3 | stage 1: fakes are obvious, D learns quickly | a figure | D right in about .97 of cases after 100 steps | holds |
# | S2.4 | stage 2: G gets closer to fooling D | a figure | distance 380 (step 300), 252 (1,874), 98 (13,118); noise 369 | holds |
# | S2.5 | stage 3: D gets worse, its accuracy falls | a figure | about .9 after epoch 1, about .6 after epoch 14 | holds with limits: D's task gets harder; a weak D shows the same |
# | S3.33 | both losses should be as low as possible | stated | softplus(f) + softplus(-f) is at least 2 ln 2; both at 0.00 gave noise | fails |
#
# **Where the figures come from**: ring and bumps, seeds 0-2, by this notebook's cells; clothes, one
# recorded run (`mlp_fashion_mnist`, 14 epochs, seed 0) and 300 steps live.
#
# ## References
#
# - G. Cybenko, *Approximation by superpositions of a sigmoidal function*, Mathematics of Control, Signals and Systems 1989.
# - I. Goodfellow et al., *Generative adversarial nets*, NeurIPS 2014.
# - L. Mescheder, A. Geiger, S. Nowozin, *Which training methods for GANs do actually converge?*, ICML 2018.
# - M. Okabe, K. Ito, *Color universal design*, 2008 (the colours).
# - H. Xiao, K. Rasul, R. Vollgraf, *Fashion-MNIST*, arXiv 2017 (the images).
#
# **For the teacher**, 90 minutes: the three questions; sections 4 and 5 (vote, pairs, vote again); 6 with
# exercises 2 and 3 in pairs; 7; 9; 11 as the failure; exit note. Sections 8, 10, 12 and 13 make a
# second session. The longest live cells are those of section 12.

# %% [markdown]
# # 12 · Which attack answers which question?
#
# Lesson 11 had one attack, and it was enough to be alarmed. There are hundreds. The slides list
# thirteen; the package has these and three more, and here all sixteen work on the same network.
# Which is the best? You will see that the question has no answer, and which question has one.
#
# **You will see** the zoo on nine axes, and side by side on one garment; a single pixel
# that turns a verdict, found by trying them all; one pattern that works on garments it never saw;
# what is left of an attack when its picture is saved; noise that is a garment at 99 %; and a
# network that looks far more robust than its twin, and is not.
#
# **You will be able to** write the basic iterative method, choose an attack by norm, knowledge and
# aim, report it after 8 bits, and smell masked gradients.
#
# **Time**: about 4 minutes of computing on two cores; two hours of thinking.
#
# **Before this**: lesson 11 (FGSM, targets, norms, the control by noise).
#
# **It mirrors** a lecture's slides on adversarial examples, "the slides" from here on: their nine
# axes (S4.30-S4.40; two of them are in lesson 11), the iterative methods (S4.45-S4.47), one pixel
# (S4.49), the list of methods (S4.52-S4.62), and universal perturbations (S4.132).
#
# *For a session of 90 minutes*: choose "Run All" first (the checks go on with the reference), and
# recall lesson 11 while it runs (5). The vote (5); part 2 with exercise 1 (15); part 5 (10); part 6
# with exercise 2 (15); part 8 with exercise 3 in pairs (15); "Made to fail" with exercise 4 (15);
# second vote and exit note (5). Five minutes are left over. Parts 1, 3, 4, 7, 9 and 10, and
# exercise 5, which looks back at them, are for home.
#
# With the bundled sample in place of all of Fashion-MNIST the figures differ a little from those in
# the text; without MNIST, part 8 takes clothes for digits, and says so.

# %%
from gankit import datasets, plots
from gankit.course import check, setup, todo
from gankit.pictures import figure

train, test = datasets.fashion_mnist(), datasets.fashion_mnist("test")
profile = setup(minutes=(4, 3), data=test, title="12 · The attack zoo")

# %%
from functools import partial

import keras
import numpy as np
from keras import ops

from gankit import attacks, robustness
from gankit.attacks.classifier import classifier
from gankit.backend import input_gradients
from gankit.checks.lesson_12 import second_network
from gankit.models import classifiers
from gankit.runs import load_run

net = load_run("fashion_mnist_classifier").network("classifier")
NAMES = test.class_names

# %% [markdown]
# ## From memory
#
# 1. (Lesson 11.) FGSM follows a gradient. Of what, by what, and why only its sign?
# 2. (Lesson 11.) An attack with an l2 of 1.4 fools a network. Which control tells whether the
# network
#    merely dislikes being shaken?
# 3. (Lesson 03.) Two Frechet distances, 21 and 24. What must be alike before you compare them?
#
# <details><summary>Answers</summary>
#
# 1. Of the loss, by the *pixels* (not the weights). Within a given l-infinity, the sign spends
#    everything that each pixel is allowed.
# 2. Noise of the same l2, on the same images.
# 3. Network and weights, resize, N, split, data. Today's version: the same images, the same norm,
# the
#    same knowledge of the network, and the same file format.
#
# </details>
#
# ## The question
#
# Two networks, **A** and **B**, for Fashion-MNIST. A is the classifier of all lessons; how B was
# made is told later. Both are right for the same share of the garments. We attack both with FGSM as
# lesson 11 wrote it, on garments that A has right.


# %%
def said(images, network=net):
    """The class a network names, for each image."""
    return network.predict(images, batch_size=500, verbose=0).argmax(axis=1)


def textbook_slopes(network, images, labels):
    """The gradient of the cross-entropy by the image, as in lesson 11."""
    wanted = ops.one_hot(labels, 10)

    def loss(x):
        return ops.categorical_crossentropy(wanted, network(x), from_logits=True)[:, None]

    return ops.convert_to_numpy(input_gradients(loss, ops.convert_to_tensor(images)))


def textbook_fgsm(network, images, labels, epsilon):
    made = images + epsilon * np.sign(textbook_slopes(network, images, labels))
    return np.clip(made, 0, 1).astype("float32")


# %%
# 1 garments that A has right: a pool; `many` of them for quick attacks, `x` for slow ones
network_b = second_network(net)
right = said(test.unit()) == test.labels
pool = profile(smoke=256, classroom=1000, full=5000)
pool_x, pool_y = test.unit()[right][:pool], test.labels[right][:pool]
many = profile(smoke=48, classroom=300, full=1000)
many_x, many_y = pool_x[:many], pool_y[:many]
few = profile(smoke=3, classroom=32, full=100)
x, y = pool_x[:few], pool_y[:few]
# 2 the two networks under FGSM
sizes = (0.0, 0.02, 0.05, 0.1)
by_fgsm = {name: [np.mean(said(textbook_fgsm(network, many_x, many_y, e), network) == many_y)
                  for e in sizes]
           for name, network in {"A": net, "B": network_b}.items()}  # fmt: skip
for name, values in by_fgsm.items():
    print(name, " ".join(f"epsilon {e:g}: {v:.2f}  " for e, v in zip(sizes, values)))

# %%
fig, ax = figure(
    size=(5.5, 3),
    alt=f"Accuracy of two networks on {many} garments under FGSM of epsilon 0, .02, .05 and .1. "
    + "; ".join(f"{name}: " + ", ".join(f"{v:.2f}" for v in values)
                for name, values in by_fgsm.items())
    + ". B keeps most of its verdicts, A hardly any. The lesson asks what that proves.",
)  # fmt: skip
for (name, values), (colour, style) in zip(by_fgsm.items(), plots.STYLES):
    ax.plot(sizes, values, style, marker="o", color=colour, lw=2)
    ax.text(sizes[-1] + 0.003, values[-1], name, color=colour, va="center", weight="bold")
ax.set(xlabel="epsilon of FGSM", ylabel="accuracy left", ylim=(0, 1.03), xlim=(0, 0.108))
fig

# %% [markdown]
# **Vote**, and vote again at the end. The more robust network is
#
# - a) B, clearly
# - b) B against small changes; against large ones nothing is known
# - c) it cannot be told from this: what else must be tried? Write it down

# %%
first_vote = "?"  # a, b or c; with c, also what else

# %% [markdown]
# ## 1. Thirteen cards, nine axes
#
# The slides sort attacks along nine axes, and list thirteen. A card for each, by its paper:
#
# - *input*: starts from an **image** of the data, or from **noise**
# - *steps*: **one**-time, or **many** (iterative)
# - *aim*: **away** from the true class, to a **target**, or **both** kinds exist
# - *scope*: a perturbation for **each** image, or one for **all**
# - *norm*: in which it counts its change
# - *output*: **close** to a real image ("realistic"), or **far** from any
# - *error*: a garment is **missed** (type 2), or **seen** where there is none (type 1)
# - *sees*: **gradients** (white box), **scores** or labels only (black box)
# - the ninth is the method itself: the name.
#
# **Predict.** On how many of the first eight axes do all thirteen agree?
#
# - a) none: that is what axes are for
# - b) one or two
# - c) four, half of them

# %%
guess = "?"  # a, b or c

# %% tags=["S4.30", "S4.31", "S4.32", "S4.34", "S4.40"]
AXES = ["input", "steps", "aim", "scope", "norm", "output", "error", "sees"]
CARDS = """
L-BFGS           image many target each l2   close missed gradients
FGSM             image one  both   each linf close missed gradients
BIM              image many both   each linf close missed gradients
One_pixel        image many both   each l0   close missed scores
DeepFool         image many away   each l2   close missed gradients
JSMA             image many target each l0   close missed gradients
SPSA             image many both   each linf close missed scores
Carlini-Wagner   image many both   each l2   close missed gradients
Feature_Adv.     image many target each linf close missed gradients
EAD              image many both   each l1   close missed gradients
VAT              image one  away   each l2   close missed gradients
MIM              image many both   each linf close missed gradients
PGD              image many both   each linf close missed gradients
Least_likely     image many target each linf close missed gradients
Universal        image many away   all  linf close missed gradients
Fooling_images   noise many target each none far   seen   gradients
"""
cards = {line.split()[0]: line.split()[1:] for line in CARDS.strip().splitlines()}

# %%
print(f"{'':17}" + "".join(f"{axis:10}" for axis in AXES))
for name, card in cards.items():
    print(f"{name.replace('_', ' '):17}" + "".join(f"{place:10}" for place in card))

# %% tags=["S4.30", "nbval-check-output"]
thirteen = list(cards.values())[:13]
columns = {axis: {card[i] for card in thirteen} for i, axis in enumerate(AXES)}
alike = [axis for axis, places in columns.items() if len(places) == 1]
print("ok: the thirteen agree on", ", ".join(alike))
everyone = {axis: {card[i] for card in cards.values()} for i, axis in enumerate(AXES)}
print("ok: the last two open", ", ".join(a for a in alike if len(everyone[a]) > 1))

# %% [markdown]
# <details><summary>Answer</summary>
#
# c. All thirteen begin from an image, for each image by itself, stay close to it, and make the
# network miss what is there. What sets them apart is steps, aim, norm and knowledge. The package
# adds the least likely class (a special aim), and two that open the other four axes: one pattern
# for all images (part 7), and images made from nothing (part 9).
#
# The cards simplify. PGD starts at a random place *near* an image. The slides say "zero knowledge
# (knowing only the final classification)" of a black box; both black boxes on the list need more
# than that (part 10).
#
# </details>
#
# **Self-explanation.** Say in one sentence on which axes FGSM and BIM differ, and on which
# Carlini-Wagner and EAD do. <details><summary>Ours</summary>FGSM and BIM: steps. Carlini-Wagner and
# EAD: norm. Two attacks that differ on no axis (BIM, MIM, PGD) differ in the search
# alone.</details>
#
# ## 2. Ten steps or one
#
# FGSM believes the gradient at x all the way to the wall of the ball. The *basic iterative method*
# (BIM; the slides' I-FGSM) asks again after each small step:
#
# $$x_0 = x, \qquad x_{t+1} = \mathrm{Clip}_{x,\varepsilon}\{x_t + \alpha\,
# \mathrm{sign}\,\nabla_x J(x_t, y)\}$$
#
# Clip brings each pixel back into the ball, from x - epsilon to x + epsilon, and into [0, 1].
#
# **Predict.** Same epsilon, .05. One step leaves A about .3 of its verdicts. Ten steps of .01 leave
#
# - a) as many: it is the same ball
# - b) more: small steps do not get as far
# - c) about .1

# %%
guess = "?"  # a, b or c

# %% [markdown]
# ### Exercise 1: the basic iterative method
#
# `slope(images)` gives the gradient of the loss there.
#
# <details><summary>Hint</summary>Three lines in the loop, two of them clips: first into the ball
# round the *first* image, then into the box.</details>


# %% tags=["exercise"]
def bim(slope, x, epsilon, step, steps):
    """Images from x, uphill in `steps` steps, within epsilon of x and within [0, 1]."""
    made = x
    for _ in range(steps):
        # solution: a step; two clips
        made = made + step * np.sign(slope(made))
        made = np.clip(made, x - epsilon, x + epsilon)
        made = np.clip(made, 0, 1)
        # end of solution
    return made


# %% tags=["nbval-check-output"]
bim = check("12.bim", bim)


# %% tags=["S4.45", "S4.52"]
def uphill(network, labels):
    """The package's gradient, as a function of the images: of the log-odds, which rise with J."""
    return lambda images: classifier(network, images).gradient(images, labels)[1]


batch_x, batch_y = many_x[:50], many_y[:50]
mine = bim(uphill(net, batch_y), batch_x, 0.05, 0.01, 10)
theirs = attacks.iterative_fgsm(net, batch_x, batch_y, epsilon=0.05, step=0.01, steps=10)
same_bim = np.allclose(mine, theirs, atol=1e-6)
ours = bim(uphill(net, many_y), many_x, 0.05, 0.01, 10)
one = attacks.fgsm(net, many_x, many_y, epsilon=0.05)
one_fooled, ten_fooled = (said(images) != many_y for images in (one, ours))

# %% tags=["S4.45", "S4.52", "nbval-check-output"]
print("ok: ours equals the package's" if same_bim else "they differ")
more = ten_fooled.mean() > one_fooled.mean()
print("ok: ten steps fool more than one" if more else (one_fooled.mean(), ten_fooled.mean()))


# %%
def grey(ax, image, title=""):
    """An image; black is 0 and white is 1, in every picture."""
    ax.imshow(image[..., 0], "gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(title, size=9)
    ax.set(xticks=[], yticks=[])


def signed(ax, change, limit, title=""):
    """A perturbation: orange makes lighter, purple darker, white is no change."""
    shown = ax.imshow(change[..., 0], "PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set_title(title, size=9)
    ax.set(xticks=[], yticks=[])
    return shown


# %%
i = int(np.argmax(ten_fooled & ~one_fooled))  # one that only BIM turns
tell = [NAMES[said(images[i : i + 1])[0]] for images in (many_x, one, ours)]
at_wall = [np.mean(np.abs(images[i] - many_x[i]) > 0.0499) for images in (one, ours)]
fig, axes = figure(
    1, 5, (9.5, 2.4),
    alt=f"A garment, called {tell[0]}; FGSM's change and result, still {tell[1]}; BIM's change and "
    f"result, now {tell[2]}. Same epsilon, .05. FGSM has {at_wall[0]:.0%} of the pixels at the "
    f"wall of the ball, BIM {at_wall[1]:.0%}: it turned round where the gradient did.",
)  # fmt: skip
grey(axes[0], many_x[i], tell[0])
signed(axes[1], one[i] - many_x[i], 0.05, "FGSM's change")
grey(axes[2], one[i], tell[1])
bar = signed(axes[3], ours[i] - many_x[i], 0.05, "BIM's change")
grey(axes[4], ours[i], tell[2])
fig.colorbar(bar, ax=axes, shrink=0.8, ticks=[-0.05, 0, 0.05])
fig

# %%
wrong_ways = {
    "right": ours,
    "no clip into the ball": bim(uphill(net, many_y), many_x, 1.0, 0.01, 10),
    "steps of 2 epsilon": bim(uphill(net, many_y), many_x, 0.05, 0.1, 10),
    "FGSM": one,
}
for name, images in wrong_ways.items():
    print(f"{name:24} {np.mean(said(images) == many_y):.2f} left, "
          f"l-infinity {np.abs(images - many_x).max():.3f}")  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# c. It *is* the same ball (a), but the worst point in it is not where the gradient at x points to:
# on the way the network bends. (b) would be true of ten steps of .001. A step must be long enough
# to reach the wall, short enough to turn: with steps of 2 epsilon every pixel is thrown from wall
# to wall, and half of the gain is lost. Without the first clip it is stronger, and breaks its
# promise.
#
# From here on FGSM is the package's. It follows not J itself but the *log-odds*, log(1 - p) -
# log(p) of the label's probability p. J rises exactly where they rise, so in exact arithmetic both
# signs are the same; in float32 they are not quite.
#
# </details>
#
# PGD (Madry et al. 2018) is the same loop from a random point of the ball, MIM (Dong et al. 2018)
# the same with momentum. We meet them in part 6.
#
# ## 3. Does a larger epsilon always fool more?
#
# **Predict.** FGSM on A, with epsilon growing to 1, where every pixel may go anywhere. Its accuracy
#
# - a) falls to 0 and stays there
# - b) falls nearly to 0, then rises a little
# - c) settles at .1, chance, for nothing can be seen any more

# %%
guess = "?"  # a, b or c

# %% tags=["S4.52", "S4.62"]
epsilons = profile(smoke=(0.05, 0.2, 1), classroom=(0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1),
                   full=(0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 0.7, 1))  # fmt: skip
curves = robustness.accuracy_curves(
    net, many_x, many_y,
    {"FGSM": attacks.fgsm, "BIM, 10 steps": partial(attacks.iterative_fgsm, steps=10),
     "PGD, 10 steps": partial(attacks.projected_gradient_descent, steps=10)},
    epsilons,
)  # fmt: skip
larger = (0.05, 0.1, 0.2, 0.3, 0.5, 1)
kept = [said(attacks.fgsm(net, pool_x, pool_y, epsilon=e)) == pool_y for e in larger]
came_back = np.any([kept[j] & ~np.all(kept[:j], axis=0) for j in range(1, len(kept))], axis=0)

# %% tags=["S4.52", "nbval-check-output"]
print("ok: BIM reaches 0" if curves.top1["BIM, 10 steps"].min() == 0 else curves.top1)
print("ok: PGD reaches 0" if curves.top1["PGD, 10 steps"].min() == 0 else curves.top1)
print("ok: FGSM brings some garments back" if 0 < came_back.mean() < 0.5 else came_back.mean())
rises = kept[-1].mean() > min(k.mean() for k in kept)
print("ok: its accuracy rises at the end" if rises else [k.mean() for k in kept])

# %%
robustness.plot_curves(
    curves,
    title=f"A under attack, {curves.n} garments",
    alt="Top-1 and top-5 accuracy against epsilon in l-infinity. "
    + "; ".join(f"{name}: top-1 " + ", ".join(f"{e:g} {v:.3f}" for e, v in
                                              zip(curves.epsilons, values))
                for name, values in curves.top1.items())
    + ". BIM and PGD reach 0 and stay; FGSM does not: one long step may come down behind a hill.",
)  # fmt: skip

# %%
print(f"FGSM on {len(pool_x):,} garments:", ", ".join(f"{e:g}: {k.mean():.3f}"
                                                      for e, k in zip(larger, kept)))  # fmt: skip
print(f"fooled at one epsilon, right again at a larger one: {came_back.mean():.3f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# b. A larger ball holds the smaller one, so the *worst* point in it can only get worse. FGSM does
# not look for it: it jumps to a corner, and does not look back. Some garments that it fooled
# at .1 are right again later. So "accuracy must fall to 0 as epsilon grows" is a good test of an
# *iterative* attack (Carlini et al. 2019), and no test of FGSM. `accuracy_curves` knows the
# difference, and warns of the former only. (c) is not wrong about our eyes.
#
# Look back: at .1 FGSM leaves .08 here, and left .14 before the vote. Same network, same garments;
# there it followed J, here the log-odds. Keep it in mind for the riddle.
#
# (Top-5, on the right,
# is no attack's aim here: each wants one wrong class in front, not five.)
#
# </details>
#
# ## 4. Aimed
#
# Targeted, the loop goes *down* the loss of the wanted class: a minus, and y is the target. As the
# target Kurakin et al. (2017) took the class that the network itself holds least likely.
#
# **Predict.** BIM at epsilon .05 fools about .9 of the garments. How many does it turn into their
# *least likely* class?
#
# - a) about .9: fooled is fooled
# - b) about .5
# - c) about a quarter

# %%
guess = "?"  # a, b or c

# %% tags=["S4.46", "S4.47"]
half_x, half_y = many_x[: many // 2], many_y[: many // 2]
scores = net.predict(half_x, verbose=0)
rows = np.arange(len(half_y))
others = scores.copy()
others[rows, half_y] = np.nan
least, second = np.nanargmin(others, axis=1), np.nanargmax(others, axis=1)
# downhill: the slope of the target's loss, turned round
downhill = uphill(net, least)
aimed = bim(lambda z: -downhill(z), half_x, 0.05, 0.01, 10)
how = {"epsilon": 0.05, "step": 0.01, "steps": 10}
targeted = attacks.iterative_fgsm(net, half_x, least, targeted=True, **how)
unlikely = attacks.least_likely_class(net, half_x, half_y, **how)

# %% tags=["S4.46", "S4.47", "nbval-check-output"]
same = np.allclose(aimed, targeted, atol=1e-6)
print("ok: targeted BIM is ours with a minus" if same else "they differ")
same = np.allclose(aimed, unlikely, atol=1e-6)
print("ok: least likely is BIM, aimed" if same else "they differ")

# %% tags=["S4.46", "S4.47"]
aims = {"second likeliest": second, "next in the list": (half_y + 1) % 10, "least likely": least}
at = profile(smoke=(0.05, 0.2), classroom=(0.02, 0.05, 0.1, 0.2), full=(0.02, 0.05, 0.1, 0.2))
hits = {"any other class": [], **{name: [] for name in aims}}
for e in at:
    made = attacks.iterative_fgsm(net, half_x, half_y, epsilon=e, steps=10)
    hits["any other class"].append(np.mean(said(made) != half_y))
    for name, targets in aims.items():
        made = attacks.iterative_fgsm(net, half_x, targets, epsilon=e, steps=10, targeted=True)
        hits[name].append(np.mean(said(made) == targets))

# %% tags=["S4.46", "S4.47", "nbval-check-output"]
total = {name: np.mean(values) for name, values in hits.items()}
ordered = total["any other class"] > total["next in the list"] > total["least likely"]
print("ok: the farther the aim, the fewer arrive" if ordered else total)
print("ok: with room, even the least likely" if hits["least likely"][-1] > 0.7 else hits)

# %%
fig, ax = figure(
    size=(6.5, 3.2),
    alt=f"Share of {len(half_y)} garments that BIM brings where it wants, against epsilon "
    + ", ".join(f"{e:g}" for e in at) + ". "
    + "; ".join(f"{name}: " + ", ".join(f"{v:.2f}" for v in values)
                for name, values in hits.items())
    + ". The less likely the target, the larger the ball it takes.",
)  # fmt: skip
for (name, values), (colour, style) in zip(hits.items(), plots.STYLES):
    ax.plot(at, values, linestyle=style, marker="o", color=colour, lw=2, label=name)
ax.set(xlabel="epsilon", ylabel="brought there", ylim=(0, 1.03), xscale="log", xticks=at,
       xticklabels=[f"{e:g}" for e in at])  # fmt: skip
ax.minorticks_off()
ax.legend(title="to", loc="lower right")
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# c. Untargeted, the loop ends where the border is nearest, mostly in the second likeliest class: to
# aim there costs nothing. Any other class lies behind more borders, the least likely one behind
# most. So a share belongs to an aim: .28 and .91 come from one attack, one epsilon and one network.
#
# </details>
#
# ## 5. One pixel
#
# The slides ask what would be more crazy. One pixel of 784, to any shade of grey.
#
# **Predict.** Of 60 garments, how many can be turned by one pixel? (In smoke: of the 6 of which A
# is least sure.)
#
# - a) most: the paper says so of its photographs
# - b) a few
# - c) none: what is one pixel

# %%
guess = "?"  # a, b or c

# %% [markdown]
# With 28 x 28 pixels there is no need for a clever search. We set each place to black and to white,
# and try **all** 1,568 images.


# %% tags=["S4.49", "S4.53"]
def every_extreme(image):
    """(1568, 28, 28, 1): each place black, then each place white."""
    tried = np.repeat(image.reshape(1, 1, 784), 2 * 784, axis=1).reshape(2, 784, 784)
    place = np.arange(784)
    tried[0, place, place], tried[1, place, place] = 0, 1
    return tried.reshape(-1, 28, 28, 1)


def margins(images, label):
    """The best other logit minus the label's: above 0 the label has lost."""
    logits = classifier(net, images).logits(images, 784)
    return np.delete(logits, label, axis=1).max(axis=1) - logits[:, label]


sure = -np.array([margins(image[None], label)[0] for image, label in zip(many_x, many_y)])
crowd = profile(smoke=np.argsort(sure)[:6], classroom=np.arange(60), full=np.arange(300))
maps = np.stack([margins(every_extreme(many_x[i]), many_y[i]).reshape(2, 28, 28) for i in crowd])
turned = (maps > 0).any(axis=(1, 2, 3))

# %% tags=["S4.49", "S4.53"]
# the package's, on two that can be turned and two that cannot
pair = np.concatenate([np.flatnonzero(turned)[:2], np.flatnonzero(~turned)[:2]])
one_x, one_y = many_x[crowd[pair]], many_y[crowd[pair]]
package = said(attacks.one_pixel(net, one_x, one_y, steps=0)) != one_y

# %% tags=["S4.49", "S4.53", "nbval-check-output"]
print("ok: the package finds those that exist, and no others" if list(package) == list(turned[pair])
      else (package, turned[pair]))  # fmt: skip
print("ok: some can be turned" if turned.any() else "none")
easy = sure[crowd][turned].max() < np.median(sure)
print("ok: only garments of which A was less sure than of most" if easy else "sure ones too")

# %%
print(f"{turned.sum()} of {len(crowd)} garments can be turned by one pixel, black or white")
for i in np.flatnonzero(turned):
    places = (maps[i] > 0).any(axis=0).sum()
    probability = 1 / (1 + np.exp(-sure[crowd[i]]))
    name = NAMES[many_y[crowd[i]]]
    print(f"  {name:12} {places:3} places; A was sure to about {probability:.2f}")

# %%
surest = int(np.argmax(np.where(turned, sure[crowd], -np.inf)))  # the surest that can be turned
worst = maps[surest].max(axis=0)
one_garment = many_x[crowd[surest]]
level, *spot = np.unravel_index(maps[surest].argmax(), maps[surest].shape)
one_changed = one_garment.copy()
one_changed[tuple(spot)] = level
before, after = NAMES[many_y[crowd[surest]]], NAMES[said(one_changed[None])[0]]
n_places = (worst > 0).sum()

# %%
fig, (left, middle, right_) = figure(
    1, 3, (9, 3),
    alt=f"A garment called {before}; a map of its 784 pixels, orange and dotted where this pixel "
    f"alone, black or white, turns the verdict (places: {n_places}), purple where it does not; and "
    f"the garment with pixel ({spot[0]}, {spot[1]}) set to {level}: now {after}. The verdict hangs "
    "on certain places, and not on most.",
)  # fmt: skip
grey(left, one_garment, before)
bar = signed(middle, worst[..., None], np.abs(worst).max(), f"margin; places over 0: {n_places}")
middle.scatter(*np.argwhere(worst > 0).T[::-1], s=4, color="black")
fig.colorbar(bar, ax=middle, shrink=0.8)
grey(right_, one_changed, after)
right_.scatter(*spot[::-1], s=120, facecolors="none", edgecolors=plots.VERMILION, linewidths=2)
fig

# %% tags=["S4.53"]
pixels, group = (1, 3, 10), crowd[: profile(smoke=2, classroom=16, full=60)]
fooled = {k: said(attacks.one_pixel(net, many_x[group], many_y[group], pixels=k, steps=10))
          != many_y[group] for k in pixels}  # fmt: skip
counts = [int(fooled[k].sum()) for k in pixels]

# %% tags=["S4.53", "nbval-check-output"]
more = 0 < counts[2] >= counts[0]
print("ok: ten pixels turn some, and no fewer than one" if more else counts)

# %%
print(f"turned, of {len(group)} garments: "
      + ", ".join(f"{c} by {k} pixel{'s' * (k > 1)}" for k, c in zip(pixels, counts)))  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# b, four of 60 with us, and the test is exhaustive for black and white: none of the others *can* be
# turned by an extreme pixel. Three of the four were garments of which A was not sure. (The sneaker
# with the many places is high, and becomes an ankle boot: is that a wrong verdict?) (a): on the
# paper's CIFAR-10 networks it is far more; networks differ. With ten pixels it is most of them
# here.
#
# Note what we may say now, and could not before: "no single black or white pixel turns this image".
# Where all can be tried, an attack is a proof. Everywhere else, "it was not fooled" means "this
# search did not find it".
#
# </details>
#
# ## 6. The gallery
#
# First the rulers. Lesson 11 had the norms; here you write them for a batch of images.
#
# ### Exercise 2: four sizes
#
# For each image: l0, the number of pixels that changed by more than 1/510 (half a step of 8 bits);
# l1; l2; l-infinity.
#
# <details><summary>Hint</summary>Flatten each image, not the batch: `d.reshape(len(d), -1)`. Then
# four reductions along axis 1, and `np.stack(..., axis=1)`.</details>


# %% tags=["exercise"]
def four_norms(images, adversarial):
    """Array (n, 4): l0, l1, l2, l-infinity of each image's change; images have one channel."""
    d = np.abs(np.asarray(adversarial, "float64") - images).reshape(len(images), -1)
    # solution: count what a file would keep; sum; root of the squares' sum; the worst
    l0 = (d > 1 / 510).sum(axis=1)
    return np.stack([l0, d.sum(axis=1), np.sqrt((d**2).sum(axis=1)), d.max(axis=1)], axis=1)
    # end of solution


# %% tags=["nbval-check-output"]
four_norms = check("12.four_norms", four_norms)
package = robustness.norms(many_x, one)
same = np.allclose(four_norms(many_x, one).T, [package[k] for k in ("l0", "l1", "l2", "linf")])
print("ok: ours equals the package's" if same else "they differ")

# %% [markdown]
# **Predict.** JSMA changes some 40 pixels, from black to white or back. Carlini-Wagner changes some
# 500, each a little. Which changes the image *less*?
#
# - a) JSMA: 740 pixels are as they were
# - b) Carlini-Wagner: in l2 it is a tenth
# - c) the question lacks something

# %%
guess = "?"  # a, b or c

# %% [markdown]
# A line for each, of what it does. Within a ball of size epsilon:
#
# - *PGD*, projected gradient descent: BIM from a random point of the ball, or from several
#   (**restarts**), of which the best counts. *MIM*, momentum iterative method: BIM along a running
#   sum of the slopes. *Least likely*: BIM, aimed (part 4).
# - *SPSA*, simultaneous perturbation stochastic approximation: BIM's idea with slopes estimated
#   from the **scores** at random points nearby. It stops when it has won.
# - *VAT*, virtual adversarial training's perturbation: one step of a given l2 in the direction in
#   which the **output** moves most, whatever the label. It needs **no label**.
# - *Feature adversary*: brings a hidden layer's output close to that of another image, its *guide*.
#
# As little change as possible:
#
# - *DeepFool*: takes the borders for straight, goes to the nearest, looks again (l2).
# - *L-BFGS*: minimises l2 squared plus c times the target's loss (lesson 11). *Carlini-Wagner*: the
#   same with the margin in place of the loss, and only until the margin is won; it searches the c.
#   *EAD*, elastic net: Carlini-Wagner's with l1 added, so that most pixels stay as they are.
# - *JSMA*, Jacobian saliency map: two pixels at a time go to white, those that raise the target and
#   lower the rest most; the second likeliest class is its target here. It gives up at 14.5 % of the
#   pixels. *One pixel*: candidates, the better survive (an evolution); scores only.

# %% tags=["S4.54", "S4.55", "S4.56", "S4.57", "S4.58", "S4.59", "S4.60", "S4.61", "S4.62"]
guides = np.stack([pool_x[pool_y == (label + 1) % 10][0] for label in y])  # of another class
steps = profile(smoke=100, classroom=200, full=200)
zoo = {
    "FGSM": partial(attacks.fgsm, epsilon=0.05),
    "BIM": partial(attacks.iterative_fgsm, epsilon=0.05, steps=10),
    "least likely": partial(attacks.least_likely_class, epsilon=0.05),
    "MIM": partial(attacks.momentum_iterative, epsilon=0.05, steps=10),
    "PGD": partial(attacks.projected_gradient_descent, epsilon=0.05, steps=10),
    "SPSA": partial(attacks.spsa, epsilon=0.05, rate=0.01),
    "VAT": partial(attacks.virtual_adversarial, epsilon=1.5),
    "feature adv.": lambda m, x, _: attacks.feature_adversary(m, x, guides, -3, epsilon=0.1),
    "DeepFool": attacks.deepfool,
    "Carlini-Wagner": partial(attacks.carlini_wagner, steps=steps),
    "L-BFGS": partial(attacks.lbfgs, steps=steps // 4, searches=6),
    "EAD": partial(attacks.elastic_net, steps=steps),
    "JSMA": attacks.jacobian_saliency_map,
    "one pixel": partial(attacks.one_pixel, steps=0),
    "five pixels": partial(attacks.one_pixel, pixels=5),
}

# %%
logits = net.predict(x, verbose=0)
logits[np.arange(few), y] = -np.inf
runner_up = logits.argmax(axis=1)  # L-BFGS needs a target: the second likeliest
gallery = robustness.compare(net, x, y, zoo, {"L-BFGS": runner_up})

# %%
shown = ("success", "8 bits", "l0", "l1", "l2", "linf", "ssim", "queries", "seconds")
print(f"{few} garments   " + "".join(f"{column:>9}" for column in shown))
for row in gallery.rows():
    values = [row[column] for column in shown]
    cells = ["-" if np.isnan(v) else f"{v:,.0f}" if v >= 100 else f"{v:.3g}" for v in values]
    print(f"{row['attack']:15}" + "".join(f"{cell:>9}" for cell in cells))

# %% [markdown]
# *success*: share fooled (L-BFGS: brought to its target). *8 bits*: the same after saving; it may
# be *larger*, as rounding pushes some images over that stood just before the border. *ssim*:
# structural similarity, 1 for equal images. Sizes are means over the garments that the attack
# fooled, **so over different ones in each row**: those
# that JSMA or five pixels turned are the easy ones. *queries*: images shown to the network, for
# each garment. *seconds*: by the clock of one machine, all garments, the first call's compilation
# included.

# %% tags=["S4.32", "S4.54", "S4.57", "S4.58", "S4.59", "S4.60", "nbval-check-output"]
reports = gallery.reports
all_fooled = [name for name in ("DeepFool", "Carlini-Wagner", "EAD", "L-BFGS")
              if reports[name].success == 1]  # fmt: skip
print("ok: fool every garment:", ", ".join(all_fooled))
idle = [name for name in list(zoo)[:13] if reports[name].success == 0]
print(idle or "ok: all that may change more than five pixels fool some")
able = {name: r for name, r in reports.items() if r.rounded.success >= 0.5}
best = {norm: min(able, key=lambda name: getattr(able[name], norm))
        for norm in ("l0", "l1", "l2", "queries")}  # fmt: skip
print("ok: no attack is the best by every ruler" if len(set(best.values())) >= 3 else best)
once = [name for name, r in reports.items() if r.queries == few]
print("ok: one query a garment:", ", ".join(once))

# %% tags=["S4.58", "S4.60"]
felt = said(gallery.adversarial["feature adv."])
print(f"feature adversaries: {np.mean(felt == said(guides)):.2f} are taken for their guide's class")
vat = gallery.adversarial["VAT"] - x
shift = np.random.default_rng(1).normal(size=x.shape)
shift *= np.sqrt((vat**2).sum(axis=(1, 2, 3), keepdims=True)
                 / (shift**2).sum(axis=(1, 2, 3), keepdims=True))  # fmt: skip
shaken_x = np.clip(x + shift, 0, 1).astype("float32")
for name, made in (("VAT", x + vat), ("noise", shaken_x)):
    print(
        f"{name} of l2 {four_norms(x, made)[:, 2].mean():.2f} fools {np.mean(said(made) != y):.2f}"
    )

# %%
print("the smallest, of attacks that fool at least half after saving:")
for norm, name in best.items():
    value = getattr(able[name], norm) / (few if norm == "queries" else 1)
    print(f"  {norm:8} {name:16} {value:.3g}")

# %%
# the garment that most attacks turned
star = int(np.argmax(np.sum([r.each["success"] for r in reports.values()], axis=0)))
ends = {name: images[star] for name, images in gallery.adversarial.items()}
called = dict(zip(ends, (NAMES[k] for k in said(np.stack(list(ends.values()))))))
lengths = {name: four_norms(x[star][None], end[None])[0] for name, end in ends.items()}
gallery_alt = (
    f"One garment, called {NAMES[y[star]]}, under fifteen attacks: above each result, below it the "
    "change on one scale, orange lighter, purple darker, from -.25 to .25; larger ones look like "
    ".25. "
    + "; ".join(f"{name}: {called[name]}, l0 {v[0]:.0f}, l2 {v[2]:.2f}, l-infinity {v[3]:.2f}"
                for name, v in lengths.items())
    + ". The first ones spread a faint veil, the minimum-norm attacks a fainter one, EAD, JSMA "
    "and the pixels a few strong dots: each is small by its own ruler."
)  # fmt: skip

# %%
fig, axes = figure(4, 8, (10.4, 6.6), alt=gallery_alt)
for block in range(2):
    for column in range(8):
        above, below = axes[2 * block : 2 * block + 2, column]
        number = 8 * block + column - 1
        if number < 0:
            grey(above, x[star], f"the image\n{NAMES[y[star]]}")
            below.set_axis_off()
            continue
        name, end = list(ends.items())[number]
        grey(above, end, f"{name}\n{called[name]}")
        bar = signed(below, end - x[star], 0.25)
        l0, _, l2, worst = lengths[name]
        below.set_xlabel(f"{l0:.0f} pixels\nl2 {l2:.2f}, max {worst:.2f}", size=8)
fig.colorbar(bar, ax=axes[0:2, 0], location="left", shrink=0.5, ticks=[-0.25, 0, 0.25])
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# c: by which ruler? By l0 JSMA is the smallest, by l1 EAD, by l2 the three that were made for it,
# by queries FGSM. And the attacks that step by signs fill their ball by construction: an l2 of 1.1
# is what .05 on 600 pixels *is*, not what they needed. (SPSA stops as soon as it has won: .7.) Two
# things may be compared: attacks with the same
# norm and the same budget (by success), or attacks with the same norm and full success (by size).
# Of the first kind we have BIM, MIM and PGD, ten steps each.
#
# </details>
#
# **Investigate.** Four attacks fool every garment with the smallest change they can. Which of them
# lost most in the column *8 bits*? Why that one? Part 8 has the answer.
#
# ## 7. One pattern for all
#
# So far each garment got a perturbation of its own. Moosavi-Dezfooli et al. (2017) gathered
# DeepFool's steps over many images into a single v, within epsilon, that is added to whatever
# comes.
#
# **Predict.** v is learned on a hundred training garments. On a thousand *others*, it fools
#
# - a) next to none: every garment needs its own
# - b) about as many as random signs of the same size
# - c) several times as many

# %%
guess = "?"  # a, b or c

# %% tags=["S4.35", "S4.132"]
learned_on = train.take(profile(smoke=60, classroom=100, full=500), seed=1).unit()
v = attacks.universal_perturbation(
    net, learned_on, epsilon=0.1, passes=profile(smoke=2, classroom=3, full=10)
)
rng = np.random.default_rng(0)
patterns = {
    "v": v,
    "v, turned round (-v)": -v,
    "v's pixels, shuffled": rng.permutation(v.ravel()).reshape(v.shape),
    "random signs": np.abs(v).mean() * rng.choice([-1, 1], v.shape),
}
patterns = {k: p * np.float32(np.linalg.norm(v) / np.linalg.norm(p)) for k, p in patterns.items()}
becomes = {name: said(np.clip(pool_x + p, 0, 1)) for name, p in patterns.items()}
share = {name: np.mean(now != pool_y) for name, now in becomes.items()}
names, turns = np.unique(becomes["v"][becomes["v"] != pool_y], return_counts=True)

# %% tags=["S4.34", "S4.35", "S4.132", "nbval-check-output"]
alone = max(share["v's pixels, shuffled"], share["random signs"])
print("ok: v fools garments it never saw" if share["v"] > 1.5 * alone else share)
print("ok: turned round it is harmless" if share["v, turned round (-v)"] < alone else share)
own = (ours - many_x)[:50].reshape(min(50, many), -1)
own = own / np.linalg.norm(own, axis=1, keepdims=True)
between = (own @ own.T)[np.triu_indices(len(own), 1)]
print("ok: BIM's changes have little in common" if between.mean() < 0.5 else between.mean())

# %%
for name, value in share.items():
    size = np.linalg.norm(patterns[name])
    print(f"{name:24} fools {value:.3f} of {len(pool_x):,}, l2 {size:.2f}")
print("v turns them into", ", ".join(f"{NAMES[k]} ({n})" for k, n in zip(names, turns) if n > 5))
of_class = {k: np.mean(becomes["v"][pool_y == k] != k) for k in np.unique(pool_y)}
of_class = dict(sorted(of_class.items(), key=lambda item: -item[1]))
print("and it turns of", ", ".join(f"{NAMES[k]} {value:.2f}" for k, value in of_class.items()))
print(f"cosine between two garments' BIM changes: {between.mean():.2f} in the mean")

# %%
fig, axes = figure(
    1, 7, (10.2, 1.9),
    alt="Left, v: upright blotches, orange and purple, on a scale from -.1 to .1; then the same "
    "pixels shuffled, which look like noise; then five garments with v, of the classes where it "
    "works best. v fools "
    f"{share['v']:.0%} of garments it never saw, its shuffled pixels "
    f"{share[list(share)[2]]:.0%}, -v {share[list(share)[1]]:.0%}: it is the pattern that counts.",
)  # fmt: skip
bar = signed(axes[0], v, 0.1, f"v: {share['v']:.0%}")
signed(axes[1], patterns["v's pixels, shuffled"], 0.1, f"shuffled: {share[list(share)[2]]:.0%}")
for ax, k in zip(axes[2:], of_class):
    i = np.flatnonzero((pool_y == k) & (becomes["v"] != k) | (of_class[k] == 0))[0]
    grey(ax, np.clip(pool_x[i] + v, 0, 1), f"{NAMES[pool_y[i]]}\nnow {NAMES[becomes['v'][i]]}")
fig.colorbar(bar, ax=axes[0], location="left", shrink=0.6, ticks=[-0.1, 0, 0.1])
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# c. And it is no noise: at the same l2, the same pixels in another order do little, random signs do
# little, -v does little. Nearly all that it turns end in a few classes, so what v adds up to is a
# *direction* that leads to them, from most sneakers and T-shirts, from a quarter of the trousers,
# from few bags. That one direction serves for many images is lesson
# 11's linear story in another dress.
#
# </details>
#
# ## 8. Saved
#
# An attack returns numbers. A picture is saved in 256 levels. First the smallest case: FGSM with an
# epsilon of .4/255.

# %%
tiny = attacks.fgsm(net, many_x, many_y, epsilon=0.4 / 255)

# %% tags=["nbval-check-output"]
print("ok: changed" if np.abs(tiny - many_x).max() > 0 else "nothing changed")
print("ok: saved, the clean images" if (robustness.rounded(tiny) == many_x).all() else "not yet")

# %% [markdown]
# Now a case in which everything can be computed: softmax regression on MNIST, where the border
# between two classes is a plane, w x + b = 0. The nearest point on it is an attack without any
# search. The label is what the regression says.
#
# **Predict.** Each digit is taken exactly to the plane, within [0, 1], and saved. How many are
# still over it?
#
# - a) all
# - b) about half
# - c) none

# %%
guess = "?"  # a, b or c

# %% [markdown]
# ### Exercise 3: survive the file
#
# The loop finds the nearest image on the plane: pixels that would leave the box do not count. Go
# on: make the *way from x* longer by the share `overshoot`, keep to the box, save in 8 bits.
#
# <details><summary>Hint</summary>Past the line, in the box, in bytes: in this order. `np.rint`
# rounds; a 255th is a level.</details>


# %% tags=["exercise"]
def past_the_line(x, w, b, overshoot):
    """The image (d,) nearest to x with w x + b = 0, gone past by a share, as a file keeps it."""
    made = x
    for _ in range(12):
        stuck = ((made <= 0) & (w > 0)) | ((made >= 1) & (w < 0))
        free = np.where(stuck, 0, w)
        made = np.clip(made - (w @ made + b) * free / (free @ free), 0, 1)
    # solution: longer; in the box; in bytes
    made = np.clip(x + (1 + overshoot) * (made - x), 0, 1)
    return np.rint(255 * made) / 255
    # end of solution


# %% tags=["nbval-check-output"]
past_the_line = check("12.past_the_line", past_the_line)

# %%
digits = datasets.mnist("test")
regression = load_run("mnist_softmax_regression").network("classifier")
d = digits.unit()[: profile(smoke=30, classroom=200, full=1000)]
flat = d.reshape(len(d), -1).astype("float64")
kernel, bias = (np.asarray(w, "float64") for w in regression.layers[-1].get_weights())
named = (flat @ kernel + bias).argmax(axis=1)


def nearest_other(move, overshoot):
    """For each digit, of its nine planes, the nearest result of `move`."""
    ends = []
    for image, k in zip(flat, named):
        w, b = kernel[:, [k]] - kernel, bias[k] - bias
        tried = [move(image, w[:, j], b[j], overshoot) for j in range(10) if j != k]
        ends.append(min(tried, key=lambda end: np.linalg.norm(end - image)))
    return np.stack(ends)


def box_ignored(x, w, b, overshoot):
    """Straight to the plane and past it; what lies outside of [0, 1] is cut off last."""
    made = x - (1 + overshoot) * (w @ x + b) * w / (w @ w)
    return np.rint(255 * np.clip(made, 0, 1)) / 255


# %%
overshoots = profile(smoke=(0, 0.02, 0.1), classroom=(0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
                     full=(0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1))  # fmt: skip
survive, length, by_overshoot = {}, {}, {}
for name, move in (("in the box", past_the_line), ("clipped last", box_ignored)):
    saved = [nearest_other(move, o) for o in overshoots]
    by_overshoot = by_overshoot or dict(zip(overshoots, saved))
    survive[name] = [np.mean((s @ kernel + bias).argmax(axis=1) != named) for s in saved]
    length[name] = [np.linalg.norm(s - flat, axis=1).mean() for s in saved]
# the trap, gone much farther
farther = (0.5, 1, 2, 4)
cut_far = [nearest_other(box_ignored, o) for o in farther]
survive_far = [np.mean((s @ kernel + bias).argmax(axis=1) != named) for s in cut_far]
length_far = [np.linalg.norm(s - flat, axis=1).mean() for s in cut_far]

# %%
# the package's DeepFool on the first eight, for comparison; 0 refinements: planes are flat
first = slice(8)
made = attacks.deepfool(regression, d[first], named[first], overshoot=0.02, refinements=0)
theirs = np.linalg.norm(made.reshape(8, -1) - flat[first], axis=1)
mine = np.linalg.norm(by_overshoot[0.02][first] - flat[first], axis=1)

# %% tags=["nbval-check-output"]
boxed, cut = survive["in the box"], survive["clipped last"]
print("ok: on the line, a coin is thrown" if 0.2 < boxed[0] < 0.8 else boxed)
print("ok: past it, nearly all survive" if boxed[-1] > 0.9 else boxed)
print("ok: clipped last, few or none" if max(cut) < 0.3 else cut)
longer = survive_far[-1] > 0.5 and length_far[-1] > length["in the box"][-1]
print("ok: much farther they survive, longer" if longer else (survive_far, length_far))
like = abs(np.median(theirs / mine) - 1) < 0.03
print("ok: as short as the package's DeepFool" if like else (mine, theirs))

# %%
fig, ax = figure(
    size=(6.5, 3.2),
    alt=f"Share of {len(d)} digits still over the plane after saving, against the overshoot. "
    + "; ".join(f"{name}: " + ", ".join(f"{o:g} {v:.2f}" for o, v in zip(overshoots, values))
                for name, values in survive.items())
    + f". Mean l2 in the box from {length['in the box'][0]:.3f} to {length['in the box'][-1]:.3f}: "
    "a few hundredths more are the price of surviving. Clipped last, hardly any gets there by .1.",
)  # fmt: skip
for (name, values), (colour, style) in zip(survive.items(), plots.STYLES):
    ax.plot(overshoots, values, style, marker="o", color=colour, lw=2)
    ax.text(overshoots[-1], values[-1] + (-0.08 if values[-1] > 0.5 else 0.05), name, color=colour,
            ha="right")  # fmt: skip
ax.set(xlabel="overshoot, as a share of the way", ylabel="survive saving", ylim=(-0.03, 1.05))
fig

# %%
print(f"mean l2, data: {digits.name}")
for name, values in length.items():
    print(f"  {name:14}" + "".join(f"  {o:g}: {v:.3f}" for o, v in zip(overshoots, values)))
print(
    "clipped last, farther: "
    + ", ".join(
        f"{o:g}: {v:.2f} survive, l2 {n:.2f}" for o, v, n in zip(farther, survive_far, length_far)
    )
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# b: exactly on the plane, rounding pushes as often back as over. A few hundredths of the way more,
# and nearly all survive.
#
# The second curve is a trap: the plain formula, straight to the plane, looks *shorter*. Most of a
# digit's pixels are black, and much of what the formula asks for would make them blacker than
# black. Clipped, that part is gone, and up to an overshoot of .1 no digit gets across. With 1,
# twice the way, six of ten do, and the change is then longer than in the box. A method that
# minimises a distance must know the box.
#
# </details>
#
# So: **report what is saved**. DeepFool's small overshoot, in its paper the means to get off the
# border, serves here, too. In the gallery L-BFGS keeps the nearest image that is across at all, and
# loses most; the ones that stop further out lose little.
#
# ## 9. From nothing
#
# The other half of the axes: no image to begin with, and the other kind of error. Start from noise
# or from black, and climb the odds of a wanted class (Nguyen et al. 2015).
#
# **Predict.** Of 200 squares of noise, how many can be made a garment at 99 % or more, in 100
# steps?
#
# - a) all
# - b) those whose class likes noise (bags, say)
# - c) none: with so little likeness, A would not be *sure*

# %%
guess = "?"  # a, b or c

# %% tags=["S4.31", "S4.37", "S4.38"]
wanted = np.arange(profile(smoke=30, classroom=200, full=1000)) % 10
noise = attacks.fooling_images(net, wanted, confidence=0.99, steps=100)
blank = attacks.fooling_images(net, np.arange(10), start="blank", confidence=0.99, steps=100)


def confidence(images, classes):
    scores = net.predict(images, batch_size=500, verbose=0).astype("float64")
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (odds / odds.sum(axis=1, keepdims=True))[np.arange(len(images)), classes]


clothes = train.take(profile(smoke=2000, classroom=10_000, full=10_000), seed=2).unit()
clothes = clothes.reshape(len(clothes), -1)


def to_nearest(images):
    """l2 from each image to the nearest of the training garments, as in lesson 02."""
    a = images.reshape(len(images), -1)
    square = (a**2).sum(axis=1)[:, None] - 2 * a @ clothes.T + (clothes**2).sum(axis=1)
    return np.sqrt(np.maximum(square.min(axis=1), 0))


# %% tags=["S4.31", "S4.37", "S4.38", "nbval-check-output"]
sure_noise, sure_blank = confidence(noise, wanted), confidence(blank, np.arange(10))
all_sure = min(sure_noise.min(), sure_blank.min()) > 0.9899
print("ok: all are a garment at 99 % or more" if all_sure else (sure_noise.min(), sure_blank.min()))
attacked, photographs = np.median(to_nearest(ours)), np.median(to_nearest(many_x))
far = np.median(to_nearest(noise)) > 2 * photographs
print("ok: the noise is far from every garment" if far else "near")
near = attacked < 1.1 * photographs and (said(ours) != many_y).mean() > 0.5
print("ok: BIM's are as near as photographs, and fool" if near else (attacked, photographs))

# %%
print(f"sure of {np.mean(sure_noise >= 0.9899) * len(noise):.0f} of {len(noise)} squares of noise")
ruled = {"noise": noise, "from black": blank, "just black": np.zeros_like(blank[:1]), "BIM": ours,
         "photographs": many_x}  # fmt: skip
for name, images in ruled.items():
    print(f"{name:12} l2 to the nearest garment: {np.median(to_nearest(images)):.1f} (median)")

# %%
plots.image_grid(
    np.concatenate([noise[:10], blank]), columns=10, scale=2, titles=[*NAMES, *[""] * 10],
    rows=["from noise", "from black"],
    alt="Twenty squares. Above grey noise, one for each class; below black ones with faint grey "
    f"traces. A is sure of each at {min(sure_noise[:10].min(), sure_blank.min()):.2f} or more: it "
    "has no word for 'nothing there'.",
)  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# a. Being sure is no sign that an image is like anything the network was trained on.
#
# The slides' *realistic* is "close to a target example". Our ruler: the distance to the nearest
# real garment. The noise is much farther than a photograph is, BIM's images are not. But look at
# the squares from black: *nearer* than a photograph, and no garments. So is black itself. Most of a
# garment's picture is black, and l2 likes empty pictures. This ruler shows that something is far;
# that it is near says little.
#
# </details>
#
# ### Two kinds of errors
#
# Take A for a detector: *is it a bag?* A bag that is missed is a type 2 error, a bag seen where
# there is none type 1.
#
# **Predict**: at one epsilon, which is easier to cause?

# %%
guess = "?"  # missed, seen or equal

# %% tags=["S4.39"]
bag = 8
bags, rest = pool_x[pool_y == bag], pool_x[pool_y != bag]
bags, rest = bags[:many], rest[:many]
as_bag, errors = np.full(len(rest), bag), {}
for e in (0.02, 0.05, 0.1):
    hidden = attacks.iterative_fgsm(net, bags, np.full(len(bags), bag), epsilon=e, steps=10)
    forged = attacks.iterative_fgsm(net, rest, as_bag, epsilon=e, steps=10, targeted=True)
    errors[e] = np.mean(said(hidden) != bag), np.mean(said(forged) == bag)
clean = np.mean(said(rest) == bag)

# %% tags=["S4.39", "nbval-check-output"]
both = errors[0.1][0] > 0.5 and errors[0.1][1] > 0.2 > clean
print("ok: both kinds can be caused" if both else errors)
from_noise = np.mean(said(noise[wanted == bag]) == bag)
print("ok: and a bag from nothing, every time" if from_noise == 1 else from_noise)

# %%
print(f"clean: {clean:.2f} of the others are seen as bags")
for e, (missed, seen) in errors.items():
    print(f"epsilon {e}: {missed:.2f} of {len(bags)} bags missed (type 2), "
          f"{seen:.2f} of {len(rest)} others seen as bags (type 1)")  # fmt: skip

# %% [markdown]
# <details><summary>Answer</summary>
#
# About equal. At .02 missed is a little ahead, at .05 .80 and .76 are within what chance does to
# samples of this size, at .1 both are all. Which is *worse* is no matter of attacks: a missed
# weapon and a false alarm cost different people. Say which one you measured.
#
# </details>
#
# ## 10. Who sees what
#
# White box: all of A. Grey box: something like A. Here an attacker has training data and two kinds
# of network of his own, and *borrows their gradients*: a straight one, fitted by least squares in a
# second, and a small convolutional one. Black box: scores only.
#
# **Predict.** Epsilon .1. PGD with A's own gradients fools all, random signs some .14. The straight
# network's gradients fool
#
# - a) none beyond random signs: it is another network
# - b) about twice as many as random signs
# - c) nearly all: adversarial examples transfer

# %%
guess = "?"  # a, b or c

# %% tags=["S4.40"]
# 1 a straight network: least squares on 5,000 garments
part = train.take(5000, seed=3)
table = np.c_[part.unit().reshape(len(part), -1), np.ones(len(part))]
wanted_table = table.T @ (2 * np.eye(10)[part.labels] - 1)
weights = np.linalg.solve(table.T @ table + 10 * np.eye(785), wanted_table)
straight = classifiers.linear((28, 28, 1), 10)
straight.layers[-1].set_weights([weights[:-1].astype("float32"), weights[-1].astype("float32")])

# 2 small convolutional ones, of other seeds, size and training images
small = []
for seed in range(profile(smoke=1, classroom=3, full=5)):
    keras.utils.set_random_seed(seed)
    network = classifiers.cnn((28, 28, 1), 10, width=8)
    network.compile(keras.optimizers.Adam(2e-3),
                    keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # fmt: skip
    own_data = train.take(profile(smoke=500, classroom=8000, full=20_000), seed=5)
    network.fit(own_data.unit(), own_data.labels, batch_size=64, verbose=0,
                epochs=profile(smoke=1, classroom=2, full=4))  # fmt: skip
    small.append(network)

# %% tags=["S4.40", "S4.61"]
hows = {"FGSM": attacks.fgsm, "BIM": partial(attacks.iterative_fgsm, steps=10),
        "MIM": attacks.momentum_iterative}  # fmt: skip


def borrowed(network, how):
    """Share of garments that A gets wrong, made with another network's gradients."""
    made = hows[how](network, many_x, many_y, epsilon=0.1)
    return np.mean(said(made) != many_y)


def shaken():
    """Share of garments that A gets wrong under random signs, new ones for each garment."""
    signs = rng.choice(np.float32([-0.1, 0.1]), many_x.shape)
    return np.mean(said(np.clip(many_x + signs, 0, 1)) != many_y)


# %% tags=["S4.40", "S4.61"]
white = attacks.projected_gradient_descent(net, many_x, many_y, epsilon=0.1, steps=10)
black = attacks.spsa(net, x, y, epsilon=0.1, rate=0.01)
reach = {
    "A itself, PGD": [np.mean(said(white) != many_y)],
    f"scores, SPSA ({few})": [np.mean(said(black) != y)],
    **{f"small network, {how}": [borrowed(n, how) for n in small] for how in hows},
    "straight network, FGSM": [borrowed(straight, "FGSM")],
    "random signs": [shaken() for _ in range(5)],
}

# %% tags=["S4.40", "S4.56", "nbval-check-output"]
mean = {name.split(" (")[0]: np.mean(values) for name, values in reach.items()}
chance = mean["random signs"]
print("ok: scores alone turn most" if mean["scores, SPSA"] > 0.5 else mean)
print("ok: borrowed gradients beat random signs" if mean["straight network, FGSM"] > 1.5 * chance
      else mean)  # fmt: skip
print("ok: and stay behind A's own" if mean["straight network, FGSM"] < mean["A itself, PGD"] / 1.5
      else mean)  # fmt: skip
# labels only: 1 for the class named, 0 for the others
labels_only = keras.Model(net.inputs[0], ops.one_hot(ops.argmax(net.outputs[0], axis=1), 10))
try:
    attacks.spsa(labels_only, x[:2], y[:2], epsilon=0.1, from_logits=True)
    print("SPSA worked on labels alone")
except ValueError as error:
    print("ok: labels alone are too little for SPSA" if "no output" in str(error) else error)

# %%
fig, ax = figure(
    size=(7, 3.3),
    alt=f"Share of {many} garments (SPSA: of {few}) that A gets wrong at epsilon .1, by what the "
    "attacker sees. "
    + "; ".join(f"{name}: {np.min(v):.2f} to {np.max(v):.2f}" for name, v in reach.items())
    + ". Scores, with thousands of queries, come near to gradients; borrowed gradients lie between "
    "these and luck.",
)  # fmt: skip
for row, values in enumerate(list(reach.values())[::-1]):
    ax.barh(row, np.mean(values), color=plots.GREY, alpha=0.5)
    ax.plot(values, [row] * len(values), "o", color=plots.BLUE, ms=5)
    ax.text(np.max(values) + 0.02, row, f"{np.mean(values):.2f}", va="center", size=9)
ax.set(yticks=range(len(reach)), yticklabels=list(reach)[::-1], xlabel="fooled", xlim=(0, 1.1))
fig

# %% [markdown]
# <details><summary>Answer</summary>
#
# b. Examples travel, and lose most on the way. The small network, more like A, does better than the
# straight one. Momentum was made so that examples travel better; here three seeds show no gain over
# BIM, and one plain step goes farthest. The paper's networks were others, on photographs.
#
# And the slides' black box, "only the final classification"? SPSA and one pixel read *scores*. With
# labels only, every difference that SPSA takes is 0. There are attacks for that case, too (Brendel
# et al. 2018 start from an image of another class and walk towards x along the border); the list
# has none.
#
# </details>
#
# ## Made to fail: network B
#
# Back to the two networks of the vote. Under FGSM of .05, B keeps eight verdicts of ten, A three.
#
# **Predict**: write down what you would look at first.

# %%
guess = "?"  # in words

# %% tags=["nbval-check-output"]
equal = (said(test.unit()[:2000]) == said(test.unit()[:2000], network_b)).all()
print("ok: A and B decide alike, on every garment" if equal else "they differ")

# %%
sample = profile(smoke=20, classroom=100, full=300)


def left_by(network, epsilon, step, steps):
    """Accuracy left on a sample of garments by BIM, following the cross-entropy."""
    a, b = many_x[:sample], many_y[:sample]
    made = bim(lambda z: textbook_slopes(network, z, b), a, epsilon, step, steps)
    return np.mean(said(made, network) == b)


long = profile(smoke=15, classroom=40, full=100)
for epsilon, step, steps in ((0.05, 0.05, 1), (0.05, 0.01, 10), (0.05, 0.01, long), (0.5, 0.5, 1)):
    a, b = (left_by(network, epsilon, step, steps) for network in (net, network_b))
    print(f"epsilon {epsilon:4}, {steps:2} steps of {step:4}: A {a:.2f}, B {b:.2f} left")

# %% [markdown]
# ### Exercise 4: what next?
#
# You have this in front of you: equal decisions, and a table in which neither steps nor epsilon
# help. What do you do?
#
# <details><summary>Hint</summary>FGSM multiplies epsilon by a sign. Of what? And if that is not
# there?</details>

# %%
from gankit.checks.lesson_12 import NEXT

print("\n".join(f"{letter}  {text}" for letter, text in NEXT.items()))

# %% tags=["exercise"]
# solution
diagnose = "d"
# end of solution

# %% tags=["nbval-check-output"]
diagnose = check("12.diagnose", diagnose)

# %%
steepest = {}
for name, network in {"A": net, "B": network_b}.items():
    slopes = textbook_slopes(network, many_x, many_y)
    steepest[name] = np.abs(slopes).reshape(many, -1).max(axis=1)
zeros = {name: np.mean(values == 0) for name, values in steepest.items()}

# %% tags=["nbval-check-output"]
print("ok: A's gradient is never exactly 0" if zeros["A"] == 0 else zeros)
print("ok: B's is, for most garments" if zeros["B"] > 0.5 else zeros)

# %%
fig, ax = figure(
    size=(6.5, 3.2),
    alt=f"The steepest pixel's gradient of the cross-entropy for {many} garments, sorted, from "
    f"1e-44 to 1. A's run from {steepest['A'].min():.0e} to {steepest['A'].max():.0e}; B's fall "
    f"off, and for {zeros['B']:.0%} of the garments they are exactly 0, drawn at the bottom. An "
    "attack that follows them has nothing to follow there.",
)  # fmt: skip
for (name, values), mark in zip(steepest.items(), ("o", "x")):
    colour = plots.BLUE if name == "A" else plots.ORANGE
    ax.semilogy(np.linspace(0, 1, many), np.maximum(np.sort(values), 1e-44), mark, ms=4,
                color=colour, label=f"{name}: exactly 0 for {zeros[name]:.0%}")  # fmt: skip
ax.set(xlabel="garments, sorted", ylabel="largest |gradient|", yticks=[1e-44, 1e-30, 1e-15, 1],
       yticklabels=["0", "1e-30", "1e-15", "1"])  # fmt: skip
ax.legend(loc="lower right")
fig

# %% [markdown]
# Three ways out: climb the margin of the logits; the package's log-odds; no gradient at all.

# %%
import warnings

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    robustness.compare(network_b, many_x, many_y, {"FGSM": partial(textbook_fgsm, epsilon=0.05)})
    heard = [str(w.message) for w in heard if w.category is robustness.AttackWarning]
rescued = {}
for name, network in {"A": net, "B": network_b}.items():
    for loss in ("margin", "cross_entropy"):  # the latter by its log-odds
        made = attacks.fgsm(network, many_x, many_y, epsilon=0.05, loss=loss)
        rescued[name, loss] = np.mean(said(made, network) == many_y)

# %%
# without gradients, on the few: SPSA, beside FGSM as in the vote
blind = attacks.spsa(network_b, x, y, epsilon=0.05, rate=0.01)
plain = textbook_fgsm(network_b, x, y, 0.05)
one_step, no_gradient = (np.mean(said(made, network_b) == y) for made in (plain, blind))

# %% tags=["nbval-check-output"]
print("ok: the package warns" if any("exactly 0" in text for text in heard) else "no warning")
near = all(abs(rescued["A", loss] - rescued["B", loss]) < 0.05 and rescued["B", loss] < 0.6
           for loss in ("margin", "cross_entropy"))  # fmt: skip
print("ok: by margin or log-odds, B is as weak as A" if near else rescued)

# %%
print(heard[0])
for name, values in by_fgsm.items():
    print(f"{name}, FGSM of .05: {values[2]:.2f} left by the cross-entropy, "
          f"{rescued[name, 'margin']:.2f} by the margin, "
          f"{rescued[name, 'cross_entropy']:.2f} by the log-odds")  # fmt: skip
print(f"B, {few} garments: FGSM leaves {one_step:.2f}, SPSA, with scores only, {no_gradient:.2f}")
sureness = np.float32(20) * net.predict(many_x, verbose=0)
sureness = np.exp(sureness - sureness.max(axis=1, keepdims=True))
print(f"B's probability of the label is exactly 1: {np.mean(sureness.sum(axis=1) == 1):.2f}; all "
      f"others below 1e-38: {np.mean(np.sort(sureness)[:, -2] < 1.2e-38):.2f}")  # fmt: skip

# %% [markdown]
# <details><summary>What B is</summary>
#
# A with its logits times 20. Every decision is the same, every probability is pushed to 0 or 1. The
# gradient of the cross-entropy adds up (probability - 1 or 0) times a slope, a term for each class.
# In float32 B's probability of the label is exactly 1 for nearly all garments, so *its* term is 0.
# That is not yet enough: FGSM takes the sign, and the others' terms have one, be they 1e-30. But
# float32's numbers end near 1e-38. Where B is ahead by more than about 87 logits (A by 4.4), all
# nine others fall below, the sum is exactly 0, sign(0) is 0, and FGSM returns the image. (The
# warning looks at the first 256 garments, the figure at all: a percent apart.)
#
# Nothing was defended: the *loss* is flat, not the network. The margin, the best other logit minus
# the label's, has a slope everywhere, and so have the log-odds. A itself loses a little by J: .14
# against .08 at epsilon .1.
#
# Real cases are less plain: defences that round the input, add noise, or saturate on purpose or by
# mistake (Athalye et al. 2018 broke most of those published at one conference). The signs to look
# for, any one is enough: zeros (here); a large epsilon does not reach 0 (here: .5 leaves .79); a
# black box beats a white one (here: SPSA beats FGSM by far); one step beats many (not here).
#
# </details>
#
# ## Which attack for which question?
#
# ### Exercise 5: seven questions
#
# <details><summary>Hint</summary>Underline in each question what it says of the norm, of what is
# known, and of the aim.</details>

# %%
from gankit.checks.lesson_12 import ATTACKS, QUESTIONS

print("\n".join(f"{number}  {text}" for number, text in QUESTIONS.items()))
print(", ".join(f"{letter}: {name}" for letter, name in ATTACKS.items()))

# %% tags=["exercise"]
chosen = {
    1: "c",  # solution
    2: "b",  # solution
    3: "e",  # solution
    4: "d",  # solution
    5: "f",  # solution
    6: "g",  # solution
    7: "h",  # solution
}

# %% tags=["nbval-check-output"]
chosen = check("12.chosen", chosen)

# %% [markdown]
# **Vote again.** Which of the two is the more robust network? And if you had said "what else must
# be tried?": is it in this list?
#
# <details><summary>Our list</summary>
#
# Before "robust" is said: the aim, norm and epsilon, and why these; an iterative attack whose
# accuracy falls to 0 as epsilon grows; several starts; an attack without gradients, and one with
# borrowed ones, neither of which may win; the zeros counted; success after 8 bits; the number of
# images. (Carlini et al. 2019 have a longer one.) Even then the sentence is "these attacks did not
# find more".
#
# </details>
#
# ## Exit note
#
# Which bet did you lose? And which one sentence in a paper, "our defence withstands ...", would you
# now read twice?

#
# ## The claims
#
# | item | the claim | theirs | ours | verdict |
# |---|---|---|---|---|
# | S4.30 | attacks differ along nine axes | a list | sixteen cards; the slides' thirteen agree on four of eight axes (input, scope, output, error) | holds with limits: as a language; half of it does not tell the thirteen apart |
# | S4.31 | random or non-random input | stated | from noise 200 of 200, from black 10 of 10, become a garment at 99 % or more; all thirteen start from an image | holds |
# | S4.32 | one-time or iterative | stated | FGSM 1 query a garment; VAT 4 (one step, its direction takes more); the others 10 to 3,170; one step fools .69 of 32 garments at .05, ten .94 | holds |
# | S4.34 | individual scope | the panda | BIM's changes of 50 garments: mean cosine .15 between two of them | holds |
# | S4.35, S4.132 | a universal perturbation for the whole data set | stated | v of l-infinity .1, learned on 100 garments, fools .46 of 1,000 others; at the same l2 its pixels shuffled .08, random signs .05, -v .04 | holds with limits: about half (.9 of the sneakers, next to no coats), one seed |
# | S4.37 | non-realistic: any input that fools | stated | l2 to the nearest of 10,000 garments: 10.0 from noise, 2.0 from black; photographs 3.8 | holds with limits: the ruler shows it for noise only, it calls black pictures near |
# | S4.38 | realistic: close to a target example | stated | BIM's images: 3.8, as photographs, and .91 fooled | holds with limits: by this ruler, which a black square passes, too; the slides give none |
# | S4.39 | type 1: a negative taken for a positive; type 2: a positive taken for a negative | stated | "is it a bag?", epsilon .05: .76 of others seen as bags, .80 of bags missed | holds |
# | S4.40 | black box (only the final classification), grey box, white box | stated | epsilon .1: own gradients 1.00, scores (SPSA, 32 garments) .94, a small network's .34 to .38 (means of 3 seeds), a straight one's .26, random signs .14 | holds with limits: both black boxes of the list need scores; on labels alone SPSA finds nothing to follow |
# | S4.45, S4.52 | I-FGSM (BIM): steps, a clip, step length | the formula | written out, equal to the package; at .05 it leaves .09, FGSM .29; 0 from .1 on | holds |
# | S4.46 | targeted I-FGSM: descent, and the target's label | the formula | ours with a minus, equal to the package; at .05 brings .90 to the second likeliest class, .56 to the next in the list | holds |
# | S4.47 | least likely class as the target | the formula | equal to targeted BIM; .00, .28, .85, .98 arrive at .02, .05, .1, .2 | holds with limits: it takes about twice the epsilon (the slides' figure for Inception is lesson 11's) |
# | S4.49, S4.53 | one pixel is enough | a showcase | all 1,568 black and white changes of 60 garments: 4 can be turned; ten pixels turn 12 of 16 | holds with limits: three of the four were near a border, one was .90 sure |
# | S4.54 | DeepFool | listed | fools 32 of 32, l2 .44; .97 after 8 bits | holds |
# | S4.55 | JSMA | listed | .66 of 32, with 36 pixels of 784 in the mean | holds with limits: JSMA stops at .145 of the pixels, its default |
# | S4.56 | SPSA | listed | .75 of 32 at .05 with 2,730 queries a garment, .94 at .1 | holds |
# | S4.57 | Carlini-Wagner l2 | listed | 32 of 32, l2 .42, all after 8 bits | holds |
# | S4.58 | Feature Adversaries | listed | within .1, .97 of 32 are taken for their guide's class | holds |
# | S4.59 | Elastic Net Method | listed | 32 of 32, l1 5.5 (Carlini-Wagner 7.5) | holds |
# | S4.60 | Virtual Adversarial Method | listed | without labels, .72 of 32 at l2 1.3; noise drawn as long (1.1 after the clip) fools none | holds |
# | S4.61 | Momentum Iterative Method | listed | .84 of 32 at .05 in ten steps (BIM .94); borrowed from small networks .32 to .36, BIM .33 to .36, 3 seeds | holds with limits: it fools; that it travels better is not seen here |
# | S4.62 | PGD | listed | .94 of 32 at .05 in ten steps, 0 left from .1 on (300 garments) | holds |
#
# One network for Fashion-MNIST (92 % of the test images), garments that it has right, one seed
# unless stated; the softmax regression on MNIST has 92.7 %. Other networks, other numbers.
#
# ## References
#
# - C. Szegedy et al., Intriguing properties of neural networks, ICLR 2014 (L-BFGS).
# - I. Goodfellow, J. Shlens, C. Szegedy, Explaining and harnessing adversarial examples, ICLR 2015
#   (FGSM).
# - A. Nguyen, J. Yosinski, J. Clune, Deep neural networks are easily fooled, CVPR 2015.
# - N. Papernot et al., The limitations of deep learning in adversarial settings, EuroS&P 2016
#   (JSMA).
# - S.-M. Moosavi-Dezfooli, A. Fawzi, P. Frossard, DeepFool, CVPR 2016.
# - S. Sabour et al., Adversarial manipulation of deep representations, ICLR 2016.
# - A. Kurakin, I. Goodfellow, S. Bengio, Adversarial examples in the physical world, ICLR workshop
#   2017 (BIM, least likely class).
# - N. Carlini, D. Wagner, Towards evaluating the robustness of neural networks, IEEE S&P 2017.
# - S.-M. Moosavi-Dezfooli et al., Universal adversarial perturbations, CVPR 2017.
# - P.-Y. Chen et al., EAD: elastic-net attacks to deep neural networks, AAAI 2018.
# - Y. Dong et al., Boosting adversarial attacks with momentum, CVPR 2018 (MIM).
# - A. Madry et al., Towards deep learning models resistant to adversarial attacks, ICLR 2018 (PGD).
# - J. Uesato et al., Adversarial risk and the dangers of evaluating against weak attacks, ICML 2018
#   (SPSA).
# - T. Miyato et al., Virtual adversarial training, TPAMI 2019.
# - J. Su, D. Vargas, K. Sakurai, One pixel attack for fooling deep neural networks, IEEE TEVC 2019.
# - A. Athalye, N. Carlini, D. Wagner, Obfuscated gradients give a false sense of security, ICML
#   2018.
# - W. Brendel, J. Rauber, M. Bethge, Decision-based adversarial attacks, ICLR 2018.
# - N. Carlini et al., On evaluating adversarial robustness, 2019.

"""`Images`: pictures with labels and a name that tells where they come from."""

import dataclasses
import difflib

import numpy as np
from PIL import Image

from gankit.datasets.decoding import fit_to, pixels


def did_you_mean(word, options):
    """` (did you mean 'dog'?)` if an option is near, else nothing; ends an error message."""
    near = difflib.get_close_matches(str(word), list(options), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def height_and_width(size):
    """`size`, given as one number or as `(height, width)`, as a pair; ValueError otherwise."""
    pair = (size, size) if np.ndim(size) == 0 else tuple(size)
    if len(pair) != 2 or not all(isinstance(s, int | np.integer) and s > 0 for s in pair):
        raise ValueError(f"size is a number of pixels or (height, width), not {size!r}")
    return int(pair[0]), int(pair[1])


class ImageSet:
    """What `Images` (in memory) and `ImageFiles` (on disk) share: choosing among pictures."""

    def __repr__(self):
        classes = "no labels" if self.labels is None else f"{len(self.class_names)} classes"
        shape = " x ".join(str(s) for s in self.image_shape)
        kind = type(self).__name__
        return f"{kind}({self.name}: {len(self):,} of {shape}, {classes}; {self.licence})"

    def only(self, *names):
        """The images of these classes. Labels are counted anew, in the order of `names`."""
        if self.labels is None:
            raise ValueError(f"{self.name} has no labels to choose by")
        if not names or len(set(names)) < len(names):
            raise ValueError(f"only() takes one or several different class names, not {names}")
        for name in names:
            if name not in self.class_names:
                raise ValueError(
                    f"{self.name} has no class {name!r}{did_you_mean(name, self.class_names)}; it "
                    f"has {', '.join(self.class_names)}"
                )
        place = np.full(len(self.class_names), -1)
        place[[self.class_names.index(name) for name in names]] = np.arange(len(names))
        chosen = np.flatnonzero(place[self.labels] >= 0)
        return self._chosen(
            chosen, labels=place[self.labels[chosen]], class_names=names,
            name=f"{self.name}, only {', '.join(names)}",
        )

    def take(self, n, seed=0):
        """n images drawn without repetition, in random order; a larger n adds to a smaller one."""
        if not isinstance(n, int | np.integer) or not 1 <= n <= len(self):
            raise ValueError(f"{self.name} has {len(self):,} images: cannot take {n!r}")
        return self._part(np.random.default_rng(seed).permutation(len(self))[:n])

    def split(self, fraction, seed=0):
        """Two sets that share none: a random `fraction` (between 0 and 1), and the others."""
        if not 0 < fraction < 1:
            raise ValueError(f"fraction lies between 0 and 1, unlike {fraction!r}")
        n = round(fraction * len(self))
        if not 0 < n < len(self):
            raise ValueError(f"{fraction} of {len(self)} images leaves one of the parts empty")
        order = np.random.default_rng(seed).permutation(len(self))
        return self._part(order[:n]), self._part(order[n:])

    def _part(self, chosen):
        return self._chosen(
            chosen, labels=None if self.labels is None else self.labels[chosen],
            name=f"{self.name}, {len(chosen):,} of {len(self):,}",
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Images(ImageSet):
    """A set of images that does not change; every method that alters something returns a new one.

    Attributes:
        images: uint8 `(n, height, width, channels)`, 0-255, with 1 (grey) or 3 (colour) channels.
        labels: int64 `(n,)`, each the place of a name in `class_names`; or None.
        class_names: tuple of texts.
        name: what a caption calls the set; says so if it is a part, a sample or a stand-in.
        source: whom to credit.
        licence: as far as known.

    Raises:
        TypeError: if the images are not uint8 or the labels no whole numbers.
        ValueError: if shapes do not fit, a label has no name, or there is no image at all.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    class_names: tuple = ()
    name: str = "images"
    source: str = "not stated"
    licence: str = "not stated"

    def __post_init__(self):
        images, labels, names = self.images, self.labels, tuple(self.class_names)
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            kind = getattr(images, "dtype", type(images).__name__)
            raise TypeError(
                f"Images holds uint8 (0-255), not {kind}: floats in [0, 1] can be given to fit as "
                "they are, or converted by (255 * x).round().astype('uint8')"
            )
        if images.ndim != 4 or images.shape[3] not in (1, 3):
            raise ValueError(
                f"images have shape (n, height, width, 1 or 3), not {images.shape}: grey ones of "
                "rank 3 need a last axis, images[..., None]"
            )
        if images.size == 0:
            raise ValueError(f"there are no images in {self.name!r}: its shape is {images.shape}")
        if labels is not None:
            labels = np.asarray(labels)
            if not np.issubdtype(labels.dtype, np.integer):
                raise TypeError(f"labels are whole numbers, not {labels.dtype}")
            if labels.shape != (len(images),):
                raise ValueError(
                    f"{len(images)} images need labels of shape ({len(images)},), "
                    f"not {labels.shape}"
                )
            if labels.min() < 0 or labels.max() >= len(names):
                raise ValueError(
                    f"labels run from {labels.min()} to {labels.max()}, but there are "
                    f"{len(names)} class names"
                )
            labels = frozen(labels.astype(np.int64))
        object.__setattr__(self, "images", frozen(images))
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "class_names", names)

    def __len__(self):
        """Count the images."""
        return len(self.images)

    @property
    def image_shape(self):
        """`(height, width, channels)` of every image."""
        return self.images.shape[1:]

    def unit(self):
        """All images as float32 `(n, height, width, channels)` in [0, 1]."""
        return self.images / np.float32(255)

    def batches(self, batch_size, seed=0, first_epoch=0):
        """Float32 batches in [0, 1], without labels: see `ArrayBatches`."""
        from gankit.datasets.batches import ArrayBatches

        return ArrayBatches(self.images, batch_size, seed, first_epoch)

    def resized(self, size):
        """The same at `size` pixels (a number, or `(height, width)`).

        Nothing is squashed: the middle is cut out if proportions differ. Lanczos' filter, by
        Pillow, with antialiasing. Which filter is used matters to scores (Parmar et al. 2022).
        """
        height, width = height_and_width(size)
        channels = self.image_shape[2]
        out = np.empty((len(self), height, width, channels), np.uint8)
        for image, place in zip(self.images, out):
            picture = Image.fromarray(image if channels == 3 else image[..., 0])
            place[...] = pixels(fit_to(picture, (height, width)), channels)
        return dataclasses.replace(self, images=out, name=f"{self.name}, {height} x {width} px")

    def _chosen(self, indices, **changes):
        return dataclasses.replace(self, images=self.images[indices], **changes)


def frozen(array):
    """The array if nobody can write to it, else a copy of which that is true."""
    if array.flags.writeable or array.base is not None:
        array = array.copy()
        array.flags.writeable = False
    return array

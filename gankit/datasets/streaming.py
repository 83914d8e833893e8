"""`ImageFiles`: pictures that stay on disk and are decoded batch by batch."""

import dataclasses
import warnings
from collections.abc import Callable

import numpy as np

from gankit.datasets.decoding import decode, in_order, pixels
from gankit.datasets.images import Images, ImageSet, frozen, height_and_width

NEIGHBOURS = 10  # so many pictures are tried in place of one that can no longer be read


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ImageFiles(ImageSet):
    """A set of pictures on disk: what `Images` is to memory, made by `image_folder`.

    It has the face of `Images` (`only`, `take`, `split`, `resized`, `batches`), and goes into `fit`
    as they do; `read(indices)` decodes some, `load()` all.

    A picture that can no longer be read (all were gone through when the set was made) is replaced
    by the one after it, with a warning: training goes on, and alike with any number of workers.

    Attributes:
        fetch: a function from a file's name to its bytes, which several threads may call.
        files: tuple of names.
        image_shape: `(height, width, channels)` of what is decoded.
        labels, class_names, name, source, licence: as those of `Images`.
        workers: threads that decode.
    """

    fetch: Callable
    files: tuple
    image_shape: tuple
    labels: np.ndarray | None = None
    class_names: tuple = ()
    name: str = "images"
    source: str = "not stated"
    licence: str = "not stated"
    workers: int = 1

    def __post_init__(self):
        if self.labels is not None:
            object.__setattr__(self, "labels", frozen(self.labels))

    def __len__(self):
        """Count the pictures."""
        return len(self.files)

    def read(self, indices, workers=None):
        """The pictures with these numbers, uint8 `(len(indices), height, width, channels)`.

        Args:
            indices: whole numbers, a mask, or a slice, as NumPy takes them.
            workers: threads for this; None for the set's own.
        """
        indices = np.arange(len(self))[indices]
        out = np.empty((len(indices), *self.image_shape), np.uint8)
        for place, found in zip(out, in_order(self._read_one, indices, workers or self.workers)):
            place[...] = found
        return out

    def load(self):
        """All of it in memory, as `Images`."""
        images = self.read(slice(None))
        images.flags.writeable = False  # so that Images need not copy them
        return Images(
            images, self.labels, self.class_names, self.name, self.source, self.licence
        )

    def batches(self, batch_size, seed=0, first_epoch=0):
        """Float32 batches in [0, 1], without labels: see `FileBatches`."""
        from gankit.datasets.batches import FileBatches

        return FileBatches(self, batch_size, seed, first_epoch)

    def resized(self, size):
        """The same at `size` pixels (a number, or `(height, width)`), decoded from the files."""
        height, width = height_and_width(size)
        return dataclasses.replace(
            self, image_shape=(height, width, self.image_shape[2]),
            name=f"{self.name}, {height} x {width} px",
        )

    def _chosen(self, indices, **changes):
        files = tuple(self.files[i] for i in indices)
        return dataclasses.replace(self, files=files, **changes)

    def _read_one(self, index):
        """Pixels of a picture, or of the next that can be read."""
        height, width, channels = self.image_shape
        for i in range(index, index + NEIGHBOURS):
            file = self.files[i % len(self)]
            try:
                picture = decode(self.fetch(file), (height, width))
                return pixels(picture, channels)
            except MemoryError:
                raise
            except Exception as why:  # Pillow raises errors of many kinds
                warnings.warn(
                    f"gankit: {self.name}: {file} can no longer be read ({why}): another picture "
                    "takes its place", stacklevel=2,
                )
        raise OSError(
            f"{self.name}: {NEIGHBOURS} pictures in a row can no longer be read, the last {file}: "
            "is the disk still there?"
        )

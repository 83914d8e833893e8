"""Images to learn from: named sets, folders of pictures, and the batches made of them.

`fashion_mnist()`, `mnist()`, `cifar10()`, `cats_vs_dogs()` and `image_folder(path)` return
`Images`, and `image_folder(path, in_memory=False)` `ImageFiles`, which stay on disk;
`data/README.md` says where each set is looked for and under which licence it stands.
"""

from gankit.datasets.folders import image_folder
from gankit.datasets.images import Images
from gankit.datasets.locate import data_folder
from gankit.datasets.named import cats_vs_dogs, cifar10, fashion_mnist, load, mnist
from gankit.datasets.streaming import ImageFiles

__all__ = [
    "ArrayBatches", "ImageFiles", "Images", "cats_vs_dogs", "cifar10", "data_folder",
    "fashion_mnist", "image_folder", "load", "mnist",
]


def __getattr__(name):
    """Import `ArrayBatches` when it is first asked for: it brings Keras, which takes seconds."""
    if name == "ArrayBatches":
        from gankit.datasets.batches import ArrayBatches

        return ArrayBatches
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

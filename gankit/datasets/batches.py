"""Batches in an order that depends on nothing but a seed and the epoch."""

import keras
import numpy as np

from gankit.datasets.decoding import in_order


class ShuffledBatches(keras.utils.PyDataset):
    """Batches of n samples, shuffled anew each epoch; pass `shuffle=False` to `fit`.

    The order of epoch e is `numpy.random.default_rng([seed, e]).permutation(n)`, so that training
    resumed at epoch e sees what it would have seen. The last, partial batch is dropped. After an
    epoch `fit` calls `on_epoch_end()`; after `for batch in batches`, one does it by hand.

    What the samples are, `read(indices)` of a subclass says.

    Args:
        n: how many samples there are.
        batch_size: samples in a batch, at most n.
        seed: whole number from 0 on.
        first_epoch: the epoch to begin with, from 0 on.
        workers: threads that make batches ahead; the order is the same with any number.

    Raises:
        ValueError: if there are no samples or fewer than a batch, or if a number is out of range.
    """

    def __init__(self, n, batch_size, seed=0, first_epoch=0, workers=1):
        # Of one worker Keras makes a tf.data pipeline that tunes itself; between epochs it then may
        # wait for its tuner, which sleeps for as long as the epoch took. With two there is none.
        super().__init__(workers=max(workers, 2), max_queue_size=workers + 2)
        if n == 0:
            raise ValueError("the data are empty: there is nothing to make batches of")
        lowest = {"batch_size": 1, "seed": 0, "first_epoch": 0}
        for name, value in zip(lowest, (batch_size, seed, first_epoch)):
            if not isinstance(value, int | np.integer) or value < lowest[name]:
                raise ValueError(f"{name} is a whole number from {lowest[name]} on, not {value!r}")
        if batch_size > n:
            raise ValueError(
                f"a batch of {batch_size:,} is more than the data have ({n:,}): "
                "choose a smaller batch_size"
            )
        self.n, self.batch_size, self.threads = n, int(batch_size), workers
        self.seed, self.epoch = int(seed), int(first_epoch)
        self._begun = False
        self._shuffle()

    def _shuffle(self):
        self._order = np.random.default_rng([self.seed, self.epoch]).permutation(self.n)

    def __len__(self):
        """Count the whole batches of an epoch."""
        return self.n // self.batch_size

    def __getitem__(self, index):
        """Batch number `index` of the present epoch, `(batch_size, ...)`."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        start = index * self.batch_size
        batch = self.read(self._order[start : start + self.batch_size])
        return batch / np.float32(255) if batch.dtype == np.uint8 else batch

    def __iter__(self):
        """The whole batches of the present epoch."""
        self._begun = True
        return in_order(self.__getitem__, range(len(self)), self.threads)

    def on_epoch_begin(self):
        """Called by `fit`."""
        self._begun = True

    def on_epoch_end(self):
        """Go on to the next epoch's order, if one has begun: Keras calls this at its start, too."""
        if self._begun:
            self._begun = False
            self.epoch += 1
            self._shuffle()


class ArrayBatches(ShuffledBatches):
    """Shuffled batches of an array: see `ShuffledBatches`.

    Args:
        array: `(n, ...)`; bytes (uint8, 0-255) are given out as float32 in [0, 1], floats as they
            are.
        batch_size, seed, first_epoch: as there.

    Raises:
        TypeError: if the array is neither uint8 nor floating point.
    """

    def __init__(self, array, batch_size, seed=0, first_epoch=0):
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            raise TypeError(f"batches are made of a NumPy array, not of {type(array).__name__}")
        if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
            raise TypeError(f"batches are made of floats or uint8, not of {array.dtype}")
        super().__init__(len(array), batch_size, seed, first_epoch)
        self.array = array

    def read(self, indices):
        """The samples with these numbers."""
        return self.array[indices]


class FileBatches(ShuffledBatches):
    """Shuffled float32 batches in [0, 1] of `ImageFiles`, decoded while `fit` trains.

    The files' `workers` threads work at a batch each, and a few batches at most wait ready, so that
    memory stays flat. The order, that of `ShuffledBatches`, does not depend on their number.
    """

    def __init__(self, files, batch_size, seed=0, first_epoch=0):
        super().__init__(len(files), batch_size, seed, first_epoch, files.workers)
        self.files = files

    def read(self, indices):
        """The pictures with these numbers, uint8: by one thread, as others make other batches."""
        return self.files.read(indices, workers=1)

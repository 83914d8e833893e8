"""The one file that knows TensorFlow, PyTorch and JAX.

Everything else is written once, in `keras.ops`. What differs between the three is how a gradient
is taken, so that is what stands here: `gradients` (of a loss, by variables) and `input_gradients`
(of an output, by its input; can be differentiated again), and how a trainer calls a step. Lesson 01
writes the TensorFlow version out.
"""

import keras
from keras import ops

from gankit.datasets.batches import ArrayBatches

BACKEND = keras.backend.backend()


if BACKEND == "tensorflow":
    import tensorflow as tf

    VERSION = tf.__version__
    # Compiling with XLA does not pay on a processor; on an accelerator Keras decides.
    JIT_COMPILE = "auto"

    def gradients(loss_fn, variables):
        """Value and gradients of a loss.

        Args:
            loss_fn: a function of no arguments that returns `(loss, aux)`: a scalar, and anything
                else that one wants back.
            variables: list of Keras variables.

        Returns:
            `(loss, aux, gradients)`, one gradient a variable (0 where the loss does not depend on
            it).
        """
        values = [v.value for v in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss, aux = loss_fn()
        found = tape.gradient(loss, values, unconnected_gradients="zero")
        replicas = replica()[0]  # Keras' optimizers add up what the replicas found
        return loss, aux, found if replicas == 1 else [g / replicas for g in found]

    def input_gradients(f, x):
        """Gradient of `sum(f(x))` by `x`: each sample's own, for a network without batch norm.

        Args:
            f: a function of one tensor, batch first.
            x: tensor `(n, ...)`.

        Returns:
            Tensor of the shape of `x`, which can be differentiated again.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = ops.sum(f(x))
        return tape.gradient(y, x, unconnected_gradients="zero")

    def value_and_input_gradients(f, x):
        """Like `input_gradients`, of an `f` that returns `(y, aux)`: `(aux, gradient)`."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y, aux = f(x)
            y = ops.sum(y)
        return aux, tape.gradient(y, x, unconnected_gradients="zero")

    def class_gradients(f, x, weights=None):
        """`f(x)`, `(n, k)`, and the gradient of each of the k by `x`, `(n, k, ...)`; one pass.

        With weights, `(n, j, k)`: of j weighted sums of the k instead, `(n, j, ...)`.
        """
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = f(x)
            sums = weighted_sums(y, weights)
        found = [tape.gradient(s, x, unconnected_gradients="zero") for s in sums]
        return y, ops.stack(found, axis=1)

    def compiled(function, model):
        """`function` of tensors, compiled; it reads the variables of `model` as they are then."""
        return tf.function(function, reduce_retracing=True)

elif BACKEND == "torch":
    import torch

    VERSION = torch.__version__
    JIT_COMPILE = False  # torch.compile fails on the step; eager is what is tested

    def gradients(loss_fn, variables):
        """Value and gradients of a loss; see the TensorFlow version above."""
        values = [v.value for v in variables]
        loss, aux = loss_fn()
        found = torch.autograd.grad(loss, values, allow_unused=True, retain_graph=True)
        found = [torch.zeros_like(v) if g is None else g for g, v in zip(found, values)]
        return loss.detach(), aux, found

    def input_gradients(f, x):
        """Gradient of `sum(f(x))` by `x`; see the TensorFlow version above."""
        x = x.detach().requires_grad_(True)
        return torch.autograd.grad(f(x).sum(), x, create_graph=True)[0]

    def value_and_input_gradients(f, x):
        """Aux and gradient; see the TensorFlow version above."""
        x = x.detach().requires_grad_(True)
        y, aux = f(x)
        y = y.sum()
        found = torch.autograd.grad(y, x)[0] if y.requires_grad else torch.zeros_like(x)
        return aux.detach(), found

    def class_gradients(f, x, weights=None):
        """Outputs and their gradients; see the TensorFlow version above."""
        x = x.detach().requires_grad_(True)
        y = f(x)
        sums = weighted_sums(y, weights)
        found = [torch.autograd.grad(s, x, retain_graph=True, allow_unused=True)[0] for s in sums]
        found = [torch.zeros_like(x) if g is None else g for g in found]
        return y.detach(), torch.stack(found, dim=1)

    def compiled(function, model):
        """`function`, as it is; see the TensorFlow version above."""
        return function

elif BACKEND == "jax":
    import jax

    VERSION = jax.__version__
    JIT_COMPILE = True

    class Scope(keras.StatelessScope):
        """Holds variables while JAX traces; begins as the scope around it, and knows what moved."""

        def __enter__(self):
            super().__enter__()
            outer = self.original_scope.state_mapping if self.original_scope else {}
            self.state_mapping = {**outer, **self.state_mapping}
            self.moved = {}
            return self

        def add_update(self, update):
            """A variable was assigned to: a batch statistic, a random state, D's weights."""
            super().add_update(update)
            self.moved[id(update[0])] = update[0]

    def gradients(loss_fn, variables):
        """Value and gradients of a loss; see the TensorFlow version above."""
        moved = []

        def pure(values):
            with Scope(list(zip(variables, values))) as scope:
                loss, aux = loss_fn()
            moved[:] = scope.moved.values()
            return loss, (aux, [scope.get_current_value(v) for v in moved])

        values = [v.value for v in variables]
        (loss, (aux, after)), found = jax.value_and_grad(pure, has_aux=True)(values)
        for variable, value in zip(moved, after):
            variable.assign(value)
        return loss, aux, found

    def input_gradients(f, x):
        """Gradient of `sum(f(x))` by `x`; see the TensorFlow version above."""
        return jax.grad(lambda x: ops.sum(f(x)))(x)

    def value_and_input_gradients(f, x):
        """Aux and gradient; see the TensorFlow version above."""

        def summed(x):
            y, aux = f(x)
            return ops.sum(y), aux

        (_, aux), found = jax.value_and_grad(summed, has_aux=True)(x)
        return aux, found

    def class_gradients(f, x, weights=None):
        """Outputs and their gradients; see the TensorFlow version above."""
        y, pull_back = jax.vjp(f, x)
        if weights is None:
            weights = ops.broadcast_to(ops.eye(y.shape[1], dtype=y.dtype), (*y.shape, y.shape[1]))
        found = [pull_back(weights[:, i])[0] for i in range(weights.shape[1])]
        return y, ops.stack(found, axis=1)

    def compiled(function, model):
        """`function` of tensors, compiled; see the TensorFlow version above."""

        @jax.jit
        def pure(values, *args):
            with keras.StatelessScope(state_mapping=list(zip(model.variables, values))):
                return function(*args)

        return lambda *args: pure([v.value for v in model.variables], *args)

else:
    raise ImportError(
        f"gankit trains with KERAS_BACKEND tensorflow, torch or jax, not {BACKEND!r}: set the "
        "variable before Keras is imported"
    )


def weighted_sums(y, weights=None):
    """Scalars: the sum of `(n, k)` over n for each of the k, or for each of j weightings."""
    if weights is None:
        return [ops.sum(y[:, i]) for i in range(y.shape[1])]
    return [ops.sum(y * weights[:, i]) for i in range(weights.shape[1])]


def replica():
    """`(number of replicas, number of this one)` in a step under a `tf.distribute` strategy.

    Elsewhere `(1, 0)`: without a strategy, and under PyTorch and JAX.
    """
    context = tf.distribute.get_replica_context() if BACKEND == "tensorflow" else None
    if context is None or context.num_replicas_in_sync == 1:
        return 1, 0
    return context.num_replicas_in_sync, context.replica_id_in_sync_group


def sum_replicas(values):
    """Each value's sum over the replicas."""
    if replica()[0] == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce("SUM", values)


def is_chief(model):
    """Whether this process saves: of several machines that train one model, the first alone."""
    strategy = getattr(model, "distribute_strategy", None)
    return strategy is None or strategy.extended.should_checkpoint


class OptimizerPair:
    """What JAX's trainer wants to see as *the* optimizer: the variables of both."""

    built = True

    def __init__(self, *optimizers):
        self.optimizers = optimizers

    @property
    def variables(self):
        """The variables of all optimizers, in order."""
        return [v for optimizer in self.optimizers for v in optimizer.variables]


def pipeline(batches):
    """What `fit` reads: `batches`; with TensorFlow, of `ArrayBatches`, a `tf.data` pipeline.

    Keras makes one, too, but of a Python generator, which takes a millisecond more a batch. Ours
    does not tune itself: at an epoch's end `fit` would wait for the tuner, which sleeps for as long
    as the epoch took. Files and subclasses are left to Keras: they may be slow to read, and Python
    could not exit during a read of ours.
    """
    if BACKEND != "tensorflow" or type(batches) is not ArrayBatches:
        return batches
    first = batches[0]

    def read(number):
        batch = tf.numpy_function(batches.__getitem__, [number], first.dtype)
        return tf.ensure_shape(batch, (None, *first.shape[1:]))

    options = tf.data.Options()
    options.autotune.enabled = False
    options.threading.private_threadpool_size = 1
    numbers = tf.data.Dataset.range(len(batches))
    return numbers.map(read).prefetch(2).with_options(options)


def run_step(model, step, args):
    """Call `step(data)` the way the backend's trainer calls `train_step(*args)`.

    TensorFlow and PyTorch hand in the data and let the step assign to variables. JAX hands in the
    values of all variables and wants the new ones back with the logs.
    """
    if BACKEND != "jax":
        logs = step(args[0])
        if replica()[0] == 1:
            return logs
        # Keras takes the mean of logs over axis 0 where several machines train, else of scalars.
        local = len(model.distribute_strategy.extended.worker_devices)
        shape = () if local == replica()[0] else (1,)
        return {name: ops.reshape(log, shape) for name, log in logs.items()}
    groups = [
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    ]
    values, data = args
    variables = [v for group in groups for v in group]
    mapping = list(zip(variables, [value for group in values for value in group]))
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = step(data)
    return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)

"""The one file that knows TensorFlow, PyTorch and JAX.

Everything else is written once, in `keras.ops`. What differs between the three is how a gradient
is taken, so that is what stands here: `gradients` (of a loss, by variables) and `input_gradients`
(of an output, by its input; can be differentiated again), and how a trainer calls a step. Lesson 01
writes the TensorFlow version out.
"""

import keras
from keras import ops

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
        return loss, aux, tape.gradient(loss, values, unconnected_gradients="zero")

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

elif BACKEND == "torch":
    import torch

    VERSION = torch.__version__
    JIT_COMPILE = False  # torch.compile fails on the step; eager is what is tested

    def gradients(loss_fn, variables):
        """Value and gradients of a loss; see the TensorFlow version above."""
        values = [v.value for v in variables]
        loss, aux = loss_fn()
        found = torch.autograd.grad(loss, values, allow_unused=True)
        found = [torch.zeros_like(v) if g is None else g for g, v in zip(found, values)]
        return loss.detach(), aux, found

    def input_gradients(f, x):
        """Gradient of `sum(f(x))` by `x`; see the TensorFlow version above."""
        x = x.detach().requires_grad_(True)
        return torch.autograd.grad(f(x).sum(), x, create_graph=True)[0]

elif BACKEND == "jax":
    import jax

    VERSION = jax.__version__
    JIT_COMPILE = True
    _state = []  # all variables of the step that runs now: JAX wants them handed in and out

    def gradients(loss_fn, variables):
        """Value and gradients of a loss; see the TensorFlow version above."""
        state = _state or variables
        now = [(v, v.value) for v in state]

        def pure(values):
            with keras.StatelessScope(state_mapping=now + list(zip(variables, values))) as scope:
                loss, aux = loss_fn()
            return loss, (aux, [scope.get_current_value(v) for v in state])

        values = [v.value for v in variables]
        (loss, (aux, after)), found = jax.value_and_grad(pure, has_aux=True)(values)
        fixed = {id(v) for v in variables}
        for variable, value in zip(state, after):  # batch statistics and random states moved
            if value is not None and id(variable) not in fixed:
                variable.assign(value)
        return loss, aux, found

    def input_gradients(f, x):
        """Gradient of `sum(f(x))` by `x`; see the TensorFlow version above."""
        return jax.grad(lambda x: ops.sum(f(x)))(x)

else:
    raise ImportError(
        f"gankit trains with KERAS_BACKEND tensorflow, torch or jax, not {BACKEND!r}: set the "
        "variable before Keras is imported"
    )


class OptimizerPair:
    """What JAX's trainer wants to see as *the* optimizer: the variables of both."""

    built = True

    def __init__(self, *optimizers):
        self.optimizers = optimizers

    @property
    def variables(self):
        """The variables of all optimizers, in order."""
        return [v for optimizer in self.optimizers for v in optimizer.variables]


def run_step(model, step, args):
    """Call `step(data)` the way the backend's trainer calls `train_step(*args)`.

    TensorFlow and PyTorch hand in the data and let the step assign to variables. JAX hands in the
    values of all variables and wants the new ones back with the logs.
    """
    if BACKEND != "jax":
        return step(args[0])
    groups = [
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    ]
    values, data = args
    variables = [v for group in groups for v in group]
    mapping = list(zip(variables, [value for group in values for value in group]))
    _state[:] = variables
    try:
        with keras.StatelessScope(state_mapping=mapping) as scope:
            logs = step(data)
    finally:
        _state.clear()
    return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)

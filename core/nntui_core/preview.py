"""The step that an optimizer would take, with nothing changed by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nntui_core.full_batch import FullBatch
from nntui_core.memory import Array
from nntui_core.optimizers.base import FirstOrder, SecondOrder, StepInfo

if TYPE_CHECKING:
    from nntui_core.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Preview:
    """What the next update would do with the gradient as it is.

    Vectors are flat, over all parameters: what is frozen has no gradient and no slots, and stays.
    """

    k: int
    """Number of the update, from 1."""
    rate: float
    """The learning rate; NaN where the optimizer finds its own."""
    theta: Array
    """Θ before the step."""
    after: Array
    """Θ after it."""
    grad: Array
    """As the optimizer receives it, after noise and clipping; of a second-order one the full batch's."""
    slots: dict[str, Array]
    """The optimizer's state before the step: what is as long as Θ, and numbers."""
    slots_after: dict[str, Array]
    info: StepInfo | None = None
    """What a second-order optimizer's search did; None for a first-order one."""


def preview(trainer: Trainer) -> Preview:
    """The step that the trainer's optimizer would take with ``parameters.grad``; nothing is changed by it.

    Raises NumericError and ConfigError as :meth:`Trainer.advance`.
    """
    parameters, optimizer = trainer.network.parameters, trainer.optimizer
    theta, grad = parameters.theta.copy(), parameters.grad.copy()
    before = {name: a.copy() for name, a in trainer.slots.items()}
    slots = {name: a.copy() for name, a in trainer.slots.items()}
    free = parameters.free.copy()
    after, info = free.copy(), None
    try:
        if isinstance(optimizer, FirstOrder):
            trainer.condition()
            used = parameters.free_grad.copy()
            optimizer.update(after, used.copy(), slots, trainer.update + 1, trainer.rate, trainer.work)
        else:
            assert isinstance(optimizer, SecondOrder)
            model = trainer.network.model(len(trainer.train), "train")
            trainer.fill(model)
            objective = FullBatch(model, parameters.free)
            value, gradient = objective.value_grad(free)
            used = gradient.copy()
            optimizer.place(before, free, value, used)
            info = optimizer.step(after, objective, slots)
    finally:
        parameters.theta[:] = theta
        parameters.grad[:] = grad
    frozen = theta[parameters.trained :]

    def whole(array: Array, rest: Array | float = 0.0) -> Array:
        """With the frozen parameters behind."""
        if array.shape != free.shape:
            return array
        return np.concatenate([array, np.broadcast_to(rest, frozen.shape).astype(array.dtype)])

    return Preview(
        trainer.update + 1, trainer.rate, theta, whole(after, frozen), whole(used),
        {k: whole(a) for k, a in before.items()}, {k: whole(a) for k, a in slots.items()}, info,
    )  # fmt: skip

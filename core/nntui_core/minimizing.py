"""An optimizer's way over a function that is typed as an expression, a step at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from nntui_core.errors import NumericError
from nntui_core.function import Function
from nntui_core.memory import Array
from nntui_core.optimizers.base import FirstOrder, Optimizer, SecondOrder, StepInfo
from nntui_core.parameters import Parameters
from nntui_core.preview import Preview

FEW = 16
"""Entries of a definition that is kept at each step."""


@dataclass(frozen=True, eq=False)
class Step:
    """Where the optimizer stands after ``step`` steps. Vectors are flat, over all names."""

    step: int
    value: float
    at: Array
    gradient: Array
    slots: dict[str, Array]
    """The optimizer's state: what is as long as the names' vector, and numbers."""
    named: dict[str, Array]
    """Values of the definitions in the expression, the large ones left out."""


class Minimizer:
    """Walks from the function's own values; ``path`` holds every step so far, the start included.

    ``reason`` says why there is no further step: a value or gradient that is not finite, or what the optimizer
    itself says. ``born`` then names the first node that is not finite, if one is.
    """

    def __init__(self, function: Function, optimizer: Optimizer) -> None:
        """Raises ConfigError where the optimizer refuses so many numbers."""
        self.function = function
        self.optimizer = optimizer
        n = len(function.parameters)
        self.slots = optimizer.slots(n, np.float64)
        self._work = optimizer.work(n, np.float64)
        plan = function.plan
        self._named = {
            node.name: plan.value(node)
            for node in plan.nodes
            if node.op is not None and node.name.isidentifier() and plan.value(node).size <= FEW
        }
        self.info: StepInfo | None = None
        self.reason = ""
        self.born = ""
        self.path: list[Step] = []
        self._stand(function.parameters.theta.copy())

    @property
    def parameters(self) -> Parameters:
        """The names' values, and their gradients."""
        return self.function.parameters

    @property
    def update(self) -> int:
        """Steps done."""
        return len(self.path) - 1

    @property
    def rate(self) -> float:
        """The learning rate; NaN for an optimizer that has none."""
        return self.optimizer.lr if isinstance(self.optimizer, FirstOrder) else nan

    def run(self, steps: int) -> None:
        """Make at most so many steps more."""
        for _ in range(steps):
            if not self.advance():
                return

    def advance(self) -> bool:
        """One step; False where there is none."""
        if self.reason:
            return False
        here = self.path[-1]
        w, slots = here.at.copy(), {k: v.copy() for k, v in self.slots.items()}
        try:
            info = self._move(w, here.gradient.copy(), slots, self.update + 1)
        except NumericError as error:
            self.reason = str(error)
            return False
        self.info, self.slots = info, slots
        if info is not None and info.reason:
            self.reason = info.reason
            if np.array_equal(w, here.at):
                return False
        self._stand(w)
        return True

    def preview(self, step: int, at: Array, gradient: Array) -> Preview:
        """What the optimizer, as it is after ``step`` steps, makes of a gradient; nothing is changed by it.

        ``at`` and ``gradient`` are those of the path, or what they became by a value that was set by hand. Raises
        NumericError.
        """
        here = self.path[step]
        w, slots = at.copy(), {k: v.copy() for k, v in here.slots.items()}
        theta, grad = self.parameters.theta.copy(), self.parameters.grad.copy()
        try:
            info = self._move(w, gradient.copy(), slots, here.step + 1)
        finally:
            self.parameters.theta[:], self.parameters.grad[:] = theta, grad
        return Preview(here.step + 1, self.rate, at.copy(), w, gradient.copy(), here.slots, slots, info)

    def _move(self, w: Array, g: Array, slots: dict[str, Array], k: int) -> StepInfo | None:
        """Change ``w`` and ``slots`` by update ``k``."""
        with np.errstate(all="ignore"):
            if isinstance(self.optimizer, FirstOrder):
                self.optimizer.update(w, g, slots, k, self.rate, self._work)
                return None
            assert isinstance(self.optimizer, SecondOrder)
            return self.optimizer.step(w, self.function, slots)

    def _stand(self, w: Array) -> None:
        """Evaluate at ``w``, and keep it with the slots, which the next step copies before it changes them."""
        value, gradient = self.function.value_grad(w)
        named = {k: v.copy() for k, v in self._named.items()}
        if isinstance(self.optimizer, SecondOrder) and not self.path:
            self.optimizer.place(self.slots, w, value, gradient)
        self.path.append(Step(len(self.path), value, w.copy(), gradient, self.slots, named))
        if not (isfinite(value) and np.isfinite(gradient).all() and np.isfinite(w).all()):
            found = self.function.plan.first_nonfinite()
            self.born = found[1].name if found else self.function.plan.outputs[0].name
            self.reason = f"not finite at step {self.update}: first in {self.born}"

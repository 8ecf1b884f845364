"""What optimizers are tried on: one vector with a gradient, and functions of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from nntui_core import catalog
from nntui_core.optimizers.base import Decaying, FirstOrder
from nntui_core.optimizers.work import Group

NAMES = [n for n, cls in catalog.members("optimizer").items() if issubclass(cls, FirstOrder)]
DECAYING = [n for n in NAMES if issubclass(catalog.members("optimizer")[n], Decaying)]
START = np.array([1.0, -2.0, 0.5, 3.0, -0.25, 1e-3, 0.75])


def gradient(w: Any, k: int) -> Any:
    """As in the reference script."""
    g = np.array([1.0, 10.0, 0.1, 1e-3, 100.0, 1e-6, 0.0]) * w + 0.5 * np.sin(3 * w + k)
    g[-1] = 0.0
    return g.astype(w.dtype)


class Runner:
    """An optimizer on one vector, as a trainer would drive it."""

    def __init__(self, optimizer: FirstOrder, w: Any, groups: tuple[Group, ...] = ()) -> None:
        self.optimizer, self.w, self.k = optimizer, w.copy(), 0
        self.slots = optimizer.slots(w.size, w.dtype)
        self.work = optimizer.work(w.size, w.dtype, groups)

    def step(self, g: Any, factor: float = 1.0) -> Any:
        """One update by the gradient ``g``; returns the new weights."""
        self.k += 1
        self.optimizer.update(self.w, g, self.slots, self.k, self.optimizer.lr * factor, self.work)
        return self.w.copy()


def path(optimizer: FirstOrder, steps: int = 25, groups: tuple[Group, ...] = ()) -> Any:
    """Where so many steps lead from START (steps × parameters)."""
    run = Runner(optimizer, START, groups)
    return np.array([run.step(gradient(run.w, k)) for k in range(steps)])


class Function:
    """An objective from a function of w that gives value and gradient."""

    def __init__(self, value_grad: Any) -> None:
        self.value_grad = value_grad

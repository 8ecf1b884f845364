"""The output of a network with one input, over a range of that input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import Statistic
from nntui.statistics.view import Array, NetworkView

POINTS = 120


@dataclass(frozen=True, eq=False)
class Curve(Statistic):
    """The outputs along the axis."""

    KEY: ClassVar[str] = "curve"

    x: Array
    """Inputs (POINTS), as the data has them, ascending from the lower to the upper end of the window."""
    y: Array
    """Outputs (POINTS × outputs)."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        if view.axes != 1:
            return None
        low, high = view.window
        x = np.linspace(low[0], high[0], POINTS)
        return cls(x, view.predict(x[:, None]))

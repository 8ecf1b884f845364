"""Θ: the weights of a layer as they are written down, one row a unit or filter, its bias first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.graph import Node
from nntui_core.layers.base import Builder, Theta, sample
from nntui_core.memory import Array
from nntui_core.words import many


@dataclass(frozen=True)
class Rows:
    """What the rows of a layer's Θ must be."""

    count: int
    width: int
    """Weights a row, the bias not counted."""
    bias: bool
    of: str
    """What a row is of, such as "unit"."""
    order: str
    """What comes after the bias, such as "one an input"."""

    def start(self, b: Builder, name: str, x: Node, theta: Theta | None) -> tuple[Any, Array | None]:
        """Biases and weights (``count × width``) that ``theta`` gives, else 0 and None. Raises ShapeError."""
        if theta is None:
            return 0.0, None
        whole = self.width + self.bias
        widths = {len(row) for row in theta}
        if len(theta) != self.count or widths != {whole}:
            inside = f"the bias, then {self.order}" if self.bias else f"{self.order}; it has no bias"
            raise ShapeError(
                f"theta does not fit layer {name} of {many(self.count, self.of)}, to which {b.sources[0]} gives "
                f"{sample(x.shape)}",
                where=f"{name}.theta",
                given=f"{many(len(theta), 'row')} of {', '.join(map(str, sorted(widths)))}",
                allowed=f"{many(self.count, 'row')} (one a {self.of}) of {many(whole, 'number')} ({inside})",
            )
        rows = np.array(theta, dtype=np.float64)
        return (rows[:, 0], rows[:, 1:]) if self.bias else (0.0, rows)


def theta(bias: Array | None, weight: Array) -> Array:
    """Θ of a dense (``inputs × units``) or convolutional (filters first) layer's arrays, a copy."""
    rows = weight.T if weight.ndim == 2 else weight.reshape(len(weight), -1)
    return rows.copy() if bias is None else np.column_stack([bias, rows])

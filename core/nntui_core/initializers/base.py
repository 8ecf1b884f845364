"""What every initializer is: it draws the start of a weight array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np

from nntui_core.graph import Op
from nntui_core.memory import Array, Shape

PIECE = 1 << 16
"""Entries that are drawn at once."""


class Initializer(ABC):
    """Draws the start of a weight array."""

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    data_dependent: ClassVar[bool] = False
    """Whether :meth:`rescale` then adjusts the layer on a batch of the training data."""
    after_maxout: ClassVar[bool] = False
    """Whether it looks at what a maxout layer gives, not at the pieces that compete in it."""
    one_by_one: ClassVar[bool] = True
    """Whether each entry is drawn by itself, so that any number of them may be drawn at once."""
    tries: int = 1
    """How often :meth:`rescale` may be called."""

    def fill(self, out: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """Draw into ``out`` (contiguous): the same numbers as :meth:`draw`, without a float64 array of that size."""
        # What is too large for the type becomes infinite, which training tells at its first value.
        with np.errstate(over="ignore", invalid="ignore"):
            if not self.one_by_one:
                out[...] = self.draw(out.shape, fan_in, fan_out, rng)
                return
            flat = out.reshape(-1)
            for start in range(0, flat.size, PIECE):
                piece = flat[start : start + PIECE]
                piece[...] = self.draw(piece.shape, fan_in, fan_out, rng)

    @abstractmethod
    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        """A float64 array of ``shape``."""

    def suited(self, activation: Op | None) -> Self:
        """This initializer for a layer with that activation: what depends on it, such as an automatic gain, is decided."""
        return self

    def rescale(self, z: Array, w: Array, b: Array | None) -> bool:
        """Adjust ``w`` and ``b`` in place, given the pre-activations ``z`` on a batch; True when done.

        ``z`` is batch × units (batch × channels × height × width), ``b`` None in a layer without biases. The
        network calls this layer by layer in forward order, with new ``z`` each time, at most ``tries`` times.
        """
        return True

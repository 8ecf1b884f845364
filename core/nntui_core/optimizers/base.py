"""What every optimizer is: state in named slots, and an update of the flat vector in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.ops.base import Array

Slots = dict[str, Array]


class Optimizer(ABC):
    """Immutable settings; everything that changes is in the slots that the trainer keeps and saves."""

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    vectors: ClassVar[tuple[str, ...]] = ()
    """Names of the slots that are as long as the parameters."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """Fresh state for ``n`` parameters."""
        return {name: np.zeros(n, dtype=dtype) for name in self.vectors}


@dataclass(frozen=True, kw_only=True)
class FirstOrder(Optimizer):
    """Uses the gradient alone."""

    lr: Annotated[float, Gt(0)] = 0.001
    """Learning rate."""

    @abstractmethod
    def update(self, w: Array, g: Array, s: Slots, k: int, rate: float, t: Array, u: Array) -> None:
        """Change ``w`` and ``s`` in place. ``k`` counts updates from 1; ``t`` and ``u`` are scratch.

        All vectors have the same length; each element is treated by itself, so that an update may be done
        in pieces. Nothing is allocated that grows with the vectors.
        """

"""Trials as people see them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TrialView:
    """A trial as people see it."""

    number: int
    state: str
    params: dict[str, Any]
    value: float | None
    """Where it is complete."""
    runs: tuple[str, ...]
    reason: str
    curve: tuple[tuple[int, float], ...]
    """Epochs, and the monitored value there, of its first seed."""


def best(trials: Sequence[TrialView], *, rises: bool) -> TrialView | None:
    """The complete trial with the best value; of equal ones the first."""
    complete = [t for t in trials if t.value is not None and math.isfinite(t.value)]
    sign = -1 if rises else 1
    return min(complete, key=lambda t: (sign * (t.value or 0.0), t.number), default=None)

"""Newton's method for a root in one dimension, step by step, as it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from nntui_core.errors import NumericError


@dataclass(frozen=True)
class RootStep:
    """One step: the tangent at ``theta`` crosses zero at ``next``."""

    theta: float
    value: float
    slope: float
    next: float


def newton_root(
    f: Callable[[float], tuple[float, float]], theta: float, *, steps: int = 20, tolerance: float = 1e-12
) -> list[RootStep]:
    """Steps θ − f/f′ from ``theta``, until |f| is at most ``tolerance`` or ``steps`` are done.

    ``f`` gives value and slope; given f′ and f″ the same finds an extremum of f. Undamped: it may diverge,
    as the drawing shall show. Raises NumericError where the tangent is level or a number is not finite.
    """
    path: list[RootStep] = []
    for _ in range(steps):
        value, slope = f(theta)
        if isfinite(value) and abs(value) <= tolerance:
            break
        after = theta - value / slope if slope else float("nan")
        if not isfinite(after):
            raise NumericError(
                "the tangent does not cross zero", where=f"step {len(path) + 1}",
                given=f"theta {theta:g}, value {value:g}, slope {slope:g}", hint="start elsewhere",
            )  # fmt: skip
        path.append(RootStep(theta, value, slope, after))
        theta = after
    return path

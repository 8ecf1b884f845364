"""The strong Wolfe line search of Nocedal & Wright (2006), algorithms 3.5 and 3.6."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt

import numpy as np

from nntui_core.memory import Array
from nntui_core.optimizers.base import Objective

_EPS = float(np.finfo(np.float64).eps)


class Counted:
    """An objective that counts its evaluations; gradients are copies, which later evaluations leave alone."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.functions = 0
        self.gradients = 0

    def value_grad(self, w: Array) -> tuple[float, Array]:
        """Value and gradient; the value is inf where either is not finite."""
        self.functions += 1
        with np.errstate(all="ignore"):
            value, g = self.objective.value_grad(w)
        self.gradients += 1
        g = np.array(g, dtype=np.float64)
        finite = isfinite(value) and bool(np.isfinite(g).all())
        return (float(value) if finite else inf), g

    def gradient(self, w: Array) -> Array:
        """The gradient alone, for finite differences of it."""
        self.gradients += 1
        return np.array(self.objective.value_grad(w)[1], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Point:
    """A trial on the line: φ(step), φ′(step) and the gradient there."""

    step: float
    value: float
    slope: float
    gradient: Array


@dataclass(frozen=True, eq=False)
class LineSearch:
    """Finds a step along ``d`` that satisfies the strong Wolfe conditions.

    Trials that are not finite count as infinitely high. Where the two values differ by rounding alone, the
    slope decides (after Hager & Zhang 2005).
    """

    objective: Counted
    w: Array
    d: Array
    start: Point
    """Step 0; its slope is below 0."""
    c1: float = 1e-4
    """Sufficient decrease."""
    c2: float = 0.9
    """Curvature: the slope must fall to this share."""
    first_c2: float = 1.0
    """A stricter share for the first trial: conjugate directions want the minimum, not just a lower point."""
    trials: int = 40
    """Evaluations at most."""

    @property
    def noise(self) -> float:
        """The largest difference of two values that may be rounding error."""
        return 4 * _EPS * abs(self.start.value)

    def at(self, step: float) -> Point:
        """Evaluate ``w + step·d``."""
        value, g = self.objective.value_grad(self.w + step * self.d)
        slope = float(g @ self.d) if isfinite(value) else inf
        return Point(step, value if isfinite(slope) else inf, slope, g)

    def run(self, first: float) -> Point | None:
        """The accepted point; None where no trial was lower than the start by enough."""
        low, step = self.start, first
        budget = self.objective.functions + self.trials
        while self.objective.functions < budget:
            point = self.at(step)
            if self._accepted(point) and (low.step > 0 or abs(point.slope) <= -self.first_c2 * low.slope):
                return point
            if not self._lower(point) or point.value > low.value + self.noise:
                return self._zoom(low, point, budget)
            if point.slope >= 0:
                return self._zoom(point, low, budget)
            # Past the last two points, where the cubic through them has its minimum, up to ten times as far.
            guess = self._between(low, point)
            far = point.step - low.step
            step = min(max(guess, point.step + 0.1 * far), point.step + 9 * far)
            if guess <= point.step or not isfinite(guess):
                step = point.step + 4 * far
            low = point
        return self._best(low)

    def _best(self, low: Point) -> Point | None:
        """What to take where no trial satisfied both conditions: a point that is truly lower."""
        return low if low.value < self.start.value else None

    def _zoom(self, low: Point, high: Point, budget: int) -> Point | None:
        """Algorithm 3.6: ``low`` is the best point so far; a good step lies between the two."""
        widths = [inf, inf]
        while self.objective.functions < budget and high.step != low.step:
            width = high.step - low.step
            if abs(width) * abs(self.start.slope) < _EPS * _EPS * max(1.0, abs(self.start.value)):
                break
            if not isfinite(high.value):
                step = low.step + 0.1 * width
            else:
                step = self._between(low, high)
                share = (step - low.step) / width
                # An interval that did not halve in two trials is bisected.
                if not 0 < share < 1 or abs(width) > 0.66 * widths[0]:
                    step = low.step + 0.5 * width
                elif not 0.05 <= share <= 0.95:
                    step = low.step + (0.05 if share < 0.5 else 0.95) * width
            widths = [widths[1], abs(width)]
            point = self.at(step)
            if self._accepted(point):
                return point
            if not self._lower(point) or point.value > low.value + self.noise:
                high = point
            else:
                if point.slope * width >= 0:
                    high = low
                low = point
        return self._best(low)

    def _between(self, a: Point, b: Point) -> float:
        """The minimum of the cubic through two points, or of the parabola where only their slopes differ; NaN for none."""
        if abs(a.value - b.value) <= self.noise:
            return a.step - a.slope * (b.step - a.step) / (b.slope - a.slope) if b.slope != a.slope else nan
        return cubic_minimum(a, b)

    def _lower(self, p: Point) -> bool:
        return p.value <= self.start.value + self.c1 * p.step * self.start.slope + self.noise

    def _accepted(self, p: Point) -> bool:
        return self._lower(p) and abs(p.slope) <= -self.c2 * self.start.slope


def cubic_minimum(a: Point, b: Point) -> float:
    """Where the cubic through two values and slopes has its minimum (eq. 3.59); NaN where it has none."""
    span = b.step - a.step
    d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return nan
    d2 = sqrt(square) * (1 if span > 0 else -1)
    bottom = b.slope - a.slope + 2 * d2
    return b.step - span * (b.slope + d2 - d1) / bottom if bottom else nan

"""The slope of a function of one number by central differences, with its own estimate of how wrong it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite, nan

import numpy as np

EPS = float(np.finfo(np.float64).eps)
SMALLEST = float(np.finfo(np.float64).smallest_subnormal)
FIRST = 2.0**-8
"""The first h, for a function that varies over distances of about 1."""
LEVELS = 18
"""Each h is a quarter of the one before: the last is about 2e-13."""
ORDERS = 3
"""Terms of the error that are taken out: h², h⁴, h⁶."""
CERTAIN = 4.0
"""How many times the estimated rounding of a difference may be its actual one."""

TELLS = 10.0
"""How many times its noise two slopes must be apart for a smaller h to tell between them."""
UNSETTLED = 0.1
"""From this share of itself on, the error of a slope that h contradicted says that none was found."""

Function = Callable[[float], float | None]
"""A value at a displacement; None where the function has taken another branch than at 0."""


@dataclass(frozen=True)
class Slope:
    """A derivative found by differences."""

    value: float
    """NaN where no difference was finite, or each crossed a change of branch."""
    truncation: float = inf
    """By how much it may be off because h is not 0."""
    rounding: float = inf
    """By how much it may be off because numbers have 53 bits: the rounding floor."""
    kink: bool = False
    """Whether a branch changed within every h."""

    @property
    def error(self) -> float:
        """By how much it may be off."""
        return self.truncation + self.rounding


def slope(
    f: Function, rounding: float, *, first: float = FIRST, at: float = 0.0, expected: float = nan, agree: float = 0.0
) -> Slope:  # fmt: skip
    """The derivative of ``f`` at ``at``, from the h at which truncation and rounding together are least.

    ``rounding`` is the rounding error of one value of ``f``. Ridders 1982: differences at h, h/4, h/16 … are
    extrapolated to h = 0; how much each extrapolation changes is the estimate of what is still wrong with it, and
    an estimate that a smaller h contradicts is given up (the h before was longer than the waves of ``f``).
    It ends early where a difference agrees with ``expected`` to ``agree`` (relative), or is 0 twice where 0 is
    expected; it goes on to smaller h for as long as one could still speak for ``expected``. What is no slope has an
    infinite truncation: where h contradict each other to the end, as beside a pole or on waves that are too short,
    where both sides differ however small h is, or where the next number after ``at`` is already a wave away.
    """
    best = Slope(nan)
    row: list[float] = []
    kinks = finite = torn = False
    reach = 0.0
    sizes: list[float] = []
    h, level = first * 4.0, 0
    while level < LEVELS:
        h, level = h / 4, level + 1
        width = (at + h) - (at - h)
        if not width:
            break
        up, down = f(at + h), f(at - h)
        if up is None or down is None:
            # Far smaller: at each h on the way all that depends on it is computed twice.
            kinks, row = True, []
            h, level = h / 16, level + 2
            continue
        difference = (up - down) / width
        noise = CERTAIN * max(rounding, EPS * max(abs(up), abs(down)), SMALLEST) / width
        if not isfinite(difference) or not isfinite(noise):
            row = []
            continue
        finite = True
        before, row = row, _extrapolated(difference, row)
        # Beside a joint, as of an elu, the error falls as h does, to a quarter: it is then a third of the last change.
        moved = abs(difference - before[0]) / 2 if before else abs(difference)
        sizes.append(max(abs(up), abs(down)))
        contradicted = abs(difference - best.value) > best.error + noise + moved
        if contradicted:
            best, torn = Slope(nan), True
        for order, value in enumerate(row):
            off = abs(value - expected)
            if off <= agree * abs(expected) and noise <= 0.1 * agree * abs(expected):
                return Slope(value, off, noise)
            wrong = max(abs(value - row[order - 1]), abs(value - before[order - 1])) if order else moved
            if not isfinite(best.value) or wrong + noise < best.error:
                best, reach = Slope(value, wrong, noise), h
        if expected == 0 and difference == 0 and before and before[0] == 0:
            break
        # Where the difference misses the expected slope, f may wave within h: a smaller h is tried. Where f is largest
        # nearby, as beyond a pole, the difference is that far off, but at a smaller h it is not.
        least = CERTAIN * max(rounding, EPS * min(sizes), SMALLEST) / width
        open_question = abs(expected - best.value) > TELLS * least
        if noise > best.error and not contradicted and not open_question:
            break
    if kinks and not finite:
        return Slope(nan, kink=True)
    lost = torn and best.error > UNSETTLED * abs(best.value)
    lost = lost or EPS * abs(expected * at) > (sorted(sizes)[len(sizes) // 2] if sizes else inf)
    if lost or (
        abs(expected - best.value) > best.error and _broken(f, at, reach, rounding, expected - best.value)
    ):
        return replace(best, truncation=inf)
    return best


def _broken(f: Function, at: float, h: float, rounding: float, difference: float) -> bool:
    """Whether the slopes to both sides of ``at`` stay apart, as ``h`` becomes smaller, by as much as what is to be
    told: half a ``difference`` between slopes at least."""
    gaps = []
    for step in (h, h / 4):
        here, up, down = f(at), f(at + step), f(at - step)
        if here is None or up is None or down is None:
            return False
        noise = CERTAIN * max(rounding, EPS * max(abs(here), abs(up), abs(down)), SMALLEST) / step
        gaps.append((abs((up - here) - (here - down)) / step, noise))
    (wide, _), (near, noise) = gaps
    return near > 2 * noise and near > abs(difference) / 2 and near > wide / 2


def _extrapolated(difference: float, before: list[float]) -> list[float]:
    """A difference, then without its error in h², in h⁴ …, given the same at four times the h."""
    row = [difference]
    for order in range(1, min(len(before), ORDERS) + 1):
        power = 16.0**order
        row.append((power * row[-1] - before[order - 1]) / (power - 1))
    return row

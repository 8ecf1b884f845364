"""A histogram whose range stays the same while the data moves a little, with zero on an edge of a bin."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from nntui.statistics.view import Array
from nntui_core.probe import BLOCK, magnitude

BOUNDS = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""Activations that cannot leave a range."""
ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Ends of ranges, times powers of ten."""
SIDE = 24
"""Bins from zero to the end that is farther away."""
PARTS = (0, 3, 6, 12, 24)
"""Bins that the nearer side may have."""
TAIL = 0.005
"""Fraction of the values that may lie beyond the range where they are far from the others."""
FAR = 2.0
"""How many times as far as the others."""
MOST = 1000
"""Bins that a histogram read from a file may have."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often values occur. All fields together count every value once."""

    low: float
    """Lower end of the first bin."""
    high: float
    """Upper end of the last bin, which belongs to it."""
    counts: Array
    """Values a bin (bins); the bins are of one width, and 0 is an edge of one or an end."""
    zeros: int | None
    """Values that are exactly 0 where they are counted apart (a relu's); None where bins count them."""
    below: int
    """Finite values below ``low``."""
    above: int
    """Finite values above ``high``."""
    nan: int
    """Values that are not a number."""
    infinite: int
    """Values that are infinite."""

    @property
    def total(self) -> int:
        """All values."""
        return int(self.counts.sum()) + (self.zeros or 0) + self.below + self.above + self.nan + self.infinite

    def to_json(self) -> dict[str, Any]:
        """As it is kept in a run's records."""
        return {**vars(self), "counts": self.counts.tolist()}

    @classmethod
    def from_json(cls, given: Any) -> Histogram:
        """Raises ValueError for what is no histogram: records are read from files that anyone may have written."""
        try:
            low, high = float(given["low"]), float(given["high"])
            counts = np.asarray(given["counts"], np.int64)
            zeros = None if given["zeros"] is None else int(given["zeros"])
            others = [int(given[name]) for name in ("below", "above", "nan", "infinite")]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"not a histogram: {error}") from None
        if not (np.isfinite([low, high]).all() and low <= 0 <= high and low < high):
            raise ValueError("not a histogram: its range")
        if (
            counts.ndim != 1
            or not 1 <= len(counts) <= MOST
            or counts.min() < 0
            or not all(0 <= n < 2**62 for n in (*others, zeros or 0))
        ):
            raise ValueError("not a histogram: its counts")
        return cls(low, high, counts, zeros, *others)


def histogram(a: Array, op: Any = None) -> Histogram:
    """Of all values of ``a``, the output of an activation ``op`` (None for a layer that has none).

    The range is the activation's, where it is bounded; else the data's, rounded up: see :func:`extent`.
    """
    kind = "" if op is None else str(op.type)
    flat = np.asarray(a).ravel(order="K")
    nan = infinite = 0
    if not isfinite(magnitude(flat)):
        nan, infinite = int(np.isnan(flat).sum()), int(np.isinf(flat).sum())
        flat = flat[np.isfinite(flat)]
    zeros = None
    if kind in ("", "relu"):
        zeros = flat.size - int(np.count_nonzero(flat))
    negative, positive, step = extent(flat[flat != 0] if zeros else flat, BOUNDS.get(kind))
    bins = negative + positive
    counts = np.zeros(bins + 2, np.int64)
    for start in range(0, flat.size, BLOCK):
        block = flat[start : start + BLOCK].astype(np.float64)
        if zeros:
            block = block[block != 0]
        # Counted by their number of steps from zero: an edge at 0 is exact, and nothing overflows.
        place = np.floor(block / step)
        place[(place == positive) & (block <= positive * step)] = positive - 1
        np.clip(place, -negative - 1, positive, out=place)
        counts += np.bincount(place.astype(np.int64) + (negative + 1), minlength=bins + 2)
    return Histogram(
        low=-negative * step,
        high=positive * step,
        counts=counts[1:-1],
        zeros=zeros,
        below=int(counts[0]),
        above=int(counts[-1]),
        nan=nan,
        infinite=infinite,
    )


def extent(values: Array, bounds: tuple[float, float] | None = None) -> tuple[int, int, float]:
    """Bins below zero, bins above zero, and their width.

    The side that reaches farther has SIDE bins and ends at a round number, the other a few fixed numbers of bins, so
    that the range moves only when the data has moved far.
    """
    if bounds is not None:
        low, high = -bounds[0], bounds[1]
    elif not values.size:
        low, high = 0.0, 1.0
    else:
        low, high = _reach(values, -1), _reach(values, 1)
    top = max(low, high)
    step = round_up(top) / SIDE
    if not step:  # below what a float can hold
        return 0, SIDE, float(np.finfo(float).tiny)
    short = next(n for n in PARTS if n == PARTS[-1] or min(low, high) <= n * step)
    if low > high and not short and bounds is None and (values == 0).any():
        short = PARTS[1]  # where zeros belong
    return (SIDE, short, step) if low > high else (short, SIDE, step)


def _reach(values: Array, sign: int) -> float:
    """How far ``sign`` times the values lie above 0: the largest, unless a few are far beyond all others."""
    largest = max(0.0, float(values.max()) if sign > 0 else -float(values.min()))
    half = sign * largest / FAR
    far = int(np.count_nonzero(values >= half if sign > 0 else values <= half))
    if largest and far >= values.size - int((values.size - 1) * (1 - TAIL)):
        return largest  # the quantile is beyond half of it: sorting is not needed
    usual = max(0.0, sign * _quantile(values, 1 - TAIL if sign > 0 else TAIL))
    return largest if largest <= FAR * usual or not usual else usual


def _quantile(values: Array, share: float) -> float:
    """As np.quantile between two values, in double precision; that imports masked arrays, 15 ms of a short run."""
    place = (values.size - 1) * share
    below = int(place)
    above = min(below + 1, values.size - 1)
    ranked = np.partition(values, (below, above))
    low, high = float(ranked[below]), float(ranked[above])
    return low + (high - low) * (place - below)


def round_up(value: float) -> float:
    """The next of the ROUND numbers, times a power of ten; 1 for 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    if not 1e-300 < power < 1e300:
        return float(value)
    return float(next((k * power for k in ROUND if k * power >= value * 0.999999), 10 * power))

"""Distributions and magnitudes as rows of bars."""

from __future__ import annotations

from math import isfinite, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from nntui.statistics.histogram import Histogram
from nntui.tui.render.picture import Grid, Row, Style, fit, join, text

BLOCKS = "▁▂▃▄▅▆▇█"
LEVELS = ".:-=+*#@"
PARTS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
EMPTY = Style(fg="zero")
BEYOND = Style(fg="warn")
BAD = Style(fg="bad", bold=True)


def distribution(h: Histogram, width: int, ascii: bool = False) -> Row:  # noqa: A002
    """A histogram as one row of bars: negative and positive values in their colors, exact zeros a bar of their own.

    Zero lies between two cells. A cell's height is the square root of the values it counts; those beyond the range,
    NaN and infinities are left to :func:`beyond`.
    """
    count = len(h.counts)
    negative = round(-h.low / 2 / (h.high / 2 - h.low / 2) * count)
    room = width - (h.zeros is not None)
    if room < 1:
        return fit("", width)
    left = round(room * negative / count)
    if negative:
        left = min(max(left, 1), room - (negative < count))
    parts = [(_sums(h.counts[:negative], left), "negative")]
    if h.zeros is not None:
        parts.append((np.array([float(h.zeros)]), "accent"))
    parts.append((_sums(h.counts[negative:], room - left), "positive"))
    top = max((float(bars.max(initial=0.0)) for bars, _ in parts), default=0.0)
    signs = LEVELS if ascii else BLOCKS
    grid = Grid(width, 1)
    x = 0
    for bars, role in parts:
        for value in bars.tolist():
            share = sqrt(value / top) if top > 0 else 0.0
            if share > 0:
                grid.put(x, 0, signs[_eighths(share, 8) - 1], Style(fg=role))
            else:
                grid.put(x, 0, "_" if ascii else BLOCKS[0], EMPTY)
            x += 1
    return grid.picture()[0]


def beyond(h: Histogram) -> tuple[Row, Row]:
    """What a row of bars does not show, for its left and its right: values below and above the range, and, in red, those
    that are no numbers."""
    left = text(f"{h.below}‹", BEYOND) if h.below else ()
    right = text(f"›{h.above}", BEYOND) if h.above else ()
    for number, word in ((h.nan, "nan"), (h.infinite, "inf")):
        if number:
            right = join(right, text(" " if right else ""), text(f"{number} {word}", BAD))
    return left, right


def _sums(counts: NDArray[np.integer], cells: int) -> NDArray[np.float64]:
    """Counts of even bins as those of `cells` even ones; a bin on a border is shared."""
    total = np.concatenate(([0.0], np.cumsum(counts, dtype=np.float64)))
    edges = np.linspace(0, len(counts), cells + 1)
    return np.diff(np.interp(edges, np.arange(len(counts) + 1), total))


def logbar(value: float, low: float, high: float, width: int, ascii: bool = False) -> Row:  # noqa: A002
    """A bar that grows with the logarithm of a magnitude, from `low` (none) to `high` (full)."""
    if not value > 0 or width < 1:
        return fit("", max(width, 0))
    share = min(1.0, max(0.0, log10(value / low) / log10(high / low))) if isfinite(value) else 1.0
    eighths = max(1, round(8 * width * share)) if value >= low else 0
    full, rest = divmod(eighths, 8)
    if ascii:
        return fit(text("#" * (full + (rest >= 4)) or "." * (eighths > 0), Style(fg="accent")), width)
    return fit(text("█" * full + PARTS[rest], Style(fg="accent")), width)


def _eighths(share: float, most: int) -> int:
    """At least one, so that what is there is seen."""
    return max(1, round(share * most))

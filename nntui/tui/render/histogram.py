"""Histograms in eighth blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render import scale
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import Grid, Picture, Row, Style, fit, text

BLOCKS = "▁▂▃▄▅▆▇█"
LEVELS = ".:-=+*#@"
EMPTY = Style(fg="zero")


def sparkline(counts: ArrayLike, width: int, style: Style, ascii: bool = False) -> Picture:  # noqa: A002
    """Counts as one row of bars up to the highest; a bin without any is a dim base line.

    In a single row a bar is as high as the square root of its count: eight steps would show nothing beside
    a peak such as a relu's at zero.
    """
    shares = np.sqrt(_shares(counts, width))
    signs = LEVELS if ascii else BLOCKS
    grid = Grid(width, 1)
    for x, share in enumerate(shares):
        if share > 0:
            grid.put(x, 0, signs[_eighths(share, 8) - 1], style)
        else:
            grid.put(x, 0, "_" if ascii else BLOCKS[0], EMPTY)
    return grid.picture()


def histogram(
    counts: ArrayLike,
    limit: float,
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
    low: float | None = None,
) -> Picture:
    """Bars of bins that evenly cover ±`limit` (or `low` to `limit`), negative and positive in their colors.

    The last row is the axis, where there is room for one.
    """
    grid = Grid(width, height)
    bottom = 1 if height >= 2 else 0
    rows = height - bottom
    lower = -limit if low is None else low
    shares = _shares(counts, width)
    for x, share in enumerate(shares):
        center = lower + (x + 0.5) / max(width, 1) * (limit - lower)
        style = Style(fg="positive" if center >= 0 else "negative")
        filled = _eighths(share, 8 * rows) if share > 0 else 0
        for y in range(rows):
            part = min(8, filled - 8 * y)
            if part > 0:
                sign = ("#" if part > 4 else ".") if ascii else BLOCKS[part - 1]
                grid.put(x, rows - 1 - y, sign, style)
        if not filled and rows:
            grid.put(x, rows - 1, "_" if ascii else BLOCKS[0], EMPTY)
    if bottom:
        grid.write(0, rows, _axis(lower, limit, width))
    return grid.picture()


def _axis(low: float, high: float, width: int) -> Row:
    """The limits at both ends, and zero where it lies, if there is room."""
    muted = Style(fg="muted")
    left, right = trimmed(low, 3), trimmed(high, 3)
    if len(left) + len(right) + 1 > width:
        return fit("", width)
    line = list(left.ljust(width - len(right)) + right)
    if low < 0 < high:
        zero = min(width - 1, int(-low / (high - low) * width))
        if all(c == " " for c in line[max(0, zero - 1) : zero + 2]):
            line[zero] = "0"
    return fit(text("".join(line), muted), width)


def _shares(counts: ArrayLike, width: int) -> NDArray[np.float64]:
    """Heights 0 … 1 of `width` bars."""
    a = np.nan_to_num(np.asarray(counts, np.float64).reshape(1, -1), posinf=0.0, neginf=0.0)
    if a.size == 0 or width <= 0:
        return np.zeros(max(width, 0))
    bars = np.clip(scale.resample(a, 1, width)[0], 0, None)
    top = float(bars.max())
    return np.asarray(bars / top if top > 0 else bars)


def _eighths(share: float, most: int) -> int:
    """At least one, so that what is there is seen."""
    return max(1, round(share * most))

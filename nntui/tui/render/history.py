"""Distributions over time: a column a moment, from the lowest values below to the highest above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nntui.statistics.histogram import Histogram
from nntui.tui.render.heatmap import heatmap
from nntui.tui.render.picture import Picture, fit


def history(
    updates: Sequence[int],
    moments: Sequence[Histogram],
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """Distributions after `updates` (ascending), each from its own update to the next, over :func:`span_of` all of them.

    Positive values in their color, negative ones in theirs, the more frequent the stronger (as the square root of the
    share of the most frequent, so that tails are seen beside a peak). A moment with NaN or infinities is drawn as such.
    """
    if not moments or width < 1 or height < 1:
        return (fit("", max(width, 0)),) * max(height, 0)
    low, high = span_of(moments)
    rows = height if ascii else 2 * height
    edges = _edges(low, high, rows)
    times = np.linspace(updates[0], updates[-1], width)
    at = np.clip(np.searchsorted(updates, times, side="right") - 1, 0, len(moments) - 1)
    columns = {int(k): _column(moments[k], edges) for k in np.unique(at)}
    density = np.sqrt(np.stack([columns[int(k)] for k in at], axis=1))
    signed = density * np.where(edges[:-1] + edges[1:] >= 0, 1.0, -1.0)[:, None]
    return heatmap(signed[::-1], width, height, limit=1.0, ascii=ascii)


def span_of(moments: Sequence[Histogram]) -> tuple[float, float]:
    """From the lowest lower end to the highest upper one."""
    return min(m.low for m in moments), max(m.high for m in moments)


def _edges(low: float, high: float, rows: int) -> NDArray[np.float64]:
    """Edges of rows that evenly cover what lies below 0 and what lies above it, 0 among them where it is inside."""
    if not low < 0 < high:
        return np.linspace(low, high, rows + 1)
    below = min(max(1, round(rows * -low / (high - low))), max(1, rows - 1))
    return np.concatenate([np.linspace(low, 0, below + 1), np.linspace(0, high, rows - below + 1)[1:]])


def _column(h: Histogram, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the largest, 0 … 1, between `edges`; NaN throughout where a value is no number."""
    if h.nan or h.infinite:
        return np.full(len(edges) - 1, np.nan)
    total = np.concatenate(([0.0], np.cumsum(h.counts, dtype=np.float64)))
    bins = np.diff(np.interp(edges, np.linspace(h.low, h.high, len(h.counts) + 1), total))
    if h.zeros:
        bins[min(int(np.searchsorted(edges, 0.0)), len(bins) - 1)] += h.zeros
    top = bins.max()
    return np.asarray(bins / top if top > 0 else bins)

"""Distributions over time: a column a moment, from the most negative values below to the most positive above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render.heatmap import heatmap
from nntui.tui.render.picture import Picture, fit


def history(
    counts: Sequence[ArrayLike],
    limits: Sequence[float],
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """One histogram a moment, each over ±its own limit, drawn on one common scale: see :func:`scale_of`.

    Positive values in their color, negative ones in theirs, the more frequent the stronger (as the square
    root of the share, so that tails are seen beside a peak).
    """
    top = scale_of(limits)
    if not top or width < 1 or height < 1:
        return (fit("", max(width, 0)),) * max(height, 0)
    rows = height if ascii else 2 * height
    at = np.minimum((np.arange(width) + 0.5) * len(counts) / width, len(counts) - 1).astype(int)
    edges = np.linspace(-top, top, rows + 1)
    columns = {int(k): _spread(counts[k], float(limits[k]), edges) for k in np.unique(at)}
    density = np.sqrt(np.stack([columns[int(k)] for k in at], axis=1))
    signed = density * np.where(edges[:-1] + edges[1:] >= 0, 1.0, -1.0)[:, None]
    return heatmap(signed[::-1], width, height, limit=1.0, ascii=ascii)


def scale_of(limits: Sequence[float]) -> float:
    """The largest limit; 0 where there is none."""
    known = [float(v) for v in limits if np.isfinite(v) and v > 0]
    return max(known, default=0.0)


def _spread(counts: ArrayLike, limit: float, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the largest, 0 … 1, of bins between `edges`, from even bins over ±`limit`."""
    c = np.clip(np.nan_to_num(np.asarray(counts, np.float64).reshape(-1), posinf=0.0, neginf=0.0), 0, None)
    if not c.size or not c.any() or not np.isfinite(limit) or limit <= 0:
        return np.zeros(len(edges) - 1)
    total = np.concatenate(([0.0], np.cumsum(c / c.max())))
    bins = np.diff(np.interp(edges, np.linspace(-limit, limit, len(c) + 1), total))
    return np.asarray(bins / bins.max()) if bins.max() > 0 else bins

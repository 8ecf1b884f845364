"""Data to color levels: few, so that a value that hardly moved does not change the screen."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

STEPS = 8
"""Levels on each side of zero."""
ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
INK = 15
"""The darkest level of the sequential scale."""
NAN = 99
"""The level of a value that is not a number."""


def limit_of(values: ArrayLike) -> float:
    """The largest finite magnitude; 1 where there is none, so that it can be divided by."""
    a = np.abs(np.asarray(values, np.float64))
    a = a[np.isfinite(a)]
    largest = float(a.max(initial=0.0))
    return largest if largest > 0 else 1.0


def rounded_up(value: float) -> float:
    """The next of a few round numbers from `value` on: a scale that stays the same while data moves a little."""
    if not np.isfinite(value) or value <= 0:
        return 1.0
    if not 1e-300 < value < 1e300:
        return float(value)
    power = 10.0 ** np.floor(np.log10(value))
    return float(next((k * power for k in ROUND if k * power >= value * 0.999999), 10 * power))


def quantize(values: ArrayLike, limit: float | None = None) -> NDArray[np.int8]:
    """Levels -8 … 8 on the symmetric scale ±`limit` (default :func:`limit_of`); NaN gives :data:`NAN`."""
    a = np.asarray(values, np.float64)
    top = limit_of(a) if limit is None or not limit > 0 else limit
    with np.errstate(over="ignore"):
        share = np.nan_to_num(a, nan=0.0, posinf=np.inf, neginf=-np.inf) / top
    levels = np.rint(np.clip(share, -1, 1) * STEPS)
    return np.where(np.isnan(a), NAN, levels).astype(np.int8)


def ink(values: ArrayLike, low: float | None = None, high: float | None = None) -> NDArray[np.int8]:
    """Levels 0 … 15 from `low` to `high` (default: the finite range); NaN gives :data:`NAN`."""
    a = np.asarray(values, np.float64)
    finite = a[np.isfinite(a)]
    bottom = float(finite.min(initial=np.inf)) if low is None else low
    top = float(finite.max(initial=-np.inf)) if high is None else high
    span = top - bottom
    if not np.isfinite(span) or span <= 0:
        bottom, span = (bottom if np.isfinite(bottom) else 0.0), 1.0
    levels = np.rint(np.clip((np.nan_to_num(a, nan=bottom) - bottom) / span, 0, 1) * INK)
    return np.where(np.isnan(a), NAN, levels).astype(np.int8)


def role(level: int, scale: str = "scale") -> str:
    """The color role of a level."""
    return "bad" if level == NAN else f"{scale}:{level}"


def resample(values: ArrayLike, rows: int, columns: int) -> NDArray[np.float64]:
    """A 2-D array in `rows` × `columns`: nearest where enlarged, the mean over the area where reduced.

    NaN spreads over the whole area that holds it, so that one bad value stays visible.
    """
    a = np.asarray(values, np.float64)
    if a.ndim != 2:
        raise ValueError(f"a 2-D array is needed (given {a.ndim} dimensions)")
    if 0 in a.shape or rows <= 0 or columns <= 0:
        return np.full((max(rows, 0), max(columns, 0)), np.nan)
    if a.shape == (rows, columns):
        return a
    over, across = _areas(a.shape[0], rows), _areas(a.shape[1], columns)
    if np.isfinite(a).all():
        return np.asarray(over @ a @ across.T)
    # An infinity times a zero weight is NaN: average the finite part, then put the rest back.
    out = over @ np.where(np.isfinite(a), a, 0.0) @ across.T
    for bad, value in ((a == np.inf, np.inf), (a == -np.inf, -np.inf), (np.isnan(a), np.nan)):
        out[(over @ bad @ across.T) > 0] = value
    return np.asarray(out)


@lru_cache(64)
def _areas(given: int, wanted: int) -> NDArray[np.float64]:
    """Weights (wanted × given) of each given cell in each wanted one."""
    if wanted >= given:
        nearest = ((np.arange(wanted) + 0.5) * given / wanted).astype(int)
        return np.asarray(np.eye(given)[nearest])
    edges = np.arange(wanted + 1) * given / wanted
    low = np.maximum(edges[:-1, None], np.arange(given))
    high = np.minimum(edges[1:, None], np.arange(given) + 1)
    overlap = np.clip(high - low, 0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))

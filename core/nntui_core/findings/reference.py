"""What can be predicted of the targets without a network: by the nearest neighbors, and by a plane.

With them a loss can be called high or low, and labels without a signal be told from a network that does not learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from nntui_core.memory import Array
from nntui_core.probe import BLOCK

ROWS = 512
"""Rows that are looked at, at most."""
NEIGHBORS = 8
TRUST = 1.5
"""Standard errors that a correlation may be above what was measured."""
CHANCE = 3.0
"""Standard errors within which a correlation may be by chance: neighbors, a plane and the network are three attempts."""


@dataclass(frozen=True)
class Reference:
    """What simple predictors reach on rows that they did not see (each row is left out in turn)."""

    skill: float
    """The better one's share of the targets' variance that it explains; 0 is the best constant, 1 is perfect."""
    signal: float
    """The larger one's correlation with the targets."""
    error: float
    """Its standard error where there is no signal, √(2/rows): neighbors are mostly mutual, so that each pair of rows
    counts twice. Of unequal classes fewer rows count."""
    constant: bool
    """Whether the targets are all the same."""


def squares(predicted: Array, target: Array) -> Array:
    """Σ(p − y)² of each row (m) of two m × k arrays, in double precision, a piece that stays in the caches at a time."""
    out = np.empty(len(target))
    step = max(1, BLOCK // max(1, target[:1].size))
    for start in range(0, len(target), step):
        rows = slice(start, start + step)
        away = np.subtract(predicted[rows], target[rows], dtype=np.float64)
        out[rows] = np.square(away, out=away).sum(axis=1)
    return out


def variance(target: Array) -> float:
    """Σ(ȳ − y)² over all entries of an m × k array, ȳ of each column."""
    return float(squares(np.broadcast_to(target.mean(axis=0), target.shape), target).sum())


def skill(predicted: Array, target: Array) -> float:
    """Share of the target's variance that is explained (m × k, both): 1 − Σ(p − y)²/Σ(ȳ − y)²; −∞ where not finite.

    Of classes this is the Brier skill score, of numbers r²; an exact fit of targets without variance is 1.
    """
    y = np.asarray(target, np.float64)
    return explained(float(squares(predicted, y).sum()), variance(y))


def explained(rest: float, whole: float) -> float:
    """The skill from what is left of the sum of squares, and from the whole of it."""
    if not np.isfinite(rest):
        return float("-inf")
    if not whole:
        return 1.0 if not rest else float("-inf")
    return 1 - rest / whole


def correlation(predicted: Array, target: Array) -> float:
    """Pearson's correlation over all entries, each column centered; 0 where one of them is constant."""
    p = predicted.astype(np.float64)
    p -= p.mean(axis=0)
    squared = float(np.vdot(p, p))
    if target.dtype == bool:  # columns without an entry are constant: they add nothing
        present = target.any(axis=0)
        p, target = p[:, present], target[:, present]
    y = target.astype(np.float64)
    y -= y.mean(axis=0)
    size = sqrt(squared * float(np.vdot(y, y)))
    return float(np.vdot(p, y)) / size if size and np.isfinite(size) else 0.0


def reference(x: Array, y: Array) -> Reference:
    """Measure the rows ``x`` (m × n) with targets ``y`` (m × k)."""
    x, whole = np.asarray(x, np.float64).reshape(len(x), -1), y
    if y.dtype == bool:
        y = y[:, y.any(axis=0)]  # only classes that occur: of 10,000 few are among the rows
    y = np.asarray(y, np.float64)
    spread = y.std(axis=0)
    if len(x) < 3 or not (spread > 1e-9 * (1 + np.abs(y).max(initial=0.0))).any():
        return Reference(0.0, 0.0, 1.0, len(x) > 1 and not spread.any())
    rows = effective(whole)
    # Columns that are constant are predicted without an error.
    y, spread = y[:, spread > 0], spread[spread > 0]
    y = (y - y.mean(axis=0)) / spread
    x = standardized(x)
    found = (neighbors(x, y), plane(x, y))
    # Neighbors that always differ, as in parity, are a signal too; a plane that leaves its own row out leans away from it.
    signal = max(abs(correlation(found[0], y)), correlation(found[1], y), 0.0)
    return Reference(max(skill(p, y) for p in found), signal, sqrt(2 / rows), constant=False)


def effective(y: Array) -> float:
    """How many rows of equal classes tell as much as these (m × k); of numbers all of them."""
    m, k = y.shape
    if y.dtype != bool and not ((y == 0) | (y == 1)).all():
        return float(m)
    share = y.mean(axis=0) if k > 1 else np.array([y.mean(), 1 - y.mean()])
    even = float(1 - np.square(share).sum()) * len(share) / (len(share) - 1)
    return max(1.0, float(m) * even)


def standardized(x: Array) -> Array:
    """Columns of mean 0 and spread 1; constant ones are 0."""
    x = x - x.mean(axis=0)
    spread = x.std(axis=0)
    return np.asarray(x / np.where(spread > 0, spread, np.inf))


def neighbors(x: Array, y: Array) -> Array:
    """The mean target of each row's nearest others."""
    k = min(NEIGHBORS, len(x) - 1)
    square = (x * x).sum(axis=1)
    far = square[:, None] + square - 2 * (x @ x.T)
    np.fill_diagonal(far, np.inf)
    nearest = np.argpartition(far, k - 1, axis=1)[:, :k]
    total = np.zeros_like(y)
    for column in nearest.T:  # one after the other: m × k × outputs would take k times the targets' memory
        total += y[column]
    return np.asarray(total / k)


def plane(x: Array, y: Array) -> Array:
    """A ridge regression (of strength n), each row predicted from the others (by its leverage)."""
    m, n = x.shape
    if n <= m:
        hat = x @ np.linalg.solve(x.T @ x + n * np.eye(n), x.T)
    else:
        kernel = x @ x.T
        hat = kernel @ np.linalg.inv(kernel + n * np.eye(m))
    leverage = np.minimum(np.diag(hat), 1 - 1e-6)[:, None]
    return np.asarray(y - (y - hat @ y) / (1 - leverage))

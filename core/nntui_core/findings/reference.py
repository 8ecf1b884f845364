"""What can be predicted of the targets without a network: the best constant, the nearest neighbors, a plane.

With them a loss can be called high or low, and labels without a signal be told from a network that does not learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from nntui_core.memory import Array
from nntui_core.objective import Loss

ROWS = 512
"""Rows of the training part that are looked at, at most."""
NEIGHBORS = 8
TRUST = 2.0
"""Standard errors within which a correlation may be by chance."""


@dataclass(frozen=True)
class Reference:
    """What simple predictors reach on rows that they did not see (each row is left out in turn)."""

    skill: float
    """The better one's share of the targets' variance that it explains; 0 is the best constant, 1 is perfect."""
    signal: float
    """An upper bound of the correlation with the targets, the larger one's, within TRUST standard errors."""
    constant: bool
    """Whether the targets are all the same."""


def skill(predicted: Array, target: Array) -> float:
    """Share of the target's variance that is explained (m × k, both): 1 − Σ(p − y)²/Σ(ȳ − y)²; −∞ where not finite.

    Of classes this is the Brier skill score, of numbers r²; an exact fit of targets without variance is 1.
    """
    p, y = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    rest = float(np.square(p - y).sum())
    whole = float(np.square(y - y.mean(axis=0)).sum())
    if not np.isfinite(rest):
        return float("-inf")
    return 1 - rest / whole if whole else (1.0 if not rest else float("-inf"))


def correlation(predicted: Array, target: Array) -> float:
    """Pearson's correlation over all entries, each column centered; 0 where one of them is constant."""
    p, y = (a - a.mean(axis=0) for a in (np.asarray(predicted, np.float64), np.asarray(target, np.float64)))
    size = sqrt(float((p * p).sum()) * float((y * y).sum()))
    return float((p * y).sum()) / size if size and np.isfinite(size) else 0.0


def reference(x: Array, y: Array) -> Reference:
    """Measure the rows ``x`` (m × n) with targets ``y`` (m × k)."""
    x, y = np.asarray(x, np.float64).reshape(len(x), -1), np.asarray(y, np.float64)
    spread = y.std(axis=0)
    if len(x) < 3 or not (spread > 1e-9 * (1 + np.abs(y).max(initial=0.0))).any():
        return Reference(0.0, 1.0 if len(x) < 3 else 0.0, len(x) > 1 and not spread.any())
    y = (y - y.mean(axis=0)) / np.where(spread > 0, spread, 1)
    x = standardized(x)
    found = (neighbors(x, y), plane(x, y))
    bound = max(abs(correlation(p, y)) for p in found) + TRUST / sqrt(len(x))
    return Reference(max(skill(p, y) for p in found), bound, constant=False)


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
    return np.asarray(y[nearest].mean(axis=1))


def plane(x: Array, y: Array) -> Array:
    """A ridge regression (of strength n), each row predicted from the others (by its leverage)."""
    m, n = x.shape
    if n <= m:
        hat = x @ np.linalg.solve(x.T @ x + n * np.eye(n), x.T)
    else:
        kernel = x @ x.T
        hat = kernel @ np.linalg.inv(kernel + n * np.eye(m))
    hat += 1 / m
    leverage = np.minimum(np.diag(hat), 1 - 1e-6)[:, None]
    return np.asarray(y - (y - hat @ y) / (1 - leverage))


def constant_loss(loss: Loss, y: Array, encoded: Array) -> float:
    """The data loss of the best prediction that is the same for every row; ``y`` is m × k, ``encoded`` as trained on."""
    if loss.type == "cross_entropy":
        share = np.bincount(encoded.astype(np.intp)) / len(encoded)
        share = share[share > 0]
        return float(-(share * np.log(share)).sum())
    if loss.type == "binary_cross_entropy":
        p = np.clip(y.mean(axis=0), 1e-12, 1 - 1e-12)
        return float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())
    away = np.abs(y - np.median(y, axis=0))
    if loss.type == "mae":
        return float(away.mean())
    if loss.type == "huber":
        delta = float(getattr(loss, "delta", 1.0))
        tries = []
        for center in (np.median(y, axis=0), y.mean(axis=0)):
            e = np.abs(y - center)
            tries.append(float(np.where(e <= delta, 0.5 * e * e, delta * (e - 0.5 * delta)).mean()))
        return min(tries)
    if loss.type == "hinge":
        return float(y.shape[1] - 1) * float(1 - y.mean(axis=0).max()) or float(y.shape[1] - 1)
    return float(np.square(y - y.mean(axis=0)).mean())

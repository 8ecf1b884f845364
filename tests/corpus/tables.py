"""Small tables of numbers that the corpus' CSV files are made of; each is the same every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Rows:
    """``x`` is rows × columns; ``y`` has class names or numbers."""

    x: Array
    y: list[Any]

    def take(self, order: Array) -> Rows:
        """The rows of those numbers."""
        return Rows(self.x[order], [self.y[k] for k in order])

    def scaled(self, factors: Array | float) -> Rows:
        """Each column multiplied."""
        return replace(self, x=self.x * factors)

    def write(self, path: Path) -> None:
        """As a CSV file with the target ``y`` in the last column."""
        names = [f"x{k}" for k in range(self.x.shape[1])]
        lines = [",".join([*names, "y"])]
        lines += [
            ",".join([*(f"{v:.7g}" for v in row), y if isinstance(y, str) else f"{y:.7g}"])
            for row, y in zip(self.x, self.y, strict=True)
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def rng_of(name: str) -> np.random.Generator:
    """Random numbers of a table's own."""
    return np.random.default_rng(list(name.encode()))


def clouds() -> Rows:
    """Three classes in ten dimensions, normal clouds that hardly overlap."""
    rng = rng_of("clouds")
    centers = rng.normal(0, 1.3, (3, 10))
    k = np.arange(300) % 3
    return Rows(centers[k] + rng.normal(0, 1, (300, 10)), [f"c{v}" for v in k])


def wine() -> Rows:
    """Three classes, thirteen measurements in very different units, as in chemistry."""
    rng = rng_of("wine")
    centers = rng.normal(0, 1.5, (3, 13))
    k = np.arange(240) % 3
    units = 10.0 ** rng.uniform(-1, 1, 13)
    x = (centers[k] + rng.normal(0, 1, (240, 13))) * units + 3 * units
    return Rows(x, [f"w{v}" for v in k])


def friedman() -> Rows:
    """The regression of Friedman (1991): a sine of a product, a square, and two lines."""
    rng = rng_of("friedman")
    x = rng.uniform(0, 1, (300, 5))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = (y + rng.normal(0, 0.5, 300) - 14.4) / 5
    return Rows(x, list(y))


def plane() -> Rows:
    """A linear regression on six columns."""
    rng = rng_of("plane")
    x = rng.normal(0, 1, (240, 6))
    return Rows(x, list(x @ np.array([1.0, -0.7, 0.5, 0.3, 0, 0]) + rng.normal(0, 0.2, 240)))


def bumps() -> Rows:
    """A regression on two columns that no plane fits."""
    rng = rng_of("bumps")
    x = rng.uniform(-2, 2, (300, 2))
    return Rows(x, list(np.exp(-((x - 0.5) ** 2).sum(axis=1)) * 2 - 0.5 * x[:, 0] + rng.normal(0, 0.05, 300)))


def rings() -> Rows:
    """Three classes by distance from the center, in three dimensions."""
    rng = rng_of("rings")
    k = np.arange(360) % 3
    direction = rng.normal(0, 1, (360, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return Rows(direction * (0.4 + k[:, None] + rng.normal(0, 0.12, (360, 1))), [f"r{v}" for v in k])


def survey() -> Rows:
    """Two classes that eight columns tell apart for most, not for all."""
    rng = rng_of("survey")
    x = rng.normal(0, 1, (360, 8))
    score = 1.6 * x[:, 0] - 1.2 * x[:, 1] + x[:, 2] * x[:, 3]
    yes = rng.random(360) < 1 / (1 + np.exp(-2.5 * score))
    return Rows(x, ["yes" if v else "no" for v in yes])


def yields() -> Rows:
    """A noisy regression: a third of the variance is noise."""
    rng = rng_of("yields")
    x = rng.normal(0, 1, (320, 4))
    signal = np.tanh(x[:, 0]) + 0.6 * x[:, 1]
    return Rows(x, list(signal + rng.normal(0, 0.6, 320)))


TABLES: dict[str, Callable[[], Rows]] = {
    f.__name__: f for f in (clouds, wine, friedman, plane, bumps, rings, survey, yields)
}

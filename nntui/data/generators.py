"""Generated samples in the plane and on the line."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from nntui.data.table import Array, Source, Table, enough
from nntui_core.rng import stream


@dataclass(frozen=True, kw_only=True)
class Generator(Source):
    """A source whose samples are drawn at random, from the seed."""

    samples: Annotated[int, Ge(2), Le(1_000_000)] = 400
    """Rows."""
    noise: Annotated[float, Ge(0)] = 0.1
    """Standard deviation of the noise."""


class Plane(Generator):
    """Points x1, x2 of several classes, in equal numbers."""

    @abstractmethod
    def points(self, k: int, t: Array, rng: np.random.Generator) -> Array:
        """Points of class ``k`` without noise, one for each of ``t`` in [0, 1)."""

    def kinds(self) -> int:
        """Number of classes."""
        return 2

    def load(self, seed: int, base: Path) -> Table:
        rng = stream(seed, f"data {self.type}")
        count = self.kinds()
        enough(self.samples, count, "classes")
        y = np.arange(self.samples) % count
        x = np.empty((self.samples, 2))
        for k in range(count):
            rows = np.flatnonzero(y == k)
            x[rows] = self.points(k, (np.arange(len(rows)) + rng.random(len(rows))) / max(1, len(rows)), rng)
        x += rng.normal(0.0, self.noise, x.shape) if self.noise else 0.0
        present = tuple(str(k) for k in range(count))
        return Table(x, y.astype(np.int64), present, ("x1", "x2"), ("class",), self.type)


class Circles(Plane):
    """A circle inside another: no line separates them."""

    type: ClassVar[str] = "circles"
    summary: ClassVar[str] = "a circle inside another"

    def points(self, k: int, t: Array, rng: np.random.Generator) -> Array:
        radius = 1.0 if k == 0 else 0.5
        return radius * np.column_stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)])


class Moons(Plane):
    """Two half circles that reach into each other."""

    type: ClassVar[str] = "moons"
    summary: ClassVar[str] = "two half circles that reach into each other"

    def points(self, k: int, t: Array, rng: np.random.Generator) -> Array:
        x, y = np.cos(np.pi * t), np.sin(np.pi * t)
        return np.column_stack([x - 0.5, y - 0.25] if k == 0 else [0.5 - x, 0.25 - y])


@dataclass(frozen=True, kw_only=True)
class Spirals(Plane):
    """Spiral arms wound into each other."""

    type: ClassVar[str] = "spirals"
    summary: ClassVar[str] = "spiral arms wound into each other"

    noise: Annotated[float, Ge(0)] = 0.02
    """Standard deviation of the noise (the arms reach a radius of 1)."""
    classes: Annotated[int, Ge(2), Le(10)] = 2
    """Arms."""
    turns: Annotated[float, Ge(0.1), Le(5)] = 1.0
    """How often an arm winds around the center."""

    def kinds(self) -> int:
        return self.classes

    def points(self, k: int, t: Array, rng: np.random.Generator) -> Array:
        radius = 0.05 + 0.95 * t
        angle = 2 * np.pi * (self.turns * t + k / self.classes)
        return np.asarray(radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))


@dataclass(frozen=True, kw_only=True)
class Blobs(Plane):
    """Clouds around centers on a circle."""

    type: ClassVar[str] = "blobs"
    summary: ClassVar[str] = "round clouds, one a class"

    noise: Annotated[float, Ge(0)] = 0.25
    """Standard deviation of a cloud (the centers lie on a circle of radius 1)."""
    classes: Annotated[int, Ge(2), Le(10)] = 2
    """Clouds."""

    def kinds(self) -> int:
        return self.classes

    def points(self, k: int, t: Array, rng: np.random.Generator) -> Array:
        angle = 2 * np.pi * k / self.classes
        return np.tile([np.cos(angle), np.sin(angle)], (len(t), 1))


class Line(Generator):
    """A straight line with noise: y = 2x − 1."""

    type: ClassVar[str] = "linear"
    summary: ClassVar[str] = "a straight line with noise"

    def load(self, seed: int, base: Path) -> Table:
        rng = stream(seed, "data linear")
        x = rng.uniform(-1, 1, (self.samples, 1))
        y = 2 * x - 1 + rng.normal(0.0, self.noise, x.shape)
        return Table(x, y, None, ("x",), ("y",), self.type)


class Sine(Generator):
    """One and a half waves of a sine with noise."""

    type: ClassVar[str] = "sine"
    summary: ClassVar[str] = "a sine with noise"

    def load(self, seed: int, base: Path) -> Table:
        rng = stream(seed, "data sine")
        x = np.sort(rng.uniform(-1, 1, (self.samples, 1)), axis=0)
        y = np.sin(1.5 * np.pi * x) + rng.normal(0.0, self.noise, x.shape)
        return Table(x, y, None, ("x",), ("y",), self.type)

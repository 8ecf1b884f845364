"""Pictures: scans of digits, and silhouettes of road users drawn by a generator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le

from nntui.data.table import Array, Source, Table
from nntui_core.rng import stream


@dataclass(frozen=True, kw_only=True)
class Digits(Source):
    """1,797 scans of handwritten digits, 8×8, values 0 to 1 (UCI, CC BY 4.0; see DIGITS.md)."""

    type: ClassVar[str] = "digits"
    summary: ClassVar[str] = "1,797 real scans of handwritten digits, 8×8"

    def load(self, seed: int, base: Path) -> Table:
        with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
            pixels, labels = file["pixels"], file["labels"]
        names = tuple(f"pixel{row}.{column}" for row in range(8) for column in range(8))
        x = pixels.astype(np.float64) / 16
        classes = tuple(str(k) for k in range(10))
        return Table(x, labels.astype(np.int64), classes, names, ("digit",), self.type, (1, 8, 8))


_SIDE = 16


@dataclass(frozen=True, kw_only=True)
class Vehicles(Source):
    """Silhouettes of cars, trucks, motorcycles and pedestrians, 16×16, at random places and sizes, with noise."""

    type: ClassVar[str] = "vehicles"
    summary: ClassVar[str] = "generated silhouettes of road users, 16×16"

    samples: Annotated[int, Ge(8), Le(200_000)] = 1200
    """Pictures."""
    classes: Literal[2, 4] = 4
    """4 kinds, or 2: car or not."""
    noise: Annotated[float, Ge(0), Le(1)] = 0.15
    """Standard deviation of the noise on each pixel."""

    @property
    def making(self) -> int:
        """All pictures twice: with their noise, or beside the clipped ones."""
        return 2 * 8 * self.samples * _SIDE * _SIDE

    def load(self, seed: int, base: Path) -> Table:
        rng = stream(seed, "data vehicles")
        kinds = ("car", "motorcycle", "pedestrian", "truck")
        if self.classes == 2:
            y = np.arange(self.samples) % 2
            others = np.array([1, 2, 3])[np.arange(self.samples) // 2 % 3]
            shown = np.where(y == 0, 0, others)
            names: tuple[str, ...] = ("car", "other")
        else:
            y = shown = np.arange(self.samples) % 4
            names = kinds
        x = np.stack([_draw(kinds[k], rng) for k in shown])
        x += rng.normal(0.0, self.noise, x.shape) if self.noise else 0.0
        pixels = tuple(f"pixel{r}.{c}" for r in range(_SIDE) for c in range(_SIDE))
        x = np.clip(x, 0.0, 1.0).reshape(len(x), -1)
        return Table(x, y.astype(np.int64), names, pixels, ("kind",), self.type, (1, _SIDE, _SIDE))


def _draw(kind: str, rng: np.random.Generator) -> Array:
    """One silhouette, its size, place, direction and contrast drawn at random."""
    scale = rng.uniform(0.65, 1.0)
    dark = rng.random() < 0.5
    mirror = rng.random() < 0.5
    width, height = {"car": (13, 6), "truck": (14, 8), "motorcycle": (9, 7), "pedestrian": (4, 11)}[kind]
    w, h = width * scale, height * scale
    left, top = rng.uniform(0, _SIDE - w), rng.uniform(0, _SIDE - h)
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE] + 0.5
    u, v = (columns - left) / w, (rows - top) / h
    inside = _SHAPES[kind](1 - u if mirror else u, v) & (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
    strength = rng.uniform(0.6, 1.0)
    background, figure = (strength, 0.0) if dark else (0.0, strength)
    return np.where(inside, figure, background).astype(np.float64)


def _disc(u: Array, v: Array, x: float, y: float, rx: float, ry: float) -> Array:
    return np.asarray(((u - x) / rx) ** 2 + ((v - y) / ry) ** 2 <= 1)


def _car(u: Array, v: Array) -> Array:
    body = (v > 0.42) & (v < 0.82)
    cabin = (v <= 0.42) & (np.abs(u - 0.48) < 0.2 + 0.25 * v)
    return body | cabin | _disc(u, v, 0.22, 0.84, 0.11, 0.2) | _disc(u, v, 0.78, 0.84, 0.11, 0.2)


def _truck(u: Array, v: Array) -> Array:
    box = (u < 0.66) & (v < 0.8)
    cab = (u > 0.7) & (v > 0.3) & (v < 0.8)
    bed = (v > 0.68) & (v < 0.8)
    wheels = _disc(u, v, 0.16, 0.86, 0.09, 0.16) | _disc(u, v, 0.48, 0.86, 0.09, 0.16)
    return box | cab | bed | wheels | _disc(u, v, 0.84, 0.86, 0.09, 0.16)


def _motorcycle(u: Array, v: Array) -> Array:
    wheels = _disc(u, v, 0.2, 0.76, 0.2, 0.25) | _disc(u, v, 0.8, 0.76, 0.2, 0.25)
    frame = (np.abs(v - (0.55 + 0.1 * u)) < 0.1) & (u > 0.2) & (u < 0.8)
    rider = (np.abs(u - 0.45) < 0.13) & (v > 0.12) & (v < 0.55)
    return wheels | frame | rider | _disc(u, v, 0.5, 0.1, 0.12, 0.12)


def _pedestrian(u: Array, v: Array) -> Array:
    head = _disc(u, v, 0.5, 0.1, 0.26, 0.1)
    trunk = (np.abs(u - 0.5) < 0.3) & (v > 0.2) & (v < 0.6)
    legs = (v >= 0.6) & (np.abs(np.abs(u - 0.5) - 0.25) < 0.15)
    return head | trunk | legs


_SHAPES = {"car": _car, "truck": _truck, "motorcycle": _motorcycle, "pedestrian": _pedestrian}

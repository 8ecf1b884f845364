"""What a race came to: what was raced over, and every contestant's track."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui_core.optimizers.root_finding import RootStep
from nntui_core.race import Track
from nntui_core.surfaces import Point, Surface

Array = NDArray[Any]
Window = tuple[Point, Point]


@dataclass(frozen=True, eq=False)
class Race:
    """A race over a surface, or over a plane through a network's loss."""

    kind: str
    """The surface's name in the file."""
    title: str
    surface: Surface
    """On a network: its window, start and names, without the function beyond ``grid``."""
    grid: Array
    """f over the window, rows × columns, y rising from the first row to the last."""
    near: tuple[Window, Array] | None
    """The same over the part of the window in which the race takes place; None where that is all of it."""
    tracks: tuple[Track, ...]
    explained: float | None = None
    """On a network: the plane's share of the movement."""
    about: str = ""
    """On a network: which plane it is."""

    @cached_property
    def marks(self) -> tuple[tuple[int | None, int | None], ...]:
        """Of each contestant: the first step near a minimum, and the first outside the window."""
        return tuple((track.reached(self.surface), track.left(self.window)) for track in self.tracks)

    @property
    def steps(self) -> int:
        """How many steps each contestant has."""
        return max(track.steps for track in self.tracks)

    @property
    def window(self) -> Window:
        """x from … to, y from … to."""
        return self.surface.window


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over a part of a line."""

    window: Point
    xs: Array
    ys: Array


@dataclass(frozen=True, eq=False)
class LineRace:
    """Newton's method in one dimension, tangent by tangent."""

    kind: str
    """ "root": where f is 0. "extremum": where f′ is 0, on the parabola that touches f."""
    title: str
    expression: str
    name: str
    start: float
    whole: Curve
    """f over the whole window."""
    close: tuple[Curve | None, ...]
    """At each step from the start on, f around it and the next one, where the whole window is too wide to tell them apart."""
    path: tuple[RootStep, ...]
    """Of f for a root, of f′ for an extremum."""
    values: Array
    """f at the start and after each step."""
    reason: str
    """Why it ended."""
    arrived: bool

    @property
    def steps(self) -> int:
        """How many steps it took."""
        return len(self.path)

    @property
    def points(self) -> Array:
        """θ at the start and after each step."""
        return np.array([self.start, *(s.next for s in self.path)])

    @property
    def window(self) -> Point:
        """From … to."""
        return self.whole.window


__all__ = ["Array", "Curve", "LineRace", "Race", "Track", "Window"]

"""A function of two variables from above: bands of height in half blocks, trails, heads and arrows on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import hypot

import numpy as np
from numpy.typing import NDArray

from nntui.tui.render.dots import Dots
from nntui.tui.render.heatmap import RAMP
from nntui.tui.render.numbers import exactly
from nntui.tui.render.picture import MUTED, Grid, Picture, Style, half_block
from nntui.tui.render.scale import resample
from nntui.tui.render.ticks import linear

Array = NDArray[np.float64]
Window = tuple[tuple[float, float], tuple[float, float]]

BANDS = 12
"""Between the lowest and the highest value."""
ROLES = (
    "class2", "class4", "class3", "class6", "class5", "class0", "class8", "class9", "class7", "class1",
)  # fmt: skip
"""Of contestants, by number: those most unlike the blue of heights first."""
MARKS = "ABCDEFGHIJ"
FAR = 1e9
"""Cells from the map, beyond which it makes no difference how far a point is away."""
_LINE = Style(fg="height:1")


@dataclass(frozen=True, eq=False)
class Trail:
    """One contestant on the map."""

    mark: str
    """A letter, which tells it from the others without colors."""
    role: str
    xy: Array
    """Where it was, oldest first, and last where it is: k × 2. NaN ends it."""
    gone: bool = False
    """It diverged: only its trail is left."""


@dataclass(frozen=True)
class Arrow:
    """From a point, in a direction; `share` of the map's width long (half blocks are square)."""

    x: float
    y: float
    dx: float
    dy: float
    role: str
    mark: str


def bands(values: Array, count: int = BANDS) -> NDArray[np.int64]:
    """Heights 0 … `count` − 1 of a function's values; −1 where it is not finite.

    Logarithmic above the lowest value, so that a valley's floor shows as well as its walls; where values have
    both signs, by their distance from the lowest all the same.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.full(values.shape, -1)
    low, span = float(finite.min()), float(np.ptp(finite)) or 1.0
    above = (finite - low) / span
    # The scale begins where a twentieth of the map lies lower.
    knee = max(float(np.quantile(above, 0.05)), 1e-6)
    with np.errstate(all="ignore"):
        share = np.log1p((values - low) / span / knee) / np.log1p(1 / knee)
    out = np.clip(
        np.floor(np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0) * count), 0, count - 1
    ).astype(np.int64)
    return np.where(np.isfinite(values), out, np.where(values == np.inf, count - 1, -1))


@dataclass(frozen=True)
class View:
    """Places of a window's points in a picture of `width` × `height` cells: x to the right, y up."""

    window: Window
    width: int
    height: int

    def across(self, x: Array | float) -> Array:
        """Cells from the left, with fractions."""
        (left, right), _ = self.window
        return np.asarray((np.asarray(x) - left) / (right - left) * self.width)

    def down(self, y: Array | float) -> Array:
        """Cells from the top, with fractions."""
        _, (low, high) = self.window
        return np.asarray((high - np.asarray(y)) / (high - low) * self.height)

    def point(self, column: float, row: float) -> tuple[float, float]:
        """The point in the middle of a cell."""
        (left, right), (low, high) = self.window
        return (
            left + (column + 0.5) / self.width * (right - left),
            high - (row + 0.5) / self.height * (high - low),
        )


@dataclass(frozen=True, eq=False)
class Map:
    """The heights and axes of a window, drawn once; everything that moves is drawn on a copy."""

    view: View
    left: int
    """Cells of the labels on the left."""
    grid: Grid
    shades: bool
    ascii: bool


def area(width: int, height: int) -> tuple[int, int, int]:
    """Of a picture of that size: the cells left of the map, and the map's width and height."""
    left, bottom = (7, 1) if width >= 40 and height >= 10 else (0, 0)
    return left, width - left, height - bottom


def heights(
    values: Array,
    window: Window,
    width: int,
    height: int,
    *,
    shades: bool = False,
    ascii: bool = False,  # noqa: A002
    lines: bool = False,
) -> Map:
    """The map in exactly `width` × `height` cells, with axes where there is room.

    `values` are rows × columns with y rising from the first row to the last, over `window`. With `shades`, heights
    are characters; with either, trails are letters. With `lines`, only where a band ends is drawn.
    """
    left, across, down = area(width, height)
    view, grid = View(window, max(1, across), max(1, down)), Grid(width, height)
    rows = view.height if shades else 2 * view.height
    levels = bands(resample(values, rows, view.width)[::-1])
    edge = _edges(levels)
    for y in range(view.height):
        for x in range(view.width):
            if shades:
                level = int(levels[y, x])
                letter = "?" if level < 0 else RAMP[min(len(RAMP) - 1, level * len(RAMP) // BANDS)]
                grid.put(left + x, y, letter, MUTED)
            elif lines:
                grid.put(left + x, y, " ▄▀█"[2 * int(edge[2 * y, x]) + int(edge[2 * y + 1, x])], _LINE)
            else:
                upper, lower = (_role(int(levels[r, x]), bool(edge[r, x])) for r in (2 * y, 2 * y + 1))
                grid.put(left + x, y, *half_block(upper, lower))
    if left:
        _axes(grid, left, view)
    return Map(view, left, grid, shades, ascii)


def contour(
    ground: Map,
    trails: Sequence[Trail] = (),
    arrows: Sequence[Arrow] = (),
    minima: Sequence[tuple[float, float]] = (),
    start: tuple[float, float] | None = None,
    cursor: tuple[float, float] | None = None,
) -> Picture:
    """A map with what moves on it: trails, arrows, the minima, the start, heads, and the cursor on top."""
    grid, plain = ground.grid.copy(), ground.shades or ground.ascii
    dots = Dots(ground.view.width, ground.view.height)
    for trail in trails:
        _trail(grid, ground, dots, trail, plain)
    dots.draw(grid, ground.left, 0, ground=True)
    for arrow in arrows:
        _arrow(grid, ground, arrow)
    for place in minima:
        _put(grid, ground, place, "X" if ground.ascii else "✚", Style(fg="fresh", bold=True))
    if start is not None:
        _put(grid, ground, start, "O" if ground.ascii else "○", Style(fg="fresh", bold=True))
    for trail in trails:
        if not trail.gone and len(trail.xy):
            _put(grid, ground, trail.xy[-1], trail.mark, Style(fg=trail.role, bold=True, reverse=True))
    if cursor is not None:
        _put(grid, ground, cursor, "&" if ground.ascii else "✛", Style(fg="warn", bold=True, reverse=True))
    return grid.picture()


def _edges(levels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a band ends: the contour lines."""
    out = np.zeros(levels.shape, dtype=bool)
    out[:-1] |= levels[:-1] > levels[1:]
    out[1:] |= levels[1:] > levels[:-1]
    out[:, :-1] |= levels[:, :-1] > levels[:, 1:]
    out[:, 1:] |= levels[:, 1:] > levels[:, :-1]
    return out


@cache
def _role(level: int, line: bool) -> str:
    """Bands are even; a line is odd, and a little brighter than the band that it ends."""
    return "zero" if level < 0 else f"height:{2 * level + (3 if line and level else 0)}"


def _trail(grid: Grid, ground: Map, dots: Dots, trail: Trail, letters: bool) -> None:
    view = ground.view
    kept = trail.xy[np.isfinite(trail.xy).all(axis=1)]
    places = np.column_stack([view.across(kept[:, 0]), view.down(kept[:, 1])])
    if letters:
        for column, row in np.floor(np.clip(places, -1, 1e6)).astype(int):
            if 0 <= column < view.width and 0 <= row < view.height:
                grid.put(ground.left + int(column), int(row), trail.mark.lower(), Style(fg=trail.role))
        return
    places = _distinct(places)
    a, b = _shortened(places[:-1], places[1:], view)
    style = Style(fg=trail.role)
    dots.lines(2 * a[:, 0], 4 * a[:, 1], 2 * b[:, 0], 4 * b[:, 1], style)


def _distinct(places: Array) -> Array:
    """Without those that fall on the dot of the one before: of many short steps few are left."""
    dots = np.floor(places * (2, 4))
    kept = np.append(True, (dots[1:] != dots[:-1]).any(axis=1))
    kept[-1] = True
    return np.asarray(places[kept[: len(places)]])


def _shortened(a: Array, b: Array, view: View) -> tuple[Array, Array]:
    """Segments with the parts cut off that lie more than a map's size outside: they would take many dots.

    Without those of which both ends lie there: what jumps to and fro across the map would hide all others.
    """
    size = np.array([view.width, view.height], dtype=np.float64)
    a, b = (np.clip(end, -FAR, FAR) for end in (a, b))
    way, flat = b - a, a == b
    with np.errstate(all="ignore"):
        first, second = (-size - a) / way, (2 * size - a) / way
    near = [((end >= -size) & (end <= 2 * size)).all(axis=1) for end in (a, b)]
    seen = near[0] | near[1]
    enter = np.where(flat, 0.0, np.minimum(first, second)).max(axis=1, initial=0.0)[:, None]
    leave = np.where(flat, 1.0, np.maximum(first, second)).min(axis=1, initial=1.0)[:, None]
    return (a + way * enter)[seen], (a + way * leave)[seen]


def _put(grid: Grid, ground: Map, place: Sequence[float] | Array, mark: str, style: Style) -> None:
    found = _cell(ground.view, place)
    if found is None:
        return
    x, y = ground.left + found[0], found[1]
    if not style.reverse:
        style = replace(style, bg=grid.ground(x, y))
    grid.put(x, y, mark, style)


def _cell(view: View, place: Sequence[float] | Array) -> tuple[int, int] | None:
    """The cell of a point; the window's own edges are inside."""
    column, row = float(view.across(place[0])), float(view.down(place[1]))
    if not (0 <= column <= view.width and 0 <= row <= view.height):
        return None
    return min(int(column), view.width - 1), min(int(row), view.height - 1)


def _arrow(grid: Grid, ground: Map, arrow: Arrow) -> None:
    view = ground.view
    end = arrow.x + arrow.dx, arrow.y + arrow.dy
    x, y, ex, ey = (
        float(v) for v in (view.across(arrow.x), view.down(arrow.y), view.across(end[0]), view.down(end[1]))
    )
    if not np.isfinite([x, y, ex, ey]).all() or hypot(ex - x, ey - y) < 0.5:
        return
    if not (ground.ascii or ground.shades):
        dots = Dots(view.width, view.height)
        dots.lines(2 * x, 4 * y, 2 * ex, 4 * ey, Style(fg=arrow.role, bold=True))
        dots.draw(grid, ground.left, 0, ground=True)
    _put(grid, ground, end, arrow.mark, Style(fg=arrow.role, bold=True))


def _axes(grid: Grid, left: int, view: View) -> None:
    (x0, x1), (y0, y1) = view.window
    values = linear(y0, y1, max(2, view.height // 4))
    for value, name in zip(values, exactly(values, 3), strict=True):
        row = int(view.down(value))
        if 0 <= row < view.height and len(name) < left:
            grid.write(0, row, name.rjust(left - 1), MUTED)
    free = 0
    values = linear(x0, x1, max(2, view.width // 8))
    for value, name in zip(values, exactly(values, 3), strict=True):
        column = int(view.across(value))
        begin = min(max(column - len(name) // 2, 0), view.width - len(name))
        if begin >= free and 0 <= column <= view.width:
            grid.write(left + begin, view.height, name, MUTED)
            free = begin + len(name) + 1

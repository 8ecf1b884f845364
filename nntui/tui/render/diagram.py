"""The network as a diagram: columns of units, and between them their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nntui.tui.render import scale
from nntui.tui.render.dots import Dots
from nntui.tui.render.edges import Edge, draw, edges
from nntui.tui.render.picture import Grid, Picture, Style, fit, text, width_of
from nntui.tui.render.units import SELECTED, Size, Unit, draw_unit

MUTED = Style(fg="muted")
TITLE = Style(fg="text", bold=True)

GAP = 6
"""Cells between columns at least: in less, weights cannot be told apart."""
LABEL = 8
"""Cells of a label beside the first and the last column, at most."""


@dataclass(frozen=True, eq=False)
class Column:
    """A layer: the units that are shown, and how many are not."""

    title: str
    units: tuple[Unit, ...]
    hidden: int = 0


@dataclass(frozen=True)
class _Placed:
    """A column on the grid: its left edge, the size of its units, the top of each, how many are not shown."""

    left: int
    size: Size
    tops: tuple[int, ...]
    hidden: int

    def middle(self, k: int) -> float:
        """The middle of a unit, in dots from the top."""
        return 4 * self.tops[k] + 2 * self.size.outer[1] - 0.5

    def ends(self, *, right: bool) -> list[tuple[float, float]]:
        """Where edges begin (at the right) or end (at the left), in dots."""
        x = 2 * (self.left + self.size.outer[0]) if right else 2 * self.left - 1
        return [(x, self.middle(k)) for k in range(len(self.tops))]


SIZES = (
    Size(10, 5, "frame", 1),
    Size(8, 4, "frame", 1),
    Size(6, 3, "frame", 1),
    Size(6, 3, "frame", 0),
    Size(6, 2, "frame", 0),
    Size(6, 1, "frame", 0),
    Size(6, 1, "", 1),
    Size(4, 1, "", 1),
    Size(4, 1, "", 0),
    Size(2, 1, "", 0),
)
"""From the largest; boxes in which only a value is written are never higher than one line inside."""
FACES = (
    *SIZES[:3],
    Size(8, 3, "sides", 1),
    Size(8, 2, "sides", 1),
    Size(6, 2, "sides", 1),
    Size(4, 2, "sides", 1),
    *SIZES[-3:],
)
"""The same for units with a face, to which lines of pixels matter more than a frame."""
LEAST_FACE = 4
"""The place in FACES of the smallest one that can be read: rather than smaller, fewer units are shown."""
LEAST_FACES = 3
"""But not fewer than these."""


def diagram(
    columns: Sequence[Column],
    weights: Sequence[ArrayLike | None],
    width: int,
    height: int,
    limit: float | None = None,
    ascii: bool = False,  # noqa: A002
) -> Picture | None:
    """Columns from left to right in exactly `width` × `height` cells; None where they do not fit beside each other.

    `weights[k]` is (shown units of column k) × (shown units of column k + 1), or None where the next layer
    has none, which draws one plain connection. Edges are colored by sign and drawn as strong as |w| is of
    `limit` (default: the largest shown). Units that do not fit are folded into "… n more"; of many
    edges only the strongest are drawn, and their number is written in the last line.
    """
    grid = Grid(width, height)
    if not columns or width < 1 or height < 1:
        return grid.picture()
    placed = _place(columns, width, height)
    if placed is None:
        return None
    matrices = [None if w is None else np.asarray(w, np.float64) for w in weights]
    known = [w for w in matrices if w is not None]
    top = limit or scale.limit_of(np.concatenate([w.reshape(-1) for w in known]) if known else [])
    dots = Dots(width, height)
    found: list[Edge] = []
    notes: list[tuple[int, int, int, int]] = []
    for k in range(len(columns) - 1):
        matrix = matrices[k] if k < len(matrices) else None
        a, b = placed[k], placed[k + 1]
        if matrix is None:
            _connection(grid, a, b, ascii)
            continue
        some = edges(matrix / top, a.ends(right=True), b.ends(right=False))
        found += some
        every = min(len(a.tops), matrix.shape[0]) * min(len(b.tops), matrix.shape[1])
        if len(some) < every:
            notes.append((a.left + a.size.outer[0], b.left, len(some), every))
    draw(dots, found)
    dots.draw(grid, 0, 0, ascii)
    largest = _largest(columns)
    for k, column in enumerate(columns):
        _column(grid, column, placed[k], k, len(columns), largest, ascii)
    for k, (left, right, drawn, every) in enumerate(notes):
        center = (left + right) // 2
        others = [(a + b) // 2 for i, (a, b, *_) in enumerate(notes) if i != k]
        room = min([abs(center - other) - 2 for other in others], default=width)
        _note(grid, center, room, drawn, every)
    return grid.picture()


def _note(grid: Grid, center: int, room: int, drawn: int, every: int) -> None:
    """How many weights are drawn between two columns, in as many words as have room."""
    for words in (
        f"strongest {drawn} of {every} weights",
        f"strongest {drawn} of {every}",
        f"{drawn}/{every}",
    ):
        if len(words) <= min(room, grid.width):
            start = min(max(0, center - len(words) // 2), grid.width - len(words))
            grid.write(start, grid.height - 1, words, MUTED)
            return


def _place(columns: Sequence[Column], width: int, height: int) -> list[_Placed] | None:
    """Sizes and places, or None where there is no room for columns."""
    room = height - 2  # below the titles, above the notes
    left = min(LABEL, max((width_of(u.label) for u in columns[0].units), default=0))
    right = (
        min(LABEL, max((width_of(u.label) for u in columns[-1].units), default=0)) if len(columns) > 1 else 0
    )
    left, right = left + bool(left), right + bool(right)
    if room < 2:
        return None
    gaps = len(columns) - 1
    for start, first in enumerate(SIZES):
        sizes = [_size(column, room, start) for column in columns]
        between = width - left - right - sum(size.outer[0] for size, _ in sizes)
        if between >= max(GAP, first.width) * gaps and between >= 0:
            return _spread(columns, sizes, left, between, room)
    return None


def _size(column: Column, room: int, start: int) -> tuple[Size, int]:
    """The largest size from `start` on in which all units fit, or as many as possible; and that number."""
    drawn = any(unit.face is not None for unit in column.units)
    more = 1 if column.hidden else 0
    sizes = FACES if drawn else SIZES
    for k, size in enumerate(sizes[start:], start):
        if size.span(len(column.units)) + more <= room and (drawn or size.height == 1):
            return size, len(column.units)
        if drawn and k >= LEAST_FACE and (some := _count(size, room)) >= LEAST_FACES:
            return size, some
    size = sizes[max(start, len(sizes) - 2)]
    return size, min(max(1, _count(size, room)), len(column.units))


def _count(size: Size, room: int) -> int:
    """How many units fit, above a line that says how many do not."""
    return (room - 1 + size.gap) // (size.outer[1] + size.gap)


def _spread(
    columns: Sequence[Column], sizes: Sequence[tuple[Size, int]], left: int, between: int, room: int
) -> list[_Placed]:
    gaps = len(columns) - 1
    out = []
    x = left if gaps else left + max(0, between // 2)
    for k, (column, (size, count)) in enumerate(zip(columns, sizes, strict=True)):
        hidden = column.hidden + len(column.units) - count
        used = size.span(count) + (1 if hidden else 0)
        top = 1 + max(0, room - used) // 2
        tops = tuple(top + i * (size.outer[1] + size.gap) for i in range(count))
        out.append(_Placed(x, size, tops, hidden))
        if gaps and k < gaps:
            x += size.outer[0] + between // gaps + (k < between % gaps)
    return out


def _connection(grid: Grid, a: _Placed, b: _Placed, ascii: bool) -> None:  # noqa: A002
    """A connection without weights, in the middle."""
    y = round((a.middle(0) + a.middle(len(a.tops) - 1)) / 8) if a.tops else 0
    start, end = a.left + a.size.outer[0] + 1, b.left - 2
    for x in range(start, end):
        grid.put(x, y, "-" if ascii else "─", MUTED)
    grid.put(end, y, ">" if ascii else "▶", MUTED)


def _column(
    grid: Grid,
    column: Column,
    place: _Placed,
    index: int,
    count: int,
    largest: float,
    ascii: bool,  # noqa: A002
) -> None:
    width, height = place.size.outer
    center = place.left + width / 2
    pitch = max(width + 2, grid.width // count - 1)
    title = fit(text(column.title, TITLE), min(width_of(column.title), pitch))
    shown = width_of("".join(s.text for s in title))
    start = min(max(0, round(center - shown / 2)), grid.width - shown)
    grid.write(start, 0, title)
    for k, top in enumerate(place.tops):
        unit = column.units[k]
        draw_unit(grid, unit, place.left, top, place.size, largest, ascii)
        middle = top + height // 2
        if index == 0 and unit.label:
            label = fit(text(unit.label, SELECTED if unit.selected else MUTED), place.left - 1, "right")
            grid.write(0, middle, label)
        elif index == count - 1 and unit.label:
            room = min(LABEL, grid.width - place.left - width - 1)
            label = text(unit.label, SELECTED if unit.selected else MUTED)
            grid.write(place.left + width + 1, middle, fit(label, min(room, width_of(unit.label))))
    if place.hidden:
        dots = "..." if ascii else "…"
        note = f"{dots} {place.hidden} more"
        y = place.tops[-1] + height if place.tops else 1
        x = min(max(0, round(center - len(note) / 2)), max(0, grid.width - len(note)))
        grid.write(x, min(y, grid.height - 1), note, MUTED)


def _largest(columns: Sequence[Column]) -> float:
    """The scale of the units' values."""
    return scale.rounded_up(
        scale.limit_of([u.value for c in columns for u in c.units if u.value is not None])
    )

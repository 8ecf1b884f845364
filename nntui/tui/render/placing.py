"""Where the columns of a diagram go, and how large their units are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nntui.tui.render.labels import shortened
from nntui.tui.render.picture import width_of
from nntui.tui.render.units import Size, Unit

GAP = 6
"""Cells between columns at least: in less, weights cannot be told apart."""
LABEL, WIDE_LABEL, WIDE = 8, 12, 64
"""Cells of a label beside the first and the last column, at most; and from which width on."""


@dataclass(frozen=True, eq=False)
class Column:
    """A layer: the units that are shown, and how many are not."""

    title: str
    units: tuple[Unit, ...]
    hidden: int = 0


@dataclass(frozen=True)
class Placed:
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


def place(columns: Sequence[Column], width: int, height: int) -> list[Placed] | None:
    """Sizes and places, or None where there is no room for columns."""
    room = height - 2  # below the titles, above the notes
    labels = labels_of(columns, width)
    left = max(map(width_of, labels[0]), default=0)
    right = max(map(width_of, labels[-1]), default=0) if len(columns) > 1 else 0
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
) -> list[Placed]:
    gaps = len(columns) - 1
    out = []
    x = left if gaps else left + max(0, between // 2)
    for k, (column, (size, count)) in enumerate(zip(columns, sizes, strict=True)):
        hidden = column.hidden + len(column.units) - count
        used = size.span(count) + (1 if hidden else 0)
        top = 1 + max(0, room - used) // 2
        tops = tuple(top + i * (size.outer[1] + size.gap) for i in range(count))
        out.append(Placed(x, size, tops, hidden))
        if gaps and k < gaps:
            x += size.outer[0] + between // gaps + (k < between % gaps)
    return out


def labels_of(columns: Sequence[Column], width: int) -> list[list[str]]:
    """What is written beside the units of the first and of the last column."""
    room = WIDE_LABEL if width >= WIDE else LABEL
    ends = (0, len(columns) - 1)
    return [
        shortened([u.label for u in column.units], room) if k in ends else [""] * len(column.units)
        for k, column in enumerate(columns)
    ]

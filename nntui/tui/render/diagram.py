"""The network as a diagram: columns of units, and between them their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render import scale
from nntui.tui.render.dots import Dots
from nntui.tui.render.heatmap import RAMP, heatmap
from nntui.tui.render.picture import Grid, Picture, Style, fit, join, text, width_of

MUTED = Style(fg="muted")
TITLE = Style(fg="text", bold=True)
FRAME = Style(fg="zero")
SELECTED = Style(fg="accent", bold=True)

LABEL = 8
"""Cells of a label beside the first and the last column, at most."""
FAINT, MIDDLE, STRONG = 0.04, 0.34, 0.67
"""Shares of the largest weight from which an edge is solid, of two and of three dots."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A unit: its bias or activation as `value`, or a 2-D `face` (the larger of the two when both are given).

    `ink` draws the face on the sequential scale, as for an image.
    """

    label: str = ""
    value: float | None = None
    face: ArrayLike | None = None
    ink: bool = False
    selected: bool = False


@dataclass(frozen=True, eq=False)
class Column:
    """A layer: the units that are shown, and how many are not."""

    title: str
    units: tuple[Unit, ...]
    hidden: int = 0


@dataclass(frozen=True)
class _Size:
    """How units are drawn: the inside of a box, with or without its frame, and the lines between boxes."""

    width: int
    height: int
    framed: bool
    gap: int

    @property
    def outer(self) -> tuple[int, int]:
        return self.width + 2 * self.framed, self.height + 2 * self.framed

    def span(self, count: int) -> int:
        return count * self.outer[1] + max(0, count - 1) * self.gap


@dataclass(frozen=True)
class _Placed:
    """A column on the grid: its left edge, the size of its units, the top of each, how many are not shown."""

    left: int
    size: _Size
    tops: tuple[int, ...]
    hidden: int

    def middle(self, k: int) -> float:
        """The middle of a unit, in dots from the top."""
        return 4 * self.tops[k] + 2 * self.size.outer[1] - 0.5


SIZES = (
    _Size(10, 5, True, 1),
    _Size(8, 4, True, 1),
    _Size(6, 3, True, 1),
    _Size(6, 3, True, 0),
    _Size(6, 2, True, 0),
    _Size(6, 1, True, 0),
    _Size(6, 1, False, 1),
    _Size(4, 1, False, 1),
    _Size(4, 1, False, 0),
    _Size(2, 1, False, 0),
)
"""From the largest; boxes in which only a value is written are never higher than one line inside."""


def diagram(
    columns: Sequence[Column],
    weights: Sequence[ArrayLike | None],
    width: int,
    height: int,
    limit: float | None = None,
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """Columns from left to right in exactly `width` × `height` cells.

    `weights[k]` is (shown units of column k) × (shown units of column k + 1), or None where the next layer
    has none, which draws one plain connection. Edges are colored by sign and drawn as strong as |w| is of
    `limit` (default: the largest shown). Units that do not fit are folded into "… n more"; where columns do
    not fit beside each other, each layer is one line.
    """
    grid = Grid(width, height)
    if not columns or width < 1 or height < 1:
        return grid.picture()
    placed = _place(columns, width, height)
    if placed is None:
        return _lines(columns, width, height, ascii)
    matrices = [None if w is None else np.asarray(w, np.float64) for w in weights]
    known = [w for w in matrices if w is not None]
    top = limit or scale.limit_of(np.concatenate([w.reshape(-1) for w in known]) if known else [])
    dots = Dots(width, height)
    edges: list[tuple[float, float, float, float, float, float]] = []
    for k in range(len(columns) - 1):
        matrix = matrices[k] if k < len(matrices) else None
        a, b = placed[k], placed[k + 1]
        x0, x1 = 2 * (a.left + a.size.outer[0]), 2 * b.left - 1
        if matrix is None:
            _plain_edge(grid, a, b, ascii)
        else:
            edges += _edges(matrix / top, a, b, x0, x1)
    # The strongest last, so that they are on top where edges cross.
    for share, x0, y0, x1, y1, sign in sorted(edges):
        _edge(dots, x0, y0, x1, y1, share, sign)
    dots.draw(grid, 0, 0, ascii)
    values = [abs(u.value) for c in columns for u in c.units if u.value is not None and np.isfinite(u.value)]
    for k, column in enumerate(columns):
        _column(grid, column, placed[k], k, len(columns), max(values, default=0.0) or 1.0, ascii)
    return grid.picture()


def _place(columns: Sequence[Column], width: int, height: int) -> list[_Placed] | None:
    """Sizes and places, or None where there is no room for columns."""
    room = height - 1  # below the titles
    left = min(LABEL, max((width_of(u.label) for u in columns[0].units), default=0))
    right = min(LABEL, max((width_of(u.label) for u in columns[-1].units), default=0)) if len(columns) > 1 else 0
    left, right = left + bool(left), right + bool(right)
    if room < 2:
        return None
    for least in (7, 5, 3):
        for start in range(len(SIZES)):
            sizes = [_size(column, room, start) for column in columns]
            inner = sum(size.outer[0] for size, _ in sizes)
            between = width - left - right - inner
            gaps = len(columns) - 1
            if between >= least * gaps:
                return _spread(columns, sizes, left, between, room)
    return None


def _size(column: Column, room: int, start: int) -> tuple[_Size, int]:
    """The largest size from `start` on in which all units fit, or as many as possible; and that number."""
    drawn = any(unit.face is not None for unit in column.units)
    more = 1 if column.hidden else 0
    for size in SIZES[start:]:
        if size.span(len(column.units)) + more <= room and (drawn or size.height == 1):
            return size, len(column.units)
    size = SIZES[max(start, len(SIZES) - 2)]
    count = max(1, (room - 1 + size.gap) // (size.height + size.gap))
    return size, min(count, len(column.units))


def _spread(
    columns: Sequence[Column], sizes: Sequence[tuple[_Size, int]], left: int, between: int, room: int
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


def _edges(
    shares: NDArray[np.float64], a: _Placed, b: _Placed, x0: int, x1: int
) -> list[tuple[float, float, float, float, float, float]]:
    """(strength, x0, y0, x1, y1, sign) of the edges between two columns."""
    rows, cols = min(len(a.tops), shares.shape[0]), min(len(b.tops), shares.shape[1])
    out = []
    for i in range(rows):
        for j in range(cols):
            w = float(shares[i, j])
            strength = 2.0 if np.isnan(w) else min(1.0, abs(w))
            out.append((strength, x0, a.middle(i), x1, b.middle(j), np.sign(w)))
    return out


def _edge(dots: Dots, x0: float, y0: float, x1: float, y1: float, share: float, sign: float) -> None:
    """One weight: dotted and dim when it is nearly none, wider the stronger it is; NaN in its own color."""
    if share > 1:
        dots.lines(x0, y0, x1, y1, Style(fg="bad"))
        return
    if share < FAINT:
        dots.lines(x0, y0, x1, y1, FRAME, dash=(1, 3))
        return
    level = max(2, round(share * scale.STEPS))
    style = Style(fg=f"scale:{level if sign > 0 else -level}")
    dots.lines(x0, y0, x1, y1, style)
    if share >= MIDDLE:
        dots.lines(x0, y0 + 1, x1, y1 + 1, style)
    if share >= STRONG:
        dots.lines(x0, y0 - 1, x1, y1 - 1, style)


def _plain_edge(grid: Grid, a: _Placed, b: _Placed, ascii: bool) -> None:  # noqa: A002
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
        _unit(grid, unit, place.left, top, place.size, largest, ascii)
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
        y = place.tops[-1] + height
        x = min(max(0, round(center - len(note) / 2)), max(0, grid.width - len(note)))
        grid.write(x, min(y, grid.height - 1), note, MUTED)


def _unit(
    grid: Grid,
    unit: Unit,
    left: int,
    top: int,
    size: _Size,
    largest: float,
    ascii: bool,  # noqa: A002
) -> None:
    inset = int(size.framed)
    if size.framed:
        _frame(grid, left, top, size, unit.selected, ascii)
    if unit.face is not None:
        face = np.asarray(unit.face, np.float64)
        palette = "ink" if unit.ink else "signed"
        drawn = heatmap(face, size.width, size.height, ascii=ascii, palette="ink" if palette == "ink" else "signed")
        grid.paste(left + inset, top + inset, drawn)
        if unit.selected and not size.framed:
            grid.put(left - 1, top, ">" if ascii else "▸", SELECTED)
        return
    level = 0 if unit.value is None else int(scale.quantize([unit.value], largest)[0])
    style = Style(bg="zero" if level == 0 else scale.role(level))
    for y in range(size.height):
        for x in range(size.width):
            sign = RAMP[min(9, int((level + 8) / 17 * 10))] if ascii and level != scale.NAN else " "
            grid.put(left + inset + x, top + inset + y, sign, Style() if ascii else style)
    if unit.selected and not size.framed:
        grid.put(left - 1, top, ">" if ascii else "▸", SELECTED)


def _frame(grid: Grid, left: int, top: int, size: _Size, selected: bool, ascii: bool) -> None:  # noqa: A002
    style = SELECTED if selected else FRAME
    across, down, corners = ("-", "|", "++++") if ascii else ("─", "│", "╭╮╰╯")
    right, bottom = left + size.width + 1, top + size.height + 1
    for x in range(left + 1, right):
        grid.put(x, top, across, style)
        grid.put(x, bottom, across, style)
    for y in range(top + 1, bottom):
        grid.put(left, y, down, style)
        grid.put(right, y, down, style)
    for (x, y), corner in zip(((left, top), (right, top), (left, bottom), (right, bottom)), corners, strict=True):
        grid.put(x, y, corner, style)


def _lines(columns: Sequence[Column], width: int, height: int, ascii: bool) -> Picture:  # noqa: A002
    """One line a layer: its name, its units as colored cells, how many there are."""
    name = min(max(width_of(c.title) for c in columns), max(4, width // 3))
    values = [abs(u.value) for c in columns for u in c.units if u.value is not None and np.isfinite(u.value)]
    largest = max(values, default=0.0) or 1.0
    rows = []
    for column in columns[:height] if len(columns) <= height else columns[: height - 1]:
        units = len(column.units) + column.hidden
        tail = f" {units}"
        room = max(0, width - name - 1 - len(tail))
        cells = []
        for unit in column.units[: room // 2]:
            level = 0 if unit.value is None else int(scale.quantize([unit.value], largest)[0])
            role = "zero" if level == 0 else scale.role(level)
            cells.append(text("o" if ascii else "■", Style(fg=role, underline=unit.selected)))
            cells.append(text(" "))
        rows.append(fit(join(fit(text(column.title, TITLE), name), text(" "), *cells, text(tail, MUTED)), width))
    if len(columns) > height:
        rows.append(fit(text(f"… {len(columns) - height + 1} more layers", MUTED), width))
    rows += [fit("", width)] * (height - len(rows))
    return tuple(rows[:height])

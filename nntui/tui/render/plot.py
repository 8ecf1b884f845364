"""Line plots and scatter plots in braille, with axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render import ticks
from nntui.tui.render.dots import Dots
from nntui.tui.render.numbers import exactly, trimmed
from nntui.tui.render.picture import MUTED, Grid, Picture, Row, Style, fit, join, text

Array = NDArray[np.float64]

LABEL = 6
"""Cells of a label of the y axis."""
AXIS = Style(fg="zero")
EXTREME = 1e290
ALIKE = 1e-6
"""Values that differ by less than this of their size are one: float32 tells no more, and labels could not."""


@dataclass(frozen=True, eq=False)
class Series:
    """Values `y` over `x` (1-D, of one length), in the color of a role. NaN and infinities are gaps."""

    x: ArrayLike
    y: ArrayLike
    role: str = "train"
    label: str = ""
    dashed: bool = False
    points: bool = False
    mark: str = ""
    """What stands at each point, in place of a dot."""
    reverse: bool = False
    """Whether the marks' colors are exchanged."""


def plot(
    series: Sequence[Series],
    width: int,
    height: int,
    log: bool = False,
    x_label: str = "",
    ascii: bool = False,  # noqa: A002
    x_limits: tuple[float, float] | None = None,
    y_limits: tuple[float, float] | None = None,
    log_x: bool = False,
) -> Picture:
    """All series in one frame of exactly `width` × `height` cells, later ones on top.

    The limits are those of the finite values where not given. With `log`, the y axis is logarithmic, and
    what is zero or below lies on its lower edge; where no value is positive, the axis stays linear. With
    `log_x`, the x axis is logarithmic, and every x and its limits are above zero.
    """
    grid = Grid(width, height)
    data = [_clean(s) for s in series]
    xs = np.concatenate([x[np.isfinite(y)] for x, y in data]) if data else np.zeros(0)
    ys = np.concatenate([y[np.isfinite(y)] for _, y in data]) if data else np.zeros(0)
    if not len(ys) or width < 1 or height < 1:
        if height > 0:
            grid.write(0, height // 2, fit(text("no values yet", MUTED), width, "center"))
        return grid.picture()
    log = log and bool((ys > 0).any())
    bottom = 2 if height >= 5 else 0
    tall = y_limits or _bounds(ys, log)
    written = width >= 24 and height >= 3
    marked = _y_ticks(tall, log, height - bottom, width // 3) if written else {}
    if len(set(marked.values())) < len(marked) and not y_limits:
        # There is no room for the digits that differ: at the scale that can be written it is one value.
        tall = _around(ys, log)
        marked = _y_ticks(tall, log, height - bottom, width // 3)
    left = max([LABEL, *map(len, marked.values())]) + 2 if written else 0
    frame = _Frame(width - left, height - bottom, x_limits or _span(xs), tall, log, log_x)
    if left:
        _y_axis(grid, frame, left - 1, marked)
    if bottom:
        _x_axis(grid, frame, left, xs, x_label)
    dots = Dots(frame.width, frame.height)
    for one, (x, y) in zip(series, data, strict=True):
        px, py = frame.dots(x, y)
        finite = np.isfinite(py)
        if not (one.points or finite.sum() == 1):
            _curve(dots, px, py, Style(fg=one.role), one.dashed)
            continue
        # A cell holds dots or a mark: lines so far go below these marks, and later ones above them.
        dots.draw(grid, left, 0, ascii)
        dots = Dots(frame.width, frame.height)
        sign, style = one.mark or ("o" if ascii else "•"), Style(fg=one.role, reverse=one.reverse)
        for a, b in zip(px[finite], py[finite], strict=True):
            column, row = _cell(a, 2), _cell(b, 4)
            if 0 <= column < frame.width and 0 <= row < frame.height:
                grid.put(left + column, row, sign, style)
    dots.draw(grid, left, 0, ascii)
    return grid.picture()


def legend(series: Sequence[Series], ascii: bool = False) -> Row:  # noqa: A002
    """The labels of the series, each with a piece of its line."""
    line, dashes, point = ("--", "..", "o") if ascii else ("──", "╌╌", "•")
    parts = []
    for s in series:
        sign = point if s.points else dashes if s.dashed else line
        if s.label:
            parts.append(join(text(sign, Style(fg=s.role)), text(f" {s.label}", MUTED)))
    return join(*[join(text("  " if k else ""), part) for k, part in enumerate(parts)])


@dataclass(frozen=True)
class _Frame:
    """Maps values to dots."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    log: bool
    log_x: bool

    def dots(self, x: Array, y: Array) -> tuple[Array, Array]:
        return self.column(x), self.row(y)

    def column(self, x: Array) -> Array:
        low, high = self.x
        if self.log_x:
            x, low, high = np.log10(x), log10(low), log10(high)
        return (x - low) / (high - low) * (2 * self.width - 1)

    def row(self, y: Array) -> Array:
        low, high = self.y
        if self.log:
            y = np.log10(np.where(y <= 0, low, y))
            low, high = np.log10(low), np.log10(high)
        share = np.clip((y - low) / (high - low), 0, 1)
        return (1 - share) * (4 * self.height - 1)


def _cell(dot: float, size: int) -> int:
    """The cell of the nearest dot, of `size` in a cell: where a line through it is drawn."""
    return floor(dot + 0.5) // size


def _clean(series: Series) -> tuple[Array, Array]:
    x, y = (np.asarray(v, np.float64).reshape(-1) for v in (series.x, series.y))
    size = min(len(x), len(y))
    x, y = _moderate(x[:size]), _moderate(y[:size])
    return x, np.where(np.isfinite(x) & np.isfinite(y), y, np.nan)


def _moderate(a: Array) -> Array:
    """Finite values kept away from the ends of what a float can hold, where spans over- and underflow."""
    near = np.where(np.isfinite(a), np.clip(a, -EXTREME, EXTREME), np.nan)
    return np.where(np.abs(near) < 1 / EXTREME, 0.0, near)


def _span(xs: Array) -> tuple[float, float]:
    low, high = float(xs.min()), float(xs.max())
    room = max(0.5, 1e-9 * abs(low))  # more, where a half would be lost in rounding
    return (low, high) if high > low else (low - room, high + room)


def _bounds(ys: Array, log: bool) -> tuple[float, float]:
    """Limits of the y axis, moved out to rounder numbers, so that they do not change all the time."""
    if log:
        positive = ys[ys > 0]
        low, high = float(positive.min()), float(positive.max())
        below, above = map(_power, (low, high))
        low = max((m * below for m in ticks.LOG_STEPS if m * below <= low), default=low)
        high = min((m * above for m in (*ticks.LOG_STEPS, 10) if m * above >= high), default=high)
        return (low, high) if high > low else _around(ys, log)
    low, high = float(ys.min()), float(ys.max())
    if not high - low > ALIKE * max(abs(low), abs(high)):
        return _around(ys, log)
    step = ticks.nice_step(high - low, 10)
    return float(np.floor(low / step + 1e-9) * step), float(np.ceil(high / step - 1e-9) * step)


def _power(value: float) -> float:
    """The largest power of ten that is not above it: its logarithm may be rounded up."""
    found: float = 10.0 ** floor(log10(value))
    return found if found <= value else found / 10


def _around(ys: Array, log: bool) -> tuple[float, float]:
    """Limits for values that are drawn as one; on a logarithmic axis, for those above 0."""
    if log:
        ys = ys[ys > 0]
    low, high = float(ys.min()), float(ys.max())
    if log:
        return low / 2, high * 2
    room = abs(low) / 10 or 1.0
    return low - room, high + room


def _y_ticks(limits: tuple[float, float], log: bool, height: int, room: int) -> dict[float, str]:
    """The values that are marked, with their labels of at most `room` cells."""
    values = ticks.logarithmic(*limits, height // 2) if log else ticks.linear(*limits, max(1, height // 3))
    names = exactly(values)
    if max(map(len, names), default=0) > room:
        names = [_label(value) for value in values]
    return dict(zip(values, names, strict=True))


def _y_axis(grid: Grid, frame: _Frame, column: int, marked: dict[float, str]) -> None:
    for y in range(frame.height):
        grid.put(column, y, "│", AXIS)
    for value, name in marked.items():
        row = _cell(frame.row(np.array([value]))[0], 4)
        if 0 <= row < frame.height:
            grid.write(0, row, fit(text(name, MUTED), column - 1, "right"))
            grid.put(column, row, "┤", AXIS)


def _label(value: float) -> str:
    for digits in (4, 3, 2, 1):
        s = trimmed(value, digits)
        if len(s) <= LABEL:
            return s
    return s


def _x_axis(grid: Grid, frame: _Frame, left: int, xs: Array, label: str) -> None:
    row = frame.height
    for k in range(frame.width):
        grid.put(left + k, row, "─", AXIS)
    if left:
        grid.put(left - 1, row, "└", AXIS)
    if len(label) + 2 >= frame.width // 2:
        label = ""
    end = frame.width - (len(label) + 1 if label else 0)
    whole = bool((xs == np.rint(xs)).all())
    most = max(1, frame.width // 10)
    # More of them, or beyond the label, where there would be one alone, which does not tell a scale.
    ways = [_x_ticks(frame, finer * most, whole, end) for finer in (1, 2, 4)]
    ways.append(_x_ticks(frame, most, whole, frame.width))
    chosen = next((way for way in ways if len(way) > 1), ways[0])
    for column, start, name in chosen:
        grid.put(left + column, row, "┬", AXIS)
        grid.write(left + start, row + 1, name, MUTED)
    if chosen is ways[-1] and len(chosen) > 1:
        end = chosen[-1][1] - len(label) - 1
        label = label if chosen[-2][1] + len(chosen[-2][2]) < end else ""
        grid.write(left + end, row + 1, label, MUTED)
    elif label:
        grid.write(left + frame.width - len(label), row + 1, label, MUTED)


def _x_ticks(frame: _Frame, most: int, whole: bool, end: int) -> list[tuple[int, int, str]]:
    """Marked columns before `end`, each with where its label begins, and that; those that have room beside each other."""
    values = ticks.logarithmic(*frame.x, most) if frame.log_x else ticks.linear(*frame.x, most, whole)
    found, free = [], 0
    for value, name in zip(values, exactly(values), strict=True):
        column = _cell(frame.column(np.array([value]))[0], 2)
        start = min(max(column - len(name) // 2, 0), frame.width - len(name))
        if free <= start <= end - len(name):
            found.append((column, start, name))
            free = start + len(name) + 2
    return found


def _curve(dots: Dots, x: Array, y: Array, style: Style, dashed: bool) -> None:
    """Join neighbors that are both finite; a value between two gaps is a dot."""
    if len(x) > 8 * dots.width and (np.diff(x) >= 0).all():
        x, y = _decimated(x, y)
    finite = np.isfinite(y)
    joined = finite[:-1] & finite[1:]
    k = np.flatnonzero(joined)
    # Two cells each, so that what lies below shows through the gaps in its own color.
    dash = (4, 4) if dashed else (1, 0)
    dots.lines(x[k], y[k], x[k + 1], y[k + 1], style, dash)
    alone = finite & ~np.append(joined, False) & ~np.append(False, joined)
    dots.points(x[alone], y[alone], style)


def _decimated(x: Array, y: Array) -> tuple[Array, Array]:
    """The first, lowest, highest and last finite value of each column of dots: the same picture."""
    columns = np.floor(x + 0.5)
    starts = np.flatnonzero(np.append(True, np.diff(columns) > 0))
    finite = np.isfinite(y)
    some = np.logical_or.reduceat(finite, starts)
    low = np.minimum.reduceat(np.where(finite, y, np.inf), starts)
    high = np.maximum.reduceat(np.where(finite, y, -np.inf), starts)
    index = np.arange(len(y))
    first = np.minimum.reduceat(np.where(finite, index, len(y) - 1), starts)
    last = np.maximum.reduceat(np.where(finite, index, 0), starts)
    rows = np.where(some, np.stack([y[first], low, high, y[last]]), np.nan)
    return np.repeat(columns[starts], 4), rows.T.reshape(-1)

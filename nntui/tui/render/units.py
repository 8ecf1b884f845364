"""One unit of a diagram: a colored face, in a frame where there is room for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render import scale
from nntui.tui.render.heatmap import heatmap, signed
from nntui.tui.render.picture import Grid, Style

FRAME = Style(fg="zero")
COARSE = 4
SELECTED = Style(fg="accent", bold=True)
Mark = Literal["", "dead", "saturated"]
MARKS: dict[Mark, tuple[str, str, Style]] = {
    "dead": ("†", "x", Style(fg="bad", bold=True)),
    "saturated": ("‡", "s", Style(fg="warn", bold=True)),
}
"""Sign, sign in ASCII, and style."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A unit: its bias or activation as `value` (None: it has none), or a 2-D `face`, which goes before.

    `ink` draws the face on the sequential scale, as for an image; `limit` is the scale's end (default: the
    face's largest magnitude).
    """

    label: str = ""
    value: float | None = None
    face: ArrayLike | None = None
    ink: bool = False
    limit: float | None = None
    selected: bool = False
    mark: Mark = ""


@dataclass(frozen=True)
class Size:
    """How units are drawn: the inside of a box, what is around it, and the lines between boxes."""

    width: int
    height: int
    border: Literal["frame", "sides", ""]
    gap: int

    @property
    def inset(self) -> tuple[int, int]:
        """Cells from the outer corner to the inside, across and down."""
        return int(self.border != ""), int(self.border == "frame")

    @property
    def outer(self) -> tuple[int, int]:
        across, down = self.inset
        return self.width + 2 * across, self.height + 2 * down

    def span(self, count: int) -> int:
        return count * self.outer[1] + max(0, count - 1) * self.gap


def draw_unit(
    grid: Grid,
    unit: Unit,
    left: int,
    top: int,
    size: Size,
    largest: float,
    ascii: bool,  # noqa: A002
) -> None:
    across, down = size.inset
    if size.border == "frame":
        _frame(grid, left, top, size, unit.selected, ascii)
    elif size.border == "sides":
        style = SELECTED if unit.selected else FRAME
        for y in range(top, top + size.height):
            grid.put(left, y, "[" if ascii else "▐", style)
            grid.put(left + size.width + 1, y, "]" if ascii else "▌", style)
    if unit.face is not None:
        face = np.asarray(unit.face, np.float64)
        if unit.ink:
            drawn = heatmap(face, size.width, size.height, unit.limit, ascii=ascii, palette="ink")
        else:
            drawn = heatmap(_coarse(face, size, unit.limit), size.width, size.height, 1.0, ascii=ascii)
        grid.paste(left + across, top + down, drawn)
    else:
        sign, style = "-" if ascii else "╌", FRAME
        if unit.value is not None:
            level = int(scale.quantize([unit.value], largest)[0])
            sign, style = " ", Style(bg="zero" if level == 0 else scale.role(level))
            if ascii:
                sign, style = signed(level), Style(fg=scale.role(level))
        for y in range(size.height):
            grid.write(left + across, top + down + y, sign * size.width, style)
    if unit.mark:
        sign, plain, look = MARKS[unit.mark]
        look = replace(look, reverse=unit.selected and not size.border)
        grid.put(left if size.border else left - 1, top, plain if ascii else sign, look)
    elif unit.selected and not size.border:
        grid.put(left - 1, top, ">" if ascii else "▸", SELECTED)


def _coarse(face: NDArray[np.float64], size: Size, limit: float | None) -> NDArray[np.float64]:
    """A small face in shares of its scale, of four steps: finer ones would change all the time, seen by nobody."""
    shares = scale.resample(face, 2 * size.height, size.width) / (limit or scale.limit_of(face))
    return np.asarray(np.rint(np.clip(shares, -1, 1) * COARSE) / COARSE)


def _frame(grid: Grid, left: int, top: int, size: Size, selected: bool, ascii: bool) -> None:  # noqa: A002
    style = SELECTED if selected else FRAME
    across, down, corners = ("-", "|", "++++") if ascii else ("─", "│", "╭╮╰╯")
    right, bottom = left + size.width + 1, top + size.height + 1
    for x in range(left + 1, right):
        grid.put(x, top, across, style)
        grid.put(x, bottom, across, style)
    for y in range(top + 1, bottom):
        grid.put(left, y, down, style)
        grid.put(right, y, down, style)
    for (x, y), corner in zip(
        ((left, top), (right, top), (left, bottom), (right, bottom)), corners, strict=True
    ):
        grid.put(x, y, corner, style)


def units_in_words(marks: Mapping[int, Mark], most: int, ascii: bool = False) -> str:  # noqa: A002
    """Marked units by their numbers from 1, such as "†3,7,9,…": of each mark, at most so many."""
    words = []
    for mark, (sign, plain, _) in MARKS.items():
        units = sorted(k + 1 for k, m in marks.items() if m == mark)
        if units:
            more = (",..." if ascii else ",…") if len(units) > most else ""
            words.append((plain if ascii else sign) + ",".join(map(str, units[:most])) + more)
    return " ".join(words)

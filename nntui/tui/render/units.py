"""One unit of a diagram: a colored face, in a frame where there is room for one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nntui.tui.render import scale
from nntui.tui.render.heatmap import RAMP, heatmap
from nntui.tui.render.picture import Grid, Style

FRAME = Style(fg="zero")
SELECTED = Style(fg="accent", bold=True)


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


@dataclass(frozen=True)
class Size:
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


def draw_unit(
    grid: Grid,
    unit: Unit,
    left: int,
    top: int,
    size: Size,
    largest: float,
    ascii: bool,  # noqa: A002
) -> None:
    inset = int(size.framed)
    if size.framed:
        _frame(grid, left, top, size, unit.selected, ascii)
    if unit.face is not None:
        face = np.asarray(unit.face, np.float64)
        drawn = heatmap(face, size.width, size.height, ascii=ascii, palette="ink" if unit.ink else "signed")
        grid.paste(left + inset, top + inset, drawn)
    else:
        level = level_of(unit, largest)
        sign, style = " ", Style(bg="zero" if level == 0 else scale.role(level))
        if ascii:
            sign = "?" if level == scale.NAN else RAMP[(level + scale.STEPS) * 9 // 16]
            style = Style(fg=None if level == 0 else scale.role(level))
        for y in range(size.height):
            grid.write(left + inset, top + inset + y, sign * size.width, style)
    if unit.selected and not size.framed:
        grid.put(left - 1, top, ">" if ascii else "▸", SELECTED)


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


def level_of(unit: Unit, largest: float) -> int:
    return 0 if unit.value is None else int(scale.quantize([unit.value], largest)[0])

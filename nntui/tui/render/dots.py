"""Lines in braille: a cell holds two by four dots, each cell has the color of what was drawn last."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render.ascii import braille_to_ascii
from nntui.tui.render.picture import Grid, Style

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)


class Dots:
    """`2 · width` × `4 · height` dots, from the upper left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(0, width), max(0, height)
        self._bits = np.zeros((self.height, self.width), np.uint8)
        self._owner = np.full((self.height, self.width), -1, np.int32)
        self._styles: list[Style] = []

    def points(self, x: ArrayLike, y: ArrayLike, style: Style) -> None:
        """Set single dots; those outside are left out."""
        column, row = _whole(x), _whole(y)
        inside = (column >= 0) & (column < 2 * self.width) & (row >= 0) & (row < 4 * self.height)
        column, row = column[inside], row[inside]
        np.bitwise_or.at(self._bits, (row // 4, column // 2), _BITS[row % 4, column % 2])
        self._owner[row // 4, column // 2] = len(self._styles)
        self._styles.append(style)

    def lines(
        self,
        x0: ArrayLike,
        y0: ArrayLike,
        x1: ArrayLike,
        y1: ArrayLike,
        style: Style,
        dash: tuple[int, int] = (1, 0),
    ) -> None:
        """Draw straight segments; `dash` is the number of dots drawn and left out, along the longer axis."""
        ax, ay, bx, by = (np.atleast_1d(np.asarray(v, np.float64)) for v in (x0, y0, x1, y1))
        if ax.size == 0:
            return
        steps = np.ceil(np.maximum(np.abs(bx - ax), np.abs(by - ay))).astype(np.int64) + 1
        which = np.repeat(np.arange(len(steps)), steps)
        along = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
        share = along / np.maximum(steps[which] - 1, 1)
        x = ax[which] + share * (bx - ax)[which]
        y = ay[which] + share * (by - ay)[which]
        on, off = dash
        if off:
            # By place and not by count, so that the dashes stand still while a line grows.
            steep = np.abs(by - ay)[which] > np.abs(bx - ax)[which]
            place = np.where(steep, _whole(y), _whole(x))
            drawn = place % (on + off) < on
            x, y = x[drawn], y[drawn]
        self.points(x, y, style)

    def draw(
        self,
        grid: Grid,
        left: int,
        top: int,
        ascii: bool = False,  # noqa: A002
        ground: bool = False,
    ) -> None:
        """Put the cells that have dots on a grid; with `ground`, on the background that each cell has there."""
        for y, x in zip(*np.nonzero(self._bits), strict=True):
            bits = int(self._bits[y, x])
            character = braille_to_ascii(bits) if ascii else chr(0x2800 + bits)
            style = self._styles[self._owner[y, x]]
            if ground:
                style = _over(style, grid.ground(left + int(x), top + int(y)))
            grid.put(left + int(x), top + int(y), character, style)


@lru_cache(1024)
def _over(style: Style, ground: str | None) -> Style:
    return replace(style, bg=ground)


def _whole(values: ArrayLike) -> NDArray[np.int64]:
    # Adding a half first, since rint takes halves to even numbers and would jag straight lines.
    return np.floor(np.atleast_1d(np.asarray(values, np.float64)) + 0.5).astype(np.int64)

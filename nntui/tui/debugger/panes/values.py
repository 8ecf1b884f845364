"""One array of the cursor's node: a heat map of all, and a window of numbers around the selected entry."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntui.tui.debugger.panes.base import DebugPane
from nntui.tui.debugger.view import Grid, View
from nntui.tui.render import scale
from nntui.tui.render.heatmap import heatmap, proportions
from nntui.tui.render.numbers import short, trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, pad, text

CELL = 8
SELECTED = Style(fg="accent", bold=True, reverse=True)
HEAD = Style(fg="muted")


class ValuesPane(DebugPane):
    """Value, gradient or local derivative; ``m`` changes which."""

    ID = "values"
    TITLE = "Values"
    ARROWS: ClassVar[str] = "scroll"
    HELP = (
        "The array as a map, blue positive, orange negative, on the scale at the border; and numbers around the\n"
        "selected entry, which arrows move and which the node's card follows.\n"
        "m goes from the value to the gradient to the local derivatives (Jacobians, with their pattern).\n"
        "Weights are drawn as Θ: a row a unit, a column an input (the biases are a node of their own)."
    )

    def title(self, view: View) -> str:
        return f"{view.grid.title}" if view.grid.title else self.TITLE

    def state(self, view: View) -> str:
        grid = view.grid
        if grid.values is None:
            return grid.corner
        largest = f"±{trimmed(scale.limit_of(grid.values), 3)}"
        return " · ".join(w for w in (grid.corner, largest) if w)

    def draw(self, view: View, width: int, height: int) -> Picture:
        grid = view.grid
        if grid.values is None:
            return pad((fit(text(grid.note, MUTED), width),), width, height)
        rows, columns = grid.values.shape
        rows_of_numbers = min(rows + 1, max(2, height // 2)) if rows * columns > 1 else 2
        whole = rows + 1 <= height and columns * (CELL + 1) + 5 <= width
        if whole and rows * columns <= 64:
            rows_of_numbers = min(rows + 1, height)
        numbers = self._numbers(grid, width, rows_of_numbers)
        room = height - len(numbers) - 1
        if room < 1 or rows * columns <= 1:
            return pad(numbers, width, height)
        return pad((*self._map(grid, width, room), fit("", width), *numbers), width, height)

    def _map(self, grid: Grid, width: int, height: int) -> Picture:
        assert grid.values is not None
        rows, columns = grid.values.shape
        w, h = proportions(rows, columns, width, height)
        if h < 2 and rows > 1:
            w, h = min(width, 2 * columns), min(height, max(1, (rows + 1) // 2))
        w = max(w, min(width, columns))
        mark = (
            (grid.column + 0.5) / columns,
            (grid.row + 0.5) / rows,
            "+" if self.ascii else "◆",
            Style(fg="fresh", bold=True),
        )
        shades = getattr(getattr(self.app, "caps", None), "shades", self.ascii)
        return heatmap(grid.values, w, h, ascii=bool(shades), markers=(mark,))

    def _numbers(self, grid: Grid, width: int, height: int) -> Picture:
        """As many rows and columns of numbers as fit, the selected entry among them; indices at the edges."""
        values = grid.values
        assert values is not None
        edge = len(str(values.shape[0] - 1)) + 1
        across = max(1, min((width - edge) // (CELL + 1), values.shape[1]))
        down = max(1, min(height - 1, values.shape[0]))
        left = min(max(0, grid.column - across // 2), values.shape[1] - across)
        top = min(max(0, grid.row - down // 2), values.shape[0] - down)
        head = join(text(" " * edge), *[text(str(left + k).rjust(CELL + 1), HEAD) for k in range(across)])
        out: list[Row] = [fit(head, width)]
        for r in range(top, top + down):
            cells = [text(str(r).rjust(edge), HEAD)]
            for c in range(left, left + across):
                value = float(values[r, c])
                style = SELECTED if (r, c) == (grid.row, grid.column) else _colored(value)
                cells += [text(" "), text(short(value, CELL), style)]
            out.append(fit(join(*cells), width))
        return tuple(out)


def _colored(value: float) -> Style:
    if not np.isfinite(value):
        return Style(fg="bad", bold=True)
    return Style(fg="muted" if value == 0 else "positive" if value > 0 else "negative")

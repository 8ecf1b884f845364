"""Scrolling through rows that do not all fit into a widget: which are in sight, and the keys for it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding

from nntui.tui.render.picture import Picture, Row, pad

KEYS = (
    Binding("pageup", "scroll(-10)", show=False),
    Binding("pagedown", "scroll(10)", show=False),
    Binding("home", "scroll(-100000)", show=False),
    Binding("end", "scroll(100000)", show=False),
)
"""For widgets and screens with an ``action_scroll(lines)``."""


class Scrolling:
    """Keeps which part of a list of rows is in sight."""

    def __init__(self) -> None:
        self.top = 0
        """Rows above what is in sight."""
        self._count = 0

    def part(self, rows: Sequence[Row], width: int, height: int) -> Picture:
        """The rows in sight, padded to ``width`` × ``height``."""
        self._count = len(rows)
        self.by(0, height)
        return pad(tuple(rows[self.top : self.top + height]), width, height)

    def by(self, lines: int, height: int) -> None:
        """Scroll down by so many lines (up where negative), as far as there are rows; ``height`` rows fit."""
        self.top = max(0, min(self.top + lines, self._count - height))

    def show(self, start: int, stop: int, height: int) -> None:
        """Scroll so far that rows ``start`` to ``stop`` − 1 are in sight; where not all fit, the first ones."""
        self.top = min(max(self.top, stop - height), start)

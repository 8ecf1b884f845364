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
    """Which of so many rows are in sight."""

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
        """So many lines down, or up where negative, as far as there are rows; ``height`` rows fit."""
        self.top = max(0, min(self.top + lines, self._count - height))

    def show(self, start: int, stop: int, height: int) -> None:
        """As far as the rows from ``start`` to before ``stop`` need, the first of them before the last."""
        self.top = min(max(self.top, stop - height), start)

"""An app that draws at the terminal's pace, in few bytes."""

from __future__ import annotations

from typing import Any

from textual import events

from nntui.tui.pacing import QUERY, Pacer
from nntui.tui.textual_hacks import ThriftyApp, terminal


class PacedApp(ThriftyApp):
    """Its screens ask :meth:`ready` before a frame, and say :meth:`drawn` after it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pacer = Pacer()

    def ready(self) -> bool:
        """Whether the terminal has drawn the last frame."""
        return self._pacer.ready()

    def drawn(self) -> None:
        """A frame is on its way: the terminal is asked to tell when it has drawn it."""
        if terminal(self) is not None:
            self.call_after_refresh(self._ask)

    def _ask(self) -> None:
        driver = terminal(self)
        if driver is not None and not self._pacer.silent:
            driver.write(QUERY)
            self._pacer.asked()

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """The terminal has drawn everything before the question."""
        self._pacer.answered()

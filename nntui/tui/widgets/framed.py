"""What the panes of a run and those of the debugger share: a canvas in a frame with a title."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.events import Show

from nntui.tui.widgets.canvas import Canvas


class Framed(Canvas, can_focus=True):
    """A canvas with a title at its border, drawn only while it can be seen."""

    ID: ClassVar[str]
    TITLE: ClassVar[str]
    HELP: ClassVar[str]
    """What am I looking at, what is good, what is bad: about five lines."""

    def __init__(self) -> None:
        super().__init__(id=self.ID)
        self.border_title = Content(self.TITLE)

    def redraw(self) -> None:
        """Draw the newest state, where visible."""
        raise NotImplementedError

    def on_show(self, event: Show) -> None:
        self.redraw()

    @property
    def visible_now(self) -> bool:
        """Whether there are cells to draw into."""
        return bool(self.is_mounted and self.display and self.size.width and self.size.height)

    @property
    def ascii(self) -> bool:
        """Whether only ASCII characters can be shown."""
        return bool(getattr(self.app, "ascii_only", False))

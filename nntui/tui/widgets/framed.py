"""What the panes of a run and those of the debugger share: a canvas in a frame with a title."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from textual.content import Content
from textual.events import Show
from textual.geometry import Size

from nntui.tui.render.ascii import ascii_text
from nntui.tui.render.picture import Picture, Row, Span, join, row_width, text
from nntui.tui.widgets.canvas import Canvas

FRAME = 6
"""Cells of a border's line that cannot be written on."""

V = TypeVar("V")
State = str | list[Row]
"""What stands at a border's right, in parts (a string's are divided by " · "), the most needed first."""


class Framed(Canvas, can_focus=True):
    """A canvas with a title at its border, drawn only while it can be seen."""

    ID: ClassVar[str]
    TITLE: ClassVar[str]
    HELP: ClassVar[str]
    """What am I looking at, what is good, what is bad: about five lines."""

    def __init__(self) -> None:
        super().__init__(id=self.ID)
        self.border_title = Content(self.TITLE)
        self._stale = False
        """Whether there was something to draw while it was hidden."""
        self._drawn_for = Size(0, 0)

    def redraw(self) -> None:
        """Draw the newest state, where visible."""
        raise NotImplementedError

    def on_show(self, event: Show) -> None:
        self.redraw()

    def show(self, picture: Picture) -> None:
        """As every canvas, and remember for which size."""
        super().show(picture)
        self._stale, self._drawn_for = False, self.size

    def fresh(self) -> None:
        """What was drawn before it was hidden, or for another size, is never shown: not even until it is told of that."""
        if self.visible_now and (self._stale or self._drawn_for != self.size):
            self._stale, self._drawn_for = False, self.size
            self.redraw()

    @property
    def visible_now(self) -> bool:
        """Whether there are cells to draw into."""
        return bool(self.is_mounted and self.display and self.size.width and self.size.height)

    @property
    def ascii(self) -> bool:
        """Whether only ASCII characters can be shown."""
        return bool(getattr(self.app, "ascii_only", False))

    @property
    def shades(self) -> bool:
        """Whether maps are drawn with characters, since colors cannot tell their values."""
        caps = getattr(self.app, "caps", None)
        return self.ascii or (caps is not None and caps.shades)

    def plain(self, words: str) -> str:
        """Words for the border, in characters that can be shown; there, unlike in pictures, they may take more cells."""
        return ascii_text(words.replace("±", "+-").replace("…", "..")) if self.ascii else words

    def write_border(self, title: str, state: str) -> None:
        """Write what stands at the border's left, and as much as fits of what stands at its right."""
        right = "".join(span.text for span in self.fitting(state))
        for side, shown in (("border_title", self.plain(title)), ("border_subtitle", right)):
            if str(getattr(self, side) or "") != shown:
                setattr(self, side, Content(shown))

    def fitting(self, state: State) -> Row:
        """As many parts as have room on the border: none is cut."""
        if isinstance(state, str):
            parts, between = [text(self.plain(part)) for part in state.split(" · ")], text(self.plain(" · "))
        else:
            parts = [tuple(Span(self.plain(s.text), s.style) for s in part) for part in state]
            between = text("  ")
        row: Row = ()
        for part in parts:
            longer = join(row, between, part) if row else part
            if row_width(longer) > self.outer_size.width - FRAME:
                break
            row = longer
        return row


class ViewPane(Framed, Generic[V]):
    """Draws one aspect of a screen's whole view, which a subclass declares as its reactive ``view``."""

    view: Any

    def draw(self, view: V, width: int, height: int) -> Picture:
        """The picture in exactly ``width`` × ``height`` cells."""
        raise NotImplementedError

    def title(self, view: V) -> str:
        """What stands at the border's left."""
        return self.TITLE

    def state(self, view: V) -> str:
        """What stands at the border's right."""
        return ""

    def watch_view(self, view: V) -> None:
        """Redraw; a hidden pane does so when it is shown."""
        self.redraw()

    def paint(self, width: int, height: int) -> Picture:
        if not width or not height:
            return ()
        self.write_border(self.title(self.view), self.state(self.view))
        return self.draw(self.view, width, height)

    def redraw(self) -> None:
        """Draw the newest view, where visible."""
        self._stale = not self.visible_now
        if not self._stale:
            self.show(self.paint(*self.size))

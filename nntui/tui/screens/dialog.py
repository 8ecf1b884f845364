"""What every dialog is: a box over its screen, as large as it needs, which scrolls where there is no room."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, TypeVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.scrollbar import ScrollBarRender

from nntui.tui.render.ascii import ascii_text

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """Base of dialogs: in a low terminal the box gives up its margins, in a narrow one columns stand below each other."""

    CSS_PATH = str(Path(__file__).with_name("dialog.tcss"))  # also of dialogs in other directories
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]  # noqa: RUF012 - as Textual declares it
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-broad")]  # noqa: RUF012

    def box(self, title: str, classes: str = "") -> VerticalScroll:
        """The box with its title."""
        box = VerticalScroll(classes=f"dialog {classes}")
        box.border_title = Content(self.plain(title))
        if self.ascii:
            box.vertical_scrollbar.renderer = PlainBar  # type: ignore[misc]  # as its documentation does
        return box

    def plain(self, words: str) -> str:
        """Words in characters that can be shown."""
        return ascii_text(words) if self.ascii else words

    @property
    def ascii(self) -> bool:
        """Whether only ASCII characters can be shown."""
        return bool(getattr(self.app, "ascii_only", False))


class PlainBar(ScrollBarRender):
    """A scrollbar of whole cells, drawn by their ground alone."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]

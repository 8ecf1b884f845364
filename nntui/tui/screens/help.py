"""What the focused pane shows, what is good and bad there, and every key of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.scrollbar import ScrollBarRender
from textual.widgets import Static

from nntui.tui.render.ascii import ascii_text


class PlainBar(ScrollBarRender):
    """A scrollbar of whole cells, drawn by their ground alone."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]


class HelpScreen(ModalScreen[None]):
    """One page; any of the usual keys closes it."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "close", tooltip="Close the help", id="help.close")
    ]

    def __init__(self, sections: list[tuple[str, str]], keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._sections = sections
        self._keys = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog wide") as box:
            if self._ascii:
                box.vertical_scrollbar.renderer = PlainBar  # type: ignore[misc]  # as its documentation does
            box.border_title = Content("Help")
            box.border_subtitle = Content(self._plain("↑ ↓ scroll · esc close"))
            first, *others = [(title, self._plain(words)) for title, words in self._sections]
            yield from _section(*first)
            yield Static(Content.styled("Keys", "bold"))
            with Horizontal(classes="columns"):
                keys = [(key, self._plain(words)) for key, words in self._keys]
                middle = -(-len(keys) // 2)
                yield Static(_keys(keys[:middle]))
                yield Static(_keys(keys[middle:]))
            for section in others:
                yield from _section(*section)

    def _plain(self, words: str) -> str:
        """Words in characters that can be shown."""
        return ascii_text(words) if self._ascii else words

    @property
    def _ascii(self) -> bool:
        return bool(getattr(self.app, "ascii_only", False))


def _section(title: str, words: str) -> Iterator[Static]:
    yield Static(Content.styled(title, "bold"))
    yield Static(Content(words + "\n"))


def _keys(keys: list[tuple[str, str]]) -> Content:
    width = max((len(k) for k, _ in keys), default=1)
    lines = [Content.assemble((k.ljust(width + 2), "$accent"), words) for k, words in keys]
    return Content("\n").join(lines)


def spell(key: str) -> str:
    """Keys of a binding as they are written on a keyboard."""
    names = {
        "less_than_sign": "<", "greater_than_sign": ">", "comma": ",", "full_stop": ".", "minus": "-", "plus": "+",
        "equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]", "question_mark": "?",
        "left_curly_bracket": "{", "right_curly_bracket": "}", "colon": ":", "slash": "/",
    }  # fmt: skip
    return " ".join(names.get(k, k) for k in key.split(","))

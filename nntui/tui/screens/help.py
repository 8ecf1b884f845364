"""What the focused pane shows, what is good and bad there, and every key of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from nntui.tui.screens.dialog import Dialog

FULL = 90
"""A line of so many characters goes on in the next one."""


class HelpScreen(Dialog[None]):
    """One page; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "close", tooltip="Close the help", id="help.close")
    ]

    def __init__(self, sections: list[tuple[str, str]], keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._sections = sections
        self._keys = keys

    def compose(self) -> ComposeResult:
        with self.box("Help", "wide") as box:
            box.border_subtitle = Content(self.plain("↑ ↓ scroll · esc close"))
            first, *others = [(title, self.plain(words)) for title, words in self._sections]
            yield from _section(*first)
            yield Static(Content.styled("Keys", "bold"))
            with Horizontal(classes="columns"):
                keys = [(key, self.plain(words)) for key, words in self._keys]
                middle = -(-len(keys) // 2)
                yield Vertical(*_keys(keys[:middle]))
                yield Vertical(*_keys(keys[middle:]))
            for section in others:
                yield from _section(*section)


def _section(title: str, words: str) -> Iterator[Static]:
    yield Static(Content.styled(title, "bold"))
    yield Static(Content(flowing(words) + "\n"))


def flowing(words: str) -> str:
    """A paragraph of lines that were broken for the width of a page, for any other; short ones stay lines of their own."""
    out: list[str] = []
    goes_on = False
    for line in words.splitlines():
        if goes_on:
            out[-1] += f" {line}"
        else:
            out.append(line)
        goes_on = len(line) >= FULL
    return "\n".join(out)


def _keys(keys: list[tuple[str, str]]) -> Iterator[Horizontal]:
    """A row a key: what it does goes on below where that begins."""
    width = max((len(k) for k, _ in keys), default=1) + 2
    for key, words in keys:
        name, told = (
            Static(Content.styled(key, "$accent"), classes="key"),
            Static(Content(words), classes="told"),
        )
        name.styles.width = width
        yield Horizontal(name, told, classes="line")


def spell(key: str) -> str:
    """Keys of a binding as they are written on a keyboard."""
    names = {
        "less_than_sign": "<", "greater_than_sign": ">", "comma": ",", "full_stop": ".", "minus": "-", "plus": "+",
        "equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]", "question_mark": "?",
        "left_curly_bracket": "{", "right_curly_bracket": "}", "colon": ":", "slash": "/",
    }  # fmt: skip
    return " ".join(names.get(k, k) for k in key.split(","))

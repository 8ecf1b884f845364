"""What the focused pane shows, what is good and bad there, and every key of the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


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
            box.border_title = Content("Help")
            box.border_subtitle = Content("esc close")
            for title, words in self._sections:
                yield Static(Content.styled(title, "bold"))
                yield Static(Content(words + "\n"))
            yield Static(Content.styled("Keys", "bold"))
            width = max((len(k) for k, _ in self._keys), default=1)
            yield Static(Content("\n".join(f"{k.ljust(width)}  {words}" for k, words in self._keys)))

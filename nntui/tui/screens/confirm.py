"""Asking before the run is stopped or left."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from nntui.tui.screens.dialog import Dialog


class QuitScreen(Dialog[str]):
    """Dialog whose answer is "stop", "leave" or "" (stay)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('stop')", "stop the run", tooltip="Save and end the run", id="quit.stop"),
        Binding("l,q,enter", "answer('leave')", "leave it", tooltip="Close the screen", id="quit.leave"),
        Binding("escape,c", "answer('')", "stay", tooltip="Back to the run", id="quit.stay"),
    ]

    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        with self.box("Quit"):
            yield Static(Content("The run goes on training after this screen is closed.\n"))
            yield Static(Content("l   leave it training (see it again: nntui attach)"))
            yield Static(Content("s   stop it: save a checkpoint and end the run"))
            yield Static(Content("esc stay here"))

    def action_answer(self, answer: str) -> None:
        """Close with the answer."""
        self.dismiss(answer)

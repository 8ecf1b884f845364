"""Asking before the screen of a search that goes on is closed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from nntui.tui.screens.dialog import Dialog


class LeaveScreen(Dialog[str]):
    """Dialog whose answer is "stop", "leave" or "" (stay)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('stop')", "stop", tooltip="End the search", id="sweep.leave.stop"),
        Binding(
            "l,q,enter", "answer('leave')", "leave it", tooltip="Close the screen", id="sweep.leave.leave"
        ),
        Binding("escape,c", "answer('')", "stay", tooltip="Back to the search", id="sweep.leave.stay"),
    ]

    def compose(self) -> ComposeResult:
        with self.box("Quit"):
            yield Static(Content("The search goes on after this screen is closed.\n"))
            yield Static(Content("l   leave it searching (see it again: the same command)"))
            yield Static(Content("s   stop it: running trials are saved; the same command goes on"))
            yield Static(Content("esc stay here"))

    def action_answer(self, answer: str) -> None:
        """Close with the answer."""
        self.dismiss(answer)

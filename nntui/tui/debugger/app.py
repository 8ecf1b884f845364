"""The debugger as a program of its own: ``nntui debug``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from nntui.tui.caps import Caps
from nntui.tui.commands import APP_KEYS, commands
from nntui.tui.debugger.worker import Open
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.textual_hacks import NntuiFaults
from nntui.tui.themes import install


class DebugApp(NntuiFaults):
    """One debugger's screen."""

    TITLE = "nntui debug"
    BINDINGS: ClassVar[list[BindingType]] = APP_KEYS

    def __init__(self, open_session: Open, caps: Caps) -> None:
        super().__init__(ansi_color=caps.ansi)
        self.caps = caps
        self.ascii_only = caps.ascii
        self.debug_screen = DebugScreen(open_session, leave=lambda: self.exit(0))
        install(self, caps)

    def on_mount(self) -> None:
        self.push_screen(self.debug_screen)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette lists."""
        return commands(self, screen)

"""The race as a program of its own: ``nntui race``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from nntui.tui.caps import Caps
from nntui.tui.commands import APP_KEYS, commands
from nntui.tui.paced_app import PacedApp
from nntui.tui.race.worker import OpenRace
from nntui.tui.screens.race import RaceScreen
from nntui.tui.themes import install


class RaceApp(PacedApp):
    """One race's screen."""

    TITLE = "nntui race"
    BINDINGS: ClassVar[list[BindingType]] = APP_KEYS

    def __init__(self, open_race: OpenRace, title: str, caps: Caps) -> None:
        super().__init__(ansi_color=caps.ansi)
        self.caps = caps
        self.ascii_only = caps.ascii
        self.race_screen = RaceScreen(open_race, title, leave=lambda: self.exit(0))
        install(self, caps)

    def on_mount(self) -> None:
        self.push_screen(self.race_screen)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette lists."""
        return commands(self, screen)

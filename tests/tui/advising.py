"""A viewer whose dialogs advise on a run, for tests."""

from __future__ import annotations

import asyncio
from typing import Any

from nntui.tui.app import NntuiApp
from nntui.tui.render.picture import plain
from nntui.tui.screens.aside import Aside
from nntui.tui.screens.debug import DebugScreen


class Attached:
    """A viewer of a run, with its dialogs."""

    def __init__(self, app: NntuiApp, pilot: Any) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Any) -> None:
        """Wait for what another thread or process brings about; a dialog that has failed brings nothing about."""
        while not condition():
            screen = self.app.screen
            assert not (isinstance(screen, Aside) and screen.failure), screen.failure
            self.app.tick()
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def over(self) -> Any:
        """The dialog, when its process has said its last word."""
        screen = self.app.screen
        assert isinstance(screen, Aside)
        await self.until(lambda: screen.over)
        assert screen.failure == ()
        return screen

    @property
    def sheet(self) -> str:
        screen = self.app.screen
        assert isinstance(screen, Aside)
        return plain(screen.sheet.picture)

    @property
    def border(self) -> tuple[str, str]:
        screen = self.app.screen
        assert isinstance(screen, Aside)
        return str(screen.sheet.border_title), str(screen.sheet.border_subtitle)

    async def debugger(self) -> Any:
        """The debugger that a key has opened, when it shows something."""
        await self.until(lambda: isinstance(self.app.screen, DebugScreen))
        screen = self.app.screen
        assert isinstance(screen, DebugScreen)
        await self.until(lambda: bool(screen.view.nodes))
        return screen

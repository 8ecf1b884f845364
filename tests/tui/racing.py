"""Driving the screen of a race with keys alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nntui.config import demos
from nntui.config.load_race import load_race, parse_race
from nntui.config.race import RaceSettings
from nntui.tui.caps import Caps
from nntui.tui.race.app import RaceApp
from nntui.tui.race.session import RaceSession
from nntui.tui.race.view import RaceView
from nntui.tui.render.picture import plain
from nntui.tui.screens.race import RaceScreen


def settings(what: str) -> RaceSettings:
    """Of a demo, or of TOML text."""
    return load_race(what) if what in demos.names() else parse_race(what, Path("t.toml"))


class Driver:
    """A running screen: presses keys, waits for races, and reads what is shown. Its clock is moved by hand."""

    def __init__(self, app: RaceApp, pilot: Any) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> RaceScreen:
        return self.app.race_screen

    @property
    def view(self) -> RaceView:
        return self.screen.view

    async def press(self, *keys: str) -> RaceView:
        """Press keys, and wait for the race that they ask for."""
        await self.pilot.press(*keys)
        return await self.settled()

    async def settled(self) -> RaceView:
        await self.screen.settled()
        await self.pilot.pause()
        return self.view

    async def play(self, seconds: float) -> RaceView:
        """Let so much time pass for the play."""
        self.screen.pass_time(seconds)
        await self.pilot.pause()
        return self.view

    def shown(self, name: str) -> str:
        """The text of a pane or a line."""
        return plain(self.screen.query_one(f"#{name}").picture)  # type: ignore[attr-defined]


@asynccontextmanager
async def racing(
    what: str, size: tuple[int, int] = (120, 40), caps: Caps | None = None
) -> AsyncIterator[Driver]:
    """A running screen on a race, its clock stopped."""
    given = settings(what)
    app = RaceApp(lambda: RaceSession(given), given.title, caps or Caps())
    app.race_screen.clock = False
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot)
        await pilot.pause()
        await driver.settled()
        yield driver


SADDLE = '[race]\nsurface = "saddle"\nsteps = 60\ncontestants = [{ type = "sgd", lr = 0.01 }, { type = "momentum", lr = 0.01 }, { type = "newton" }]\n'

WILD = '[race]\nsurface = "long_valley"\nsteps = 40\ncontestants = [{ type = "sgd", lr = 0.5 }, { type = "adam", lr = 0.1 }]\n'

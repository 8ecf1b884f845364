"""A viewer whose dialogs advise on a run, for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
from click.testing import CliRunner

from nntui.cli import group
from nntui.runs.directory import RunDirectory
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.render.picture import plain
from nntui.tui.screens.aside import Aside
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.source import open_run
from tests.moons import moons


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


CONFIG = moons(
    "samples = 120\nvalidation = 0.25", "epochs = 12\nbatch_size = 16", units="12",
    hidden='name = "hidden"\nactivation = "tanh"\ninit = { type = "normal", std = 200.0 }', optimizer='type = "sgd"\nlr = 0.01',
)  # fmt: skip


def invoked(*arguments: str) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(group, [*arguments, "--json"], standalone_mode=False)
    return json.loads(done.stdout)


def contents(run: RunDirectory) -> dict[str, tuple[int, bytes]]:
    """Every file of a run, with the time of its last change."""
    files = sorted(p for p in run.path.rglob("*") if p.is_file())
    return {str(p.relative_to(run.path)): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def helpers() -> list[psutil.Process]:
    """Processes of advice that this one has started."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "nntui.checks.process" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@asynccontextmanager
async def attached(
    run: RunDirectory, size: tuple[int, int] = (120, 40), caps: Caps | None = None
) -> AsyncIterator[Attached]:
    app = NntuiApp(open_run(run, read_only=True), caps or Caps())
    async with app.run_test(size=size) as pilot:
        viewer = Attached(app, pilot)
        await viewer.until(lambda: app.store.snapshot().ended is not None and app.run_screen.run_dir)
        await viewer.until(lambda: bool(app.run_screen.snapshot.findings))
        yield viewer


@asynccontextmanager
async def attached_to_any(run: RunDirectory) -> AsyncIterator[Attached]:
    """Also to a run without findings."""
    app = NntuiApp(open_run(run, read_only=True), Caps())
    async with app.run_test(size=(120, 40)) as pilot:
        viewer = Attached(app, pilot)
        await viewer.until(lambda: app.run_screen.snapshot.ended is not None)
        yield viewer

"""The program on the screen: takes what the source posts, and publishes one snapshot a redraw tick."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from nntui.protocol.commands import Shown
from nntui.protocol.reports import Event, Stats, Status
from nntui.tui.caps import Caps
from nntui.tui.commands import APP_KEYS, commands
from nntui.tui.debugger.link import Link
from nntui.tui.paced_app import PacedApp
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.screens.run import RunScreen
from nntui.tui.source import Item, Restarted, Source
from nntui.tui.store import Store
from nntui.tui.themes import install

TICK = 0.1
"""Seconds between redraws at the most."""
PICTURES = 4
"""Statistics are asked for every so many redraws: numbers at 10 Hz, pictures at 2.5: at more,
the busiest ones pass 60 kB a second."""
MAX_ITEMS = 4000
"""Items taken in one tick, so that keys are answered while a long history is read."""


class NntuiApp(PacedApp):
    """Hosts the screens of one run."""

    TITLE = "nntui"
    BINDINGS: ClassVar[list[BindingType]] = APP_KEYS

    def __init__(self, source: Source, caps: Caps, *, pace: str | float = "auto") -> None:
        super().__init__(ansi_color=caps.ansi)
        self.source = source
        self.caps = caps
        self.ascii_only = caps.ascii
        self.store = Store()
        self._inbox: deque[Item] = deque()
        self._owed: set[str] = set()
        self._ticks = 0
        self._leaving = False
        self.link = Link(source.send)
        self.run_screen = RunScreen(pace)
        install(self, caps, lambda words: self.store.message(Event(text=words, level="warning")))

    def on_mount(self) -> None:
        self.push_screen(self.run_screen)
        self.source.start(self._inbox.append)
        self.set_interval(TICK, self.tick)

    def on_unmount(self) -> None:
        self.source.close()

    def tick(self) -> None:
        """Take what came in; draw where something changed and the terminal is ready."""
        for _ in range(min(len(self._inbox), MAX_ITEMS)):
            self._take(self._inbox.popleft())
        if self._leaving and self.store.snapshot().ended is not None:
            self.exit(0)
        if not self.ready():
            return
        self._ticks += 1
        self._publish()

    def _take(self, item: Item) -> None:
        if isinstance(item, Restarted):
            if item.metrics:
                self.store.restart()
            else:
                self.store.forget_trail()
        elif isinstance(item, dict):
            self.store.record(item)
        else:
            if isinstance(item, Status | Stats):
                self._owed.add(item.type)
            self.store.message(item)
            if self.link.take(item):
                self._stopped()

    def open_debugger(self, node: str = "", update: int | None = None) -> None:
        """Open the debugger on a copy of its own: at ``node``, as the run stood at ``update``, or where it stands now."""
        hello = self.store.snapshot().hello
        if hello is None:
            return
        opener = self.link.opener(hello.run_dir, live=self.run_screen.running, node=node, update=update)
        screen = DebugScreen(opener)
        screen.followed_by = self.link.follow
        self.push_screen(screen)

    def open_race(self) -> None:
        """Let optimizers race on the run's loss."""
        hello = self.store.snapshot().hello
        if hello is None:
            return
        # Loaded when first asked for: a viewer is to start fast.
        from nntui.race.opening import of_run
        from nntui.runs.directory import RunDirectory
        from nntui.tui.race.session import RaceSession
        from nntui.tui.screens.race import RaceScreen

        run = RunDirectory(Path(hello.run_dir))
        self.push_screen(RaceScreen(lambda: RaceSession(of_run(run), run), hello.title))

    def _stopped(self) -> None:
        """A condition held in the training: to the node, unless something else is looked at."""
        if isinstance(self.screen, DebugScreen):
            self.screen.tell("the training has stopped where a condition holds: q, then d goes there")
        elif self.screen is self.run_screen:
            self.run_screen.snapshot = self.store.snapshot()
            self.open_debugger()

    def _publish(self) -> None:
        # Others ask the store, too: what it has that is not drawn yet is told by the snapshot itself.
        if self.run_screen.is_mounted and (snapshot := self.store.snapshot()) is not self.run_screen.snapshot:
            self.run_screen.snapshot = snapshot
            self.drawn()
        if "status" in self._owed:
            self._owed.discard("status")
            self.source.send(Shown(frame="status"))
        if "stats" in self._owed and self._ticks % PICTURES == 0:
            self._owed.discard("stats")
            self.source.send(Shown(frame="stats"))

    def change(self, **values: Any) -> None:
        """Change what this viewer shows, and redraw."""
        self.store.set(**values)
        self._publish()

    def leave_when_ended(self) -> None:
        """Exit as soon as the trainer says that the run has ended."""
        self._leaving = True

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette lists: the screen's own actions that are valid now, and the themes."""
        return commands(self, screen)

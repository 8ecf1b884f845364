"""A search's screen as a program of its own: ``nntui sweep``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from nntui.tui.caps import Caps
from nntui.tui.commands import APP_KEYS, commands
from nntui.tui.sweep.screen import SweepScreen
from nntui.tui.sweep.view import News, Search, SweepView
from nntui.tui.sweep.watcher import Post
from nntui.tui.textual_hacks import NntuiFaults
from nntui.tui.themes import install

TICK = 0.1


class Follows(Protocol):
    """What tells the news of a search and takes wishes."""

    @property
    def search(self) -> Search:
        """What is searched for."""

    def start(self, post: Post) -> None:
        """Begin."""

    def close(self) -> None:
        """Stop reading."""

    def stop_trial(self, number: int) -> None:
        """Ask for a trial to be ended."""

    def stop_all(self) -> None:
        """Ask for the search to be ended."""


class SweepApp(NntuiFaults):
    """Shows one search until a run is to be opened (``opened``), or the viewer leaves."""

    TITLE = "nntui sweep"
    BINDINGS: ClassVar[list[BindingType]] = APP_KEYS

    def __init__(self, watcher: Follows, caps: Caps, view: SweepView | None = None) -> None:
        super().__init__(ansi_color=caps.ansi)
        self.caps = caps
        self.ascii_only = caps.ascii
        self.opened: str | None = None
        """The run that the viewer wants to see."""
        self._watcher = watcher
        self._inbox: deque[News] = deque(maxlen=1)
        self._stopping = False
        self.sweep_screen = SweepScreen(
            view or SweepView(search=watcher.search, log_scale=not watcher.search.rises),
            self._open,
            self._stop,
            self._leave,
        )
        install(self, caps)

    @property
    def view(self) -> SweepView:
        """What is shown."""
        return self.sweep_screen.view

    def on_mount(self) -> None:
        self.push_screen(self.sweep_screen)
        self._watcher.start(self._inbox.append)
        self.set_interval(TICK, self.tick)

    def on_unmount(self) -> None:
        self._watcher.close()

    def tick(self) -> None:
        """Show the newest news."""
        if not self._inbox or not self.sweep_screen.is_mounted:
            return
        news = self._inbox.pop()
        self.sweep_screen.view = self.sweep_screen.view.told(news)
        if self._stopping and news.state != "running":
            self.exit(0)

    def _open(self, run: str) -> None:
        self.opened = run
        self.exit(0)

    def _stop(self, number: int | None) -> None:
        if number is None:
            self._watcher.stop_all()
        else:
            self._watcher.stop_trial(number)

    def _leave(self, stop: bool) -> None:
        if stop:
            self._watcher.stop_all()
            self._stopping = True
        else:
            self.exit(0)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette lists."""
        return commands(self, screen)

"""Running the screen from start to end: signals, a terminal that is always restored, and the exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click
from textual.app import App

from nntui.config.race import RaceSettings
from nntui.display import display
from nntui.errors import DIVERGED, FAILED, UserError
from nntui.runs.directory import ENDED, LIVE, RunDirectory
from nntui.tui.app import NntuiApp
from nntui.tui.caps import detect
from nntui.tui.debugger.app import DebugApp
from nntui.tui.debugger.worker import Open
from nntui.tui.job_control import in_front
from nntui.tui.race.app import RaceApp
from nntui.tui.race.session import RaceSession
from nntui.tui.source import Source, open_run
from nntui.tui.sweep.app import Follows, SweepApp
from nntui.tui.sweep.view import SweepView
from nntui.waiting import writable

MODES = (1049, 1000, 1002, 1003, 1006, 1015, 2004, 1004)
RESTORE = "".join(f"\x1b[?{mode}l" for mode in MODES) + "\x1b[<u\x1b[?25h\x1b[0m"
"""Leaves the alternate screen, ends mouse, paste and focus reports, shows the cursor."""
PATIENCE = 2.0
"""Seconds that an orderly end may take after a signal."""
LAST_WORDS = 0.3
"""Seconds that a terminal may take to read what waits for it, before it is told to be as it was."""
CODES = {"diverged": DIVERGED, "failed": FAILED}


class _Signals:
    """Plain handlers: they run also while the event loop is blocked by a terminal that does not read."""

    def __init__(self, app: App[int]) -> None:
        self.received = 0
        self._app = app
        # Now: while the app runs, sys.stderr is its own.
        self._input, self._output = sys.stdin.fileno(), sys.stderr.fileno()
        self._saved = termios.tcgetattr(self._input)
        self._old: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            self._old[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP or not in_front(self._input):
            # The connection is gone, or a shell has stopped this program: an orderly end would wait for the terminal.
            self._at_once(number)
        if self.received:
            return
        self.received = number
        watchdog = threading.Timer(PATIENCE, self._at_once, (number,))
        watchdog.daemon = True
        watchdog.start()
        self._app.exit(128 + number)

    def _at_once(self, number: int) -> None:
        """End, with the terminal as it was, where it still exists and is not the shell's."""
        if in_front(self._input):
            with contextlib.suppress(OSError, termios.error):  # the terminal may be gone
                termios.tcsetattr(self._input, termios.TCSANOW, self._saved)
                _last_words(self._output, RESTORE.encode())
        os._exit(128 + number)


def _last_words(descriptor: int, words: bytes) -> None:
    """Write to a terminal what no other thread of this process can write behind, or take the room of.

    Raises OSError and termios.error where the terminal is gone.
    """
    terminal = os.dup(descriptor)
    os.set_blocking(terminal, False)  # also a write of the app's that waits for room ends now
    with (
        contextlib.suppress(OSError),
        Path(os.devnull).open("wb") as nowhere,
    ):  # the app's next frames go to the null device
        os.dup2(nowhere.fileno(), descriptor)
    deadline, flushed = time.monotonic() + LAST_WORDS, False
    while words and not flushed:
        if not writable(terminal, deadline - time.monotonic()):
            # Drop what the terminal has not taken by now: it leaves no room for these words.
            termios.tcflush(terminal, termios.TCOFLUSH)
            flushed = True
        with contextlib.suppress(BlockingIOError):
            words = words[os.write(terminal, words) :]
    os.set_blocking(terminal, True)  # the shell shares it
    os.close(terminal)


def show(source: Source, run: RunDirectory, *, pace: str | float = "auto") -> int:
    """Show the run until the user leaves; returns the exit code."""
    app = NntuiApp(source, detect(os.environ, sys.stderr.encoding), pace=pace)
    code = _run(app)
    return code if code is not None else _farewell(app, run)


def _run(app: App[int]) -> int | None:
    """Run a program of the screen; the exit code where it was ended from outside, or failed."""
    with _Signals(app) as signals:
        app.run()
    if signals.received:
        return 128 + signals.received
    return FAILED if app.return_code else None


def show_debugger(open_session: Open) -> int:
    """Show a debugger until the user leaves; returns the exit code."""
    return _run(DebugApp(open_session, detect(os.environ, sys.stderr.encoding))) or 0


def show_sweep(watcher: Follows, runs: Path) -> int:
    """Show a search, and the runs of its trials, until the user leaves; returns the exit code."""
    view: SweepView | None = None
    caps = detect(os.environ, sys.stderr.encoding)
    while True:
        app = SweepApp(watcher, caps, view)
        code = _run(app)
        if code is not None or app.opened is None:
            return code or 0
        view = app.view
        try:
            source = open_run(RunDirectory(runs / app.opened))
        except UserError as error:
            view = replace(view, message=f"cannot be opened here: {'; '.join(error.messages)}")
            continue
        code = _run(NntuiApp(source, caps))
        if code is not None:
            return code


def show_race(settings: RaceSettings, of: RunDirectory | None) -> int:
    """Show a race until the user leaves; returns the exit code."""
    app = RaceApp(lambda: RaceSession(settings, of), settings.title, detect(os.environ, sys.stderr.encoding))
    with _Signals(app) as signals:
        app.run()
    return 128 + signals.received if signals.received else FAILED if app.return_code else 0


def _farewell(app: NntuiApp, run: RunDirectory) -> int:
    """Where the run stands, and how to see it again."""
    snapshot = app.store.snapshot()
    name = display(run.name)
    if snapshot.ended is not None or snapshot.state in ENDED:  # its status says so before its last word
        why = snapshot.ended.reason if snapshot.ended is not None else ""
        reason = f": {display(why)}" if why else ""
        click.echo(f"{name}: {snapshot.state.replace('_', ' ')}{reason}", err=True)
        if snapshot.state == "interrupted":
            click.echo(f"go on with: nntui fit --resume {name}", err=True)
        return CODES.get(snapshot.state, 0) if app.source.live else 0
    if snapshot.state in LIVE and not snapshot.connected and app.source.live:
        click.echo(f"{name}: its trainer is gone; go on with: nntui fit --resume {name}", err=True)
        return FAILED
    if snapshot.state in LIVE and snapshot.connected and app.source.live:
        click.echo(f"{name}: goes on training; see it again with: nntui attach {name}", err=True)
    return 0

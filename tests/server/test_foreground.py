"""A training in the foreground serves viewers too: they see it, steer it, and can never hurt it."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from nntui.cli.progress import Progress
from nntui.config.load import load
from nntui.protocol import sockets
from nntui.protocol.commands import Pause, Resume, Stop
from nntui.protocol.reports import Ended, Event, Hello, Status
from nntui.runs.find import listed
from nntui.server import attendant, foreground, traffic
from nntui.server.foreground import Foreground
from nntui.signals import Signals
from nntui.training.experiment import build
from nntui.training.session import Session
from nntui.training.start import start
from tests.server.running import PATIENCE, Viewer, until
from tests.server.terminal import Terminal

ENDLESS = ("fit", "xor", "--set", "train.epochs=1000000000")


class Fitting:
    """What ``fit`` does, in a thread of the test."""

    def __init__(self, base: Path, *sets: str) -> None:
        self.said: list[str] = []
        self.session: Session = start(build(load("xor", sets)), base, self.said.append)
        self.progress = Progress(self.session, shown=False)
        self.thread = threading.Thread(target=self._train, daemon=True)
        self.thread.start()

    def _train(self) -> None:
        with self.progress, Foreground(self.progress) as hooks:
            self.session.train(Signals(), hooks)

    def viewer(self, **options: Any) -> Viewer:
        return Viewer(Path(until(lambda: self.session.run.read().socket, "a socket")), **options)

    def join(self) -> None:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture
def fitting(tmp_path: Path) -> Any:
    found: list[Fitting] = []

    def make(*sets: str) -> Fitting:
        found.append(Fitting(tmp_path, *sets))
        return found[0]

    yield make
    for fit in found:
        fit.session.stop("the test is over")
        fit.join()


LONG = "train.epochs=1000000000"


def test_a_viewer_sees_steers_and_stops_it(fitting: Any) -> None:
    fit = fitting(LONG)
    viewer = fit.viewer()
    assert viewer.wait(Hello).run == fit.session.run.name
    viewer.wait(Status, lambda m: m.state == "running" and m.pace == "max" and m.update > 100)
    viewer.send(Pause())
    paused = viewer.wait(Status, lambda m: m.state == "paused")
    assert fit.session.trainer.update == paused.update
    assert "paused by a viewer" in fit.progress._text()
    viewer.send(Resume())
    viewer.wait(Status, lambda m: m.state == "running" and m.update > paused.update)
    assert "paused" not in fit.progress._text()
    assert "left" in fit.progress._text()
    socket = Path(fit.session.info.socket)
    viewer.send(Stop())
    assert viewer.wait(Ended).status == "interrupted"
    fit.join()
    assert not socket.exists()
    assert fit.session.run.read().socket == ""


def test_a_short_training_opens_no_socket(fitting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "OPENS", 1e9)
    monkeypatch.setattr(sockets, "listen", lambda: pytest.fail("a socket was opened"))
    fit = fitting("train.epochs=300")
    fit.join()
    assert fit.session.info.state == "completed"


def test_where_no_socket_can_be_opened_it_says_so_once_and_trains(
    fitting: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(foreground, "OPENS", 0.0)
    monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(deep))
    fit = fitting("train.epochs=300")
    fit.join()
    assert fit.session.info.state == "completed"
    assert len(fit.said) == 1
    assert "no viewer can attach" in fit.said[0]


def plumbing() -> set[str]:
    """The pipes, sockets and selectors that this process has open, where the system lists them."""
    gc.collect()
    found = set()
    for path in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found.add(str(path.readlink()))
    return {name for name in found if name.startswith(("pipe:", "socket:", "anon_inode:"))}


@pytest.mark.parametrize("what", ["pipe", "selector", "thread"])
def test_where_viewers_cannot_be_served_it_says_so_once_and_trains(
    fitting: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The socket was opened already: its name is taken back, and so are the hub's own files."""

    def full(*given: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def none(thread: threading.Thread) -> None:
        if thread.name == "viewers":
            raise RuntimeError("can't start new thread")
        start_thread(thread)

    start_thread = threading.Thread.start
    monkeypatch.setattr(foreground, "OPENS", 0.0)
    if what == "pipe":
        monkeypatch.setattr(traffic.os, "pipe", full)
    elif what == "selector":
        monkeypatch.setattr(traffic.selectors, "DefaultSelector", full)
    else:
        monkeypatch.setattr(threading.Thread, "start", none)
    before = plumbing()
    fit = fitting("train.epochs=300")
    fit.join()
    assert fit.session.info.state == "completed"
    assert fit.session.exit_code == 0
    assert fit.session.run.read().socket == ""
    (said,) = fit.said
    assert "no viewer can attach: they cannot be served" in said
    assert ("too many open files" in said) == (what != "thread")
    assert not list(sockets.private_directory().glob(f"{os.getpid()}-*.sock"))
    assert plumbing() <= before


def test_paused_and_left_alone_it_goes_on(fitting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendant, "ABANDONED", 0.1)
    fit = fitting(LONG)
    viewer = fit.viewer()
    viewer.send(Pause())
    at = viewer.wait(Status, lambda m: m.state == "paused").update
    viewer.close()
    until(lambda: fit.session.trainer.update > at, "more updates")
    assert fit.said == ["paused for ten minutes without a viewer: it goes on"]


def test_what_is_reported_is_told_to_viewers_and_to_the_terminal(fitting: Any) -> None:
    fit = fitting(LONG)
    viewer = fit.viewer()
    viewer.wait(Hello)
    fit.session.report("the disk is full")
    viewer.wait(Event, lambda m: (m.text, m.level) == ("the disk is full", "warning"))
    assert fit.said == ["the disk is full"]


def test_attach_shows_a_live_fit_and_its_terminal_shows_the_pause(tmp_path: Path) -> None:
    with Terminal(*ENDLESS, runs=tmp_path) as terminal:
        terminal.shows("updates/s")
        until(lambda: listed(tmp_path)[0].info.socket, "its socket")
        with Terminal("attach", runs=tmp_path, keep=True) as viewer:
            viewer.shows("▶ training")
            viewer.press(" ")
            viewer.shows("‖ paused")
            terminal.shows("paused by a viewer")
            assert re.search(r"[\d,]+ updates/s +paused by a viewer", terminal.text)
            viewer.press(" ")
            viewer.shows("▶ training")
            terminal.shows("left")
            viewer.press("q")
            viewer.shows("leave it training")
            viewer.press("s")
            assert viewer.wait() == 0
        assert terminal.wait() == 128 + signal.SIGINT  # so that no script takes it for a whole training
        assert terminal.state() == "interrupted"

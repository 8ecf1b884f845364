"""A viewer under a shell's job control, and what a run's end comes to: exit codes, last words."""

from __future__ import annotations

import contextlib
import os
import pty
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest
from textual.drivers.linux_driver import LinuxDriver

from nntui.runs.find import listed
from nntui.tui import job_control, main
from nntui.tui.job_control import JobDriver
from nntui.tui.textual_hacks import NntuiFaults
from tests.server.running import until
from tests.server.terminal import Terminal
from tests.server.test_kills import ENDLESS, goes_on, gone


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[tuple[Terminal, psutil.Process]]:
    """A shell with a viewer in front, and the viewer."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    with Terminal(runs=tmp_path, program=(bash, "--norc", "--noprofile", "-i"), PS1="ready: ") as terminal:
        terminal.shows("ready:")
        terminal.press(shlex.join([sys.executable, "-m", "nntui", *ENDLESS]) + "\n")
        terminal.shows("▶ training")
        (viewer,) = psutil.Process(terminal.process.pid).children()
        yield terminal, viewer


def stop(terminal: Terminal, viewer: psutil.Process) -> None:
    viewer.send_signal(signal.SIGTSTP)
    until(lambda: viewer.status() == psutil.STATUS_STOPPED, "the viewer stopped")
    terminal.shows("Stopped")


def test_a_viewer_that_a_shell_has_stopped_ends_on_term(shell: tuple[Terminal, psutil.Process]) -> None:
    terminal, viewer = shell
    stop(terminal, viewer)
    terminal.press("kill %1\n")  # TERM, and CONT since it is stopped
    until(lambda: gone(viewer.pid), "its end")
    goes_on(terminal)
    terminal.press("echo the shell is $((6 * 7))\n")
    terminal.shows("the shell is 42")


def test_a_viewer_that_was_continued_in_front_ends_on_term(shell: tuple[Terminal, psutil.Process]) -> None:
    terminal, viewer = shell
    stop(terminal, viewer)
    terminal.press("fg\n")
    terminal.shows("▶ training")
    viewer.send_signal(signal.SIGTERM)
    until(lambda: gone(viewer.pid), "its end")
    until(terminal.restored, "the terminal as it was")
    terminal.shows("ready:")
    goes_on(terminal)


def test_a_hangup_that_leaves_the_terminal_there_restores_it(shell: tuple[Terminal, psutil.Process]) -> None:
    terminal, viewer = shell
    viewer.send_signal(signal.SIGHUP)
    until(lambda: gone(viewer.pid), "its end")
    until(terminal.restored, "the terminal as it was")
    terminal.shows("ready:")
    goes_on(terminal)


@pytest.mark.parametrize("front", [True, False])
def test_what_came_with_cont_is_handled_before_the_terminal_is_taken(
    monkeypatch: pytest.MonkeyPatch, front: bool
) -> None:
    """A shell's ``kill`` sends TERM and CONT together; the thread that takes TERM may be the later one."""
    happened: list[str] = []
    term = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM))

    def sleep(seconds: float) -> None:
        term.start()
        term.join()

    # Of that module alone: other threads sleep, too.
    monkeypatch.setattr(job_control, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(os, "tcgetpgrp", lambda terminal: os.getpgrp() + (not front))
    monkeypatch.setattr(LinuxDriver, "resume_application_mode", lambda self: happened.append("resumed"))
    old = signal.signal(signal.SIGTERM, lambda number, frame: happened.append("ended"))
    try:
        driver = cast(Any, JobDriver.__new__(JobDriver))
        driver.fileno = 0
        driver.resume_application_mode()
    finally:
        signal.signal(signal.SIGTERM, old)
    assert happened == (["resumed"] if front else ["ended", "resumed"])


async def test_every_program_of_the_screen_has_that_driver() -> None:
    assert NntuiFaults().driver_class is JobDriver


class Stuck:
    """An app that never ends by itself."""

    def exit(self, code: int) -> None:
        return


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_watchdog_restores_the_terminal(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals, full: bool
) -> None:
    master, slave = pty.openpty()
    before, kept = termios.tcgetattr(slave), os.dup(slave)
    with os.fdopen(slave, "r+b", buffering=0) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        signals = main._Signals(cast(Any, Stuck()))
        tty.setraw(slave)
        os.set_blocking(slave, False)
        with contextlib.suppress(BlockingIOError):
            while full:  # a terminal that has stopped reading
                os.write(slave, b"picture " * 1000)
        os.set_blocking(slave, True)
        ended: list[int] = []

        def end(code: int) -> None:
            ended.append(code)
            if threading.current_thread() is threading.main_thread():
                raise SystemExit

        monkeypatch.setattr(sys, "stderr", None)  # while the app runs, it is the app's
        monkeypatch.setattr(main, "PATIENCE", 0.02)
        monkeypatch.setattr(main, "LAST_WORDS", 0.02)
        monkeypatch.setattr(main.os, "_exit", end)
        with pytest.raises(SystemExit) if number == signal.SIGHUP else contextlib.nullcontext():
            signals._handle(number, None)  # of a hangup at once: nobody may be there for long
        until(lambda: ended, "the end")
        assert ended[0] == 128 + number
        assert termios.tcgetattr(kept) == before
        assert os.get_blocking(kept)  # as the shell left it
        os.set_blocking(master, False)
        read = bytearray()
        with contextlib.suppress(BlockingIOError):
            while True:
                read += os.read(master, 1 << 16)
        assert read.endswith(main.RESTORE.encode())
    os.close(kept)
    os.close(master)


def test_the_last_words_are_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that another thread writes without a pause neither follow them nor take their room."""
    frame = b"\x1b[?25l" + b"picture " * 1200
    for _ in range(20):
        master, slave = pty.openpty()
        tty.setraw(slave)
        app = os.dup(slave)
        over = threading.Event()

        def draw(app: int = app, over: threading.Event = over) -> None:
            with contextlib.suppress(
                BlockingIOError
            ):  # a frame that waited for room while the words were said
                while not over.is_set():
                    os.write(app, frame)

        read = bytearray()

        def show(master: int = master, read: bytearray = read) -> None:
            with contextlib.suppress(OSError):
                while True:
                    read += os.read(master, 700)

        threads = [threading.Thread(target=work, daemon=True) for work in (draw, show)]
        for thread in threads:
            thread.start()
        until(lambda read=read: len(read) > 20_000, "some frames")
        main._last_words(app, main.RESTORE.encode())
        over.set()
        threads[0].join()
        os.close(app)
        os.close(slave)
        threads[1].join()
        os.close(master)
        assert read.endswith(main.RESTORE.encode())


def test_a_run_that_diverges_says_why_and_exits_3(tmp_path: Path) -> None:
    words = ("run", "xor", "--pace", "max", "--set", "optimizer.type=sgd", "--set", "optimizer.lr=1e38")
    with Terminal(*words, runs=tmp_path) as terminal:
        terminal.shows("✗ diverged")
        reason = terminal.run.read().reason
        until(lambda: reason[:60] in terminal.text, "the reason on the screen")
        terminal.press("q")
        assert terminal.wait() == 3
        terminal.shows(f"{terminal.run.name}: diverged: ")
        until(lambda: reason[:40] in terminal.text, "the reason in the last line")


def test_a_hangup_does_not_end_what_was_started_under_nohup(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "nntui", "fit", "xor", "--json", "--runs", str(tmp_path)]
    ignored = subprocess.Popen(
        [*words, "--set", "train.epochs=100000000"],
        stdout=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    try:
        until(lambda: [f for f in listed(tmp_path) if f.info.socket], "a training that goes on for a while")
        ignored.send_signal(signal.SIGHUP)
        before = listed(tmp_path)[0].info.updates
        until(lambda: listed(tmp_path)[0].info.updates > before, "more updates")
        ignored.send_signal(signal.SIGTERM)
        out, _ = ignored.communicate(timeout=20)
        assert ignored.returncode == 128 + signal.SIGTERM
        assert '"interrupted"' in out
    finally:
        ignored.kill()

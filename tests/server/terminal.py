"""A terminal with the real program in it: a pty, a reader that draws what comes, and the keys."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyte

from nntui.runs.directory import RunDirectory
from nntui.runs.find import listed
from tests.server.running import until

COLUMNS, ROWS = 120, 40


class Terminal:
    """Runs ``nntui WORDS``, or another program, on a pseudo-terminal of its own, as the leader of its session."""

    def __init__(
        self, *words: str, runs: Path, keep: bool = False, program: Sequence[str] = (), **environment: str
    ) -> None:
        self.runs = runs
        self._keep = keep
        """Whether trainers outlive this terminal."""
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self.reading = True
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (ROWS, COLUMNS))
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "NNTUI_RUNS": str(runs)}
        env |= {"COLUMNS": str(COLUMNS), "LINES": str(ROWS), "LANG": "C.UTF-8"} | environment
        self.process = subprocess.Popen(
            [*(program or (sys.executable, "-m", "nntui")), *words],
            stdin=slave, stdout=slave, stderr=slave, env=env, preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(slave)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            until(lambda: self.reading or self.master < 0, "reading")
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data)
            for _ in range(data.count(b"\x1b[6n")):  # where is the cursor? as every terminal answers
                with contextlib.suppress(OSError):
                    os.write(self.master, b"\x1b[1;1R")

    @property
    def text(self) -> str:
        """What the screen shows."""
        with self._lock:
            return "\n".join(self.screen.display)

    def shows(self, words: str) -> None:
        """Wait until the screen shows these words."""
        until(lambda: words in self.text, f"{words!r} on the screen:\n{self.text}")

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        master, self.master = self.master, -1
        os.close(master)

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """The program's exit code."""
        return until(lambda: None if self.process.poll() is None else (self.process.returncode,), "its end")[
            0
        ]

    @property
    def run(self) -> RunDirectory:
        """The newest run."""
        return until(lambda: listed(self.runs), "a run")[0].run

    def state(self) -> str:
        """The newest run's true state."""
        return listed(self.runs)[0].state

    def trainer(self) -> int:
        """The trainer's process."""
        return int(self.run.read().process["pid"])

    def restored(self) -> bool:
        """Whether the main screen is back and the cursor is visible."""
        raw = bytes(self.raw)
        return raw.rfind(b"\x1b[?1049l") > raw.rfind(b"\x1b[?1049h") and raw.rfind(b"\x1b[?25h") > raw.rfind(
            b"\x1b[?25l"
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exception: Any) -> None:
        live = [] if self._keep else listed(self.runs)
        pids = [found.info.process.get("pid") for found in live if found.state in ("running", "paused")]
        for pid in [self.process.pid, *pids]:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        if self.master >= 0:
            self.hang_up()


def _own_terminal() -> None:
    os.setsid()
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

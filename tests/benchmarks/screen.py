"""What the screen costs: `python -m tests.benchmarks.screen [DEMO …]` prints a line a demo.

A pseudo-terminal of 120×40 in true color, whose reader counts the bytes and answers as a terminal does.
`first` is the time to the first frame, beside that of a bare Python; CPU is the viewer's share of one core,
not the trainer's. Paused, and after the end, nothing changes: no bytes are right.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from nntui.tui.pacing import QUERY
from tests.benchmarks.leftovers import none_left

DEMOS = ("xor", "spirals", "digits", "sine")
SIZE = (120, 40)
WARM = 3.0
SECONDS = 8.0
STILL = 3.0
POSITION = b"\x1b[1;1R"


@dataclass
class Terminal:
    """The reading end of a pseudo-terminal, and a program that draws on it."""

    arguments: tuple[str, ...]
    bytes: int = 0
    seen: bytes = field(default=b"", repr=False)
    answered: int = 0
    """Frames that were asked about."""

    def __post_init__(self) -> None:
        self.started = time.perf_counter()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
            for name in ("NO_COLOR", "TEXTUAL_THEME", "PYTHONDONTWRITEBYTECODE"):
                os.environ.pop(name, None)
            columns, rows = SIZE
            os.environ |= {"COLUMNS": str(columns), "LINES": str(rows)}
            os.execv(sys.executable, [sys.executable, "-m", "nntui", *self.arguments])

    def read(self, seconds: float, until: bytes | None = None) -> int:
        """Read for a time, or until some bytes came; returns how many bytes there were."""
        before, deadline = self.bytes, time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            if not select.select([self.descriptor], [], [], left)[0]:
                break
            try:
                found = os.read(self.descriptor, 65536)
            except OSError:
                break
            self.bytes += len(found)
            self.seen = (self.seen + found)[-200_000:]
            for _ in range(found.count(QUERY.encode())):
                self.press(POSITION)
                self.answered += 1
            if until is not None and until in self.seen:
                break
        return self.bytes - before

    def press(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def close(self) -> None:
        self.press(b"q")
        self.read(1.0)
        self.press(b"s")
        self.read(3.0)
        os.close(self.descriptor)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def measure(demo: str, runs: str) -> str:
    terminal = Terminal(("run", demo, "--runs", runs))
    terminal.read(20.0, b"Network")
    first = time.perf_counter() - terminal.started
    terminal.read(WARM)
    viewer = psutil.Process(terminal.pid)
    start, before = time.perf_counter(), sum(viewer.cpu_times()[:2])
    count = terminal.read(SECONDS)
    passed = time.perf_counter() - start
    share = (sum(viewer.cpu_times()[:2]) - before) / passed
    terminal.press(b" ")
    terminal.read(1.5)
    paused = terminal.read(STILL)
    terminal.close()
    return (
        f"{demo:9} first {first:5.2f} s   training {count / passed / 1000:6.1f} kB/s   "
        f"viewer {100 * share:5.1f} % of a core   paused {paused} bytes in {STILL:.0f} s"
    )


TEN = """
[race]
surface = "himmelblau"
steps = 5000
contestants = [{ type = "sgd", lr = 1e-4 }, { type = "momentum", lr = 1e-5 }, { type = "nesterov", lr = 2e-5 },
  { type = "adagrad", lr = 0.02 }, { type = "rmsprop", lr = 0.001 }, { type = "adam", lr = 0.005 },
  { type = "adamw", lr = 0.003 }, { type = "nadam", lr = 0.004 }, { type = "amsgrad", lr = 0.002 },
  { type = "sgd", name = "slow", lr = 3e-5 }]
"""


def measure_race(directory: str) -> str:
    """Ten contestants that are all on their way, ten frames a second."""
    path = Path(directory) / "ten.toml"
    path.write_text(TEN)
    terminal = Terminal(("race", str(path)))
    terminal.read(20.0, b"Contestants")
    first = time.perf_counter() - terminal.started
    terminal.read(WARM)
    frames = terminal.answered
    screen = psutil.Process(terminal.pid)
    start, before = time.perf_counter(), sum(screen.cpu_times()[:2])
    count = terminal.read(SECONDS)
    passed = time.perf_counter() - start
    share = (sum(screen.cpu_times()[:2]) - before) / passed
    rate = (terminal.answered - frames) / passed
    terminal.close()
    return (
        f"{'ten race':9} first {first:5.2f} s   playing  {count / passed / 1000:6.1f} kB/s   "
        f"screen {100 * share:5.1f} % of a core   {rate:.1f} frames/s"
    )


def main() -> None:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    print(f"bare Python {1000 * (time.perf_counter() - start):.0f} ms, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as runs, none_left():
        Terminal(("run", "xor", "--runs", runs)).close()  # now everything is compiled
        for demo in sys.argv[1:] or DEMOS:
            print(measure(demo, runs), flush=True)
        print(measure_race(runs), flush=True)


if __name__ == "__main__":
    main()

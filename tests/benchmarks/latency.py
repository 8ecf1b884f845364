"""From a key to its repaint, over links: `python -m tests.benchmarks.latency [DEMO]` prints a line a link; exit 1 above a limit.

The real program on a pseudo-terminal of 120×40 trains at full speed. What it writes goes through a link as a remote shell's
does: a window of 64 kB that is filled at once, and behind it so many bytes a second. The terminal answers when what was asked
has arrived. Tab is pressed at irregular moments; its repaint is when the first bytes have arrived by which another pane's
frame is the bright one, which pyte finds afterward. Then the training is paused, and what a move of the focus sends is counted:
by itself, and where it leads to a pane that is shown alone, or back, with the picture of the whole screen.
"""

from __future__ import annotations

import os
import random
import select
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

import psutil
import pyte

from nntui.tui.pacing import QUERY
from tests.benchmarks.leftovers import none_left
from tests.benchmarks.screen import POSITION, SIZE, WARM, Terminal

WINDOW = 64 << 10
SLICE = 0.004
"""Seconds between two deliveries of a slow link."""
PRESSES = 40
LINKS = ((0, 40.0), (250_000, 100.0), (30_000, 300.0))
"""Bytes a second, 0 for as many as there are, and milliseconds that half of the keys may take."""
MOVES = 12
MOVE = 4000
"""Bytes that a move of the focus may send where the same panes stay in sight."""


@dataclass(frozen=True)
class Press:
    """What a key brought about."""

    seconds: float
    """Until what shows it has arrived; infinite where it is not seen before the next."""
    bytes: int
    """That arrived before the next."""
    turns: bool
    """Whether other panes came in sight."""


@dataclass
class Link:
    """Carries what a terminal's program writes, and keeps what arrived and when."""

    terminal: Terminal
    rate: float
    arrived: list[tuple[float, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = bytearray()
        self._lock = threading.Condition()
        self._open = True
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._read, self._deliver)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        while self._open:
            with self._lock:
                self._lock.wait_for(lambda: len(self._waiting) < WINDOW or not self._open)
            if not select.select([self.terminal.descriptor], [], [], 0.1)[0]:
                continue
            try:
                found = os.read(self.terminal.descriptor, 4096)
            except OSError:
                return
            with self._lock:
                self._waiting += found
                self._lock.notify_all()

    def _deliver(self) -> None:
        due = 0.0
        last = time.perf_counter()
        tail = b""
        while self._open:
            with self._lock:
                self._lock.wait_for(lambda: self._waiting or not self._open)
            if self.rate:
                time.sleep(SLICE)
                now = time.perf_counter()
                due = min(due + (now - last) * self.rate, 2 * SLICE * self.rate)
                last = now
            with self._lock:
                size = int(due) if self.rate else len(self._waiting)
                some = bytes(self._waiting[:size])
                del self._waiting[:size]
                self._lock.notify_all()
            due -= len(some)
            if not some:
                continue
            self.arrived.append((time.perf_counter(), some))
            seen = tail + some
            for _ in range(seen.count(QUERY.encode())):
                self.terminal.press(POSITION)
            tail = seen[-len(QUERY) + 1 :] if QUERY.encode() not in seen[-len(QUERY) :] else b""

    def close(self) -> None:
        """Nothing is read from now on."""
        with self._lock:
            self._open = False
            self._lock.notify_all()
        for thread in self._threads:
            thread.join()

    @property
    def bytes(self) -> int:
        """How many have arrived."""
        return sum(len(data) for _, data in self.arrived)


def bright(screen: pyte.Screen) -> tuple[str, ...]:
    """The colors of the upper left corners of the frames."""
    return tuple(
        screen.buffer[y][x].fg for y in range(screen.lines) for x in range(screen.columns)
        if screen.buffer[y][x].data == "╭"
    )  # fmt: skip


def presses(arrived: list[tuple[float, bytes]], pressed: list[float]) -> list[Press]:
    """What each press brought about."""
    screen = pyte.Screen(*SIZE)
    stream = pyte.ByteStream(screen)
    found: list[Press] = []
    at = 0
    for k, press in enumerate(pressed):
        until = pressed[k + 1] if k + 1 < len(pressed) else float("inf")
        while at < len(arrived) and arrived[at][0] < press:
            stream.feed(arrived[at][1])
            at += 1
        before, seen, size = bright(screen), float("inf"), 0
        while at < len(arrived) and arrived[at][0] < until:
            stream.feed(arrived[at][1])
            size += len(arrived[at][1])
            if seen == float("inf") and bright(screen) != before:
                seen = arrived[at][0] - press
            at += 1
        found.append(Press(seen, size, len(bright(screen)) != len(before)))
    return found


def measure(demo: str, rate: float, runs: str) -> tuple[list[Press], float, list[Press], float]:
    """Keys and bytes a second while it trains, keys while it is paused, the viewer's share of a core."""
    terminal = Terminal(("run", demo, "--pace", "max", "--runs", runs, "--set", "train.epochs=1000000"))
    link = Link(terminal, rate)
    draw = random.Random(7)
    time.sleep(3 + WARM)
    viewer = psutil.Process(terminal.pid)
    begun, before, cpu = time.perf_counter(), link.bytes, sum(viewer.cpu_times()[:2])
    pressed = []
    for _ in range(PRESSES):
        time.sleep(draw.uniform(0.5, 0.9) + (60_000 / rate if rate else 0))
        pressed.append(time.perf_counter())
        terminal.press(b"\t")
    time.sleep(2 + (60_000 / rate if rate else 0))
    passed = time.perf_counter() - begun
    speed, share = (link.bytes - before) / passed, (sum(viewer.cpu_times()[:2]) - cpu) / passed
    terminal.press(b" ")
    time.sleep(3 + (60_000 / rate if rate else 0))
    for _ in range(MOVES):
        pressed.append(time.perf_counter())
        terminal.press(b"\t")
        time.sleep(1.0 + (60_000 / rate if rate else 0))
    link.close()
    terminal.close()
    found = presses(link.arrived, pressed)
    return found[:PRESSES], speed, found[PRESSES:], share


def main() -> int:
    demo = sys.argv[1] if len(sys.argv) > 1 else "digits"
    good = True
    with tempfile.TemporaryDirectory(prefix="nl-") as runs, none_left():
        for rate, limit in LINKS:
            keys, speed, still, share = measure(demo, rate, runs)
            seconds = [k.seconds for k in keys]
            middle, worst = 1000 * statistics.median(seconds), 1000 * sorted(seconds)[-2]
            moves, pages = ([k.bytes for k in still if k.turns == turns] for turns in (False, True))
            good = good and middle <= limit and max(moves) <= MOVE
            print(
                f"{demo}  {f'{rate // 1000:.0f} kB/s' if rate else 'direct':>8}   key to repaint: median {middle:5.0f} ms "
                f"of {limit:.0f}, all but one within {worst:5.0f}   {speed / 1000:5.1f} kB/s   a move of the focus "
                f"{statistics.median(moves):.0f} bytes, at most {max(moves)} of {MOVE}, with another page {max(pages, default=0)}   viewer {100 * share:.0f} % of a core   "
                f"load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

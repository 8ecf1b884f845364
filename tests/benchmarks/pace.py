"""What a viewer costs the training: `python -m tests.benchmarks.pace [CONFIG]` prints the speed of
`run --pace max` over that of `fit`, of the same budget, by turns.

`run` is the real program on a pseudo-terminal whose reader answers as a terminal does. The speeds are what
the trainers themselves record: updates over the time spent inside updates, and, where other programs
disturb that, over the processor time of the training process. The middle of the rounds counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from nntui.runs.find import listed
from tests.benchmarks.leftovers import none_left
from tests.benchmarks.screen import Terminal

ROUNDS = 5
EPOCHS = 1000
END = 120.0
"""Seconds after which a round has failed."""


@dataclass
class Speed:
    """Updates a second of one training."""

    inside: float
    """Over the time spent inside updates."""
    processor: float
    """Over the processor time of the whole process, its start included."""
    whole: float
    """Over the time from the first record to the last."""


def _whole(run: Path) -> float:
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    epochs = [r for r in records if r["type"] == "epoch"]
    # The first record is of before the training, and a viewer is waited for after it.
    first, last = epochs[1], epochs[-1]
    return float((last["update"] - first["update"]) / (last["time"] - first["time"]))


class Clock(threading.Thread):
    """Follows a process's processor time for as long as it lives."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.seconds = 0.0
        self.start()

    def run(self) -> None:
        while True:
            try:
                if self._process.status() == psutil.STATUS_ZOMBIE:
                    return
                self.seconds = sum(self._process.cpu_times()[:2])
            except psutil.NoSuchProcess:
                return
            time.sleep(0.01)


def _speed(base: Path, clock: Clock) -> Speed:
    clock.join(END)
    found = listed(base)[0]
    if found.state != "completed":
        raise SystemExit(f"{found.run.name}: {found.state} {found.info.reason}")
    info = found.info
    return Speed(info.updates / info.update_seconds, info.updates / clock.seconds, _whole(found.run.path))


def fit(words: tuple[str, ...], base: Path) -> Speed:
    """Train without a screen."""
    process = subprocess.Popen([sys.executable, "-m", "nntui", "fit", *words, "--quiet", "--runs", str(base)])
    clock = Clock(process.pid)
    process.wait(END)
    return _speed(base, clock)


def run(words: tuple[str, ...], base: Path) -> Speed:
    """Train with a viewer."""
    terminal = Terminal(("run", *words, "--pace", "max", "--runs", str(base)))
    deadline = time.monotonic() + END
    while not listed(base):
        terminal.read(0.05)
    clock = Clock(int(listed(base)[0].info.process["pid"]))
    while listed(base)[0].state in ("running", "paused") and time.monotonic() < deadline:
        terminal.read(0.2)
    found = _speed(base, clock)
    terminal.close()
    return found


def main() -> None:
    config = sys.argv[1] if len(sys.argv) > 1 else "digits"
    words = (config, "--set", f"train.epochs={EPOCHS}")
    ratios: list[Speed] = []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other, none_left():
            alone, watched = fit(words, Path(one)), run(words, Path(other))
        ratio = Speed(
            watched.inside / alone.inside, watched.processor / alone.processor, watched.whole / alone.whole
        )
        ratios.append(ratio)
        print(
            f"round {number + 1}   fit {alone.inside:6.0f}   run {watched.inside:6.0f} updates/s inside updates"
            f"   ratio {ratio.inside:.3f}   by processor {ratio.processor:.3f}   by clock {ratio.whole:.3f}"
            f"   load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    for name in ("inside", "processor", "whole"):
        print(f"median ratio {name:10} {statistics.median(getattr(r, name) for r in ratios):.3f}")


if __name__ == "__main__":
    main()

"""Runs killed at random, resumed until their end: ``python -m tests.faults.kills --runs 200 --jobs N``.

A trial trains once undisturbed, and then again under SIGKILLs, each after a random part of that time since the process
began: of ``fit``, of the trainer that ``run`` starts while a viewer watches, and of trainer, viewer or both of a ``run`` in
a terminal. After each kill every file must be whole; at the end all arrays must be the same, bit for bit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from nntui.protocol import sockets
from nntui.runs import checkpoint
from nntui.runs.directory import LIVE
from nntui.runs.find import Found, listed
from nntui.runs.metrics import read_metrics
from nntui.server.launch import launch
from tests.cli.conftest import finish, start
from tests.faults.alone import alone
from tests.faults.scenarios import final, same
from tests.server.running import Viewer, until
from tests.server.terminal import Terminal

MOONS = """
[data]
source = "moons"
validation = 0.2
[[layers]]
type = "dense"
units = 16
activation = "tanh"
[[layers]]
type = "dense"
units = 1
activation = "sigmoid"
[objective]
loss = "binary_cross_entropy"
[optimizer]
type = "adam"
[train]
epochs = {epochs}
checkpoint_seconds = {seconds}
early_stopping = {{ patience = 1000000, monitor = "validation.loss" }}
"""
DIGITS = """
[data]
source = "digits"
validation = 0.2
[[layers]]
type = "dense"
units = 32
activation = "relu"
[[layers]]
type = "batchnorm"
[[layers]]
type = "dropout"
rate = 0.2
[[layers]]
type = "dense"
units = 10
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "momentum"
lr = 0.01
[schedule]
type = "cosine"
[train]
epochs = {epochs}
checkpoint_seconds = {seconds}
"""
CONFIGS = ((MOONS, 300), (DIGITS, 60))
"""With the epochs that take a few seconds."""
SAVING = (0.0, 0.0, 0.05, 1.0)
"""Seconds between checkpoints; 0: at the end of each epoch, so that most kills meet a save."""
MOST_KILLS = 4
COUNTS = ("kills", "before a state", "in a save", "resumes", "corrupt")


class Trial:
    """One run under kills."""

    def __init__(self, kind: str, number: int, place: Path) -> None:
        self.kind = kind
        self.random = random.Random(f"{kind} {number}")
        self.runs = place / "runs"
        text, epochs = self.random.choice(CONFIGS)
        self.config = place / "killed.toml"
        self.config.write_text(text.format(epochs=epochs, seconds=self.random.choice(SAVING)))
        self.counts = dict.fromkeys(COUNTS, 0)
        self.wrong: list[str] = []
        begun = time.monotonic()
        done = finish(start("fit", self.config, "--quiet", "--runs", place / "whole"))
        assert done.code == 0, done.err
        self.seconds = time.monotonic() - begun
        self.reference = final(listed(place / "whole")[0].run.checkpoints)

    def go(self) -> None:
        """Kill, resume, kill again, and let it end; at least once there is something to resume."""
        wanted = self.random.randint(1, MOST_KILLS)
        limit = self.seconds
        while self.counts["kills"] < wanted or not self.counts["resumes"]:
            self._kill(self.random.uniform(0, limit))
            found = self.found
            if found is None:
                limit *= 1.2
            elif found.state == "completed":
                if self.counts["resumes"]:
                    break
                self._compare()  # it was quicker than the kill
                self.remove()
                limit *= 0.7
            elif self.counts["kills"] == wanted:
                break
        self._end()

    @property
    def found(self) -> Found | None:
        """The run, where there is one."""
        runs = listed(self.runs)
        assert len(runs) < 2
        return runs[0] if runs else None

    @property
    def run(self) -> Found:
        """The run, which is there."""
        (found,) = listed(self.runs)
        return found

    def remove(self) -> None:
        """Take the run away by the command for it."""
        done = finish(start("runs", "rm", self.run.run.name, "--runs", self.runs))
        assert done.code == 0, done.err

    def _kill(self, seconds: float) -> None:
        """Begin or resume, and kill after so long."""
        if self.found is None:
            killed = KINDS[self.kind](self, seconds)
        else:
            self.counts["resumes"] += 1
            killed = _fit(self, seconds, "--resume", self.found.run.name)
        self.counts["kills"] += killed
        found = self.found
        if found is None:
            self.counts["before a state"] += killed
            return
        if found.state in LIVE:
            self.wrong.append(f"listed as {found.state} after its end")
        self.counts["in a save"] += killed and any(found.run.path.rglob("*.tmp"))
        self._whole(found)
        if not checkpoint.updates(found.run.checkpoints):
            self.counts["before a state"] += killed
            self.remove()

    def _whole(self, found: Found) -> None:
        """Every file can be read."""
        bad: list[str] = []
        for update in checkpoint.updates(found.run.checkpoints):
            try:
                checkpoint.read(checkpoint.path_of(found.run.checkpoints, update))
            except checkpoint.CheckpointError as error:
                bad.append(str(error))
        read_metrics(found.run.metrics, report=bad.append)
        read_metrics(found.run.activations, report=bad.append)
        self.counts["corrupt"] += len(bad)
        self.wrong += bad

    def _compare(self) -> None:
        if not same(final(self.run.run.checkpoints), self.reference):
            self.wrong.append("the arrays are not bit for bit the same")

    def _end(self) -> None:
        """Train to the end; nothing is lost, nothing left."""
        found = self.found
        words = ("--resume", found.run.name) if found else (self.config,)
        self.counts["resumes"] += found is not None
        done = finish(start("fit", *words, "--quiet", "--runs", self.runs))
        assert done.code == 0, done.err
        found = self.run
        if found.state != "completed":
            self.wrong.append(f"resumed to the end, it is listed as {found.state}")
        self._whole(found)
        self._compare()
        sockets.sweep(sockets.private_directory())
        left = [*sockets.private_directory().iterdir(), *found.run.path.rglob("*.tmp")]
        self.wrong += [f"left over: {path.name}" for path in left]


def _fit(trial: Trial, seconds: float, *words: str | Path) -> bool:
    """``fit``; whether it was killed before it ended."""
    process = start("fit", *(words or (trial.config,)), "--quiet", "--runs", trial.runs)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    _, said = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        raise AssertionError(f"exit code {process.returncode}: {said}")
    return process.returncode < 0


def _watched(trial: Trial, seconds: float) -> bool:
    """The trainer that ``run`` starts, with a viewer; it is killed."""
    deadline = time.monotonic() + seconds
    launched = launch(str(trial.config), (), None, trial.runs, "max", False)
    viewers: list[Viewer] = []

    def watch() -> None:
        # A trainer that was killed before it listens says so; nobody watches it.
        with contextlib.suppress(Exception):
            viewers.append(Viewer(launched.wait_ready(60.0).socket))

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        with contextlib.suppress(subprocess.TimeoutExpired):
            launched.process.wait(max(0.0, deadline - time.monotonic()))
        launched.process.kill()
        launched.process.wait()
        watching.result()
    for viewer in viewers:
        viewer.close()
    return launched.process.returncode < 0


def _terminal(trial: Trial, seconds: float) -> bool:
    """``run`` in a terminal: its trainer is killed, its viewer, or both; whether the training ended by it."""
    victims = trial.random.choice(("trainer", "viewer", "both"))
    with Terminal("run", str(trial.config), "--pace", "max", runs=trial.runs, keep=True) as terminal:
        viewer = psutil.Process(terminal.process.pid)
        if trial.random.random() < 0.8:  # else it may not have begun
            until(lambda: _saved(trial) or terminal.process.poll() is not None, "a saved state")
        time.sleep(seconds)  # the random moment itself
        trainers = viewer.children()
        if victims != "viewer":
            for process in trainers:
                process.kill()
        if victims != "trainer":
            viewer.kill()
        # A trainer that a viewer has seen goes on to its end, another one ends by itself.
        until(lambda: all(_ended(process) for process in trainers), "the trainer's end")
    found = trial.found
    return found is None or found.state != "completed"


def _saved(trial: Trial) -> bool:
    return (found := trial.found) is not None and bool(checkpoint.updates(found.run.checkpoints))


def _ended(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


KINDS: dict[str, Callable[[Trial, float], bool]] = {
    "fit": _fit,
    "run, its trainer": _watched,
    "run, in a terminal": _terminal,
}


def _one(kind: str, number: int) -> int:
    """One trial in this process; prints its counts as JSON."""
    with tempfile.TemporaryDirectory(prefix="nk-") as place:
        tempfile.tempdir = place
        os.environ["TMPDIR"] = place
        trial = Trial(kind, number, Path(place))
        trial.go()
        print(json.dumps(trial.counts))
        for wrong in trial.wrong:
            print(wrong, file=sys.stderr)
    return 1 if trial.wrong else 0


def _again(kind: str, number: int) -> list[str]:
    return ["-m", "tests.faults.kills", "--kind", kind, "--trial", str(number)]


def main() -> int:
    """Returns 1 where a run is not whole, or not the same, or leaves something."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--runs", type=int, default=6, help="how many, of all kinds together")
    parser.add_argument("--jobs", type=int, default=1, help="trials at once")
    parser.add_argument("--kind", choices=KINDS, help="this kind alone")
    parser.add_argument("--trial", type=int, help="with --kind: this trial alone, in this process")
    chosen = parser.parse_args()
    if chosen.trial is not None:
        return _one(chosen.kind, chosen.trial)
    begun = time.monotonic()
    kinds = [chosen.kind] if chosen.kind else list(KINDS)
    trials = [(kinds[n % len(kinds)], n // len(kinds)) for n in range(chosen.runs)]
    table: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    bad = []
    with ThreadPoolExecutor(chosen.jobs) as pool:
        tried = pool.map(lambda trial: alone(_again(*trial)), trials)
        for (kind, number), (said, wrong) in zip(trials, tried, strict=True):
            with contextlib.suppress(ValueError):
                table[kind].append(json.loads(said))
            if wrong:
                bad.append((kind, number))
                print(f"{kind}, trial {number}:\n{wrong}", file=sys.stderr, flush=True)
    print("| killed | runs | " + " | ".join(COUNTS) + " | whole and bit-equal |")
    print("|---" * (len(COUNTS) + 3) + "|")
    for kind, counts in table.items():
        runs = sum(k == kind for k, _ in trials)
        sums = [str(sum(c[name] for c in counts)) for name in COUNTS]
        print(f"| {kind} | {runs} | {' | '.join(sums)} | {runs - sum(k == kind for k, _ in bad)} of {runs} |")
    print(f"\n{time.monotonic() - begun:.0f} s")
    for trial in bad:
        print(f"    again: {shlex.join(['python', *_again(*trial)])}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""One run under kills: begun, killed, resumed, and compared with one that was never disturbed."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from nntui.protocol import sockets
from nntui.runs import checkpoint
from nntui.runs.directory import LIVE
from nntui.runs.find import Found, listed
from nntui.runs.metrics import read_metrics
from tests.cli.conftest import finish, start
from tests.cli.trainings import final
from tests.faults.scenarios import same
from tests.moons import moons

MOONS = moons(
    "validation = 0.2",
    'epochs = {epochs}\ncheckpoint_seconds = {seconds}\nearly_stopping = {{ patience = 1000000, monitor = "validation.loss" }}',
    units="16",
)  # fmt: skip

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


Begin = Callable[["Trial", float], bool]
"""Starts a run and kills it after so many seconds; whether the training ended by it."""


class Trial:
    """One run under kills."""

    def __init__(self, kind: str, number: int, place: Path, begin: Begin) -> None:
        """``begin`` starts a run of the configuration and kills it."""
        self._begin = begin
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
        self.reference = final(listed(place / "whole")[0].run.path)

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
            killed = self._begin(self, seconds)
        else:
            self.counts["resumes"] += 1
            killed = fit(self, seconds, "--resume", self.found.run.name)
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
        if not same(final(self.run.run.path), self.reference):
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


def fit(trial: Trial, seconds: float, *words: str | Path) -> bool:
    """``fit``; whether it was killed before it ended."""
    process = start("fit", *(words or (trial.config,)), "--quiet", "--runs", trial.runs)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    _, said = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        raise AssertionError(f"exit code {process.returncode}: {said}")
    return process.returncode < 0

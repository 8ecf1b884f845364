"""What is done while a call fails: each piece of work on files and sockets that nntui does for a run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from nntui.cli import program
from nntui.errors import UserError
from nntui.protocol.client import Client
from nntui.protocol.commands import Rewind, Shown, Want
from nntui.protocol.message import Message
from nntui.protocol.reports import Disconnected, Hello, Status
from nntui.runs import checkpoint, metrics, thinning
from nntui.runs.find import listed
from nntui.signals import Signals
from tests.cli.trainings import final
from tests.moons import moons

EPOCHS, PER_EPOCH = 3, 2
DEMO = "rare_gradients"  # it has a data file
BEFORE = 1
"""Epochs of the run that was killed."""
CONFIG = moons(
    "samples = 20\nvalidation = 0.2",
    'epochs = 3\nbatch_size = 8\ncheckpoint_seconds = 0\nearly_stopping = { patience = 20, monitor = "validation.loss" }',
    head='dtype = "float64"', units="3",
)  # fmt: skip
"""Its checkpoints are of updates 0, 2, 4 and 6."""
Told = dict[str, Any]
"""What the work tells: its exit code and, where it printed one, its JSON."""


def call(*words: str | Path) -> Told:
    """The program in this process."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = program([str(word) for word in words])
    text = out.getvalue()
    return {"code": code, "json": json.loads(text) if text.startswith(("{", "[")) else None}


def fit(place: Path) -> Told:
    """Create, train and save; the records of this short run are thinned as those of a long one are."""
    with patch.object(metrics, "MOST", 1200), patch.object(thinning, "NEWEST", 400):
        return call("fit", place / "moons.toml", "--json", "--runs", place / "runs")


def resume(place: Path) -> Told:
    """Go on with a run that was killed."""
    return call("fit", "--resume", "latest", "--epochs", EPOCHS, "--json", "--runs", place / "runs")


class _Once:
    """Goes back once, from update 4 to update 2, as the trainer does for a viewer."""

    def __init__(self) -> None:
        self.done = False

    def begin(self, session: Any, signals: Any) -> None:
        """Nothing."""

    def epoch(self, session: Any) -> None:
        """Nothing."""

    def diverging(self, session: Any, error: Any) -> bool:
        """It does not."""
        return False

    def update(self, session: Any) -> None:
        """What the trainer does for the command."""
        if session.trainer.update == 2 * PER_EPOCH and not self.done:
            self.done = True
            with contextlib.suppress(UserError):
                session.rewind(PER_EPOCH)


def rewind(place: Path) -> Told:
    """Train, go back, and train again."""
    from nntui.config.load import load
    from nntui.training.experiment import build
    from nntui.training.start import start

    session = None
    try:
        session = start(build(load(place / "moons.toml")), place / "runs", lambda text: None)
        session.train(Signals(), _Once())
    except UserError as error:
        return {"code": error.exit_code, "json": None}
    finally:
        if session is not None:
            session.run.unlock()
    return {"code": session.exit_code, "json": {"status": session.info.state}}


def serve(place: Path, order: dict[str, Any]) -> Told:
    """The trainer process of ``nntui run``."""
    from nntui.server.process import main

    return {"code": main(order), "json": None}


def viewer(place: Path) -> dict[str, Any]:
    """Starts the viewer of :func:`serve`, which lets the run go back once; returns the trainer's order."""
    read, write = os.pipe()
    held, leash = os.pipe()
    if os.fork() == 0:
        os.close(write)
        os.close(held)
        _watch(read)
        os._exit(0)
    os.close(read)
    os.close(leash)
    return {
        "config": str(place / "moons.toml"), "overrides": [], "seed": None, "runs": str(place / "runs"), "pace": 25.0,
        "paused": False, "ready": write, "leash": held,
    }  # fmt: skip


def _watch(ready: int) -> None:
    answer = json.loads(os.read(ready, 1 << 16) or b"{}")
    if "socket" not in answer:
        return
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    client, back = Client(Path(answer["socket"]), messages.put), False
    while True:
        message = messages.get(timeout=20)
        if isinstance(message, Disconnected):
            return
        if isinstance(message, Hello):
            client.send(Want(keys=()))
        if isinstance(message, Status) and message.update > PER_EPOCH and not back:
            back = True
            client.send(Rewind(update=PER_EPOCH))
        if message.credited:
            client.send(Shown(frame=message.type))


def export(place: Path) -> Told:
    """Every format, over a file that is there and beside it."""
    told: Told = {"code": 0, "json": None}
    for name in ("old.npz", "new.npz", "new.toml", "new.safetensors"):
        told = call("export", "latest", place / name, "--runs", place / "runs")
        if told["code"]:
            break
    return told


def write_here(place: Path) -> Told:
    """A demo, and a configuration for a data file."""
    os.chdir(place)
    told = call("demos", DEMO)
    return told if told["code"] else call("init", "rows.csv")


# What is there before


def nothing(place: Path) -> None:
    """A configuration alone."""
    (place / "moons.toml").write_text(CONFIG)


def killed(place: Path) -> None:
    """A run that was killed at update 4: a torn record, a checkpoint that is cut off, a temporary file."""
    nothing(place)
    call("fit", place / "moons.toml", "--epochs", BEFORE, "--quiet", "--runs", place / "runs")
    run = listed(place / "runs")[0].run
    state = json.loads((run.path / "run.json").read_text())
    state |= {"state": "running", "process": state["process"] | {"pid": 2**30}}
    (run.path / "run.json").write_text(json.dumps(state))
    with run.metrics.open("ab") as stream:
        stream.write(b'{"type":"epoch","epoch":2,"update":4,"train":{"loss":1.0}}\n{"type":"ep')
    newest = checkpoint.path_of(run.checkpoints, BEFORE * PER_EPOCH)
    checkpoint.path_of(run.checkpoints, (BEFORE + 1) * PER_EPOCH).write_bytes(newest.read_bytes()[:900])
    (run.checkpoints / f".{newest.name}.{2**30}-0123abcd.tmp").write_bytes(b"half")


def trained(place: Path) -> None:
    """A completed run, and an export of another one."""
    nothing(place)
    call("fit", place / "moons.toml", "--epochs", 1, "--quiet", "--runs", place / "runs")
    call("export", "latest", place / "old.npz", "--runs", place / "runs")
    shutil.rmtree(place / "runs")
    fit(place)


def data(place: Path) -> None:
    """A data file."""
    (place / "rows.csv").write_text(
        "a,b,kind\n" + "".join(f"{k % 7},{k % 5},{'pq'[k % 2]}\n" for k in range(60))
    )


@dataclass(frozen=True)
class Scenario:
    """Work, and what it begins with."""

    name: str
    prepare: Callable[[Path], None]
    work: Callable[..., Told]
    trains: bool = True
    beside: Callable[[Path], Any] | None = None
    """Starts what meets no faults; its value is given to the work."""

    def ready(self, place: Path) -> Callable[[], Told]:
        """The work, with nothing left to do but itself."""
        return (
            partial(self.work, place)
            if self.beside is None
            else partial(self.work, place, self.beside(place))
        )


SCENARIOS = (
    Scenario("create, train, checkpoint, thin", nothing, fit),
    Scenario("resume", killed, resume),
    Scenario("rewind", nothing, rewind),
    Scenario("run, with a viewer", nothing, serve, beside=viewer),
    Scenario("export", trained, export, trains=False),
    Scenario("demos, init", data, write_here, trains=False),
)


def reference(place: Path) -> dict[str, Any]:
    """The final arrays of the training that nothing disturbs."""
    nothing(place)
    fit(place)
    return final(listed(place / "runs")[0].run.path)


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether all arrays are equal, bit for bit."""
    return set(first) == set(second) and all(
        np.array_equal(array, second[name], equal_nan=True) for name, array in first.items()
    )

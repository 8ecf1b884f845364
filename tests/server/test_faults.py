"""Faults of the program: in what viewers ask for they end nothing, in the training they leave a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.protocol.commands import (
    Breakpoints,
    Pause,
    RequestSnapshot,
    Resume,
    Rewind,
    SetRate,
    StepUpdate,
    Want,
)
from nntui.protocol.reports import Disconnected, Ended, Hello, Status
from nntui.runs import checkpoint
from nntui.server import traffic
from nntui.server.breaks import Breaks
from nntui.server.reporter import Reporter
from nntui.signals import Signals
from nntui.training.experiment import build
from nntui.training.session import Session
from nntui.training.start import resume, start
from nntui_core.activations import Tanh
from nntui_core.optimizers.moments import Adam
from nntui_core.trainer import Trainer
from tests.server.running import Running, running, until

LONG = ("train.epochs=100000000",)


class BrokenError(Exception):
    """No error that the program knows of."""


def broken(*given: Any, **named: Any) -> Any:
    raise BrokenError("broken")


def reports(run: Running) -> list[str]:
    said: list[str] = []
    run.session.report = said.append
    return said


def goes_on(run: Running) -> None:
    before = run.trainer.update
    until(lambda: run.trainer.update > before, "more updates")
    assert run.session.info.state == "running"


@pytest.mark.parametrize(
    ("owner", "name", "command", "what"),
    [
        (Reporter, "publish", None, "telling viewers"),
        (Trainer, "state", RequestSnapshot(), "the command request_snapshot"),
        (Breaks, "look", Breakpoints(conditions=("loss < 0",)), "looking for breakpoints"),
        (Breaks, "set", Breakpoints(conditions=("loss < 0",)), "the command breakpoints"),
        (Breaks, "forget", SetRate(factor=0.5), "keeping the state for breakpoints"),
        (Trainer, "keep_next", StepUpdate(), "the command step_update"),
    ],
)
def test_what_is_done_for_viewers_may_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, command: Any, what: str
) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.wait(Status, lambda m: m.update > 0)
        said = reports(run)
        monkeypatch.setattr(owner, name, broken)
        if command is not None:
            viewer.send(command)
        if what:
            until(lambda: said, "the fault told")
            if isinstance(command, StepUpdate):
                viewer.send(Resume())
            goes_on(run)
            assert [text for text in said if what in text] == [
                text for text in said if text.endswith("failed: BrokenError: broken; the run goes on")
            ]
            assert len(said) == 1
        monkeypatch.undo()
        viewer.send(Pause())
        viewer.wait(Status, lambda m: m.state == "paused")
        assert not viewer.all(Disconnected)


def test_the_last_words_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reporter, "last", broken)
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.wait(Hello)
        run.session.stop("enough")
        assert viewer.wait(Ended).status == "interrupted"
        run.join()


@pytest.mark.parametrize("where", ["load", "drop_after", "_measure"])
def test_a_change_that_fails_half_way_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with running(tmp_path, "xor", "train.checkpoint_seconds=0", *LONG, paused=True) as run:
        viewer = run.viewer()
        for update in (1, 2, 3):
            viewer.send(StepUpdate())
            viewer.wait(Status, lambda m, u=update: (m.state, m.update) == ("paused", u))
        said = reports(run)
        theta = run.trainer.network.parameters.theta.copy()
        place = {"load": Trainer, "drop_after": checkpoint, "_measure": Session}[where]
        true, calls = getattr(place, where), []

        def once(*given: Any, **named: Any) -> Any:
            calls.append(given)
            if len(calls) == 1:
                if where == "load":
                    run.trainer.network.parameters.theta[:] = 0  # half of the old state
                raise BrokenError("broken")
            return true(*given, **named)

        monkeypatch.setattr(place, where, once)
        viewer.send(Rewind(update=1))
        until(lambda: said, "the fault told")
        assert "the command rewind failed" in said[0]
        assert run.trainer.update == 3
        assert np.array_equal(run.trainer.network.parameters.theta, theta)
        viewer.send(RequestSnapshot(request=7))
        until(lambda: run.session.run.read().rewinding is None)
        update, _, _ = checkpoint.newest_valid(run.session.run.checkpoints, print)
        assert update == 3
        viewer.send(StepUpdate())
        viewer.wait(Status, lambda m: (m.state, m.update) == ("paused", 4))


def test_a_viewer_whose_words_cannot_be_handled_is_dropped_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.wait(Status)
        read = traffic.from_frame
        # Of the newcomer alone: what the first one gives back meanwhile is read.
        monkeypatch.setattr(
            traffic, "from_frame", lambda f: broken(f) if f.header["type"] == "attach" else read(f)
        )
        other = run.viewer()
        other.wait(Disconnected)
        monkeypatch.undo()
        viewer.send(Want(keys=("weights",)))
        viewer.send(Pause())
        viewer.wait(Status, lambda m: m.state == "paused")


class Quiet:
    """Hooks of a session; ``fails`` is called after each update."""

    def __init__(self, fails: Any = lambda session: None) -> None:
        self._fails = fails

    def begin(self, session: Session, signals: Signals) -> None:
        return

    def update(self, session: Session) -> None:
        self._fails(session)

    def epoch(self, session: Session) -> None:
        return

    def diverging(self, session: Session, error: Exception) -> bool:
        return False


def begun(base: Path, *sets: str) -> tuple[Session, list[str]]:
    said: list[str] = []
    sets = ("train.checkpoint_seconds=1000", "train.epochs=50", *sets)
    return start(build(load("xor", sets)), base, said.append), said


def after(limit: int, session: Session) -> Any:
    """Fails from that update on."""

    def fail(*given: Any, **named: Any) -> None:
        if session.trainer.update >= limit:
            raise BrokenError("broken")

    return fail


def saved_and_resumed(session: Session, said: list[str], update: int) -> None:
    """The state after ``update`` is saved, and leads to what a training without the fault comes to."""
    assert session.info.state == session.run.read().state == "failed"
    assert session.exit_code == 1
    text = f"the state after update {update} is saved"
    assert text in session.info.reason
    assert text in said[-1]
    session.run.unlock()
    again, done = resume(build(load(session.run.config)), session.run, said.append)
    assert (done, again.trainer.update) == (False, update)
    again.train(Signals(), Quiet())
    whole, _ = begun(session.run.path.parent / "whole")
    whole.train(Signals(), Quiet())
    assert again.info.state == whole.info.state == "completed"
    assert np.array_equal(again.trainer.network.parameters.theta, whole.trainer.network.parameters.theta)


def test_a_fault_between_updates_leaves_a_checkpoint(tmp_path: Path) -> None:
    session, said = begun(tmp_path)
    with pytest.raises(BrokenError):
        session.train(Signals(), Quiet(after(13, session)))
    saved_and_resumed(session, said, 13)


def test_a_fault_in_an_op_leaves_a_checkpoint_of_the_update_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, said = begun(tmp_path)
    monkeypatch.setattr(Tanh, "forward", after_calls(Tanh.forward, session, 13))
    with pytest.raises(BrokenError):
        session.train(Signals(), Quiet())
    monkeypatch.undo()
    saved_and_resumed(session, said, 13)


def after_calls(true: Any, session: Session, limit: int) -> Any:
    fail = after(limit, session)

    def forward(*given: Any, **named: Any) -> Any:
        fail()
        return true(*given, **named)

    return forward


def test_half_an_update_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, said = begun(tmp_path)
    true = Adam.update

    def half(self: Adam, theta: Any, *given: Any) -> None:
        if session.trainer.update < 13:
            true(self, theta, *given)
            return
        theta[:2] = 0
        raise BrokenError("broken")

    monkeypatch.setattr(Adam, "update", half)
    with pytest.raises(BrokenError):
        session.train(Signals(), Quiet())
    assert session.info.state == "failed"
    assert "saved" not in session.info.reason + said[-1]
    assert checkpoint.updates(session.run.checkpoints) == [0]

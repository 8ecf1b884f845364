"""Conditions that stop a live run at the update where they hold, and the state from which to step it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from nntui.debugging.conditions import parse
from nntui.debugging.watching import Watch
from nntui.protocol.commands import Breakpoints, RequestSnapshot, Restart, Resume, SetRate, Stop
from nntui.protocol.reports import Broke, Ended, Event, Snapshot, Status
from nntui_core.errors import NumericError
from tests.server.running import Running, Viewer, running

DIVERGES = ('optimizer.type="sgd"', "optimizer.lr=1e10", 'layers.0.activation="linear"')


def paused(run: Running) -> Viewer:
    viewer = run.viewer()
    viewer.wait(Status, lambda m: m.state == "paused")
    return viewer


def again(run: Running, snapshot: Snapshot, condition: str) -> tuple[str, str] | None:
    """What holds when the update is made anew from the snapshot, as a viewer would step it."""
    from nntui.config.load import load
    from nntui.training.experiment import build

    trainer = build(load(run.session.run.config)).trainer
    trainer.load(snapshot.arrays)
    with np.errstate(all="ignore"):
        with contextlib.suppress(NumericError):
            trainer.advance()
        hit = Watch([parse(condition)]).look(trainer)
    return (hit.phase, hit.node) if hit else None


def test_a_run_stops_at_the_update_where_a_condition_holds(tmp_path: Path) -> None:
    with running(tmp_path, "xor", paused=True) as run:
        viewer = paused(run)
        viewer.send(Breakpoints(conditions=("loss < 0.3 and update > 5",)))
        viewer.send(Resume())
        broke = viewer.wait(Broke)
        told = viewer.messages.index(broke)
        viewer.wait(Status, lambda m: viewer.messages.index(m) > told)
        assert all(m.state == "paused" for m in viewer.all(Status) if viewer.messages.index(m) > told)
        assert run.trainer.update == broke.update > 5
        viewer.send(RequestSnapshot(request=7))
        snapshot = viewer.wait(Snapshot)
        assert snapshot.request == 7
        assert snapshot.update == broke.update - 1
        assert (snapshot.info["phase"], snapshot.info["node"]) == (broke.phase, broke.node)
        assert again(run, snapshot, "loss < 0.3") == (broke.phase, broke.node)

        viewer.send(Breakpoints(conditions=()))
        viewer.send(Resume())
        assert viewer.wait(Ended).status == "completed"


def test_non_finite_stops_before_the_end_at_the_node_where_it_was_born(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *DIVERGES, paused=True) as run:
        viewer = paused(run)
        viewer.send(Breakpoints(conditions=("non-finite",)))
        viewer.send(Resume())
        broke = viewer.wait(Broke)
        viewer.send(RequestSnapshot())
        snapshot = viewer.wait(Snapshot)
        assert snapshot.update == broke.update - 1 == run.trainer.update
        assert again(run, snapshot, "non-finite") == (broke.phase, broke.node)

        viewer.send(Resume())  # nothing was mended: it ends as it would have
        assert viewer.wait(Ended).status == "diverged"


def test_what_is_mended_at_a_breakpoint_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *DIVERGES, "train.epochs=50", paused=True) as run:
        viewer = paused(run)
        viewer.send(Breakpoints(conditions=("non-finite",)))
        viewer.send(Resume())
        viewer.wait(Broke)
        viewer.send(Restart())
        viewer.send(SetRate(value=0.1))
        viewer.wait(Event, lambda m: m.text.startswith("learning rate"))
        viewer.send(Resume())
        assert viewer.wait(Ended).status == "completed"


def test_a_run_stopped_at_a_breakpoint_is_interrupted_not_diverged(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *DIVERGES, paused=True) as run:
        viewer = paused(run)
        viewer.send(Breakpoints(conditions=("non-finite",)))
        viewer.send(Resume())
        viewer.wait(Broke)
        viewer.send(Stop())
        assert viewer.wait(Ended).status == "interrupted"


def test_a_fault_in_a_condition_is_told_and_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "xor", paused=True) as run:
        viewer = paused(run)
        viewer.send(Breakpoints(conditions=("__import__('os')",)))
        assert viewer.wait(Event, lambda m: m.level == "warning").text
        viewer.send(Resume())
        assert viewer.wait(Ended).status == "completed"
        assert not viewer.all(Broke)

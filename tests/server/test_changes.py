"""What viewers change in a run: it is kept with it, can be undone, and survives a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.config.load import load
from nntui.protocol.commands import (
    EditWeight,
    Restart,
    Rewind,
    SetPace,
    SetRate,
    StepEpoch,
    StepUpdate,
    Stop,
)
from nntui.protocol.reports import (
    Ended,
    Event,
    Status,
)
from nntui.runs import checkpoint
from nntui.runs.metrics import read_metrics
from nntui.training.experiment import build
from nntui.training.start import resume
from tests.server.running import running, until

LONG = ("train.epochs=100000000",)


def test_what_viewers_change_is_recorded_and_can_be_undone(tmp_path: Path) -> None:
    with running(tmp_path, "digits", "train.checkpoint_seconds=0", *LONG, paused=True) as run:
        viewer = run.viewer()
        for epoch in (1, 2):
            viewer.send(StepEpoch())
            viewer.wait(Status, lambda m, e=epoch: (m.state, m.epoch) == ("paused", e))
        rate = run.trainer.rate
        viewer.send(SetRate(factor=2.0))
        viewer.wait(Event, lambda m: m.text.startswith("learning rate"))
        assert run.trainer.rate == pytest.approx(2 * rate)
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=3.0))
        viewer.wait(Event, lambda m: "hidden.W[0, 0]" in m.text)
        assert run.trainer.network.parameters.view("hidden.W")[0, 0] == 3.0
        for path, index in (("nope", (0,)), ("hidden.W", (0,)), ("hidden.W", (999, 0))):
            viewer.send(EditWeight(path=path, index=index, value=1.0))
        until(lambda: len([e for e in viewer.all(Event) if e.level == "warning"]) == 3)
        viewer.send(Rewind(update=45))
        viewer.wait(Event, lambda m: "went back to update 45" in m.text)
        assert (run.trainer.update, run.trainer.epoch) == (45, 1)
        viewer.send(Restart())
        viewer.wait(Event, lambda m: "began again" in m.text)
        assert run.trainer.update == 0
        assert run.trainer.rate == pytest.approx(rate)
        records, _ = read_metrics(run.session.run.metrics)
        assert [r["text"].split()[0] for r in records if r["type"] == "event"] == [
            "learning",
            "hidden.W[0,",
            "went",
            "began",
        ]


def test_what_viewers_change_survives_a_kill_while_paused(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        viewer = run.viewer()
        for update in (1, 2, 3):
            viewer.send(StepUpdate())
            viewer.wait(Status, lambda m, u=update: (m.state, m.update) == ("paused", u))
        viewer.send(SetRate(factor=0.5))
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=3.0))
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=1e300))
        viewer.wait(Event, lambda m: "too large for float32" in m.text)
        viewer.wait(Event, lambda m: m.text.startswith("hidden.W[0, 0]"))
        update, arrays, _ = checkpoint.newest_valid(run.session.run.checkpoints, print)
        assert (arrays["clock"][0], arrays["live"][0], arrays["param/hidden.W"][0, 0]) == (3, 0.5, 3.0)
        again = build(load(run.session.run.config)).trainer
        again.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
        assert (again.update, again.rate) == (update, run.trainer.rate)


@pytest.mark.parametrize("paused", [True, False])
def test_what_was_told_is_saved_already(tmp_path: Path, paused: bool) -> None:
    """When a viewer hears of it: killed then, a training goes on as its records say, also one that runs and has just saved."""
    sets = ("train.checkpoint_seconds=0", 'train.batch_size="full"', *LONG)
    with running(tmp_path, "xor", *sets, paused=paused, pace=0.001) as run:
        viewer, place = run.viewer(), run.session.run
        first = 0 if paused else 1  # at this pace there is no other, but one for each viewer and change
        until(lambda: first in checkpoint.updates(place.checkpoints), "the first update")
        edits = [
            (EditWeight(path="hidden.W", index=(0, 0), value=3.0), "param/hidden.W", 3.0),
            (EditWeight(path="hidden.W", index=(0, 0), value=4.0), "param/hidden.W", 4.0),
            (SetRate(factor=0.5), "live", 0.5),
        ]
        for sent, key, value in edits if paused else edits[:1]:  # the next update follows a change at once
            told = len(viewer.all(Event))
            viewer.send(sent)
            until(lambda n=told: len(viewer.all(Event)) > n, "what was changed")
            at = viewer.all(Event)[-1].update
            arrays, _ = checkpoint.read(checkpoint.path_of(place.checkpoints, at))
            assert arrays[key].flat[0] == value
            records, _ = read_metrics(place.metrics)
            assert [r["update"] for r in records if r["type"] == "event"] == [at] * (told + 1)


def test_a_run_that_was_rewound_and_resumed_has_one_history(tmp_path: Path) -> None:
    with running(tmp_path, "digits", "train.epochs=4", paused=True) as run:
        viewer = run.viewer()
        for epoch in (1, 2, 3):
            viewer.send(StepEpoch())
            viewer.wait(Status, lambda m, e=epoch: (m.state, m.epoch) == ("paused", e))
        viewer.send(Restart())
        viewer.wait(Event, lambda m: "began again" in m.text)
        viewer.send(StepEpoch())
        told = len(viewer.messages)
        viewer.wait(Status, lambda m: m.epoch == 1 and viewer.messages.index(m) >= told)
        assert [e for e, _, _ in run.session.history] == [0, 1]
        viewer.send(Stop())
        viewer.wait(Ended)
        place, history = run.session.run, run.session.history
    run.session.run.unlock()
    session, done = resume(build(load(place.config)), place, print)
    assert not done
    assert session.history == history
    assert [e for e, _, _ in session.history] == [0, 1]
    place.unlock()


def test_a_number_of_updates_a_second(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, pace=50.0) as run:
        viewer = run.viewer()
        viewer.wait(Status, lambda m: m.update >= 30)
        measured = [m.updates_per_second for m in viewer.all(Status) if m.updates_per_second]
        assert measured[-1] < 75  # not as fast as it could (thousands)
        viewer.send(SetPace(pace="max"))
        viewer.wait(Status, lambda m: m.update > 2000)


def test_a_rate_is_set_as_a_value_or_a_factor_but_never_absurd(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        viewer = run.viewer()
        assert run.trainer.rate == pytest.approx(0.05)
        viewer.send(SetRate(value=0.2))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.05 → 0.2")
        viewer.send(SetRate(factor=0.25))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.2 → 0.05")
        for sent in (SetRate(value=1e30), SetRate(factor=1e13), SetRate(factor=1e-13)):
            told = len(viewer.all(Event))
            viewer.send(sent)
            until(lambda n=told: len(viewer.all(Event)) > n)
            assert viewer.all(Event)[-1].text == "the learning rate cannot be changed that far"
        assert run.trainer.rate == pytest.approx(0.05)


def test_a_base_rate_is_what_the_schedule_multiplies(tmp_path: Path) -> None:
    warmup = ("schedule={type='exponential', gamma=0.5}", "optimizer={type='sgd', lr=0.4}")
    with running(tmp_path, "xor", *LONG, *warmup, paused=True) as run:
        viewer = run.viewer()
        for epoch in (1, 2):
            viewer.send(StepEpoch())
            viewer.wait(Status, lambda m, e=epoch: (m.state, m.epoch) == ("paused", e))
        viewer.send(SetRate(factor=3.0))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.1 → 0.3")
        viewer.send(SetRate(base=0.02))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.3 → 0.005")
        viewer.send(StepEpoch())
        viewer.wait(Status, lambda m: (m.state, m.epoch) == ("paused", 3))
        assert run.trainer.rate == pytest.approx(0.02 / 8)

"""Statistics of a live trainer and of its files: nothing they do ends the training, and they tell one moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.config.load import load
from nntui.protocol.commands import EditWeight, Pause, Restart, Resume, StepEpoch, StepUpdate, Stop, Want
from nntui.protocol.reports import Ended, Event, Stats, Status
from nntui.runs.metrics import read_metrics
from nntui.statistics.catalogue import STATISTICS
from nntui.statistics.curve import Curve
from nntui.statistics.histogram import Histogram, histogram
from nntui.statistics.layers import Layers
from nntui.training.experiment import build
from nntui.training.session import Session, Signals
from nntui.training.start import resume, start
from nntui.training.trail import Trail
from nntui.training.view import ExperimentView
from nntui_core import probe
from tests.server.running import Running, Viewer, running, until

LONG = ("train.epochs=100000000",)


def layers(stats: Stats) -> Layers:
    found = stats.found["layers"]
    assert isinstance(found, Layers)
    return found


def ratios(stats: Stats) -> list[float | None]:
    return [row.stats.update_ratio for row in layers(stats).rows]


def step(run: Running, viewer: Viewer) -> Stats:
    """One update, and the statistics after it."""
    update = run.trainer.update + 1
    viewer.send(StepUpdate())
    return viewer.wait(Stats, lambda m: m.update == update and "layers" in m.found)


def test_a_paused_restart_is_no_update(tmp_path: Path) -> None:
    with running(tmp_path, "digits", *LONG, paused=True) as run:
        viewer = run.viewer()
        viewer.send(Want(keys=("layers",)))
        for _ in range(3):
            after = step(run, viewer)
        assert all(ratio is not None and 0 < ratio < 0.1 for ratio in ratios(after))
        told = len(viewer.all(Stats))
        viewer.send(Restart())
        viewer.wait(Event, lambda m: "began again" in m.text)
        viewer.wait(Stats, lambda m: m.update == 0 and m in viewer.all(Stats)[told:])
        again = viewer.all(Stats)[-1]
        assert ratios(again) == [None] * len(layers(again).rows)
        assert all(row.stats.gradient_norm is None for row in layers(again).rows)
        assert not [f for f in again.findings if f["id"].startswith("update_ratio")]


def test_an_edited_weight_is_no_update(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        viewer = run.viewer()
        viewer.send(Want(keys=("layers",)))
        step(run, viewer)
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=3.0))
        viewer.wait(Stats, lambda m: m.update == 1 and ratios(m)[0] is None)


def went_on_and_paused(viewer: Viewer, seen: int) -> Stats:
    """The statistics of the update at which a paused training is paused again, some updates after ``seen``."""
    told = len(viewer.all(Status))
    viewer.send(Resume())
    viewer.wait(Status, lambda m: m in viewer.all(Status)[told:] and m.state == "running")
    viewer.wait(Status, lambda m: m.update > seen)
    again = len(viewer.all(Status))
    viewer.send(Pause())
    at = viewer.wait(Status, lambda m: m in viewer.all(Status)[again:] and m.state == "paused").update
    return viewer.wait(Stats, lambda m: m.update == at)


@pytest.mark.parametrize("pace", ["max", 0.001])
def test_at_a_pause_the_last_update_can_be_told(tmp_path: Path, pace: str | float) -> None:
    """At full speed hardly any update's start is kept; nobody waits for a slow pace's next one."""
    with running(tmp_path, "xor", *LONG, paused=True, pace=pace) as run:
        viewer = run.viewer()
        viewer.send(Want(keys=("layers",)))
        seen = viewer.wait(Stats, lambda m: "layers" in m.found).update
        for _ in range(3):
            shown = went_on_and_paused(viewer, seen)
            assert all(ratio is not None for ratio in ratios(shown))
            assert run.trainer.update == shown.update > seen
            seen = shown.update


def test_also_where_the_viewer_has_not_drawn_the_last_frame_yet(tmp_path: Path) -> None:
    with running(tmp_path, "digits", *LONG, paused=True) as run:
        viewer = run.viewer(slow=True)  # it never says that it has shown one
        viewer.send(Want(keys=("layers",)))
        viewer.wait(Stats, lambda m: "layers" in m.found)
        for at in (20, 60, 100, 140):  # in an epoch of 45 updates, eight are kept anyway
            viewer.send(Resume())
            until(lambda at=at: run.trainer.update > at)
            viewer.send(Pause())
            until(lambda: run.session.info.state == "paused")
            assert run.trainer.before is not None


def test_wanting_anything_at_all_does_not_end_the_training(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, pace=200.0) as run:
        viewer = run.viewer(read_only=True)
        odd = ("sample/²", "sample/" + "9" * 5000, "answers/-1", "layers/x", "no such", "/", "")
        viewer.send(Want(keys=(*odd, *STATISTICS)))
        first = viewer.wait(Stats)
        assert first.found.keys() == {*odd[:4], *STATISTICS}
        viewer.wait(Stats, lambda m: m.update > first.update)
        assert not viewer.all(Ended)


def test_a_fault_in_a_statistic_is_told_once_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(view: object, argument: str) -> None:
        raise ZeroDivisionError("no curve today")

    monkeypatch.setattr(Curve, "compute", staticmethod(broken))
    with running(tmp_path, "xor", *LONG, pace=200.0) as run:
        viewer = run.viewer(read_only=True)
        viewer.send(Want(keys=("curve", "weights")))
        several = [viewer.wait(Stats, lambda m, u=u: m.update > u) for u in (0, 40, 80)]
        assert all(s.found.keys() == {"weights"} for s in several)
        events = [e for e in viewer.all(Event) if "curve" in e.text]
        assert [(e.level, e.text) for e in events] == [
            ("error", "the statistic curve could not be computed: ZeroDivisionError: no curve today")
        ]
        assert not viewer.all(Ended)


def test_a_run_that_diverged_shows_its_last_numbers_and_its_end(tmp_path: Path) -> None:
    with running(tmp_path, "sine", 'optimizer={type="sgd", lr=1e30}') as run:
        viewer = run.viewer()
        viewer.send(Want(keys=tuple(STATISTICS)))
        ended = viewer.wait(Ended)
        assert ended.status == "diverged"
        assert ended.reason
        last = viewer.all(Stats)[-1]
        assert last.found.keys() == set(STATISTICS)
        assert "non_finite" in [f["id"] for f in last.findings]
        rows = layers(last).rows
        assert any(row.activations.nan or row.activations.infinite or abs(row.stats.mean) > 1 for row in rows)
        assert not [e for e in viewer.all(Event) if "could not be computed" in e.text]


def trail(run: Path) -> list[dict[str, object]]:
    return read_metrics(run / "activations.jsonl")[0]


def test_activations_are_kept_from_update_0_on_whether_anybody_looks_or_not(tmp_path: Path) -> None:
    with running(tmp_path, "xor", "train.epochs=400") as run:
        run.viewer().wait(Ended)
        run.join()
        found = trail(run.session.run.path)
    assert (found[0]["update"], found[-1]["update"]) == (0, run.trainer.update)
    assert len(found) <= 102
    assert [r["update"] for r in found] == sorted({r["update"] for r in found})
    # The first are those of the initial weights, the last those of the present ones.
    fresh = build(load("xor", ("train.epochs=400",)))
    for record, experiment in ((found[0], fresh), (found[-1], run.session.experiment)):
        view = ExperimentView(experiment)
        for layer, a in zip(view.layers, view.seen(), strict=True):
            given = record["layers"]
            assert isinstance(given, dict)
            assert Histogram.from_json(given[layer.name]).to_json() == histogram(a, layer.op).to_json()


def test_a_resumed_run_has_one_trail(tmp_path: Path) -> None:
    with running(tmp_path, "digits", "train.epochs=4", paused=True) as run:
        viewer = run.viewer()
        for epoch in (1, 2, 3):
            viewer.send(StepEpoch())
            viewer.wait(Status, lambda m, e=epoch: (m.state, m.epoch) == ("paused", e))
        viewer.send(Restart())
        viewer.wait(Event, lambda m: "began again" in m.text)
        viewer.send(Stop())
        viewer.wait(Ended)
        place = run.session.run
    place.unlock()
    _, done = resume(build(load(place.config)), place, print)
    place.unlock()
    assert not done
    assert [r["update"] for r in trail(place.path)][-1] == 0


def test_the_trail_is_a_function_of_the_run_also_when_it_is_resumed(tmp_path: Path) -> None:
    def moments(config: str, *overrides: str, stops: int = 0) -> list[object]:
        place = tmp_path / f"{config}{stops}"
        session = start(build(load(config, overrides)), place, print)
        hooks = Quiet()
        if stops:
            hooks.update = lambda s: s.trainer.update == stops and s.stop("asked")  # type: ignore[method-assign]
        session.train(Signals(), hooks)
        run = session.run
        run.unlock()
        if stops:
            session, done = resume(build(load(run.config)), run, print)
            assert not done
            session.train(Signals(), Quiet())
            run.unlock()
        return [r["epoch"] for r in trail(run.path)]

    # xor's four rows are all looked at: after epoch 16 there is a moment every 8 epochs, and the last.
    whole = moments("xor", "train.epochs=45")
    assert whole == [*range(17), 24, 32, 40, 45]
    assert moments("xor", "train.epochs=45", stops=21) == whole
    # 1,437 rows of digits, 256 of which are looked at: every second epoch.
    assert moments("digits", "train.epochs=21") == [*range(17), 18, 20, 21]


def test_statistics_look_at_the_same_random_rows_all_the_time(tmp_path: Path) -> None:
    experiment = build(load("digits"))
    view = ExperimentView(experiment)
    first = view.sample.tolist()
    experiment.trainer.advance()
    assert ExperimentView(experiment).sample.tolist() == first
    assert first == probe.training_rows(experiment.trainer).tolist()
    assert first != list(range(256))
    other = ExperimentView(build(load("digits", (), seed=1)))
    assert other.sample.tolist() != first


def test_a_fault_in_the_activations_over_time_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(trail: Trail, *, ended: bool) -> None:
        raise ZeroDivisionError("no trail today")

    monkeypatch.setattr(Trail, "record", broken)
    said: list[str] = []
    session = start(build(load("xor", ["train.epochs=20"])), tmp_path, said.append)
    session.train(Signals(), Quiet())
    assert (session.info.state, session.exit_code) == ("completed", 0)
    assert said == ["activations over time are no longer kept: ZeroDivisionError: no trail today"]
    session.run.unlock()


class Quiet:
    """Hooks that do nothing."""

    def begin(self, session: Session, signals: Signals) -> None:
        return

    def update(self, session: Session) -> None:
        return

    def epoch(self, session: Session) -> None:
        return

    def diverging(self, session: Session, error: Exception) -> bool:
        return False

"""Instruments on a finished run: its checkpoints are measured, each number at the update that is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.protocol.reports import Event, Stats
from nntui.server import attendant
from nntui.training.instruments import TrainerInstruments
from nntui.training.view import ExperimentView
from nntui.tui.replay import Replay
from nntui_core.curvature import Curvature
from tests.server.instruments import measured, told
from tests.server.running import running, until


def test_of_a_finished_run_the_checkpoint_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "FIRST_VIEWER", 0.1)
    with running(tmp_path, "edge_of_stability", "train.epochs=5") as run:
        run.join()
        place, trainer = run.session.run, run.trainer
    items: list[Any] = []
    replay = Replay(place, items.append)
    replay.want(frozenset({"layers", "stability"}))
    replay.start()

    def stats() -> list[Stats]:
        return [m for m in list(items) if isinstance(m, Stats)]

    until(lambda: any(measured(m) for m in stats()), "a measurement")
    replay.close()
    assert [set(m.found) for m in stats()] == [{"layers"}, {"stability"}]
    found = told(stats()[-1])
    assert found is not None
    assert found.curvature is not None
    assert found.curvature.value == pytest.approx(Curvature(trainer).measure().value, rel=1e-3)
    assert (found.curvature.update, found.curvature.threshold) == (5, pytest.approx(2 / 0.55))
    assert (found.steps_update, found.coming, found.batches) == (6, True, 1)
    # The step of plain gradient descent is the gradient, here of the batch that would come next: all rows.
    model = trainer.network.model(len(trainer.train), "train")
    trainer.fill(model)
    model.plan.run()
    for s in found.steps:
        gradient = trainer.network.parameters.gradient(s.parameter)
        assert s.median == pytest.approx(float(np.median(np.abs(gradient))), rel=1e-6)


def test_of_a_run_with_best_weights_each_number_is_of_the_update_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "FIRST_VIEWER", 0.1)
    stopping = 'train.early_stopping={patience=3, monitor="train.loss", min_delta=0.001}'
    sets = (stopping, 'optimizer={type="adam", lr=0.5}', "train.epochs=200", "seed=3")
    with running(tmp_path, "xor", *sets) as run:
        run.join()
        place, trainer = run.session.run, run.trainer
    best = trainer.best
    assert trainer.status == "stopped_early"
    assert best.update < trainer.update
    items: list[Any] = []
    replay = Replay(place, items.append)
    replay.want(frozenset({"layers", "stability"}))
    replay.start()
    until(lambda: any(isinstance(m, Stats) and measured(m) for m in list(items)), "a measurement")
    replay.close()
    layers, stability = (m for m in items if isinstance(m, Stats))
    assert (layers.update, layers.epoch) == (stability.update, stability.epoch) == (best.update, best.epoch)
    # Distributions are those of the best weights, the optimizer's numbers those of the last: its state is of these.
    found = told(stability)
    assert found is not None
    assert found.curvature is not None
    assert found.curvature.update == trainer.update
    assert found.steps_update == trainer.update + 1
    assert found.curvature.value == pytest.approx(Curvature(trainer).measure().value, rel=1e-3)
    row = layers.found["layers"].rows[0]  # type: ignore[union-attr]
    trainer.restore_best()
    seen = ExperimentView(run.session.experiment).seen()[0]
    assert row.stats.mean == pytest.approx(float(seen.mean()), rel=1e-5)


def test_gradients_of_a_finished_run_are_clipped_as_in_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "FIRST_VIEWER", 0.1)
    with running(tmp_path, "xor", "train.clip_norm=1e-4", "train.epochs=5") as run:
        run.join()
        place = run.session.run
    items: list[Any] = []
    replay = Replay(place, items.append)
    replay.want(frozenset({"layers"}))
    replay.start()
    until(lambda: any(isinstance(m, Stats) and "layers" in m.found for m in list(items)), "the layers")
    replay.close()
    layers = next(m.found["layers"] for m in items if isinstance(m, Stats) and "layers" in m.found)
    norms = [row.stats.gradient_norm for row in layers.rows if row.stats.gradient_norm is not None]
    assert 0 < sum(n**2 for n in norms) ** 0.5 <= 1e-4 * (1 + 1e-5)


def test_the_coming_step_has_the_gradient_s_noise_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "FIRST_VIEWER", 0.1)
    sets = ("train.gradient_noise={eta=0.5, gamma=0.55}", 'optimizer={type="sgd", lr=0.1}', "train.epochs=5")
    with running(tmp_path, "xor", *sets) as run:
        run.join()
        place, trainer = run.session.run, run.trainer
    items: list[Any] = []
    replay = Replay(place, items.append)
    replay.want(frozenset({"stability"}))
    replay.start()
    until(lambda: any(isinstance(m, Stats) and measured(m) for m in list(items)), "a measurement")
    replay.close()
    found = told(next(m for m in items if isinstance(m, Stats) and measured(m)))
    assert found is not None
    assert found.steps
    model = trainer.network.model(len(trainer.indices()), "train")
    trainer.fill(model)
    model.plan.run()
    trainer.condition()
    for s in found.steps:
        gradient = trainer.network.parameters.gradient(s.parameter)
        assert s.median == pytest.approx(float(np.median(np.abs(gradient))), rel=1e-5)


def test_a_checkpoint_that_cannot_be_measured_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: TrainerInstruments) -> None:
        raise ZeroDivisionError("no noise today")

    monkeypatch.setattr(TrainerInstruments, "look", broken)
    monkeypatch.setattr(attendant, "FIRST_VIEWER", 0.1)
    with running(tmp_path, "xor", "train.epochs=5") as run:
        run.join()
        place = run.session.run
    items: list[Any] = []
    replay = Replay(place, items.append)
    replay.want(frozenset({"stability"}))
    replay.start()
    until(lambda: any(isinstance(m, Stats) for m in items), "an answer")
    replay.close()
    assert ["no noise today" in m.text for m in items if isinstance(m, Event)] == [True]

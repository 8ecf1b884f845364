"""What instruments tell of optimizers with and without a limit, of samples of the rows, and where there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.statistics.stability import Stability
from nntui.training.experiment import build
from nntui.training.instruments import TrainerInstruments
from nntui.training.view import ExperimentView
from nntui_core import curvature
from tests.statistics.networks import PLANE, plane


def trained(path: Path, optimizer: str, updates: int = 3, **others: str) -> tuple[Any, Stability]:
    """The plane's network after some updates, each looked at, and then what is told of it."""
    text = PLANE.replace('type = "sgd"\nlr = 0.05', optimizer)
    for before, after in others.items():
        text = text.replace(before, after)
    experiment = plane(path, text=text)
    view = ExperimentView(experiment)
    for _ in range(updates):
        experiment.trainer.keep_next()
        experiment.trainer.advance()
        view.instruments.look()
    view.instruments.finish()
    found = Stability.compute(view, "")
    assert found is not None
    return experiment, found


def test_adam_is_told_with_its_preconditioner_and_its_limit(tmp_path: Path) -> None:
    experiment, found = trained(tmp_path, 'type = "adam"\nlr = 0.01')
    seen = found.curvature
    assert seen is not None
    assert seen.preconditioned
    assert seen.threshold == pytest.approx((2 + 2 * 0.9) / (0.1 * 0.01))
    exact = curvature.Curvature(experiment.trainer).measure()
    assert seen.value == pytest.approx(exact.value, rel=1e-3)


def test_what_adams_correction_does_to_its_first_step(tmp_path: Path) -> None:
    for on, size in ((True, 1.0), (False, 0.1 / np.sqrt(0.001))):
        keys = f'type = "adam"\nlr = 0.01\neps = 0.0\nbias_correction = {str(on).lower()}'
        _, found = trained(tmp_path, keys, updates=1)
        output = next(s for s in found.steps if s.parameter == "output.W")
        assert (output.median, output.high) == (pytest.approx(size), pytest.approx(size))
        assert found.first_correction == pytest.approx(np.sqrt(0.001) / 0.1)
        assert found.correction == found.first_correction
        assert found.corrected is on
    _, later = trained(tmp_path, 'type = "adam"\nlr = 0.01', updates=3)
    assert later.correction == pytest.approx(np.sqrt(1 - 0.999**3) / (1 - 0.9**3))


def test_adagrads_steps_shrink(tmp_path: Path) -> None:
    sizes = []
    for updates in (1, 3):
        _, found = trained(
            tmp_path, 'type = "adagrad"\nlr = 0.0001', updates, **{"batch_size = 8": 'batch_size = "full"'}
        )
        sizes.append(next(s for s in found.steps if s.parameter == "output.b").median)
        assert found.curvature is not None
        assert found.curvature.threshold is None
        assert found.curvature.ratio is None
    assert sizes == [pytest.approx(1, rel=1e-3), pytest.approx(1 / np.sqrt(3), rel=1e-2)]


def test_an_optimizer_without_a_rate_has_no_steps(tmp_path: Path) -> None:
    _, found = trained(tmp_path, 'type = "bfgs"', updates=1, **{"batch_size = 8": 'batch_size = "full"'})
    assert not found.rated
    assert found.steps == ()
    assert found.curvature is not None
    assert (found.curvature.threshold, found.curvature.rate) == (None, None)
    assert found.curvature.value > 0


def test_of_too_much_data_a_seeded_sample_is_taken_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = build(load("digits", ["optimizer={type='sgd', lr=0.1}", "objective.reduction='sum'"]))
    trainer = experiment.trainer
    monkeypatch.setattr(curvature, "WORK", 40 * len(trainer.network.parameters))
    instruments = TrainerInstruments(trainer)
    instruments.finish()
    seen = instruments.curvature
    assert seen is not None
    assert 32 <= seen.rows < 60 < seen.size == len(trainer.train)
    whole = curvature.Curvature(trainer).measure()
    # A sum over the sample stands for that over all rows: about the same number, not a thirtieth.
    assert whole.value / 3 < seen.value < 3 * whole.value
    again = TrainerInstruments(trainer)
    again.finish()
    assert again.curvature is not None
    assert again.curvature.value == seen.value


def test_a_measurement_is_of_the_weights_at_its_beginning(tmp_path: Path) -> None:
    experiment = plane(tmp_path)
    trainer, instruments = experiment.trainer, TrainerInstruments(experiment.trainer)
    theta = trainer.network.parameters.theta.copy()
    whole = curvature.Curvature(trainer).measure().value
    assert not instruments.go_on()
    seen = [instruments.under_way]
    while not instruments.go_on():
        trainer.network.parameters.theta += 0.01  # as training goes on between the pieces
        seen.append(instruments.under_way)
    assert instruments.curvature is not None
    assert instruments.curvature.update == 0
    assert seen == [0, *range(instruments.curvature.products)]
    assert instruments.under_way == 0
    assert instruments.curvature.value == pytest.approx(whole, rel=1e-3)
    assert not np.array_equal(trainer.network.parameters.theta, theta)


def test_weights_that_are_no_numbers_are_told_as_such(tmp_path: Path) -> None:
    experiment = plane(tmp_path)
    experiment.network.parameters.theta[:] = np.nan
    instruments = TrainerInstruments(experiment.trainer)
    with np.errstate(all="ignore"):
        instruments.finish()
    assert instruments.curvature is not None
    assert np.isnan(instruments.curvature.value)
    assert not instruments.curvature.converged


def test_what_is_forgotten_is_no_more_told(tmp_path: Path) -> None:
    experiment, _ = trained(tmp_path, 'type = "sgd"\nlr = 0.05')
    view = ExperimentView(experiment)
    view.instruments.look()
    view.instruments.finish()
    view.instruments.forget()
    found = Stability.compute(view, "")
    assert found is not None
    assert (found.curvature, found.noise, found.steps, found.batches) == (None, (), (), 0)
    assert view.instruments.due

"""Trainings at fixed rates: their losses by hand, which rates are tried, and what the budget allows."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite, sqrt
from pathlib import Path

import numpy as np
import pytest

import nntui.training.rate_trials as trials_of
from nntui.training.experiment import Experiment, build, read
from nntui.training.fresh import UPDATE, WINDOW, effort, work
from nntui.training.range_test import Suggestion
from nntui.training.rate_trials import FAR, SEEDS, STEP, WIDE, RateTrials, affordable, rate_trials
from tests.checks.conftest import Checking

TEXT = (
    'dtype = "float64"\nseed = 3\n[data]\nsource = "linear"\nsamples = 64\nnoise = 0.1\nvalidation = 0.25\n[[layers]]\n'
    'type = "dense"\nunits = 1\n[objective]\nloss = "mse"\n[optimizer]\ntype = "sgd"\nlr = 0.1\n[train]\nepochs = 12\n'
    'batch_size = "full"\n'
)


@pytest.fixture
def line(tmp_path: Path) -> Experiment:
    """A line with gradient descent."""
    path = tmp_path / "c.toml"
    path.write_text(TEXT, encoding="utf-8")
    return read(path)


def around(rate: float) -> Suggestion:
    """A suggestion of that rate."""
    return Suggestion(rate, rate, rate)


def by_hand(experiment: Experiment, rate: float, seed: int) -> float:
    """Gradient descent on a line in plain NumPy; the held-out loss."""
    own = build(replace(experiment.settings, seed=seed))
    train, held = own.trainer.train, own.trainer.validation
    assert held is not None
    parameters = own.network.parameters
    w = np.concatenate([parameters.view("dense1.b"), parameters.view("dense1.W")[:, 0]])[:, None]
    a = np.column_stack([np.ones(len(train)), train.x])
    for _ in range(12):
        w = w - rate * 2 / len(a) * a.T @ (a @ w - train.y)
    return float(np.square(np.column_stack([np.ones(len(held)), held.x]) @ w - held.y).mean())


def test_a_loss_is_that_of_whole_runs_of_those_seeds(line: Experiment) -> None:
    found = rate_trials(line, around(0.05))
    assert found is not None
    assert found.seeds == tuple(range(3, 3 + SEEDS))
    assert (found.part, found.updates, found.planned, found.whole) == ("validation", 12, 12, True)
    for rate, loss in zip(found.rates, found.losses, strict=True):
        assert loss == pytest.approx(np.mean([by_hand(line, rate, s) for s in found.seeds]), rel=1e-9)
    assert line.trainer.update == 0


def test_the_best_has_worse_neighbors_and_rates_between(line: Experiment) -> None:
    found = rate_trials(line, around(0.02))
    assert found is not None
    assert list(found.rates) == sorted(set(found.rates))
    best = found.best
    assert best is not None
    k = found.rates.index(best)
    assert 0 < k < len(found.rates) - 1
    below = [loss for rate, loss in zip(found.rates, found.losses, strict=True) if rate <= best]
    assert found.losses[k] == min(below)
    # It is not farther from the best of all rates than the rates beside it.
    losses = {r: np.mean([by_hand(line, r, s) for s in found.seeds]) for r in np.geomspace(1e-3, 1, 61)}
    truth = min(losses, key=losses.__getitem__)
    assert best / sqrt(STEP) * 0.97 <= truth <= best * sqrt(STEP) * 1.03


def test_rates_that_diverge_are_not_chosen_and_lower_ones_are_tried(line: Experiment) -> None:
    found = rate_trials(line, around(1e200))
    assert found is not None
    assert len(found.rates) == FAR + WIDE + 1
    assert set(found.losses) == {inf}
    assert found.best is None
    assert set(found.to_json()["losses"]) == {None}
    near = rate_trials(line, around(5.0))
    assert near is not None
    assert near.best is not None
    assert near.best < 1.0
    assert max(near.losses) > 1e20


@pytest.mark.parametrize(
    ("third", "losses", "best"),
    [
        (0.7, (0.5, 0.2, 0.1, 0.3), 0.7),  # it rises gently
        (0.5, (0.5, 0.2, 0.02, 0.6), 0.5),  # blown at 1, half of it is allowed
        (0.7, (0.5, 0.2, 0.02, 0.6), 0.25),  # more than half is not
        (0.5, (0.5, 0.2, inf, inf), 0.25),
        (0.7, (0.5, 1e-4, 2e-5, 0.03), 0.7),  # many times the lowest, but next to nothing of the start
        (0.5, (inf, inf, inf, inf), None),
    ],
)
def test_no_rate_is_chosen_just_below_where_the_loss_blows_up(
    third: float, losses: tuple[float, ...], best: float | None
) -> None:
    assert RateTrials((0.125, 0.25, third, 1.0), losses, "train", 1, 1, (0,), 1.0).best == best


def test_it_ends_so_many_steps_away() -> None:
    tried: dict[float, float] = {}
    for rate in trials_of._rates(1.0, tried):
        tried[rate] = -rate
    assert max(tried) == pytest.approx(STEP**FAR * sqrt(STEP), rel=0.05)


def test_what_the_budget_does_not_allow_is_shorter_or_left_out(
    line: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = effort(line.network, line.trainer.batch_size)
    longer = replace(line)
    longer.trainer.spec = replace(line.trainer.spec, epochs=5000)
    monkeypatch.setattr(trials_of, "WORK", 150.5 * each * trials_of.RATES * SEEDS)
    assert affordable(longer) == 150
    found = rate_trials(longer, around(0.1))
    assert found is not None
    assert (found.updates, found.planned, found.whole) == (150, 5000, False)
    monkeypatch.setattr(trials_of, "WORK", 99.5 * each * trials_of.RATES * SEEDS)
    assert affordable(longer) == 0
    assert rate_trials(longer, around(0.1)) is None


def test_effort_counts_updates_weights_and_windows(checking: Checking) -> None:
    plain = checking.subject().experiment.network
    weights = 2 * 16 + 16
    assert work(plain) == weights
    assert effort(plain, 10) == UPDATE + 10 * 3 * weights
    pictures = read("vehicles").network
    model = pictures.model(2, "predict")
    maps = [node.a.shape for node in model.layers if len(node.a.shape) == 4]
    assert maps
    extra = effort(pictures, 1) - UPDATE - 3 * work(pictures)
    assert extra >= WINDOW * sum(int(np.prod(shape[1:])) for shape in maps)


def test_without_held_out_rows_the_training_part_is_judged(checking: Checking) -> None:
    found = rate_trials(checking.subject(data={"validation": 0.0}).experiment, around(0.01))
    assert found is not None
    assert found.part == "train"
    assert isinstance(found, RateTrials)
    assert all(isfinite(v) for v in found.losses)


def test_a_tick_ends_it(line: Experiment) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rate_trials(line, around(0.1), stop)

"""The range test: its curve by hand, its suggestions on curves that are known, and null where nothing is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nntui.errors import UserError
from nntui.training.experiment import Experiment, read
from nntui.training.range_test import (
    BELOW,
    BLOWN,
    BOTTOM,
    HIGH,
    KNEE,
    LOW,
    SMOOTH,
    STEPS,
    longest_fall,
    range_test,
    smoothed,
    suggest,
)
from nntui_core.optimizers.first_order import Sgd
from nntui_core.trainer import Part
from tests.checks.conftest import Checking


@pytest.fixture
def plane(tmp_path: Path) -> Experiment:
    """A line with gradient descent: its largest stable rate is 2 over the largest curvature."""
    text = (
        'dtype = "float64"\n[data]\nsource = "linear"\nsamples = 64\nnoise = 0.1\n[[layers]]\ntype = "dense"\nunits = 1\n'
        '[objective]\nloss = "mse"\n[optimizer]\ntype = "sgd"\nlr = 0.1\n[train]\nepochs = 5\nbatch_size = "full"\n'
    )
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_the_losses_are_those_of_gradient_descent_with_rising_rates(plane: Experiment) -> None:
    found = range_test(plane, seeds=1)
    x, y = plane.trainer.train.x, plane.trainer.train.y
    a = np.column_stack([np.ones(len(x)), x])
    network = plane.network
    w = np.concatenate([network.parameters.view("dense1.b"), network.parameters.view("dense1.W")[:, 0]])[
        :, None
    ]
    rates = np.geomspace(LOW, HIGH, STEPS)
    assert found.rates == pytest.approx(rates[: len(found.rates)])
    for rate, loss in zip(found.rates, found.losses, strict=True):
        w = w - rate * 2 / len(a) * a.T @ (a @ w - y)
        if not np.isfinite(loss):
            break
        assert loss == pytest.approx(float(np.square(a @ w - y).mean()), rel=1e-6)


def test_a_quadratic_blows_up_beyond_twice_its_inverse_curvature(plane: Experiment) -> None:
    found = range_test(plane, seeds=1)
    a = np.column_stack([np.ones(len(plane.trainer.train.x)), plane.trainer.train.x])
    limit = 2 / float(np.linalg.eigvalsh(2 / len(a) * a.T @ a)[-1])
    assert limit < found.diverges < 10 * limit
    assert found.suggestion is not None
    assert limit / 30 < found.suggestion.chosen < limit


def test_smoothing_is_a_bell_over_the_neighbors() -> None:
    one = np.zeros(41)
    one[20] = 1.0
    bell = np.exp(-0.5 * (np.arange(-20, 21) / SMOOTH) ** 2)
    assert smoothed(one)[15:26] == pytest.approx((bell / bell.sum())[15:26], rel=1e-3)
    assert smoothed(np.full(9, 3.0)) == pytest.approx(np.full(9, 3.0))
    assert len(smoothed(np.array([]))) == 0


def curve() -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Flat at 2 up to 1e-3, falling by the decade to 1 at 1e-1, then rising."""
    rates = np.geomspace(1e-6, 10, 141)
    logs = np.log10(rates)
    seen = np.interp(logs, [-6, -3, -1, 1], [2.0, 2.0, 1.0, 5.0])
    return rates, seen


def test_suggestions_of_a_curve_with_straight_sides() -> None:
    rates, seen = curve()
    told = suggest(rates, seen)
    assert told is not None
    # From 2 to 1 it falls over two decades: between four fifths of the way down, and half the rate of 99 %.
    lower, upper = -3 + 2 * (1 - KNEE), -3 + 2 * (1 - BOTTOM) - np.log10(BELOW)
    assert np.log10(told.chosen) == pytest.approx((lower + upper) / 2, abs=0.06)
    assert 1e-3 <= told.steepest <= 1e-1
    # Two thirds of the way down.
    assert np.log10(told.valley) == pytest.approx(-3 + 2 * 2 / 3, abs=0.06)
    # Not beyond a sixth of where it blows up.
    safe = suggest(rates, seen, 0.12)
    assert safe is not None
    assert safe.chosen == 0.02


@pytest.mark.parametrize(
    "seen", [np.full(100, 2.0), np.linspace(2, 3, 100), np.linspace(2, 1.95, 100), np.full(4, 1.0)]
)
def test_no_clear_fall_gives_no_suggestion(seen: np.ndarray) -> None:  # type: ignore[type-arg]
    assert suggest(np.geomspace(1e-6, 1, len(seen)), seen) is None


def test_the_longest_fall() -> None:
    assert longest_fall(np.array([3.0, 2.0, 2.5, 2.0, 1.0, 0.5, 0.7])) == (2, 5)
    assert longest_fall(np.array([1.0, 2.0, 3.0])) == (0, 0)
    assert longest_fall(np.array([3.0, 2.0, 1.0])) == (0, 2)


def test_it_is_the_mean_of_several_seeds_and_the_same_each_time(checking: Checking) -> None:
    experiment = checking.subject().experiment
    whole = range_test(experiment, seeds=2)
    again = range_test(checking.subject().experiment, seeds=2)
    assert np.array_equal(whole.losses, again.losses, equal_nan=True)
    one = range_test(experiment, seeds=1)
    count = min(len(whole.losses), len(one.losses)) // 2
    assert whole.seeds == (0, 1)
    assert not np.allclose(whole.losses[:count], one.losses[:count])
    assert experiment.trainer.update == 0


def test_it_ends_where_the_loss_is_so_many_times_its_lowest(plane: Experiment) -> None:
    found = range_test(plane, seeds=2)
    ended = found.smoothed[np.isfinite(found.smoothed)]
    assert found.diverges < HIGH
    assert found.diverges == found.rates[len(ended) - 1]
    assert (ended[:-1] <= BLOWN * np.minimum.accumulate(ended)[:-1]).all()
    assert ended[-1] > BLOWN * ended.min()


def test_a_start_that_is_not_finite_gives_nothing(checking: Checking) -> None:
    layers = [{"type": "dense", "units": 1, "activation": "sigmoid", "init": {"type": "normal", "std": 1e30}}]
    found = range_test(checking.subject(layers=layers, objective={"loss": "mse", "l2": 1e30}).experiment)
    assert found.suggestion is None


def test_second_order_methods_are_refused(checking: Checking) -> None:
    more = {"dtype": "float64", "optimizer": {"type": "newton"}, "train": {"batch_size": "full"}}
    with pytest.raises(UserError, match=r"optimizer\.type: newton finds its own step"):
        range_test(checking.subject(**more).experiment)


def test_the_configured_rate_and_schedule_do_not_matter(plane: Experiment) -> None:
    other = replace(plane)
    other.trainer.optimizer = Sgd(lr=7.0)
    assert np.array_equal(
        range_test(other, seeds=1).losses, range_test(plane, seeds=1).losses, equal_nan=True
    )


def test_without_training_rows_it_says_where_and_what_to_do(plane: Experiment, tmp_path: Path) -> None:
    none = Part(plane.trainer.train.x[:0], plane.trainer.train.y[:0])
    plane.trainer.train = none
    with pytest.raises(
        UserError, match=r"c\.toml:2: data: there are no training rows.*give a table with rows"
    ):
        range_test(plane)

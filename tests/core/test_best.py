"""The best weights of an early stopping."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.best import Best
from nntui_core.layers.dense import Dense
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.train_spec import EarlyStopping


def network() -> Network:
    layers = (Dense(units=1, name="output"),)
    return Network(NetworkSpec(layers=layers, loss=MeanSquaredError(), features=2, classification=False))


def watched(rule: EarlyStopping, values: list[float]) -> tuple[Best, list[str], Network]:
    """A training in which epoch k has every weight k and the k-th value (from 1)."""
    net, best = network(), Best(rule)
    reasons = []
    for epoch, value in enumerate(values, 1):
        net.parameters.theta[:] = epoch
        reasons.append(best.watch(rule, value, epoch, 10 * epoch, net))
    return best, reasons, net


@pytest.mark.parametrize(
    ("monitor", "values", "epoch", "value"),
    [
        ("validation.loss", [3.0, 1.0, 2.0], 2, 1.0),
        ("validation.accuracy", [0.5, 0.9, 0.8], 2, 0.9),
        ("validation.loss", [2.0, 2.0, 2.0], 1, 2.0),
        ("validation.accuracy", [0.5, 0.5], 1, 0.5),
        ("validation.loss", [2.0, float("nan"), 1.0], 3, 1.0),
        ("validation.loss", [float("nan"), 5.0], 2, 5.0),
    ],
)
def test_the_best_is_the_first_that_none_is_better_than(
    monitor: str, values: list[float], epoch: int, value: float
) -> None:
    best, _, net = watched(EarlyStopping(monitor=monitor, patience=9), values)  # type: ignore[arg-type]
    assert (best.epoch, best.update, best.value) == (epoch, 10 * epoch, value)
    assert best.restore(net)
    np.testing.assert_array_equal(net.parameters.theta, epoch)


def test_the_last_weights_come_back_as_they_were_unless_training_went_on() -> None:
    best, _, net = watched(EarlyStopping(patience=9), [1.0, 2.0, 3.0])
    assert not best.give_back(net)
    for _ in range(2):  # restored twice, the last ones are still those of the last update
        assert best.restore(net)
        assert best.in_place
        np.testing.assert_array_equal(net.parameters.theta, 1)
    assert best.give_back(net)
    assert not best.in_place
    np.testing.assert_array_equal(net.parameters.theta, 3)
    best.restore(net)
    best.forget_last()
    assert not best.give_back(net)
    np.testing.assert_array_equal(net.parameters.theta, 1)


def test_less_than_min_delta_is_no_improvement_and_patience_ends() -> None:
    best, reasons, _ = watched(EarlyStopping(patience=2, min_delta=0.5), [3.0, 2.6, 2.4, 2.0, 2.0])
    assert best.epoch == 3
    assert reasons[:4] == ["", "", "", ""]
    assert reasons[4] == "validation.loss has not improved for 2 epochs (best 2.4 at epoch 3)"


def test_without_a_rule_nothing_is_kept() -> None:
    best, net = Best(None), network()
    assert not best.restore(net)
    assert best.state() == {}


def test_it_goes_on_from_its_state() -> None:
    rule = EarlyStopping(patience=9)
    first, _, net = watched(rule, [3.0, 1.0])
    second = Best(rule)
    second.load(first.state(), *first.numbers)
    assert second.watch(rule, 1.0, 3, 30, net) == ""
    assert (second.epoch, second.update, second.value) == (2, 20, 1.0)
    assert second.restore(net)
    np.testing.assert_array_equal(net.parameters.theta, 2)

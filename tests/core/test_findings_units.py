"""Dead, saturated and equal units: planted ones are found by value, sound ones are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Linear, Relu, Sigmoid, Softmax, Tanh
from nntui_core.findings import Watch
from nntui_core.findings.measure import _kinds
from nntui_core.findings.rule import Observation
from nntui_core.findings.units import DeadUnits, SaturatedUnits
from nntui_core.layers.dense import Dense
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.train_spec import TrainSpec
from tests.core.trainers import make
from tests.core.watching import alarms, init, only, regression, watched

OUT = Dense(units=3, activation=Softmax())
SLOW = Sgd(lr=1e-6)


def with_bias(activation: Any, biases: list[float], **more: Any) -> Any:
    """A trainer whose first layer has those biases."""
    layers = (Dense(units=len(biases), activation=activation), OUT)
    trainer = make(TrainSpec(epochs=1), layers=layers, optimizer=SLOW, **more)
    trainer.network.parameters.view("dense1.b")[:] = biases
    return trainer


@pytest.mark.parametrize(
    ("dead", "expected"),
    [(1, []), (2, ["note"]), (4, ["note"]), (5, ["warning"]), (8, ["warning"]), (9, ["error"])],
)
def test_dead_units_are_an_alarm_from_half_of_the_layer_on(dead: int, expected: list[str]) -> None:
    trainer = with_bias(Relu(), [-100.0] * dead + [1.0] * (10 - dead))
    found = [f for f in watched(trainer) if f.id == "dead_units"]
    # A tenth is the limit, and not beyond it.
    assert [f.severity for f in found] == expected
    if found:
        assert (found[0].layer, found[0].value, found[0].limit) == ("dense1", dead / 10, 0.1)
        assert f"{dead} of 10" in found[0].message


def test_dead_units_are_counted_over_the_sampled_rows_not_the_first_ones() -> None:
    # The first 300 of 3,000 rows keep all units at 0, the others do not.
    x = np.ones((3000, 1))
    x[:300] = -1
    layers = (Dense(units=4, activation=Relu()), Dense(units=1))
    trainer = regression(layers, x, x.copy(), TrainSpec(epochs=0))
    trainer.network.parameters.view("dense1.W")[:] = 1.0
    watch = Watch(trainer)
    watch.begin()
    assert [f for f in watch.findings if f.id == "dead_units"] == []


def test_an_output_of_relu_that_is_always_0_is_an_alarm() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    y = np.abs(x @ rng.normal(size=(2, 12)))
    trainer = regression((Dense(units=12, activation=Relu()),), x, y, TrainSpec(epochs=1), optimizer=SLOW)
    trainer.network.parameters.view("dense1.b")[3] = -100.0
    found = only(watched(trainer), "dead_units")
    assert (found.value, found.limit, found.severity) == (1 / 12, 0.0, "warning")
    assert found.cures[-1].set == "layers.0.activation=linear"


def test_a_network_that_learns_with_dead_units_raises_no_alarm() -> None:
    layers = (Dense(units=16, activation=Relu()), OUT)
    rng, y = np.random.default_rng(0), np.arange(50) % 3
    x = 0.2 * rng.normal(size=(50, 3)) + np.eye(3)[y]
    trainer = make(TrainSpec(epochs=150, batch_size=16), data=(x, y), layers=layers, optimizer=Adam(lr=0.03))
    trainer.network.parameters.view("dense1.b")[:10] = -100.0
    found = watched(trainer)
    assert only(found, "dead_units").value == 10 / 16
    assert alarms(found) == []


def test_once_raised_a_finding_stays_until_it_is_well_below_the_limit() -> None:
    rule = DeadUnits()
    for value, before, after in ((0.11, True, True), (0.09, False, True), (0.07, False, False)):
        seen = Observation("dense1", value, "")
        assert rule.holds(seen, raised=False) is before
        assert rule.holds(seen, raised=True) is after


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid()], ids=["tanh", "sigmoid"])
def test_saturation_is_the_share_of_pairs(activation: Any) -> None:
    trainer = with_bias(activation, [100.0, -100.0, 100.0, 0.0])
    found = only(watched(trainer), "saturated_units")
    watch_rows = trainer.train.x
    z = watch_rows @ trainer.network.parameters.view("dense1.W") + trainer.network.parameters.view("dense1.b")
    a = np.tanh(z) if activation.type == "tanh" else 1 / (1 + np.exp(-z))
    beyond = np.abs(a) > 0.97 if activation.type == "tanh" else np.abs(a - 0.5) > 0.47
    assert found.value == pytest.approx(beyond.mean())
    assert found.value >= 0.75
    assert (found.layer, found.limit, found.severity) == ("dense1", 0.5, "warning")


def test_few_saturated_pairs_are_no_finding() -> None:
    trainer = with_bias(Tanh(), [100.0, 0.0, 0.0, 0.0])
    assert "saturated_units" not in [f.id for f in watched(trainer)]


@pytest.mark.parametrize(("scale", "alarm"), [(0.3, False), (5.0, True)])
def test_a_squashing_output_is_saturated_where_an_error_remains(scale: float, alarm: bool) -> None:
    x = np.linspace(-1, 1, 60)[:, None]
    y = scale * x
    layers = (Dense(units=12, activation=Tanh()), Dense(units=1, activation=Tanh()))
    found = watched(regression(layers, x, y, TrainSpec(epochs=200), optimizer=Adam(lr=0.05)))
    assert ("saturated_units" in alarms(found)) is alarm
    if alarm:
        first = only(found, "saturated_units", "dense2").cures[0]
        assert first.set == "layers.1.activation=linear"


def test_an_output_whose_loss_sees_through_the_activation_is_never_saturated() -> None:
    layers = (Dense(units=1, activation=Sigmoid()),)
    x, y = np.array([[-1.0], [1.0]] * 10), np.array([0, 1] * 10)
    trainer = make(TrainSpec(epochs=2), data=(x, y), layers=layers, optimizer=SLOW)
    trainer.network.parameters.view("dense1.W")[:] = -100.0
    assert SaturatedUnits.id not in [f.id for f in watched(trainer)]


@pytest.mark.parametrize("which", [[0, 1, 2, 3], [2, 3, 4, 5]], ids=["with the first", "without the first"])
def test_any_group_of_equal_units_is_symmetric(which: list[int]) -> None:
    layers = (Dense(units=6, activation=Tanh()), OUT)
    trainer = make(TrainSpec(epochs=2), layers=layers, optimizer=SLOW)
    parameters = trainer.network.parameters
    parameters.view("dense1.W")[:, which] = 0.3
    parameters.view("dense2.W")[which] = -0.2
    found = only(watched(trainer), "symmetric_units")
    # Four equal units: three of them repeat the first one.
    assert (found.layer, found.value, found.update) == ("dense1", 3 / 6, 0)
    assert found.severity == "error"


def test_units_that_differ_in_their_bias_are_not_equal() -> None:
    layers = (Dense(units=6, activation=Tanh()), OUT)
    trainer = make(TrainSpec(epochs=2), layers=layers, optimizer=SLOW)
    parameters = trainer.network.parameters
    parameters.view("dense1.W")[:] = 0.3
    parameters.view("dense1.b")[:] = np.linspace(-1, 1, 6)
    parameters.view("dense2.W")[:] = 0.2
    assert "symmetric_units" not in [f.id for f in watched(trainer)]


def test_equal_units_that_are_read_differently_part() -> None:
    layers = (Dense(units=6, activation=Sigmoid(), init=init("zeros")), OUT)
    trainer = make(TrainSpec(epochs=3), layers=layers, optimizer=Adam(lr=0.01))
    watch = Watch(trainer)
    watch.begin()
    assert "symmetric_units" not in [f.id for f in watch.findings]
    assert "symmetric_units" not in [f.id for f in watched(trainer, watch)]


def test_units_that_became_equal_did_not_start_so() -> None:
    trainer = make(TrainSpec(epochs=1), layers=(Dense(units=6, activation=Tanh()), OUT), optimizer=SLOW)
    watch = Watch(trainer)
    watch.begin()
    for name in ("dense1.W", "dense2.W"):
        trainer.network.parameters.view(name)[:] = 0.3
    assert "symmetric_units" not in [f.id for f in watched(trainer, watch)]


def test_zero_weights_stay_symmetric_and_everything_else_follows_from_it() -> None:
    layers = (
        Dense(units=4, activation=Relu(), init=init("zeros")),
        Dense(units=4, activation=Relu(), init=init("zeros")),
        Dense(units=3, activation=Softmax(), init=init("zeros")),
    )
    found = watched(make(TrainSpec(epochs=20), layers=layers))
    assert alarms(found) == ["symmetric_units"]
    first = found[0]
    assert (first.id, first.layer, first.value, first.cause) == ("symmetric_units", "dense1", 0.75, "")
    assert first.cures[0].set == "layers.*.init=auto"
    assert {f.cause for f in found[1:]} == {"symmetric_units"}
    assert {"dead_units", "constant_output"} <= {f.id for f in found}


def test_linear_layers_have_neither_dead_nor_saturated_units() -> None:
    trainer = with_bias(Linear(), [-100.0] * 8)
    assert not {"dead_units", "saturated_units"} & {f.id for f in watched(trainer)}


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("inputs", [3, 8, 200])
def test_equal_units_are_counted_as_the_different_rows_of_the_whole_matrix(
    inputs: int, pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntui_core.probe.BLOCK", 50)
    rng = np.random.default_rng(inputs)
    w = rng.integers(-1, 2, (12 * pieces, inputs)) * np.float32(0.3)
    w[3 * pieces : 6 * pieces] = w[: 3 * pieces]
    w[-pieces:] = np.float32(-0.0)
    w[:pieces] = 0.0
    w[0] += 1e-8  # no more than rounding
    bias = np.repeat(np.float32([0] * 6 + [1] * 5 + [0]), pieces)
    whole = np.column_stack([w, bias]).reshape(12, -1).astype(float)
    expected = len(np.unique(np.round(whole / 1e-5) + 0.0, axis=0))
    assert 1 < expected < 12
    assert len(_kinds(w, bias, pieces, 1e-5)) == expected

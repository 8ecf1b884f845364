"""Each finding is made by a network that has the fault, names layer, number, limit and cure; a sound one has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core import catalog, findings, probe
from nntui_core.activations import Relu, Sigmoid, Softmax, Tanh
from nntui_core.errors import NumericError
from nntui_core.findings import Finding, Watch
from nntui_core.layers.dense import Dense
from nntui_core.optimizers.first_order import Adam, Sgd
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Trainer
from tests.core.test_trainer import cloud, make

OUT = Dense(units=3, activation=Softmax())


def init(spec: Any) -> Any:
    return catalog.build("initializer", spec)


def watched(trainer: Trainer, every: int = 1) -> list[Finding]:
    """Train to the end, sampling at ends of epochs; what was found last."""
    watch = Watch(trainer)
    found = watch.sample() if trainer.model is not None else []
    with np.errstate(all="ignore"):
        while trainer.status == "running":
            trainer.keep_before = True
            if trainer.advance() and (trainer.epoch % every == 0 or trainer.status != "running"):
                found = watch.sample()
    return found


def only(found: list[Finding], name: str) -> Finding:
    """The finding of that id."""
    matching = [f for f in found if f.id == name]
    assert matching, [f.id for f in found]
    return matching[0]


def test_a_sound_network_has_none() -> None:
    trainer = make(
        TrainSpec(epochs=60, batch_size=16), layers=(Dense(units=16, activation=Tanh()), OUT), optimizer=Adam(lr=0.003)
    )  # fmt: skip
    assert watched(trainer) == []


def test_dead_units() -> None:
    trainer = make(TrainSpec(epochs=2), layers=(Dense(units=8, activation=Relu()), OUT))
    trainer.network.parameters.view("dense1.b")[:5] = -100.0
    found = only(watched(trainer), "dead_units")
    assert (found.layer, found.value, found.limit) == ("dense1", 5 / 8, 0.1)
    assert "62%" in found.message or "62 %" in found.message
    assert "leaky_relu" in found.cure


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid()])
def test_saturated_units(activation: Any) -> None:
    trainer = make(TrainSpec(epochs=2), layers=(Dense(units=4, activation=activation), OUT))
    trainer.network.parameters.view("dense1.b")[:2] = 100.0
    found = only(watched(trainer), "saturated_units")
    assert (found.layer, found.value) == ("dense1", 0.5)


def test_an_output_that_is_sure_is_not_saturated() -> None:
    x, y = np.array([[-1.0], [1.0]] * 10), np.array([0, 1] * 10)
    trainer = make(
        TrainSpec(epochs=200),
        data=(x, y),
        layers=(Dense(units=1, activation=Sigmoid()),),
        optimizer=Adam(lr=0.5),
    )
    assert not [f for f in watched(trainer, 50) if f.id == "saturated_units"]


def test_vanishing_gradient() -> None:
    layers = (*[Dense(units=8, activation=Sigmoid()) for _ in range(8)], OUT)
    found = only(watched(make(TrainSpec(epochs=2), layers=layers)), "vanishing_gradient")
    assert found.layer == "dense1"
    assert found.value < found.limit == 1e-3


def test_exploding_gradient() -> None:
    x, y = cloud()
    found = only(
        watched(make(TrainSpec(epochs=1), data=(x * 1e4, y), layers=(OUT,), optimizer=Sgd(lr=1e-12))),
        "exploding_gradient",
    )
    assert found.value > found.limit == 100.0
    assert "clip_norm" in found.cure


def test_update_ratios() -> None:
    high = only(watched(make(TrainSpec(epochs=1), optimizer=Sgd(lr=100.0))), "update_ratio_high")
    assert high.value > high.limit == 0.1
    low = only(watched(make(TrainSpec(epochs=2), optimizer=Sgd(lr=1e-9))), "update_ratio_low")
    assert low.value < low.limit == 1e-6
    assert low.layer == "dense1"


def test_where_a_dead_layer_cuts_the_gradient_off_no_larger_rate_is_advised() -> None:
    layers = (
        Dense(units=6, activation=Tanh()), Dense(units=8, activation=Relu()),
        Dense(units=6, activation=Tanh()), OUT,
    )  # fmt: skip
    trainer = make(TrainSpec(epochs=2), layers=layers, optimizer=Sgd(lr=1e-9))
    trainer.network.parameters.view("dense2.b")[:] = -100.0
    trainer.network.parameters.view("dense3.b")[:] = 0.5
    found = watched(trainer)
    assert only(found, "dead_units").layer == "dense2"
    # Not cut off is the output, since the layer before it has biases: there the rate is too low indeed.
    assert [f.layer for f in found if f.id == "update_ratio_low"] == ["dense4"]


def test_symmetric_units_of_zero_weights_never_part() -> None:
    layers = (
        Dense(units=4, activation=Sigmoid(), init=init("zeros")),
        Dense(units=3, activation=Softmax(), init=init("zeros")),
    )
    trainer = make(TrainSpec(epochs=20), layers=layers)
    found = only(watched(trainer), "symmetric_units")
    assert (found.layer, found.value) == ("dense1", 1.0)
    w = trainer.network.parameters.view("dense1.W")
    assert np.ptp(w, axis=1).max() == 0
    assert np.abs(w).max() > 0


def test_constant_output() -> None:
    trainer = make(
        TrainSpec(epochs=2), layers=(Dense(units=4, activation=Relu()), OUT), optimizer=Sgd(lr=1e-6)
    )
    trainer.network.parameters.view("dense1.b")[:] = -100.0
    assert only(watched(trainer), "constant_output").value < 1e-4


def test_overfitting() -> None:
    x, y = cloud(12)
    rng = np.random.default_rng(3)
    trainer = make(
        TrainSpec(epochs=150), data=(x, rng.permutation(y)), validation=True, optimizer=Adam(lr=0.05),
        layers=(Dense(units=64, activation=Relu()), OUT),
    )  # fmt: skip
    found = only(watched(trainer), "overfitting")
    assert found.value > found.limit == 1.15


def test_plateau() -> None:
    x, _ = cloud()
    noise = np.random.default_rng(1).permutation(np.arange(50) % 3)
    trainer = make(TrainSpec(epochs=60), data=(x, noise), layers=(OUT,), optimizer=Adam(lr=0.1))
    found = only(watched(trainer), "plateau")
    assert found.value < found.limit == 0.01


def test_non_finite_names_layer_and_cure() -> None:
    error = NumericError("the value is not finite at update 7", where="dense2.z", hint="lower optimizer.lr")
    found = findings.non_finite(error)
    assert (found.id, found.layer, found.cure) == ("non_finite", "dense2", "lower optimizer.lr")
    assert found.message == "dense2.z: the value is not finite at update 7"


def test_statistics_of_layers() -> None:
    trainer = make(TrainSpec(epochs=1), layers=(Dense(units=6, activation=Relu(), name="hidden"), OUT))
    trainer.keep_before = True
    trainer.advance()
    hidden, output = probe.layers(trainer, trainer.train.x)
    model = probe.sample_model(trainer.network, trainer.train.x)
    a = model.plan.value(model.layers[0].a)
    assert (hidden.layer, hidden.mean, hidden.spread) == (
        "hidden",
        pytest.approx(a.mean()),
        pytest.approx(a.std()),
    )
    assert hidden.dead == pytest.approx((a <= 0).all(axis=0).mean())
    assert hidden.saturated is None
    assert output.dead is None
    before, after = (trainer.network.parameters.view("hidden.W", t) for t in (trainer.before, None))
    assert hidden.update_ratio == pytest.approx(
        np.linalg.norm(after - before) / np.linalg.norm(before), rel=1e-6
    )
    g = trainer.network.parameters.gradient("hidden.W")
    assert hidden.gradient_norm == pytest.approx(np.linalg.norm(g))

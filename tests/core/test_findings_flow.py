"""Gradients and updates beside the weights: what is measured is plain NumPy's, and planted faults are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu, Sigmoid, Softmax, Tanh
from nntui_core.errors import NumericError
from nntui_core.findings import Watch, non_finite
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import Dropout
from nntui_core.losses import MeanSquaredError
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.schedules import Exponential
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Trainer
from tests.core.trainers import cloud, make
from tests.core.watching import alarms, init, only, regression, watched

OUT = Dense(units=3, activation=Softmax())
LN3 = float(np.log(3))


def updates(trainer: Trainer, watch: Watch, count: int) -> None:
    """Some updates with a watch."""
    for _ in range(count):
        watch.before()
        watch.after(epoch_done=trainer.advance())


def test_a_sound_training_raises_nothing() -> None:
    x, y = cloud(90)
    trainer = make(
        TrainSpec(epochs=60, batch_size=16), data=(x, y), optimizer=Adam(lr=0.01),
        layers=(Dense(units=16, activation=Tanh()), OUT), validation=True,
    )  # fmt: skip
    assert alarms(watched(trainer)) == []


def test_the_gradient_vanishes_in_a_stack_of_sigmoids_and_not_in_one_of_relu() -> None:
    def found(activation: Any) -> list[Any]:
        layers = (*[Dense(units=8, activation=activation) for _ in range(8)], OUT)
        return watched(make(TrainSpec(epochs=3), layers=layers, optimizer=Sgd(lr=0.01)))

    vanishing = only(found(Sigmoid()), "vanishing_gradient")
    assert (vanishing.layer, vanishing.limit, vanishing.severity) == ("dense1", 1e-2, "error")
    assert vanishing.value < 1e-2
    first = vanishing.cures[0].set
    assert first is not None
    assert first.startswith("layers=[")
    assert first.count('activation="relu"') == 8
    assert "vanishing_gradient" not in [f.id for f in found(Relu())]


def test_vanishing_is_the_first_layer_s_gradient_over_the_last_one_s() -> None:
    layers = (
        *[Dense(units=6, activation=Tanh(), init=init({"type": "normal", "std": 0.01})) for _ in range(3)],
        OUT,
    )
    trainer = make(TrainSpec(epochs=1, batch_size="full"), layers=layers, optimizer=Sgd(lr=1e-9))
    found = only(watched(trainer), "vanishing_gradient")
    # ∂loss/∂z by hand, with the weights that hardly moved.
    parameters, x, y = trainer.network.parameters, trainer.train.x, trainer.train.y
    a, values = x, []
    for k in range(1, 5):
        z = a @ parameters.view(f"dense{k}.W") + parameters.view(f"dense{k}.b")
        a = np.tanh(z) if k < 4 else np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        values.append(a)
    delta = (values[3] - np.eye(3)[y]) / len(y)
    rms = [np.sqrt(np.mean(delta**2))]
    for k in (4, 3, 2):
        delta = (delta @ parameters.view(f"dense{k}.W").T) * (1 - values[k - 2] ** 2)
        rms.append(np.sqrt(np.mean(delta**2)))
    assert found.value == pytest.approx(rms[-1] / rms[0], rel=1e-5)


def elasticity(
    scale_x: float = 1.0, scale_y: float = 1.0, *, std: float | None = None
) -> tuple[float, float]:
    """The gradient's measure at the first update, and the same by hand."""
    rng = np.random.default_rng(0)
    x = scale_x * rng.normal(size=(40, 3))
    y = scale_y * rng.normal(size=(40, 2))
    layer = Dense(units=2, init=init({"type": "normal", "std": std}) if std else None)
    trainer = regression((layer,), x, y, TrainSpec(epochs=1, batch_size="full"), optimizer=Sgd(lr=1e-30))
    w = trainer.network.parameters.view("dense1.W").copy()
    watch = Watch(trainer)
    watched(trainer, watch)
    gradient = 2 * x.T @ (x @ w - y) / y.size
    size = max(np.linalg.norm(w), np.sqrt(w.size / 3))
    by_hand = np.linalg.norm(gradient) * size / np.sqrt(2) / np.mean((y - y.mean(axis=0)) ** 2)
    return float(watch.state()["findings/pull"][0]), float(by_hand)


@pytest.mark.parametrize(("scale_x", "scale_y"), [(1, 1), (100, 1), (1, 50), (7, 0.01)])
def test_the_gradient_is_measured_beside_weights_and_targets(scale_x: float, scale_y: float) -> None:
    measured, by_hand = elasticity(scale_x, scale_y)
    assert measured == pytest.approx(by_hand, rel=1e-9)


def test_a_gradient_explodes_with_raw_inputs_and_with_large_weights_not_with_the_unit_of_the_targets() -> (
    None
):
    assert elasticity()[0] < 10
    assert elasticity(30.0)[0] > 100
    assert elasticity(std=40.0)[0] > 100
    # Targets in other units, and weights with them, are the same problem.
    x, _ = cloud()
    for scale in (1.0, 1e6):
        trainer = regression(
            (Dense(units=1),), x, scale * x[:, :1], TrainSpec(epochs=1), optimizer=Sgd(lr=1e-12)
        )
        trainer.network.parameters.theta[:] *= scale
        assert "exploding_gradient" not in [f.id for f in watched(trainer)]


def test_nothing_is_large_beside_the_loss_of_a_constant_where_all_targets_are_the_same() -> None:
    # One unit and a raw input, far from its target: with one target a constant is right, and nothing is said.
    def found(*targets: float) -> list[str]:
        y = np.array(targets)[:, None]
        layer = Dense(units=1, theta=((0.0, 2.0),))
        spec = TrainSpec(epochs=1, batch_size="full")
        trainer = regression((layer,), np.full(y.shape, 1e3), y, spec, optimizer=Sgd(lr=1e-9))
        return [f.id for f in watched(trainer)]

    assert "exploding_gradient" in found(0.0, 1.0)
    assert "exploding_gradient" not in found(0.0, 0.0)
    assert "exploding_gradient" not in found(0.0)


def test_an_exploding_gradient_is_found_at_the_first_update_and_remembered() -> None:
    x, y = cloud()
    trainer = make(TrainSpec(epochs=2), data=(x * 1e4, y), layers=(OUT,), optimizer=Sgd(lr=1e-12))
    found = only(watched(trainer), "exploding_gradient")
    assert found.value > found.limit == 100.0
    assert (found.update, found.severity) == (1, "error")
    assert found.cures[0].set == 'preprocess=[{type="standardize"}]'
    assert "train.clip_norm=1.0" in [c.set for c in found.cures]


def test_update_ratios_are_those_of_numpy() -> None:
    trainer = make(TrainSpec(epochs=1, batch_size=10, order="given"), optimizer=Sgd(lr=0.5))
    twin = make(TrainSpec(epochs=1, batch_size=10, order="given"), optimizer=Sgd(lr=0.5))
    ratios = []
    while twin.status == "running":
        before = twin.network.parameters.view("dense2.W").copy()
        twin.advance()
        change = twin.network.parameters.view("dense2.W") - before
        # Healthy weights of 5 inputs and 3 units have the norm √(15/5).
        ratios.append(np.linalg.norm(change) / max(np.linalg.norm(before), np.sqrt(3)))
    watch = Watch(trainer)
    watched(trainer, watch)
    state = watch.state()
    assert state["findings/path"][1] == pytest.approx(sum(ratios))
    assert state["findings/peak"][1] == pytest.approx(max(ratios))


@pytest.mark.parametrize(("lr", "expected"), [(0.5, []), (5e-4, ["update_ratio_low"])])
def test_a_rate_1000_times_too_low(lr: float, expected: list[str]) -> None:
    trainer = make(
        TrainSpec(epochs=100, batch_size=10),
        optimizer=Sgd(lr=lr),
        layers=(Dense(units=8, activation=Tanh()), OUT),
    )
    found = watched(trainer)
    assert [i for i in alarms(found) if i.startswith("update")] == expected
    if expected:
        low = found[0]
        assert (low.id, low.layer, low.limit, low.cause) == ("update_ratio_low", "", 0.25, "")
        assert low.value < 0.25
        key, value = (low.cures[0].set or "").split("=")
        assert key == "optimizer.lr"
        assert float(value) >= 10 * lr


def test_what_is_still_to_come_counts() -> None:
    def early(epochs: int) -> list[str]:
        trainer = make(TrainSpec(epochs=epochs, batch_size=10), optimizer=Sgd(lr=2e-4))
        watch = Watch(trainer)
        watch.begin()
        updates(trainer, watch, 8)
        return alarms(watch.findings)

    assert "update_ratio_low" in early(100)
    assert "update_ratio_low" not in early(1_000_000)


def test_a_schedule_that_ends_at_once_is_the_first_cure() -> None:
    trainer = make(
        TrainSpec(epochs=60, batch_size=10), optimizer=Sgd(lr=0.1), schedule=Exponential(gamma=0.1, every="update")
    )  # fmt: skip
    low = only(watched(trainer), "update_ratio_low")
    assert low.cures[0].set == 'schedule={type="constant"}'


def test_clipping_that_is_too_strong_is_the_first_cure() -> None:
    trainer = make(TrainSpec(epochs=60, batch_size=10, clip_norm=1e-5), optimizer=Sgd(lr=0.1))
    assert only(watched(trainer), "update_ratio_low").cures[0].set == "train.clip_norm=1.0"


@pytest.mark.parametrize(("lr", "alarm"), [(0.3, False), (3000.0, True)])
def test_a_rate_1000_times_too_high(lr: float, alarm: bool) -> None:
    layers = (Dense(units=8, activation=Tanh()), OUT)
    found = watched(make(TrainSpec(epochs=40, batch_size=10), optimizer=Sgd(lr=lr), layers=layers))
    assert ("update_ratio_high" in alarms(found)) is alarm
    if alarm:
        high = only(found, "update_ratio_high")
        assert (high.layer, high.limit) == ("", 0.1)
        lower = [float(c.set.split("=")[1]) for c in high.cures if c.set and c.set.startswith("optimizer.lr")]
        assert lower[0] <= lr / 10


def test_an_early_update_that_threw_the_weights_away_is_remembered_while_nothing_is_learned() -> None:
    layers = (Dense(units=8, activation=Relu()), Dense(units=8, activation=Relu()), OUT)
    trainer = make(TrainSpec(epochs=40, batch_size="full"), optimizer=Sgd(lr=3000.0), layers=layers)
    watch = Watch(trainer)
    high = only(watched(trainer, watch), "update_ratio_high")
    state = watch.state()
    # Everything died of it, so that updates are small now.
    assert state["findings/means"].max() < 0.1
    assert high.value == pytest.approx(state["findings/peak"].max() / 10)


def test_the_gradient_of_a_network_that_dropout_took_away_is_not_judged() -> None:
    layers = (
        Dense(units=8, activation=Relu()), Dropout(rate=0.97), Dense(units=8, activation=Relu()), OUT,
    )  # fmt: skip
    found = watched(make(TrainSpec(epochs=5), layers=layers, optimizer=Sgd(lr=1e-6)))
    assert "vanishing_gradient" not in [f.id for f in found]


def test_non_finite_names_layer_and_cure() -> None:
    error = NumericError("the value is not finite at update 7", where="dense2.z", hint="lower optimizer.lr")
    found = non_finite(error)
    assert (found.id, found.layer, found.cure, found.severity) == (
        "non_finite",
        "dense2",
        "lower optimizer.lr",
        "error",
    )
    assert found.message == "dense2.z: the value is not finite at update 7"
    assert found.cures[-1].set is None


def test_a_run_that_diverges_is_told_the_key_to_change() -> None:
    x, y = cloud()
    trainer = make(
        TrainSpec(epochs=5),
        data=(x * 1e150, y),
        layers=(Dense(units=4, activation=Relu()), OUT),
        optimizer=Sgd(lr=1.0),
    )
    watch = Watch(trainer)
    with np.errstate(all="ignore"):
        watch.begin()
        with pytest.raises(NumericError) as caught:
            updates(trainer, watch, 20)
    found = non_finite(caught.value, trainer, watch)
    assert found.cures[0].set == 'preprocess=[{type="standardize"}]'


def test_what_is_measured_does_not_depend_on_reduction_and_factor() -> None:
    x, _ = cloud()

    def seen(**objective: Any) -> list[tuple[str, float]]:
        trainer = regression(
            (Dense(units=2),), 30 * x, x[:, :2], TrainSpec(epochs=1, batch_size=10), optimizer=Sgd(lr=1e-30),
            loss=MeanSquaredError(**objective),
        )  # fmt: skip
        return [(f.id, round(f.value, 6)) for f in watched(trainer)]

    assert "exploding_gradient" in dict(seen())
    assert seen() == seen(reduction="sum", factor=0.5) == seen(reduction="batch")


def test_a_cure_names_the_entry_that_a_copy_stands_for() -> None:
    layers = (*[Dense(units=4, activation=Relu()) for _ in range(3)], OUT)
    trainer = make(TrainSpec(epochs=1), layers=layers, optimizer=Sgd(lr=1e-6))
    trainer.network.parameters.view("dense3.b")[:] = -100.0
    found = only(watched(trainer, Watch(trainer, entries=(0, 0, 0, 1))), "dead_units")
    assert found.layer == "dense3"
    assert found.cures[-1].set == "layers.0.activation=leaky_relu"

"""What a training comes to, and what is wrong with the labels: by value on planted faults, silent beside them."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.activations import Relu, Sigmoid, Softmax, Tanh
from nntui_core.findings import Watch
from nntui_core.findings.reference import (
    skill,
)
from nntui_core.layers.dense import Dense
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.train_spec import TrainSpec
from tests.core.trainers import cloud, make
from tests.core.watching import alarms, only, regression, watched

OUT = Dense(units=3, activation=Softmax())


# Reference predictors


# Outcomes


def test_a_constant_output_beside_the_targets_spread() -> None:
    x = np.random.default_rng(0).normal(size=(80, 2))
    y = 0.1 * x[:, :1]  # small targets: an output of that spread is not constant
    layers = (Dense(units=1),)
    trainer = regression(layers, x, y, TrainSpec(epochs=40), optimizer=Adam(lr=0.02))
    assert alarms(watched(trainer)) == []
    # The same spread beside targets of size 1 is constant.
    trainer = regression(layers, x, 10 * y, TrainSpec(epochs=1), optimizer=Sgd(lr=1e-9))
    trainer.network.parameters.view("dense1.W")[:] *= 0.01
    found = only(watched(trainer), "constant_output")
    outputs = trainer.network.predict(x)
    assert found.value == pytest.approx(outputs.std() / (10 * y).std())
    assert (found.limit, found.severity) == (0.05, "error")


def nonlinear(layers: tuple[Dense, ...], epochs: int = 60, lr: float = 0.02) -> list:
    """A training on a parabola, which nearest neighbors predict well."""
    x = np.linspace(-1, 1, 90)[:, None]
    return watched(
        regression(
            layers, x, 3 * x**2 + 0.4 * x, TrainSpec(epochs=epochs, batch_size=15), optimizer=Adam(lr=lr)
        )
    )


def test_a_line_through_a_parabola_is_a_plateau_and_relu_is_the_first_cure() -> None:
    found = nonlinear((Dense(units=8), Dense(units=1)), epochs=100)
    assert alarms(found) == ["plateau"]
    assert found[0].cures[0].set == "layers.0.activation=relu"
    assert "nearest neighbors" in found[0].message
    assert alarms(nonlinear((Dense(units=16, activation=Tanh()), Dense(units=1)), epochs=200)) == []


def test_a_loss_that_rises_is_a_plateau_too() -> None:
    x = np.linspace(-1, 1, 60)[:, None]
    trainer = regression(
        (Dense(units=1),), x, x**2, TrainSpec(epochs=40, batch_size="full"), optimizer=Sgd(lr=1e-3)
    )
    watch = Watch(trainer)
    trainer.network.parameters.view("dense1.W")[:] = 1.0
    watch.begin()
    while trainer.status == "running":
        watch.before()
        done = trainer.advance()
        trainer.network.parameters.view("dense1.W")[:] *= 1.03
        watch.after(epoch_done=done)
    assert only(watch.findings, "plateau").value < 0


def test_irreducible_noise_is_no_plateau() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 2))
    y = x[:, :1] + rng.normal(size=(300, 1))  # half of the variance is noise
    assert (
        alarms(
            watched(
                regression(
                    (Dense(units=1),), x, y, TrainSpec(epochs=60, batch_size=30), optimizer=Adam(lr=0.02)
                )
            )
        )
        == []
    )


def test_what_is_learned_by_heart_is_overfitting() -> None:
    rng = np.random.default_rng(1)
    x, held = rng.normal(size=(8, 12)), rng.normal(size=(100, 12))
    truth = rng.normal(size=(12, 1))
    trainer = regression(
        (Dense(units=64, activation=Relu()), Dense(units=1)), x, x @ truth, TrainSpec(epochs=300, batch_size="full"),
        held=(held, held @ truth),
    )  # fmt: skip
    found = only(watched(trainer), "overfitting")
    network = trainer.network
    here, there = skill(network.predict(x), x @ truth), skill(network.predict(held), held @ truth)
    assert found.severity == "warning"
    assert here > 0.95
    assert 0.2 < found.value < here - there
    assert found.cures[0].set == "train.early_stopping={patience=10}"


def test_a_gap_within_the_error_of_few_held_out_rows_is_none() -> None:
    rng = np.random.default_rng(2)
    x, held = rng.normal(size=(200, 2)), rng.normal(size=(5, 2))
    trainer = regression(
        (Dense(units=1),), x, x[:, :1] + 0.3 * rng.normal(size=(200, 1)), TrainSpec(epochs=60), optimizer=Adam(lr=0.02),
        held=(held, held[:, :1] + 0.3 * rng.normal(size=(5, 1))),
    )  # fmt: skip
    assert "overfitting" not in alarms(watched(trainer))


# Labels


def labelled(y: np.ndarray, held_y: np.ndarray, *, epochs: int = 60) -> list:
    rng = np.random.default_rng(3)
    x, held = rng.normal(size=(240, 4)), rng.normal(size=(80, 4))
    return watched(
        regression(
            (Dense(units=32, activation=Relu()), Dense(units=1)), x, y, TrainSpec(epochs=epochs, batch_size=30),
            held=(held, held_y),
        )
    )  # fmt: skip


def test_labels_without_a_signal_are_named_as_such_and_not_as_overfitting() -> None:
    rng = np.random.default_rng(8)
    found = labelled(rng.normal(size=(240, 1)), rng.normal(size=(80, 1)), epochs=300)
    assert alarms(found) == ["no_signal"]
    assert only(found, "overfitting").cause == "no_signal"
    assert found[0].cures[0].set is None


def test_a_constant_target_has_no_signal_from_the_start() -> None:
    found = labelled(np.full((240, 1), 2.5), np.full((80, 1), 2.5), epochs=3)
    assert alarms(found) == ["no_signal"]
    assert (found[0].update, found[0].value) == (0, 0.0)
    assert "all targets" in found[0].message


def test_few_rows_cannot_show_that_there_is_no_signal() -> None:
    x, y = cloud(12)
    trainer = make(TrainSpec(epochs=40), data=(x, np.random.default_rng(0).permutation(y)), validation=True)
    assert "no_signal" not in [f.id for f in watched(trainer)]


@pytest.mark.parametrize(("rare", "alarm"), [(3, True), (40, False)])
def test_a_class_in_a_hundred(rare: int, alarm: bool) -> None:
    rng = np.random.default_rng(5)
    y = np.arange(300) >= 300 - rare
    x = rng.normal(size=(300, 3)) + 4.0 * y[:, None]
    trainer = make(
        TrainSpec(epochs=20),
        data=(x, y.astype(int)),
        layers=(Dense(units=1, activation=Sigmoid()),),
        optimizer=Adam(lr=0.05),
    )
    found = watched(trainer)
    assert ("imbalanced_classes" in alarms(found)) is alarm
    if alarm:
        one = only(found, "imbalanced_classes")
        assert one.value == pytest.approx(3 / 150)
        assert one.cures[0].set == "data.class_weights=balanced"


def test_a_weak_signal_is_one() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(500, 2))
    y = 0.38 * x[:, :1] + rng.normal(
        size=(500, 1)
    )  # a correlation of 0.35, five times what chance would give
    for target, expected in ((y, []), (rng.permutation(y), ["no_signal"])):
        trainer = regression((Dense(units=1),), x, target, TrainSpec(epochs=2), optimizer=Sgd(lr=0.05))
        found = [f for f in watched(trainer) if f.id == "no_signal"]
        assert [f.id for f in found] == expected
        assert all(f.update == trainer.batches for f in found)  # after an epoch: it may still learn

"""Training: the order of samples, when it stops, and what it evaluates."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.activations import Sigmoid, Softmax
from nntui_core.layers.dense import Dense
from nntui_core.losses import BinaryCrossEntropy, MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.train_spec import Curriculum, EarlyStopping, StopRule, TrainSpec
from tests.core.trainers import XOR, cloud, epoch, flat, make


def test_each_epoch_has_every_row_once_in_an_order_of_its_own() -> None:
    trainer, twin = (make(TrainSpec(epochs=3, batch_size=16)) for _ in range(2))
    first, second = epoch(trainer), epoch(trainer)
    assert [len(b) for b in first] == [16, 16, 16, 2]
    assert sorted(flat(first)) == sorted(flat(second)) == list(range(50))
    assert first != second
    assert [epoch(twin), epoch(twin)] == [first, second]
    assert epoch(make(TrainSpec(epochs=3, batch_size=16), seed=1)) != first


def test_the_given_order_is_kept() -> None:
    assert flat(epoch(make(TrainSpec(epochs=1, batch_size=7, order="given")))) == list(range(50))


def test_the_last_smaller_batch_is_averaged_over_its_own_size() -> None:
    trainer = make(TrainSpec(epochs=1, batch_size=32, order="given"), optimizer=Sgd(lr=1e-9))
    epoch(trainer)
    alone = make(TrainSpec(epochs=1, batch_size="full"), data=tuple(a[32:] for a in cloud()))
    assert trainer.loss == pytest.approx(alone.evaluate()["train"].loss, abs=1e-6)


def test_a_curriculum_starts_with_the_easy_samples_and_grows() -> None:
    order = Curriculum(start=0.2, epochs=4)
    trainer = make(TrainSpec(epochs=6, batch_size=50, order=order))
    sizes = []
    for _ in range(6):
        losses = trainer.network.losses(trainer.train.x, trainer.train.y)
        (rows,) = epoch(trainer)
        sizes.append(len(rows))
        left = np.delete(losses, rows)
        assert not left.size or losses[rows].max() <= left.min()
    assert sizes == [10, 20, 30, 40, 50, 50]


def test_early_stopping_restores_the_best_weights() -> None:
    rule = EarlyStopping(patience=3)
    trainer = make(TrainSpec(epochs=200, early_stopping=rule), optimizer=Adam(lr=0.3), validation=True)
    seen: dict[int, tuple[float, Any]] = {}
    while trainer.status == "running":
        epoch(trainer)
        theta = trainer.network.parameters.theta.copy()
        seen[trainer.epoch] = (trainer.evaluate()["validation"].loss, theta)
    assert trainer.status == "stopped_early"
    assert "has not improved for 3 epochs" in trainer.reason
    best = min(seen, key=lambda k: seen[k][0])
    assert trainer.epoch == best + 3
    assert trainer.restore_best()
    assert trainer.network.parameters.theta.tobytes() == seen[best][1].tobytes()
    assert trainer.evaluate()["validation"].loss == seen[best][0]


def test_small_gains_do_not_count_with_min_delta() -> None:
    rule = EarlyStopping(patience=2, monitor="train.loss", min_delta=10.0)
    trainer = make(TrainSpec(epochs=50, early_stopping=rule))
    while trainer.status == "running":
        epoch(trainer)
    assert trainer.epoch == 3


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (StopRule(monitor="train.loss", below=0.5), lambda m: m["train"].loss < 0.5),
        (StopRule(monitor="train.accuracy", above=0.9), lambda m: m["train"].accuracy > 0.9),
        (StopRule(monitor="validation.loss", below=0.9), lambda m: m["validation"].loss < 0.9),
    ],
)
def test_stop_rules(rule: StopRule, holds: Any) -> None:
    trainer = make(TrainSpec(epochs=500, stop=rule), optimizer=Adam(lr=0.05), validation=True)
    while trainer.status == "running":
        assert not trainer.epoch or not holds(trainer.evaluate())
        epoch(trainer)
    assert holds(trainer.evaluate())
    assert trainer.status == "stopped_early"
    assert rule.monitor in trainer.reason


def test_the_start_of_a_k_class_network_has_loss_ln_k() -> None:
    assert make(TrainSpec()).evaluate()["train"].loss == pytest.approx(log(3), rel=0.5)
    zero = make(
        TrainSpec(),
        layers=(Dense(units=3, activation=Softmax(), init=catalog.build("initializer", "zeros")),),
    )
    assert zero.evaluate()["train"].loss == pytest.approx(log(3), abs=1e-12)


def test_one_unit_cannot_learn_xor() -> None:
    for seed in range(3):
        trainer = make(
            TrainSpec(epochs=400, batch_size="full"), data=XOR, seed=seed, optimizer=Adam(lr=0.1),
            layers=(Dense(units=1, activation=Sigmoid()),),
        )  # fmt: skip
        while trainer.status == "running":
            trainer.advance()
            found = trainer.evaluate()["train"]
            assert found.accuracy is not None
            assert found.accuracy <= 0.75
            assert found.loss >= log(2) - 1e-12


def test_a_loss_that_is_no_number_is_never_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make(TrainSpec(epochs=4, early_stopping=EarlyStopping(monitor="train.loss")))
    losses = iter([float("nan"), 3.0, 2.0, float("nan")])
    monkeypatch.setattr(trainer, "monitored", lambda monitor: next(losses))
    while trainer.status == "running":
        trainer.advance()
    assert (trainer.best.value, trainer.best.epoch) == (2.0, 3)


def test_zero_epochs_only_evaluate() -> None:
    trainer = make(TrainSpec(epochs=0))
    assert trainer.status == "completed"
    assert trainer.evaluate()["train"].loss > 0


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    assert epoch(make(TrainSpec(epochs=1, batch_size=1000))) == [list(range(50))]


def test_once_all_take_part_a_curriculum_measures_no_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    trainer = make(TrainSpec(epochs=6, batch_size=16, order=Curriculum(start=0.2, epochs=3)))
    losses = trainer.network.losses
    monkeypatch.setattr(
        trainer.network, "losses", lambda *args: (asked.append(trainer.epoch), losses(*args))[1]
    )
    while trainer.status == "running":
        trainer.advance()
    assert asked == [0, 1, 2]


def test_several_labels_are_each_decided() -> None:
    layers = (Dense(units=2, activation=Sigmoid(), theta=((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),)
    loss = BinaryCrossEntropy().softened()
    network = Network(NetworkSpec(layers, loss, 2, targets=2, multilabel=True, dtype="float64"))
    x = np.array([[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]])
    y = network.encode(np.array([[1.0, 0.0], [0.9, 0.2], [0.0, 1.0]]))
    found, accuracy = network.evaluate(x, y)
    p = 1 / (1 + np.exp(-x))
    assert found == pytest.approx(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
    assert accuracy == pytest.approx(4 / 6)


@pytest.mark.parametrize("reduction", ["mean", "batch", "sum"])
def test_evaluating_in_pieces_is_evaluating_the_whole(reduction: Any) -> None:
    loss = MeanSquaredError(reduction=reduction, factor=0.5)
    network = Network(NetworkSpec((Dense(units=2),), loss, 3, classification=False, dtype="float64"))
    x, y = cloud(23)[0], np.random.default_rng(1).normal(size=(23, 2))
    whole, pieces = network.evaluate(x, y)[0], network.evaluate(x, y, chunk=5)[0]
    assert pieces == pytest.approx(whole, rel=1e-12)
    e = (network.predict(x) - y) ** 2
    by_hand = {"mean": e.mean(), "batch": e.sum(axis=1).mean(), "sum": e.sum()}[reduction]
    assert whole == pytest.approx(0.5 * by_hand, rel=1e-12)
    np.testing.assert_allclose(network.losses(x, y, chunk=5), network.losses(x, y), rtol=1e-12)

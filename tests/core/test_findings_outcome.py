"""What a training comes to, and what is wrong with the labels: by value on planted faults, silent beside them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nntui_core.activations import Relu, Sigmoid, Softmax, Tanh
from nntui_core.findings import Watch
from nntui_core.findings.reference import (
    constant_loss,
    correlation,
    effective,
    neighbors,
    plane,
    reference,
    skill,
)
from nntui_core.layers.dense import Dense
from nntui_core.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
)
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.train_spec import TrainSpec
from nntui_core.weighting import ClassWeighted, balanced
from tests.core.trainers import cloud, make
from tests.core.watching import alarms, only, regression, watched

OUT = Dense(units=3, activation=Softmax())
RNG = np.random.default_rng(0)


# Reference predictors


def test_skill_is_r2_of_numbers_and_the_brier_score_of_classes() -> None:
    y = RNG.normal(size=(50, 2))
    assert skill(y, y) == 1
    assert skill(np.tile(y.mean(axis=0), (50, 1)), y) == pytest.approx(0)
    assert skill(-y, y) < -1
    assert skill(np.full_like(y, np.nan), y) == -np.inf
    onehot = np.eye(3)[np.arange(60) % 3]
    assert skill(0.5 * onehot + 0.5 / 3, onehot) == pytest.approx(0.75)


def test_neighbors_and_a_plane_are_those_of_loops() -> None:
    x, y = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 2))
    near, flat = neighbors(x, y), plane(x, y)
    for i in range(30):
        others = np.delete(np.arange(30), i)
        far = np.linalg.norm(x[others] - x[i], axis=1)
        np.testing.assert_allclose(near[i], y[others[np.argsort(far)[:8]]].mean(axis=0))
        left = x[others]
        weights = np.linalg.solve(left.T @ left + 4 * np.eye(4), left.T @ y[others])
        np.testing.assert_allclose(flat[i], x[i] @ weights, atol=1e-10)
    wide = RNG.normal(size=(12, 40))
    left = wide[1:]
    weights = np.linalg.solve(left.T @ left + 40 * np.eye(40), left.T @ y[1:12])
    np.testing.assert_allclose(plane(wide, y[:12])[0], wide[0] @ weights, atol=1e-9)


def test_the_reference_sees_a_signal_whatever_the_scale_of_the_columns() -> None:
    x = RNG.normal(size=(200, 3))
    ring = (np.linalg.norm(x, axis=1) > 1.5)[:, None].astype(float)
    for factors in ([1, 1, 1], [1e6, 1, 1e-6]):
        found = reference(x * np.array(factors), ring)
        assert found.skill > 0.3
        assert found.signal > 0.5
        assert not found.constant
    assert reference(x, np.ones((200, 1))).constant


@pytest.mark.parametrize("seed", range(8))
def test_without_a_signal_the_correlation_is_within_its_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = reference(rng.normal(size=(200, 3)), rng.normal(size=(200, 1)))
    assert found.signal < 2.5 * found.error
    assert found.error == pytest.approx(0.1)


def test_neighbors_that_always_differ_are_a_signal() -> None:
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    assert reference(bits, (bits.sum(axis=1) % 2)[:, None].astype(float)).signal > 0.9


def test_rows_of_unequal_classes_tell_less() -> None:
    assert effective(np.eye(2)[np.arange(100) % 2]) == pytest.approx(100)
    assert effective((np.arange(100) < 1)[:, None].astype(float)) == pytest.approx(100 * 4 * 0.01 * 0.99)
    assert effective(RNG.normal(size=(70, 2))) == 70


def test_correlation_is_numpy_s() -> None:
    a, b = RNG.normal(size=(40, 1)), RNG.normal(size=(40, 1))
    assert correlation(a, b) == pytest.approx(np.corrcoef(a[:, 0], b[:, 0])[0, 1])
    assert correlation(np.ones((40, 1)), b) == 0


def test_the_loss_of_the_best_constant() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    share = np.array([0.5, 0.3, 0.2])
    onehot = np.eye(3)[labels]
    assert constant_loss(CrossEntropy(), onehot, labels) == pytest.approx(-(share * np.log(share)).sum())
    column = (labels == 0)[:, None].astype(float)
    assert constant_loss(BinaryCrossEntropy(), column, column) == pytest.approx(np.log(2))
    y = RNG.exponential(size=(500, 2))
    tries = np.linspace(0, 4, 4001)
    for loss, each in (
        (MeanSquaredError(), lambda e: e**2),
        (MeanAbsoluteError(), np.abs),
        (Huber(), lambda e: np.where(np.abs(e) <= 1, 0.5 * e**2, np.abs(e) - 0.5)),
    ):
        best = np.mean([min(each(y[:, k] - c).mean() for c in tries) for k in range(2)])
        assert constant_loss(loss, y, y) == pytest.approx(best, rel=0.02), loss.type


def test_the_best_constant_counts_classes_as_the_loss_does() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    onehot, weights = np.eye(3)[labels], (1.0, 2.0, 0.5)
    w = np.array(weights)[labels]
    share = np.bincount(labels, w) / w.sum()
    entropy = -(share * np.log(share)).sum()
    weighted = ClassWeighted(inner=CrossEntropy(), weights=weights)
    assert constant_loss(weighted, onehot, labels) == pytest.approx(entropy)
    summed = ClassWeighted(inner=CrossEntropy(reduction="sum"), weights=weights)
    assert constant_loss(summed, onehot, labels) == pytest.approx(w.mean() * entropy)
    # Weights m/(K·m_k) make all classes alike.
    column = (labels == 0)[:, None] * 1.0
    rare = (labels == 2)[:, None] * 1.0
    even = ClassWeighted(inner=BinaryCrossEntropy(), weights=balanced(np.array([80, 20])))
    assert constant_loss(even, rare, rare) == pytest.approx(np.log(2))
    assert constant_loss(BinaryCrossEntropy(), column, column) == pytest.approx(np.log(2))
    smoothed = 0.9 * np.array([0.5, 0.3, 0.2]) + 0.1 / 3
    assert constant_loss(CrossEntropy(label_smoothing=0.1), onehot, labels) == pytest.approx(
        -(smoothed * np.log(smoothed)).sum()
    )
    y = RNG.exponential(size=(100, 1))
    tries = np.linspace(0, 4, 40_001)
    for inner, each in ((MeanSquaredError(), np.square), (MeanAbsoluteError(), np.abs)):
        found = constant_loss(ClassWeighted(inner=inner, weights=weights), column * y, labels)
        best = min((w / w.sum()) @ each(column[:, 0] * y[:, 0] - c) for c in tries)
        assert found == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize(
    "counts", [[50, 50], [90, 10], [25, 25, 25, 25], [70, 20, 10], [60, 25, 10, 5], [1, 0, 0]]
)
def test_the_best_constant_scores_of_the_hinge_are_those_of_all_whole_ones(counts: list[int]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    losses = []
    for z in product(range(len(counts)), repeat=len(counts)):
        scores = np.array(z, float)
        losses.append(
            np.mean([sum(max(0, scores[j] - scores[k] + 1) for j in range(len(z)) if j != k) for k in labels])
        )
    assert constant_loss(Hinge(), np.eye(len(counts))[labels], labels) == pytest.approx(min(losses))


# Outcomes


def test_a_constant_output_beside_the_targets_spread() -> None:
    x = RNG.normal(size=(80, 2))
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
        assert [f.id for f in watched(trainer) if f.id == "no_signal"] == expected

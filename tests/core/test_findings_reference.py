"""What simple predictors reach: skill, neighbors, a plane, the best constant of each loss, by value."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nntui_core.findings.reference import (
    correlation,
    effective,
    neighbors,
    plane,
    reference,
    skill,
)
from nntui_core.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
)
from nntui_core.weighting import ClassWeighted, balanced

RNG = np.random.default_rng(0)


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
    assert CrossEntropy().constant_loss(onehot, labels) == pytest.approx(-(share * np.log(share)).sum())
    column = (labels == 0)[:, None].astype(float)
    assert BinaryCrossEntropy().constant_loss(column, column) == pytest.approx(np.log(2))
    y = RNG.exponential(size=(500, 2))
    tries = np.linspace(0, 4, 4001)
    for loss, each in (
        (MeanSquaredError(), lambda e: e**2),
        (MeanAbsoluteError(), np.abs),
        (Huber(), lambda e: np.where(np.abs(e) <= 1, 0.5 * e**2, np.abs(e) - 0.5)),
    ):
        best = np.mean([min(each(y[:, k] - c).mean() for c in tries) for k in range(2)])
        assert loss.constant_loss(y, y) == pytest.approx(best, rel=0.02), loss.type


def test_the_best_constant_counts_classes_as_the_loss_does() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    onehot, weights = np.eye(3)[labels], (1.0, 2.0, 0.5)
    w = np.array(weights)[labels]
    share = np.bincount(labels, w) / w.sum()
    entropy = -(share * np.log(share)).sum()
    weighted = ClassWeighted(inner=CrossEntropy(), weights=weights)
    assert weighted.constant_loss(onehot, labels) == pytest.approx(entropy)
    summed = ClassWeighted(inner=CrossEntropy(reduction="sum"), weights=weights)
    assert summed.constant_loss(onehot, labels) == pytest.approx(w.mean() * entropy)
    # Weights m/(K·m_k) make all classes alike.
    column = (labels == 0)[:, None] * 1.0
    rare = (labels == 2)[:, None] * 1.0
    even = ClassWeighted(inner=BinaryCrossEntropy(), weights=balanced(np.array([80, 20])))
    assert even.constant_loss(rare, rare) == pytest.approx(np.log(2))
    assert BinaryCrossEntropy().constant_loss(column, column) == pytest.approx(np.log(2))
    smoothed = 0.9 * np.array([0.5, 0.3, 0.2]) + 0.1 / 3
    assert CrossEntropy(label_smoothing=0.1).constant_loss(onehot, labels) == pytest.approx(
        -(smoothed * np.log(smoothed)).sum()
    )
    y = RNG.exponential(size=(100, 1))
    tries = np.linspace(0, 4, 40_001)
    for inner, each in ((MeanSquaredError(), np.square), (MeanAbsoluteError(), np.abs)):
        found = ClassWeighted(inner=inner, weights=weights).constant_loss(column * y, labels)
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
    onehot, best = np.eye(len(counts))[labels], pytest.approx(min(losses))
    assert Hinge().constant_loss(onehot, labels) == best
    assert Hinge(margin=2.5).constant_loss(onehot, labels) / 2.5 == best


def test_the_best_constant_of_a_wrapped_loss_has_its_delta() -> None:
    labels = np.repeat([0, 1], [60, 40])
    onehot, w = np.eye(2)[labels], np.array([1.0, 3.0])[labels]
    loss = ClassWeighted(inner=Huber(delta=0.2), weights=(1.0, 3.0))

    def at(c: float) -> float:
        e = np.abs(onehot - c)
        return float((w / w.sum()) @ np.where(e <= 0.2, 0.5 * e**2, 0.2 * (e - 0.1))[:, 0])

    best = min(at(c) for c in np.linspace(0, 1, 10_001))
    assert loss.constant_loss(onehot, labels) == pytest.approx(best, rel=1e-4)


def test_a_single_row_does_not_show_that_targets_never_change() -> None:
    for rows, constant in ((1, False), (2, True)):
        assert reference(np.zeros((rows, 2)), np.ones((rows, 1))).constant is constant
    assert not reference(np.zeros((2, 2)), np.array([[1.0], [2.0]])).constant

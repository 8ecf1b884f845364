"""What is measured of outputs, units, gradients, inputs and schedules, against NumPy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Linear, Sigmoid, Tanh
from nntui_core.findings import Watch
from nntui_core.findings.basis import Basis
from nntui_core.findings.measure import _error, _redundant, _skill, _stuck
from nntui_core.findings.reference import correlation, explained, reference, squares, variance
from nntui_core.findings.rules import RULES
from nntui_core.layers.dense import Dense, MaxoutLayer
from nntui_core.losses import BinaryCrossEntropy, Hinge, MeanSquaredError
from nntui_core.optimizers.first_order import Sgd
from nntui_core.schedules import Exponential
from nntui_core.train_spec import EarlyStopping, TrainSpec
from tests.core.samples import history, sample, trainer, watching
from tests.core.trainers import cloud, make
from tests.core.watching import init, regression


def test_the_skill_of_scores_is_hits_beyond_those_of_the_most_frequent_class() -> None:
    several: Any = SimpleNamespace(network=SimpleNamespace(spec=SimpleNamespace(loss=Hinge())))
    target = np.eye(3)[[0, 0, 1, 2]]
    outputs = np.array([[2.0, 1, 0], [0, 1, 0], [0, 3, 0], [0, 0, -1]])
    # Right are the first and the third, half of four; half of the targets are of class 0.
    assert _skill(several, outputs, target, np.zeros(4), 1.0) == 0.0
    outputs[1] = [5, 0, 0]
    assert _skill(several, outputs, target, np.zeros(4), 1.0) == pytest.approx((0.75 - 0.5) / 0.5)
    assert _skill(several, outputs[:1], target[:1], np.zeros(1), 1.0) == 1.0
    single, signs = np.array([[1.0], [-2.0], [0.5], [-1.0]]), np.array([[1.0], [-1.0], [-1.0], [-1.0]])
    assert _skill(several, single, signs, np.zeros(4), 1.0) == pytest.approx((0.75 - 0.75) / 0.25)
    single[2] = -0.5
    assert _skill(several, single, signs, np.zeros(4), 1.0) == 1.0
    others: Any = SimpleNamespace(network=SimpleNamespace(spec=SimpleNamespace(loss=MeanSquaredError())))
    assert _skill(others, outputs, target, np.array([1.0, 0.5, 0.0, 0.0]), 3.0) == pytest.approx(0.5)


def test_skills_errors_and_sums_of_squares() -> None:
    rng = np.random.default_rng(0)
    p, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    squared = squares(p, y)
    np.testing.assert_allclose(squared, ((p - y) ** 2).sum(axis=1))
    whole = variance(y)
    assert whole == pytest.approx(((y - y.mean(axis=0)) ** 2).sum())
    assert _error(squared, whole) == pytest.approx(squared.std() / np.sqrt(50) / (whole / 50))
    assert _error(squared[:1], 1.0) == _error(squared, 0.0) == np.inf
    assert _error(np.array([1.0, 3.0]), 4.0) == pytest.approx(1 / np.sqrt(2) / 2)
    assert (explained(1.0, 4.0), explained(0.0, 0.0), explained(1.0, 0.0), explained(np.nan, 1.0)) == (
        0.75,
        1.0,
        -np.inf,
        -np.inf,
    )


@pytest.mark.parametrize(
    ("op", "off", "low", "edge"), [(Tanh(), 0.5, -1.0, 0.97), (Sigmoid(), 0.25, 0.0, 0.97)]
)
def test_wrong_outputs_that_are_stuck(op: Any, off: float, low: float, edge: float) -> None:
    squared: Any = SimpleNamespace(network=SimpleNamespace(spec=SimpleNamespace(loss=MeanSquaredError())))
    middle = 0.5 if op.type == "sigmoid" else 0.0
    outputs = np.full((100, 1), middle)
    target = outputs.copy()
    target[:1] = middle + off + 0.01
    assert _stuck(squared, op, outputs, target) is None  # one in a hundred is wrong
    target[:2] = middle + off + 0.01
    assert _stuck(squared, op, outputs, target) == 0.0
    target[:2] = middle + off  # by no more than a quarter of the range
    assert _stuck(squared, op, outputs, target) is None
    target[:4], outputs[:3] = 1.0, [[low], [low + 0.02], [low + 0.04]]
    assert _stuck(squared, op, outputs, target) == pytest.approx(2 / 4)
    outputs[0], target[0] = edge, low
    assert _stuck(squared, op, outputs, target) == pytest.approx(1 / 4)  # at the limit, not beyond it
    assert _stuck(squared, Linear(), outputs, target) is _stuck(squared, None, outputs, target) is None
    seen: Any = SimpleNamespace(network=SimpleNamespace(spec=SimpleNamespace(loss=BinaryCrossEntropy())))
    assert BinaryCrossEntropy().from_logits
    assert _stuck(seen, op, outputs, target) is None


def test_units_that_repeat_others() -> None:
    def share(w: np.ndarray, b: np.ndarray | None = None) -> float | None:
        given: Any = SimpleNamespace(network=SimpleNamespace(parameters=SimpleNamespace(view=lambda _: b)))
        layer: Any = SimpleNamespace(bias=None if b is None else "b", spec=Dense(units=w.shape[1]))
        return _redundant(given, layer, w)

    w = np.random.default_rng(0).normal(size=(20, 6))
    assert share(w) == 0.0
    w[:, 1] = w[:, 0]
    assert share(w) == pytest.approx(1 / 6)
    w[:, 2] = w[:, 0]
    w[19, 2] += 1.0  # the first eight inputs are equal
    assert share(w) == pytest.approx(1 / 6)
    assert share(w, np.arange(6.0)) == 0.0
    assert share(w, np.zeros(6)) == pytest.approx(1 / 6)
    assert share(w[:, :1]) is None
    assert share(w[:, :2]) == 0.5
    assert share(np.full((2, 2), np.nan)) is share(np.ones((2, 2)), np.array([0, np.inf])) is None
    assert share(np.zeros((2, 4))) == 0.75
    # A unit of maxout is its pieces together: three units of two, of which the first two are equal.
    pieces: Any = SimpleNamespace(bias=None, spec=MaxoutLayer(units=3, pieces=2))
    assert _redundant(None, pieces, np.array([[1.0, 2, 1, 2, 2, 1]])) == pytest.approx(1 / 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("l1", "l2", "clip"),
    [(0.0, 0.0, None), (0.0, 0.01, None), (1e-3, 0.0, None), (1e-3, 0.02, None), (0.0, 0.0, 1e-3)],
)
def test_elasticity_is_the_data_losss_gradient_beside_the_weights(
    l1: float, l2: float, clip: float | None
) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 3)) + 1, rng.normal(size=(30, 2)) + 3
    spec = TrainSpec(epochs=1, batch_size="full", clip_norm=clip, order="given")
    given = regression(
        (Dense(units=2),), x, y, spec, optimizer=Sgd(lr=1e-12), loss=MeanSquaredError(), l1=l1, l2=l2
    )
    w, b = (given.network.parameters.view(f"dense1.{n}").copy() for n in "Wb")
    watch = Watch(given)
    watch.begin()
    assert watch.sample is not None
    assert watch.sample.layers[0].elasticity is None
    watch.before()
    watch.after(epoch_done=given.advance())
    gradient = 2 * x.T @ (x @ w + b - y) / y.size * given.network.spec.loss.factor
    penalty = l2 * w + l1 * np.sign(w)
    whole = np.linalg.norm(gradient + penalty) - l2 * np.linalg.norm(w) - l1 * np.sqrt(w.size)
    size = max(np.linalg.norm(w), np.sqrt(w.size / 3))
    constant = ((y - y.mean(axis=0)) ** 2).mean()
    factor = given.network.spec.loss.factor
    view = watch.sample.layers[0]
    assert view.elasticity == pytest.approx(whole / factor * size / np.sqrt(2) / constant, rel=1e-6)
    assert (view.fan_in, view.healthy, view.size) == (
        3,
        pytest.approx(np.sqrt(2)),
        pytest.approx(np.linalg.norm(w)),
    )


def test_the_sizes_of_columns_and_the_schedules_mean() -> None:
    x = np.array([[3.0, 0.0, 7.0], [4.0, 0.2, 7.0]] * 10)
    given = regression(
        (Dense(units=1),), x, x[:, :1].copy(), TrainSpec(epochs=10), schedule=Exponential(gamma=0.5)
    )
    basis = Basis(given)
    assert basis.inputs == pytest.approx((np.sqrt(0.02), np.sqrt(12.5)))
    assert basis.mean_factor == pytest.approx(np.mean(0.5 ** np.arange(10)))
    assert basis.spread == pytest.approx(0.5)
    assert (basis.whole, basis.varies) == (pytest.approx(5.0), True)
    constant = regression((Dense(units=1),), np.ones((5, 2)), np.ones((5, 1)), TrainSpec(epochs=1))
    assert Basis(constant).inputs == (1.0, 1.0)
    assert not Basis(constant).varies


def test_what_is_to_come_of_a_schedule() -> None:
    low = next(rule for rule in RULES if rule.id == "update_ratio_low")
    given = regression(
        (Dense(units=1),),
        np.eye(8),
        np.eye(8)[:, :1],
        TrainSpec(epochs=20, batch_size="full"),
        schedule=Exponential(gamma=0.5),
        optimizer=Sgd(lr=0.1),
    )
    s = sample(
        watching(given), None, {0: {"ratio": 1e-3}}, memory={"path": np.array([0.01])}, update=10, epoch=10
    )
    # 10 updates are left; the schedule's factors are those after epochs 10 … 19 beside the present one, of epoch 9.
    ahead = np.mean(0.5 ** np.arange(1, 11))
    (seen,) = low.observe(s)
    assert seen.value == pytest.approx(0.01 + 1e-3 * 10 * ahead)


def test_the_best_epochs_numbers_count_with_early_stopping() -> None:
    rule = next(rule for rule in RULES if rule.id == "overfitting")
    given = trainer(early_stopping=EarlyStopping(patience=5, monitor="validation.loss"))
    given.best.epoch = 3
    skills = np.linspace(0.5, 0.9, 5)
    s = sample(
        watching(given), memory={"history": history(skill=skills, held_skill=0.1)}, update=5, held_loss=9.0
    )
    (seen,) = rule.observe(s)
    # The third epoch's, and whatever the held-out loss did since.
    assert seen.value == pytest.approx(0.7 - 0.1)


def test_targets_that_never_change_are_left_out_of_the_reference() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 1))
    both = np.column_stack([y, np.full(60, 7.0)])
    assert reference(x, both) == reference(x, y)
    assert np.isfinite(reference(x, both).skill)


def test_units_that_differ_are_not_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def compared(trainer: Any, layer: Any, w: Any) -> float | None:
        asked.append(layer.name)
        return _redundant(trainer, layer, w)

    monkeypatch.setattr("nntui_core.findings.measure._redundant", compared)
    x, y = np.random.default_rng(1).normal(size=(2, 30, 3))
    same = (Dense(units=4, init=init("zeros")), Dense(units=4), Dense(units=3))
    given = regression(same, x, y, TrainSpec(epochs=1, batch_size=10))
    watch = Watch(given)
    watch.begin()
    assert watch.sample is not None
    assert [v.redundant for v in watch.sample.layers] == [0.75, 0.0, None]  # the output is never asked about
    for _ in range(2):  # the layers behind differ, so that the first update parts the units
        watch.before()
        watch.after(epoch_done=given.advance())
        assert [v.redundant for v in watch.sample.layers] == [0.0, 0.0, None]
    assert asked == ["dense1", "dense2", "dense1"]


@pytest.mark.parametrize("k", [2, 5])
def test_truth_values_of_classes_come_to_what_numbers_do(k: int) -> None:
    rng = np.random.default_rng(k)
    labels = rng.integers(0, k, 60)
    x, p = rng.normal(size=(60, 4)) + labels[:, None], rng.random((60, k + 3))
    truth = np.eye(k + 3, dtype=bool)[labels]  # three classes are absent
    numbers = truth.astype(float)
    one, other = reference(x, truth), reference(x, numbers)
    assert vars(one) == pytest.approx(vars(other), rel=1e-12)
    assert correlation(p, truth) == pytest.approx(np.corrcoef(
        (p - p.mean(axis=0)).ravel(), (numbers - numbers.mean(axis=0)).ravel())[0, 1], rel=1e-12)  # fmt: skip
    assert correlation(p, numbers) == pytest.approx(correlation(p, truth), rel=1e-12)
    same = reference(x, np.eye(k, dtype=bool)[np.zeros(60, int)])
    assert (same.constant, same.skill) == (True, 0.0)


def test_the_spread_of_classes() -> None:
    basis = Basis(make(TrainSpec(epochs=1), data=cloud(50)))
    assert basis.target.dtype == bool
    np.testing.assert_allclose(basis.spread, basis.target.astype(float).std(axis=0), rtol=1e-12)

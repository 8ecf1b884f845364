"""Hessian-vector products, the largest eigenvalue and each optimizer's threshold, against dense Hessians and training."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.activations import Linear, Softmax, Tanh
from nntui_core.curvature import Curvature, HessianProducts
from nntui_core.errors import NumericError
from nntui_core.lanczos import Eigen, Product, lanczos
from nntui_core.layers.dense import Dense, MaxoutLayer
from nntui_core.layers.joining import AddLayer, ConcatLayer
from nntui_core.layers.regularizing import Dropout
from nntui_core.losses import CrossEntropy, MeanSquaredError
from nntui_core.memory import Array
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.first_order import Adagrad, Momentum, Nesterov, Sgd
from nntui_core.optimizers.moments import Adam, Adamw
from nntui_core.plan import Plan
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer
from nntui_core.weighting import ClassWeighted

SMOOTH = [n for n in catalog.members("activation") if n not in ("softmax", "maxout", "prelu")]
ROWS = 7


def largest_eigenvalue(product: Product, start: Array, **limits: Any) -> Eigen:
    """Lanczos to its end."""
    steps = lanczos(product, start, **limits)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Eigen = end.value
            return found


def dense_network(rng: Random, activations: list[str]) -> tuple[Network, Plan]:
    """Dense layers, a skip and a concatenation, at random, filled with a batch; up to 500 parameters."""
    width = rng.randint(2, 6)
    layers: list[Any] = [
        Dense(units=width, activation=catalog.build("activation", rng.choice(activations)), name="a"),
        Dense(units=width, activation=catalog.build("activation", rng.choice(activations)), bias=rng.random() < 0.7, name="b"),
        rng.choice([AddLayer, ConcatLayer])(inputs=("a", "b"), name="c"),
        Dropout(rate=0.4),
    ]  # fmt: skip
    reduced = {"reduction": rng.choice(["mean", "batch", "sum"]), "factor": rng.choice([1.0, 0.5])}
    loss = catalog.build("loss", {"type": rng.choice(list(catalog.members("loss"))), **reduced})
    if loss.type == "cross_entropy" and rng.random() < 0.5:
        loss = replace(loss, label_smoothing=0.2)
    outputs = rng.randint(2, 4)
    last = catalog.build("activation", loss.needs) if loss.needs else Linear()
    if loss.needs and rng.random() < 0.4:
        loss = ClassWeighted(inner=loss, weights=tuple(rng.uniform(0.5, 2) for _ in range(outputs)))
    layers.append(Dense(units=outputs, activation=last))
    network = Network(
        NetworkSpec(
            tuple(layers), loss, 3, targets=outputs, classification=loss.needs is not None, dtype="float64",
            seed=rng.randint(0, 10**6), l2=rng.choice([0.0, 0.1]), l1=rng.choice([0.0, 0.01]),
        )
    )  # fmt: skip
    draws = np.random.default_rng(network.spec.seed)
    network.parameters.theta[:] += draws.normal(scale=0.3, size=len(network.parameters))
    model = network.model(ROWS, "train")
    model.plan.value(model.x)[...] = draws.normal(size=(ROWS, 3))
    assert model.target is not None
    y = draws.integers(0, outputs, ROWS) if loss.needs else draws.normal(size=(ROWS, outputs))
    model.plan.value(model.target)[...] = network.encode(y)
    model.draw(1, 1)
    model.plan.run()
    return network, model.plan


def by_differences(plan: Plan, h: float = 1e-5) -> np.ndarray:
    """The Hessian by central differences of the gradient, with the h² term taken out: a reference of its own."""
    free = plan.parameters.free
    w = free.copy()

    def gradient(at: np.ndarray) -> np.ndarray:
        free[:] = at
        plan.run()
        return plan.parameters.free_grad.copy()

    rows = []
    for e in np.eye(w.size):
        coarse, fine = ((gradient(w + step * e) - gradient(w - step * e)) / (2 * step) for step in (2 * h, h))
        rows.append((4 * fine - coarse) / 3)
    free[:] = w
    plan.run()
    h_matrix = np.array(rows)
    return np.asarray((h_matrix + h_matrix.T) / 2)


@pytest.mark.parametrize("seed", range(20))
def test_the_largest_eigenvalue_is_that_of_the_dense_hessian(seed: int) -> None:
    network, plan = dense_network(Random(seed), SMOOTH)
    assert network.parameters.trained <= 500
    products = HessianProducts(plan)
    assert products.method == "exact products"
    reference = by_differences(plan)
    scale = np.abs(reference).max()
    dense = np.array([products(e) for e in np.eye(network.parameters.trained)])
    np.testing.assert_allclose(dense, reference, atol=2e-8 * max(scale, 1e-3))
    largest = np.linalg.eigvalsh(reference)[-1]
    found = largest_eigenvalue(products, np.random.default_rng(seed).normal(size=len(dense)))
    assert found.converged
    assert found.value == pytest.approx(largest, rel=1e-6)
    np.testing.assert_allclose(dense @ found.vector, found.value * found.vector, atol=1e-7 * max(1, scale))


@pytest.mark.parametrize("seed", range(4))
def test_where_an_op_has_no_second_derivative_the_gradient_is_differenced(seed: int) -> None:
    network, plan = dense_network(Random(seed), ["prelu", "tanh"])
    if "prelu" not in {
        layer.activation.type for layer in network.spec.layers if hasattr(layer, "activation")
    }:
        spec = replace(network.spec, layers=(MaxoutLayer(units=3), *network.spec.layers))
        network = Network(spec)
        plan = network.model(ROWS, "train").plan
        plan.run()
    products = HessianProducts(plan)
    assert products.method == "differences of the gradient"
    before = plan.parameters.theta.copy()
    largest = np.linalg.eigvalsh(by_differences(plan))[-1]
    found = largest_eigenvalue(
        products, np.random.default_rng(0).normal(size=plan.parameters.trained), tolerance=1e-7
    )
    assert found.value == pytest.approx(largest, rel=1e-6)
    np.testing.assert_array_equal(plan.parameters.theta, before)


def test_lanczos_finds_the_algebraically_largest_not_the_largest_magnitude() -> None:
    draws = np.random.default_rng(3)
    q, _ = np.linalg.qr(draws.normal(size=(60, 60)))
    values = np.linspace(-50, 2, 60)
    matrix = q @ np.diag(values) @ q.T
    found = largest_eigenvalue(lambda v: matrix @ v, draws.normal(size=60))
    assert found.value == pytest.approx(2, rel=1e-9)
    assert abs(found.vector @ q[:, -1]) == pytest.approx(1, abs=1e-5)


def test_lanczos_begins_again_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntui_core.lanczos.HELD", 0)  # 20 directions at once
    values = np.array([*np.linspace(0, 1, 299), 1.2])
    found = largest_eigenvalue(lambda v: values * v, np.random.default_rng(0).normal(size=300))
    assert found.converged
    assert found.products > 20
    assert found.value == pytest.approx(1.2, rel=1e-9)


def test_lanczos_says_when_it_did_not_get_there() -> None:
    values = np.linspace(0, 1, 400)
    found = largest_eigenvalue(lambda v: values * v, np.random.default_rng(0).normal(size=400), most=5)
    assert not found.converged
    assert found.products == 5


def parabola(optimizer: Any, steps: int = 400, **layer: Any) -> Trainer:
    """One weight, no bias, y = 0: the objective is mean x²·w², its curvature 2·mean x²."""
    spec = NetworkSpec(
        (Dense(units=1, bias=False, theta=((1.0,),), **layer),), MeanSquaredError(), 1, classification=False,
        dtype="float64",
    )  # fmt: skip
    part = Part(np.array([[1.0], [3.0]]), np.zeros((2, 1)))
    return Trainer(Network(spec), optimizer, Constant(), TrainSpec(epochs=steps, batch_size="full"), part)


@pytest.mark.parametrize("kind", [Sgd, Momentum, Nesterov])
@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_just_below_its_threshold_an_optimizer_settles_and_just_above_it_diverges(
    kind: Any, factor: float
) -> None:
    for share, settles in ((0.97, True), (1.03, False)):
        rate = share * kind(lr=1.0).stability_limit(1.0) / 10 / factor
        trainer = parabola(kind(lr=rate), lr_factor=factor)
        found = Curvature(trainer).measure()
        assert found.value == pytest.approx(10 * factor)
        assert found.ratio == pytest.approx(share)
        try:
            while trainer.status == "running":
                trainer.advance()
        except NumericError:
            assert not settles
        size = abs(trainer.network.parameters.theta[0])
        assert size < 1e-2 if settles else size > 1e2


@pytest.mark.parametrize("keys", [{}, {"bias_correction": False}, {"eps_inside": True}, {"eps": 0.1}])
def test_adams_preconditioner_is_what_its_step_divides_by(keys: dict[str, Any]) -> None:
    adam = Adam(lr=0.01, **keys)
    slots, work = adam.slots(5, np.float64), adam.work(5, np.float64)
    draws = np.random.default_rng(0)
    w = draws.normal(size=5)
    for k in range(1, 4):
        before = w.copy()
        adam.update(w, draws.normal(size=5), slots, k, 0.01, work)
    p = adam.preconditioner(slots, 3)
    first = slots["m"] / (1 - 0.9**3) if adam.bias_correction else slots["m"]
    np.testing.assert_allclose((before - w) * p, 0.01 * first, rtol=1e-12)
    assert adam.stability_limit(0.01) == pytest.approx(38 / 0.01)


def classes(optimizer: Any, dtype: str = "float32", **spec: Any) -> Trainer:
    draws = np.random.default_rng(0)
    layers = (
        Dense(units=6, activation=Tanh(), name="h", trainable=spec.pop("trainable", True), lr_factor=2.0),
        Dropout(rate=0.5),
        Dense(units=3, activation=Softmax(), name="o"),
    )
    network = Network(NetworkSpec(layers, CrossEntropy(), 4, targets=3, dtype=dtype, l2=0.05, **spec))
    x = draws.normal(size=(40, 4)).astype(dtype)
    train = Part(x, network.encode(draws.integers(0, 3, 40)))
    return Trainer(network, optimizer, Constant(), TrainSpec(epochs=9, batch_size=8), train)


@pytest.mark.parametrize("trainable", [True, "weights", False])
def test_a_trainers_curvature_is_that_of_what_is_trained_over_the_whole_part(trainable: Any) -> None:
    trainer = classes(Adam(lr=0.01), trainable=trainable)
    for _ in range(3):
        trainer.advance()
    theta, grad = trainer.network.parameters.theta.copy(), trainer.network.parameters.grad.copy()
    found = Curvature(trainer).measure()
    twin = Network(replace(trainer.network.spec, dtype="float64", layers=tuple(
        replace(layer, rate=0.0) if isinstance(layer, Dropout) else layer for layer in trainer.network.spec.layers
    )))  # fmt: skip
    twin.parameters.theta[:] = theta
    model = twin.model(40, "train")
    assert model.target is not None
    model.plan.value(model.x)[...] = trainer.train.x
    model.plan.value(model.target)[...] = trainer.train.y
    model.draw(0, 0)
    model.plan.run()
    hessian = by_differences(model.plan)
    scale = np.ones(len(hessian))
    for group in trainer.network.groups:
        scale[group.start : group.stop] = group.factor
    p = np.sqrt(trainer.slots["v"].astype(np.float64) / (1 - 0.999**3)) + 1e-8
    root = np.sqrt(scale / p)
    assert found.value == pytest.approx(np.linalg.eigvalsh(root[:, None] * hessian * root)[-1], rel=1e-6)
    assert found.threshold == pytest.approx(38 / 0.01)
    np.testing.assert_array_equal(trainer.network.parameters.theta, theta)
    np.testing.assert_array_equal(trainer.network.parameters.grad, grad)


def test_measuring_again_follows_the_weights() -> None:
    trainer = classes(Sgd(lr=0.5), dtype="float64")
    curvature = Curvature(trainer)
    first = curvature.measure()
    for _ in range(20):
        trainer.advance()
    again, fresh = curvature.measure(), Curvature(trainer).measure()
    assert again.value == pytest.approx(fresh.value, rel=1e-6)
    assert abs(again.value - first.value) > 1e-3
    assert again.threshold == pytest.approx(4)


@pytest.mark.parametrize("optimizer", [Adagrad(), Adamw()])
def test_an_optimizer_without_a_known_limit_has_none(optimizer: Any) -> None:
    found = Curvature(classes(optimizer)).measure()
    assert found.threshold is None
    assert found.ratio is None
    assert found.value > 0


def test_a_curvature_that_is_not_finite_is_told_as_such_and_the_next_one_is_found() -> None:
    trainer = classes(Sgd(lr=0.5), dtype="float64")
    curvature = Curvature(trainer)
    weights = trainer.network.parameters.theta.copy()
    trainer.network.parameters.theta[0] = np.nan
    found = curvature.measure()
    assert np.isnan(found.value)
    assert not found.converged
    trainer.network.parameters.theta[:] = weights
    assert curvature.measure().value == pytest.approx(Curvature(trainer).measure().value, rel=1e-6)

"""Whole networks: Θ, losses at the start, opening, connections, penalties, modes and predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import LeakyRelu, Prelu, Relu, Sigmoid, Softmax
from nntui_core.initializers.drawn import Zeros
from nntui_core.layers.dense import Dense, MaxoutLayer
from nntui_core.layers.joining import AddLayer, ConcatLayer
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.layers.spatial import Conv2dLayer, Flatten
from nntui_core.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network, decide
from nntui_core.stepper import open_nodes
from tests.core.networks import made


@pytest.mark.parametrize("classes", [2, 3, 10, 100])
def test_loss_of_k_classes_starts_near_ln_k(classes: int) -> None:
    draws = np.random.default_rng(0)
    x, y = draws.normal(size=(200, 30)), draws.integers(0, classes, size=200)
    blind = made(
        Dense(units=20, activation=Relu()), Dense(units=classes, activation=Softmax(), init=Zeros()),
        features=30, loss=CrossEntropy(), targets=classes,
    )  # fmt: skip
    assert blind.evaluate(x, y)[0] == pytest.approx(np.log(classes), rel=1e-14)
    losses = []
    for seed in range(5):
        network = made(
            Dense(units=20, activation=Relu()), Dense(units=classes, activation=Softmax()),
            features=30, loss=CrossEntropy(), targets=classes, seed=seed,
        )  # fmt: skip
        losses.append(network.evaluate(x, y)[0])
    # Xavier's logits have a variance s² of 2·20/(20 + K) for hidden units of unit mean square; guessing with
    # them costs at least ln K and, to second order, at most ½s² more.
    assert -0.05 <= np.mean(losses) - np.log(classes) <= 20 / (20 + classes) + 0.05


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("loss", "activation"), [(CrossEntropy(), Softmax()), (BinaryCrossEntropy(), Sigmoid())]
)
def test_losses_from_logits_of_1000_are_finite(loss: Loss, activation: Any, sign: float, dtype: str) -> None:
    network = made(Dense(units=3, activation=activation), features=1, loss=loss, targets=3, dtype=dtype)
    network.parameters.view("dense1.W")[...] = [1000 * sign, 0, -1000 * sign]
    y = network.encode(np.array([0, 2]))
    model = network.model(2, "train")
    assert model.target is not None
    model.plan.value(model.x)[...] = 1
    model.plan.value(model.target)[...] = y
    with np.errstate(over="ignore"):
        value = model.plan.run()
    right, wrong = (0.0, 2000.0) if loss.needs == "softmax" else (0.0, 2000 / 3)
    middle = 0.0 if loss.needs == "softmax" else np.log(2) / 3
    assert value == pytest.approx((right + wrong) / 2 + middle, rel=1e-6)
    assert np.isfinite(network.parameters.grad).all()
    assert network.parameters.grad.any()


def test_a_convolution_opens_to_its_im2col_multiplication() -> None:
    network = made(
        Conv2dLayer(channels=2, padding=1), Flatten(), Dense(units=1), features=20, image=(1, 4, 5)
    )
    model = network.model(3, "train")
    graph, found = open_nodes(model.plan.graph, [model.output], lambda node: node.name == "conv2d1.z")
    types = [n.op.type for n in graph if n.op]
    assert types == [
        "reshape", "im2col", "permute", "reshape", "matmul", "add", "reshape", "permute", "reshape", "affine",
    ]  # fmt: skip
    z = found[model.plan.graph["conv2d1.z"].id]
    product = next(n for n in graph if n.op and n.op.type == "matmul")
    assert [a.shape for a in product.args] == [(3 * 4 * 5, 9), (9, 2)]
    assert (z.name, z.shape) == ("conv2d1.z", (3, 2, 4, 5))


def test_branches_that_join_send_their_gradients_back_together() -> None:
    network = made(
        Dense(name="a", units=2),
        Dense(name="b", units=2, inputs=("a",), activation=Sigmoid()),
        AddLayer(name="skip", inputs=("a", "b", "a")),
        ConcatLayer(name="all", inputs=("input", "skip", "b")),
        Dense(name="out", units=1),
        features=3,
    )
    model = network.model(2, "train", debug=True)
    model.plan.value(model.x)[...] = np.random.default_rng(0).normal(size=(2, 3))
    model.plan.run()
    graph = model.plan.graph
    assert graph["all.a"].shape == (2, 7)
    to_a = [e for e in model.plan.edges() if e.target is graph["a.z"]]
    assert sorted((e.node.name, e.position) for e in to_a) == [("b.z", 0), ("skip.z", 1), ("skip.z2", 0)]
    to_x = [e for e in model.plan.edges() if e.target is model.x]
    np.testing.assert_allclose(model.plan.adjoint(model.x), sum(model.plan.contribution(e) for e in to_x))
    assert [layer.name for layer in model.layers] == ["a", "b", "skip", "all", "out"]
    assert model.layers[0].z is model.layers[0].a


def test_a_layer_that_nobody_reads_has_gradient_zero() -> None:
    network = made(
        Dense(name="a", units=2), Dense(name="idle", units=2), Dense(name="out", units=1, inputs=("a",))
    )
    network.parameters.grad[:] = np.nan
    model = network.model(2, "train")
    model.plan.value(model.x)[...] = 1
    model.plan.run()
    assert "idle.z" not in {n.name for n in model.plan.nodes}
    assert not network.parameters.gradient("idle.W").any()
    assert network.parameters.gradient("a.W").any()
    assert np.isfinite(network.parameters.grad).all()


def test_penalties_hold_for_weights_alone() -> None:
    layers = (
        Conv2dLayer(channels=2, activation=Prelu()), BatchNormLayer(), Flatten(), MaxoutLayer(units=2),
        Dense(units=1),
    )  # fmt: skip
    image, l2, l1 = (1, 4, 4), 0.3, 0.05
    plain, punished = (made(*layers, features=16, image=image, **kw) for kw in ({}, {"l2": l2, "l1": l1}))
    assert punished.weights == ["conv2d1.W", "maxout1.W", "dense1.W"]
    values, grads = [], []
    for network in (plain, punished):
        network.parameters.theta[:] = np.random.default_rng(3).normal(size=len(network.parameters))
        model = network.model(3, "train")
        model.plan.value(model.x)[...] = np.random.default_rng(4).normal(size=(3, 16))
        values.append(model.plan.run())
        grads.append({n: network.parameters.gradient(n).copy() for n in network.parameters})
        assert model.data_loss is not None
        assert float(model.plan.value(model.data_loss)) == values[0]
    weights = [punished.parameters.view(n) for n in punished.weights]
    extra = sum(l2 / 2 * (w**2).sum() + l1 * np.abs(w).sum() for w in weights)
    assert values[1] - values[0] == pytest.approx(extra, rel=1e-12)
    for name, g in grads[0].items():
        w = punished.parameters.view(name)
        more = l2 * w + l1 * np.sign(w) if name in punished.weights else 0
        np.testing.assert_allclose(grads[1][name], g + more, rtol=1e-12, atol=1e-14)


def test_dropout_keeps_the_mean_and_evaluation_passes_on() -> None:
    network = made(Dropout(rate=0.25), Dense(units=1), features=4000)
    model = network.model(2, "train")
    model.plan.value(model.x)[...] = 1
    model.draw(seed=1, update=7)
    ((mask, layer, keep),) = model.masks
    drawn = model.plan.value(mask).copy()
    assert (layer, keep) == ("dropout1", 0.75)
    assert set(np.unique(drawn)) == {0.0, 1 / 0.75}
    assert drawn.mean() == pytest.approx(1, abs=0.03)
    model.draw(seed=1, update=8)
    assert (model.plan.value(mask) != drawn).any()
    model.draw(seed=2, update=7)
    assert (model.plan.value(mask) != drawn).any()
    model.draw(seed=1, update=7)
    np.testing.assert_array_equal(model.plan.value(mask), drawn)
    for mode in ("evaluate", "predict"):
        assert not network.model(2, mode).masks  # type: ignore[arg-type]


def test_batch_norm_evaluates_with_running_statistics() -> None:
    network = made(BatchNormLayer(eps=0.5), features=2, targets=2)
    network.buffers["batchnorm1.mean"][:] = [1, 2]
    network.buffers["batchnorm1.var"][:] = [3.5, 8.5]
    np.testing.assert_allclose(network.predict(np.array([[3.0, -1.0]])), [[1.0, -1.0]])
    network.reset()
    assert network.buffers["batchnorm1.mean"].tolist() == [0, 0]
    assert network.buffers["batchnorm1.var"].tolist() == [1, 1]


def test_predictions_and_losses_do_not_depend_on_the_chunks() -> None:
    network = made(
        Dense(units=4, activation=LeakyRelu()), Dense(units=3, activation=Softmax()),
        features=2, loss=CrossEntropy(), targets=3,
    )  # fmt: skip
    draws = np.random.default_rng(1)
    x, y = draws.normal(size=(11, 2)), draws.integers(0, 3, size=11)
    whole = network.predict(x)
    np.testing.assert_allclose(network.predict(x, chunk=4), whole, rtol=1e-14)
    np.testing.assert_allclose(whole.sum(axis=1), 1, rtol=1e-14)
    loss, accuracy = network.evaluate(x, y)
    assert network.evaluate(x, y, chunk=4) == (pytest.approx(loss, rel=1e-14), accuracy)
    assert loss == pytest.approx(-np.log(whole[np.arange(11), y]).mean(), rel=1e-13)
    assert accuracy == (whole.argmax(axis=1) == y).mean()
    assert network.losses(x, y).mean() == pytest.approx(loss, rel=1e-13)
    assert network.predict(x[:0]).shape == (0, 3)


def test_labels_as_the_loss_wants_them() -> None:
    y = np.array([0, 1, 1])
    one = made(Dense(units=1, activation=Sigmoid()), loss=BinaryCrossEntropy(), targets=2)
    assert one.encode(y).tolist() == [[0], [1], [1]]
    three = made(Dense(units=3, activation=Sigmoid()), loss=BinaryCrossEntropy(), targets=3)
    assert np.asarray(three.encode(y)).tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    numbers = made(Dense(units=1))
    assert numbers.encode(y).tolist() == [[0], [1], [1]]
    assert decide(np.array([[0.5], [0.49999]])).tolist() == [1, 0]
    assert decide(np.array([[0.2, 0.5, 0.3]])).tolist() == [1]


def test_plans_are_kept_but_not_without_end() -> None:
    network = made(Dense(units=1))
    first = network.model(1, "predict")
    assert network.model(1, "predict") is first
    assert network.model(1, "predict", debug=True) is not first
    for m in range(2, 40):
        network.model(m, "predict")
        assert network.model(1, "predict") is first  # what is used stays
    assert len(network._models) == 40  # small ones all stay
    kept = network.model(39, "predict")
    large = Network.PLAN_BYTES // 4
    for m in range(Network.PLANS + 3):
        network.model(large + m, "predict")
        assert network.model(1, "predict") is first
    # The PLANS that were last used, though they take more than all may.
    assert len(network._models) == Network.PLANS
    assert network.model(39, "predict") is not kept


def test_starts_follow_from_the_seed_alone() -> None:
    one, same, other = (made(Dense(units=3), Dense(units=2), seed=s) for s in (1, 1, 2))
    start = one.parameters.theta.copy()
    np.testing.assert_array_equal(start, same.parameters.theta)
    assert (start != other.parameters.theta).any()
    one.parameters.theta[:] = 0
    one.reset()
    np.testing.assert_array_equal(one.parameters.theta, start)
    assert not one.parameters.view("dense1.b").any()
    assert one.parameters.dtype == np.float64


def test_fewer_rows_are_looked_at_where_each_takes_much_memory() -> None:
    def rows(filters: int, size: int) -> int:
        layers = (
            Conv2dLayer(channels=filters, kernel=3, padding=1, activation=Relu()),
            Flatten(),
            Dense(units=2),
        )
        spec = NetworkSpec(
            layers=layers,
            loss=MeanSquaredError(),
            features=size * size,
            targets=2,
            image=(1, size, size),
            seed=0,
        )
        return Network(spec).look_rows

    assert rows(4, 8) == 256
    assert 32 < rows(32, 32) < 256
    assert rows(256, 64) == 32

"""Layers that are not trained, or at a rate of their own, and weights that decay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.activations import Prelu, Softmax, Tanh
from nntui_core.layers.base import Layer
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer
from nntui_core.losses import CrossEntropy
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.base import FirstOrder
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adamw
from nntui_core.optimizers.second_order import Bfgs
from nntui_core.schedules import Constant
from nntui_core.train_spec import GradientNoise, TrainSpec
from nntui_core.trainer import Part, Trainer

FIRST = [n for n, c in catalog.members("optimizer").items() if issubclass(c, FirstOrder)]
X = np.random.default_rng(0).normal(size=(12, 4))
Y = np.arange(12) % 3
BODY = Dense(units=5, activation=Tanh())
HEAD = Dense(units=3, activation=Softmax())
SPEC = TrainSpec(epochs=10, batch_size=4)


def trainer(
    *layers: Layer, optimizer: Any = None, spec: TrainSpec = SPEC, x: Any = X, **extra: Any
) -> Trainer:
    network = Network(NetworkSpec(layers, CrossEntropy(), x.shape[1], targets=3, dtype="float64", **extra))
    return Trainer(
        network, optimizer or Sgd(lr=0.1), Constant(), spec, Part(x.copy(), network.encode(Y)), None
    )


def values(one: Trainer) -> dict[str, Any]:
    return {name: one.network.parameters.view(name).copy() for name in one.network.parameters}


def changed(one: Trainer, updates: int = 4) -> set[str]:
    before = values(one)
    for _ in range(updates):
        one.advance()
    return {name for name, array in values(one).items() if not np.array_equal(array, before[name])}


EVERY = {
    "dense1.W",
    "dense1.b",
    "dense1.slope",
    "batchnorm1.gamma",
    "batchnorm1.beta",
    "dense2.W",
    "dense2.b",
}


@pytest.mark.parametrize(
    ("trainable", "moving"),
    [
        (True, EVERY),
        ("weights", {"dense1.W", "batchnorm1.gamma", "dense2.W"}),
        ("bias", {"dense1.b", "batchnorm1.beta", "dense2.b"}),
    ],
)
@pytest.mark.parametrize("name", FIRST)
def test_only_what_is_trained_changes(name: str, trainable: Any, moving: set[str]) -> None:
    layers = Dense(units=5, activation=Prelu()), BatchNormLayer(), HEAD
    one = trainer(
        *(replace(layer, trainable=trainable) for layer in layers), optimizer=catalog.build("optimizer", name),
        spec=replace(SPEC, gradient_noise=GradientNoise(), clip_norm=1.0), l1=0.1, l2=0.1,
    )  # fmt: skip
    assert set(values(one)) == EVERY
    assert changed(one) == moving


@pytest.mark.parametrize(
    "optimizer", [catalog.build("optimizer", n) for n in FIRST] + [Bfgs()], ids=lambda o: o.type
)
def test_behind_a_frozen_layer_trains_what_would_train_on_its_outputs(optimizer: Any) -> None:
    """Clipping, penalties and curvature know nothing of what is frozen."""
    exact = optimizer.exact
    spec = TrainSpec(epochs=3, batch_size="full") if exact else replace(SPEC, clip_norm=0.05)
    whole = trainer(
        replace(BODY, trainable=False),
        HEAD,
        optimizer=optimizer,
        spec=spec,
        l2=0.0 if exact else 0.1,
        l1=0.01,
    )
    body, head = (whole.network.parameters.view(f"dense1.{k}") for k in "Wb"), ("dense2.W", "dense2.b")
    w, b = body
    alone = trainer(
        replace(HEAD, name="dense2"), optimizer=optimizer, spec=spec, x=np.tanh(X @ w + b),
        l2=0.0 if exact else 0.1, l1=0.01,
    )  # fmt: skip
    for name in head:
        alone.network.parameters.view(name)[...] = whole.network.parameters.view(name)
    for _ in range(3):
        whole.advance()
        alone.advance()
        for name in head:
            np.testing.assert_allclose(
                whole.network.parameters.view(name),
                alone.network.parameters.view(name),
                rtol=1e-10,
                atol=1e-12,
            )
    assert whole.grad_norm == pytest.approx(alone.grad_norm, rel=1e-9)
    assert whole.model is not None
    assert alone.model is not None
    objectives = [float(m.plan.value(m.plan.outputs[0])) for m in (whole.model, alone.model)]
    assert objectives[0] == pytest.approx(objectives[1], rel=1e-9)
    assert {len(a) for a in whole.slots.values() if a.ndim == 1} <= {0, 3 * 5 + 3}
    assert set(whole.slots) == set(alone.slots)


def test_a_frozen_gradient_is_shown_where_every_gradient_is_and_stale_nowhere() -> None:
    one = trainer(replace(BODY, trainable=False), HEAD)
    model = one.network.model(4, "train", debug=True)
    one.fill(model)
    model.plan.run()
    grad = one.network.parameters.gradient("dense1.W")
    assert grad.any()
    one.advance()
    assert not grad.any()


def test_frozen_batch_norm_uses_its_running_statistics() -> None:
    norm = BatchNormLayer(trainable=False)
    one = trainer(BODY, norm, HEAD)
    buffers = one.network.buffers
    buffers["batchnorm1.mean"][...] = np.arange(5)
    buffers["batchnorm1.var"][...] = 4.0
    before = {k: v.copy() for k, v in buffers.items()}
    one.advance()
    assert one.model is not None
    nodes = {layer.name: layer for layer in one.model.layers}
    z, a = nodes["batchnorm1"].z, nodes["dense1"].a
    assert z is not None
    expected = (one.model.plan.value(a) - np.arange(5)) / np.sqrt(4 + norm.eps)
    np.testing.assert_allclose(one.model.plan.value(z), expected, rtol=1e-12)
    assert all(np.array_equal(buffers[k], before[k]) for k in buffers)


def test_a_layer_s_rate_has_a_factor() -> None:
    plain, slow = trainer(BODY, HEAD), trainer(replace(BODY, lr_factor=0.25), HEAD)
    both = trainer(replace(BODY, lr_factor=0.25), replace(HEAD, lr_factor=0.25))
    start = values(plain)
    for one in (plain, slow, both):
        one.advance()
    for name, before in start.items():
        np.testing.assert_allclose(
            values(both)[name] - before, 0.25 * (values(plain)[name] - before), rtol=1e-9
        )
    for name, before in start.items():
        step, other = values(plain)[name] - before, values(slow)[name] - before
        np.testing.assert_allclose(other, step * (0.25 if name.startswith("dense1") else 1.0), rtol=1e-9)


def test_only_weights_decay() -> None:
    one, two = (
        trainer(
            Dense(units=5, activation=Prelu()),
            BatchNormLayer(),
            HEAD,
            optimizer=Adamw(lr=0.01, weight_decay=decay),
        )
        for decay in (0.0, 0.5)
    )
    start = values(one)
    one.advance()
    two.advance()
    for name in EVERY:
        shrunk = 0.01 * 0.5 * start[name] if name.endswith(".W") else 0.0
        np.testing.assert_allclose(values(two)[name], values(one)[name] - shrunk, rtol=1e-12, atol=1e-15)


def test_resumes_bit_for_bit_with_frozen_layers() -> None:
    layers = replace(BODY, trainable="weights"), HEAD
    whole, first, second = (trainer(*layers, optimizer=Adamw(lr=0.01)) for _ in range(3))
    for _ in range(3):
        whole.advance()
        first.advance()
    second.load({k: v.copy() for k, v in first.state().items()})
    for _ in range(3):
        whole.advance()
        second.advance()
    assert whole.network.parameters.theta.tobytes() == second.network.parameters.theta.tobytes()

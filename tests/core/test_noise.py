"""Per-sample gradient norms against gradients of one sample at a time; averages; the step that is really taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Linear, Relu, Softmax, Tanh
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer
from nntui_core.losses import CrossEntropy, MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.noise import LayerNoise, NoiseMeter, coming_steps, effective_steps, layer_noise
from nntui_core.optimizers.first_order import Adagrad, Momentum, Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer
from nntui_core.weighting import ClassWeighted

ROWS = 6
LOSSES = {
    "mean": CrossEntropy(),
    "sum": CrossEntropy(reduction="sum"),
    "weighted": ClassWeighted(inner=CrossEntropy(), weights=(1.0, 3.0, 0.5)),
    "weighted sum": ClassWeighted(inner=CrossEntropy(reduction="sum"), weights=(1.0, 3.0, 0.5)),
    "mse": MeanSquaredError(),
    "mse batch": MeanSquaredError(reduction="batch", factor=0.5),
}


def network(loss: Any, **first: Any) -> Network:
    numbers = loss.needs is None
    layers = (
        Dense(units=5, activation=Relu(), name="first", **first),
        Dense(units=4, activation=Tanh(), bias=False, name="second"),
        Dense(units=3, activation=Linear() if numbers else Softmax(), name="third"),
    )
    return Network(
        NetworkSpec(layers, loss, 4, targets=3, classification=not numbers, dtype="float64", l2=0.1)
    )


def batch(net: Network) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(5)
    x = draws.normal(size=(ROWS, 4))
    return x, net.encode(
        draws.normal(size=(ROWS, 3)) if net.spec.loss.needs is None else draws.integers(0, 3, ROWS)
    )


def gradients(net: Network, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Each parameter's gradient of the data loss of these rows: the plan's, less that of l2."""
    model = net.model(len(x), "train")
    assert model.target is not None
    model.plan.value(model.x)[...] = x
    model.plan.value(model.target)[...] = y
    model.plan.run()
    p = net.parameters
    return {n: p.gradient(n) - (0.1 * p.view(n) if n in net.weights and n not in p.frozen else 0) for n in p}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("first", [{}, {"trainable": "weights"}, {"trainable": "bias"}, {"trainable": False}])
def test_norms_are_those_of_one_sample_at_a_time(loss: str, first: dict[str, Any]) -> None:
    net = network(LOSSES[loss], **first)
    x, y = batch(net)
    gradients(net, x, y)
    found = layer_noise(net, net.model(ROWS, "train"))
    each = [gradients(net, x[k : k + 1], y[k : k + 1]) for k in range(ROWS)]
    assert ("first" in found) == (first.get("trainable") is not False)
    for name, noise in found.items():
        parts = [p for p in net.parameters if p.startswith(f"{name}.") and p not in net.parameters.frozen]
        flat = np.array([np.concatenate([g[p].ravel() for p in parts]) for g in each])
        assert noise.squares == pytest.approx((flat**2).sum(axis=1), rel=1e-10)
        assert noise.mean_square == pytest.approx((flat.mean(axis=0) ** 2).sum(), rel=1e-10)
        covariance = np.trace(np.atleast_2d(np.cov(flat.T)))
        assert noise.noise == pytest.approx(covariance, rel=1e-9)
        assert noise.signal == pytest.approx(noise.mean_square - covariance / ROWS, rel=1e-6, abs=1e-12)


def test_of_a_large_batch_some_samples_are_taken() -> None:
    net = network(CrossEntropy())
    x, y = batch(net)
    gradients(net, x, y)
    whole = layer_noise(net, net.model(ROWS, "train"))["first"]
    some = layer_noise(net, net.model(ROWS, "train"), 3)["first"]
    np.testing.assert_allclose(some.squares, whole.squares[::2], rtol=1e-12)
    each = [gradients(net, x[k : k + 1], y[k : k + 1]) for k in range(0, ROWS, 2)]
    mean = sum((g["first.W"] ** 2).sum() + (g["first.b"] ** 2).sum() for g in [
        {n: np.mean([e[n] for e in each], axis=0) for n in ("first.W", "first.b")}
    ])  # fmt: skip
    assert some.mean_square == pytest.approx(mean, rel=1e-10)


def test_where_samples_depend_on_each_other_nothing_is_told() -> None:
    layers = (Dense(units=4), BatchNormLayer(), Dense(units=1))
    net = Network(NetworkSpec(layers, MeanSquaredError(), 2, classification=False, dtype="float64"))
    model = net.model(5, "train")
    model.plan.run()
    assert layer_noise(net, model) == {}


def test_averages_come_before_the_quotient() -> None:
    meter = NoiseMeter()
    for squares, mean_square in (([4.0, 4.0], 4.0), ([2.0, 2.0], 0.5)):
        meter.add({"a": LayerNoise("a", np.array(squares), mean_square)})
    # signal 4 and −1, noise 0 and 3
    assert meter.signal_to_noise("a") == pytest.approx(3 / 3)
    assert meter.noise_scale("a") == pytest.approx(3 / 3)
    assert np.isnan(meter.noise_scale("b"))
    meter.add({"a": LayerNoise("a", np.array([9.0, 9.0]), 1.0)})
    assert np.isnan(meter.noise_scale("a"))


def test_earlier_batches_may_count_less() -> None:
    meter = NoiseMeter(past=0.5)
    for squares, mean_square in (([4.0, 4.0], 4.0), ([2.0, 2.0], 0.5)):
        meter.add({"a": LayerNoise("a", np.array(squares), mean_square)})
    # signal 4 and −1, noise 0 and 3: the first batch counts half
    assert meter.signal_to_noise("a") == pytest.approx((0.5 * 4 - 1) / 3)


def test_the_coming_step_is_the_one_that_is_then_taken() -> None:
    found = trainer(Adam(lr=0.01), lr_factor=0.5)
    found.advance()
    model = found.network.model(ROWS, "train")
    found.fill(model)
    model.plan.run()
    coming, theta = coming_steps(found), found.network.parameters.theta.copy()
    assert np.array_equal(theta, found.network.parameters.theta)
    found.advance()
    taken = effective_steps(found)
    assert coming is not None
    assert taken is not None
    for name, step in taken.items():
        np.testing.assert_allclose(coming[name], step, rtol=1e-9)


def test_the_noise_scale_of_known_gradients() -> None:
    # One weight, y = w·x at w = 0: gᵢ = −2·xᵢ·yᵢ with x = 1 and y ~ N(1, 2²): E g = −2, variance 16, scale 4.
    net = Network(NetworkSpec((Dense(units=1, bias=False, theta=((0.0,),), name="d"),), MeanSquaredError(), 1,
                              classification=False, dtype="float64"))  # fmt: skip
    draws, meter = np.random.default_rng(0), NoiseMeter()
    for _ in range(4000):
        gradients(net, np.ones((8, 1)), draws.normal(1, 2, (8, 1)))
        meter.add(layer_noise(net, net.model(8, "train")))
    assert meter.noise_scale("d") == pytest.approx(4, rel=0.1)
    assert meter.signal_to_noise("d") == pytest.approx(1 / 4, rel=0.1)


def trainer(optimizer: Any, **first: Any) -> Trainer:
    net = network(MeanSquaredError(), **first)
    x, y = batch(net)
    found = Trainer(net, optimizer, Constant(), TrainSpec(epochs=9, batch_size="full"), Part(x, y))
    found.keep_before = True
    return found


def test_the_effective_step_of_sgd_is_the_gradient_and_of_adam_a_sign() -> None:
    sgd = trainer(Sgd(lr=0.3), lr_factor=0.5)
    assert effective_steps(sgd) is None
    sgd.advance()
    steps = effective_steps(sgd)
    assert steps is not None
    for name, step in steps.items():
        np.testing.assert_allclose(step, -sgd.network.parameters.gradient(name), atol=1e-14)
    for correction, size in ((True, 1.0), (False, 0.1 / np.sqrt(0.001))):
        adam = trainer(Adam(lr=0.01, eps=0.0, bias_correction=correction))
        adam.advance()
        first = effective_steps(adam)
        assert first is not None
        np.testing.assert_allclose(np.abs(first["third.W"]), size, rtol=1e-8)


def test_adagrads_effective_step_shrinks_while_momentums_grows() -> None:
    def sizes(optimizer: Any) -> list[float]:
        found, out = trainer(optimizer), []
        for _ in range(6):
            found.advance()
            steps = effective_steps(found)
            assert steps is not None
            out.append(float(np.abs(steps["third.b"]).max()))
        return out

    adagrad, momentum = sizes(Adagrad(lr=1e-4)), sizes(Momentum(lr=1e-4))
    np.testing.assert_allclose(adagrad, 1 / np.sqrt(np.arange(1, 7)), rtol=1e-2)
    np.testing.assert_allclose(np.array(momentum) / momentum[0], np.cumsum(0.9 ** np.arange(6)), rtol=1e-2)


def test_frozen_parameters_take_no_step() -> None:
    found = trainer(Sgd(lr=0.1), trainable="bias")
    found.advance()
    steps = effective_steps(found)
    assert steps is not None
    assert "first.W" not in steps
    assert "first.b" in steps

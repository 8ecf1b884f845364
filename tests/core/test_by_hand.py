"""Networks whose Θ is written by hand: a row a unit, the bias first."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.activations import Sigmoid
from nntui_core.layers.dense import Dense
from nntui_core.losses import BinaryCrossEntropy
from tests.core.networks import made


def gate(*theta: tuple[float, ...]) -> Dense:
    return Dense(units=len(theta), activation=Sigmoid(), theta=theta)


CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND, OR, NOR = (-30.0, 20.0, 20.0), (-10.0, 20.0, 20.0), (10.0, -20.0, -20.0)


@pytest.mark.parametrize(("theta", "truth"), [(AND, [0, 0, 0, 1]), (OR, [0, 1, 1, 1]), (NOR, [1, 0, 0, 0])])
def test_gates_by_hand(theta: tuple[float, ...], truth: list[int]) -> None:
    network = made(gate(theta), loss=BinaryCrossEntropy())
    np.testing.assert_allclose(network.predict(CORNERS)[:, 0], truth, atol=1e-4)
    np.testing.assert_array_equal(network.theta("dense1"), [theta])


def test_not_by_hand() -> None:
    network = made(gate((10.0, -20.0)), features=1, loss=BinaryCrossEntropy())
    np.testing.assert_allclose(network.predict(np.array([[0.0], [1.0]]))[:, 0], [1, 0], atol=1e-4)


def test_xnor_by_hand_shows_its_hidden_columns() -> None:
    network = made(gate(AND, NOR), gate(OR), loss=BinaryCrossEntropy())
    model = network.model(4, "predict")
    model.plan.value(model.x)[...] = CORNERS
    model.plan.run(backward=False)
    hidden, out = (model.plan.value(layer.a) for layer in model.layers)
    np.testing.assert_allclose(hidden, [[0, 1], [0, 0], [0, 0], [1, 0]], atol=1e-4)
    np.testing.assert_allclose(out[:, 0], [1, 0, 0, 1], atol=1e-4)
    assert network.theta("dense1").shape == (2, 3)


def test_theta_is_units_by_inputs_and_bias_first_of_any_vector() -> None:
    network = made(Dense(units=3), Dense(units=1), features=4)
    w, b = network.parameters.view("dense1.W"), network.parameters.view("dense1.b")
    b[...] = [7, 8, 9]
    theta = network.theta("dense1")
    assert theta.shape == (3, 5)
    np.testing.assert_array_equal(theta, np.hstack([b[:, None], w.T]))
    x = np.random.default_rng(0).normal(size=4)
    model = network.model(1, "predict")
    model.plan.value(model.x)[...] = x
    model.plan.run(backward=False)
    np.testing.assert_allclose(model.plan.value(model.layers[0].a)[0], theta @ [1, *x], rtol=1e-13)
    theta[...] = 0
    assert w.any()
    other = np.arange(len(network.parameters), dtype=float)
    found = network.theta("dense1", other)
    np.testing.assert_array_equal(found[:, 0], network.parameters.view("dense1.b", other))
    np.testing.assert_array_equal(found[:, 1:], network.parameters.view("dense1.W", other).T)

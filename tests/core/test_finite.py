"""Telling that a training left the finite numbers: what stops it, where, and what does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu
from nntui_core.errors import NumericError
from nntui_core.finite import check_parameters, checked_norm
from nntui_core.layers.dense import Dense
from nntui_core.losses import MeanSquaredError
from nntui_core.model import Model, NetworkSpec
from nntui_core.network import Network

LAYERS = (Dense(units=3, activation=Relu(), name="hidden"), Dense(units=1, name="output"))


def trained() -> tuple[Network, Model, float]:
    """A network, one batch run forwards and backwards, and the objective."""
    network = Network(NetworkSpec(layers=LAYERS, loss=MeanSquaredError(), features=2, classification=False))
    model = network.model(4, "train")
    assert model.target is not None
    model.plan.value(model.x)[...] = np.arange(8.0).reshape(4, 2)
    model.plan.value(model.target)[...] = 1
    return network, model, model.plan.run()


def test_a_finite_run_has_the_gradient_s_norm() -> None:
    network, model, objective = trained()
    grad = network.parameters.grad
    norm = checked_norm(model, objective, grad, 1)
    assert norm == pytest.approx(float(np.linalg.norm(grad.astype(float))))
    assert norm > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_stops_though_the_loss_is(bad: float) -> None:
    network, model, objective = trained()
    network.parameters.gradient("hidden.W")[0, 0] = bad
    with pytest.raises(NumericError) as raised:
        checked_norm(model, objective, network.parameters.grad, 7)
    assert (raised.value.where, raised.value.problem) == (
        "hidden.W",
        "the gradient is not finite at update 7",
    )


def test_a_loss_that_is_not_finite_is_told_at_its_first_value() -> None:
    network, model, _ = trained()
    network.parameters.view("hidden.b")[0] = np.inf
    with pytest.raises(NumericError) as raised:
        checked_norm(model, model.plan.run(), network.parameters.grad, 2)
    assert raised.value.where == "hidden.b"
    assert raised.value.problem == "the value is not finite at update 2"


def test_a_square_that_overflows_is_no_fault() -> None:
    network, model, objective = trained()
    network.parameters.grad[:] = 3e30
    norm = checked_norm(model, objective, network.parameters.grad, 1)
    assert norm == pytest.approx(3e30 * np.sqrt(len(network.parameters)), rel=1e-6)
    network.parameters.theta[:] = 3e30
    check_parameters(network.parameters, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_parameter_that_is_not_finite_is_named(bad: Any) -> None:
    network, *_ = trained()
    check_parameters(network.parameters, 1)
    network.parameters.view("output.W")[1] = bad
    with pytest.raises(NumericError) as raised:
        check_parameters(network.parameters, 9)
    assert (raised.value.where, raised.value.problem) == (
        "output.W",
        "the parameter is not finite after update 9",
    )

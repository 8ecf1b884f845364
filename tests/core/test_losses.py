"""Losses where a network is sure: small gradients keep their digits, in both types."""

from __future__ import annotations

from math import exp, log1p
from typing import Any

import numpy as np
import pytest

from nntui_core.gradcheck import Checker
from nntui_core.graph import Graph
from nntui_core.losses import BinaryCrossEntropy, CrossEntropy, Loss
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan

TYPES = [(np.float64, 1e-14), (np.float32, 1e-6)]


def planned(loss: Loss, z: Any, y: Any, dtype: Any) -> tuple[Plan, Any]:
    """The loss of logits ``z``, run; with the node of the logits."""
    graph = Graph()
    logits = graph.leaf("z", z.shape)
    target = graph.leaf("y", y.shape, "label", dtype=np.intp if isinstance(loss, CrossEntropy) else None)
    plan = Plan(graph, [graph.apply(loss, logits, target)], Parameters((), dtype), wrt="all")
    plan.value(logits)[...] = z
    plan.value(target)[...] = y
    plan.run()
    return plan, logits


@pytest.mark.parametrize(("dtype", "rtol"), TYPES)
@pytest.mark.parametrize("size", [1.0, 20.0, 40.0, 80.0])
def test_a_sure_sigmoid_s_loss_and_gradient_keep_their_digits(size: float, dtype: Any, rtol: float) -> None:
    z, y = np.array([[size], [-size], [-1.0]]), np.array([[1.0], [0.0], [0.0]])
    plan, logits = planned(BinaryCrossEntropy(), z, y, dtype)
    small = exp(-size) / (1 + exp(-size))
    expected = np.array([[-small], [small], [exp(-1) / (1 + exp(-1))]]) / 3
    np.testing.assert_allclose(plan.adjoint(logits), expected, rtol=rtol)
    loss = (2 * log1p(exp(-size)) + log1p(exp(-1))) / 3
    np.testing.assert_allclose(plan.value(plan.outputs[0]), loss, rtol=rtol)


@pytest.mark.parametrize(("dtype", "rtol"), TYPES)
@pytest.mark.parametrize("size", [1.0, 20.0, 40.0, 80.0])
def test_a_sure_softmax_s_gradient_keeps_its_digits(size: float, dtype: Any, rtol: float) -> None:
    plan, logits = planned(CrossEntropy(), np.array([[size, 0.0, 0.0]]), np.array([0]), dtype)
    other = exp(-size) / (1 + 2 * exp(-size))
    np.testing.assert_allclose(plan.adjoint(logits), [[-2 * other, other, other]], rtol=rtol)


@pytest.mark.parametrize("size", [10.0, 25.0, 33.0])
def test_the_check_finds_a_sure_network_s_gradients_good(size: float) -> None:
    z, y = np.array([[size], [-size], [-1.0]]), np.array([[1.0], [0.0], [0.0]])
    plan, logits = planned(BinaryCrossEntropy(), z, y, np.float64)
    assert Checker(plan).check(logits).verdict == "good"
    plan, logits = planned(CrossEntropy(), np.array([[size, 0.0, 1.0]]), np.array([0]), np.float64)
    assert Checker(plan).check(logits).verdict == "good"

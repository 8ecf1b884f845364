"""Losses where a network is sure: small gradients keep their digits, in both types."""

from __future__ import annotations

import re
from functools import partial
from math import exp, log1p
from typing import Any

import numpy as np
import pytest

from nntui_core.gradcheck import Checker
from nntui_core.graph import Graph
from nntui_core.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
)
from nntui_core.objective import LabelLoss, Loss
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.weighting import ClassWeighted

TYPES = [(np.float64, 1e-14), (np.float32, 1e-6)]


def planned(loss: Loss, z: Any, y: Any, dtype: Any) -> tuple[Plan, Any]:
    """The loss of logits ``z``, run; with the node of the logits."""
    graph = Graph()
    logits = graph.leaf("z", z.shape)
    target = graph.leaf("y", y.shape, "label", dtype=np.intp if isinstance(loss, LabelLoss) else None)
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


@pytest.mark.parametrize(("dtype", "rtol"), TYPES)
@pytest.mark.parametrize("size", [1.0, 40.0, 80.0])
def test_soft_targets_keep_the_digits_of_hard_ones(size: float, dtype: Any, rtol: float) -> None:
    z, y = np.array([[size], [-size], [-1.0]]), np.array([[1.0], [0.0], [0.0]])
    hard, at = planned(BinaryCrossEntropy(), z, y, dtype)
    soft, also = planned(BinaryCrossEntropy().softened(), z, y, dtype)
    np.testing.assert_allclose(soft.adjoint(also), hard.adjoint(at), rtol=rtol)
    np.testing.assert_allclose(soft.value(soft.outputs[0]), hard.value(hard.outputs[0]), rtol=rtol)


Z = np.random.default_rng(0).normal(size=(6, 4)) * 2
TARGETS = {"labels": np.array([0, 3, 1, 2, 2, 0]), "bits": (Z[::-1] > 0).astype(float), "numbers": Z[::-1]}
PLAIN = {
    "cross_entropy": lambda: -np.log(softmax(Z))[np.arange(6), TARGETS["labels"]][:, None],
    "binary_cross_entropy": lambda: np.log1p(np.exp(np.where(TARGETS["bits"] > 0, -Z, Z))),
    "mse": lambda: (Z - Z[::-1]) ** 2,
    "mae": lambda: abs(Z - Z[::-1]),
    "huber": lambda: np.where(abs(Z - Z[::-1]) < 1, (Z - Z[::-1]) ** 2 / 2, abs(Z - Z[::-1]) - 0.5),
    "hinge": lambda: np.array(
        [[sum(max(0, z[j] - z[y] + 1) for j in range(4) if j != y)] for z, y in zip(Z, TARGETS["labels"], strict=True)]
    ),
}  # fmt: skip


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("factor", [1.0, 0.5, 3.0])
@pytest.mark.parametrize(
    "cls", [CrossEntropy, BinaryCrossEntropy, MeanSquaredError, MeanAbsoluteError, Huber, Hinge]
)
def test_reductions_are_sums_and_means_of_what_is_written(cls: Any, factor: float) -> None:
    each = PLAIN[cls.type]()
    y = TARGETS[cls.targets]
    for reduction, expected in (
        ("mean", each.mean()), ("batch", each.sum(axis=1).mean()), ("sum", each.sum()),
    ):  # fmt: skip
        loss = cls(reduction=reduction, factor=factor)
        plan, _ = planned(loss, Z, y, np.float64)
        np.testing.assert_allclose(plan.value(plan.outputs[0]), factor * expected, rtol=1e-12)
        node = plan.outputs[0]
        alone = [planned(loss, Z[i : i + 1], y[i : i + 1], np.float64)[0] for i in range(6)]
        found = loss.by_sample([plan.value(a) for a in node.args], plan.workspace(node))
        np.testing.assert_allclose(found, [float(p.value(p.outputs[0])) for p in alone], rtol=1e-12)
        # Of parts, as an evaluation in pieces has them.
        parts = [planned(loss, Z[a:b], y[a:b], np.float64)[0] for a, b in ((0, 4), (4, 6))]
        weighted = sum(
            float(p.value(p.outputs[0])) * loss.weight(np.zeros(n))
            for p, n in zip(parts, (4, 2), strict=True)
        )
        assert loss.whole(weighted, 6) == pytest.approx(factor * expected, rel=1e-12)


def test_formulas_say_reduction_and_factor() -> None:
    assert MeanSquaredError().formula == "mean of (ŷ − y)²"
    assert MeanSquaredError(reduction="sum", factor=0.5).formula == "½·Σ (ŷ − y)²"
    assert MeanAbsoluteError(reduction="batch", factor=3.0).formula == "3·mean of Σⱼ |ŷ − y|"
    assert CrossEntropy(reduction="batch").formula == "mean of −ln softmax(z)[y]"
    assert "α = 0.1" in CrossEntropy(label_smoothing=0.1).formula


def test_rules_say_reduction_and_factor() -> None:
    def rule(loss: Loss) -> str:
        return loss.rule(0, ["z", "y"])

    assert rule(CrossEntropy()) == rule(BinaryCrossEntropy()) == "(p - y)/m"
    assert rule(CrossEntropy(reduction="sum")) == "p - y"
    assert rule(CrossEntropy(label_smoothing=0.1, factor=3.0)) == "3(p - q)/m"
    assert rule(MeanSquaredError()) == "2(ŷ - y)/m"
    assert rule(MeanSquaredError(reduction="sum", factor=0.5)) == "ŷ - y"
    assert rule(MeanSquaredError(reduction="batch", factor=0.25)) == "0.5(ŷ - y)/m"
    assert rule(MeanAbsoluteError()) == "sign(ŷ - y)/m"
    assert rule(Huber(delta=0.5, reduction="sum", factor=2.0)) == "2clip(ŷ - y, ±0.5)"


def taught(loss: Loss, z: Any, y: Any) -> Any:
    """The rule as it is written, computed with the m × K numbers that its letters stand for."""
    text = loss.rule(0, ["z", "y"], [z.shape, y.shape])
    (m, k), bits = z.shape, loss.targets == "bits"
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    hot = np.eye(k)[y] if isinstance(loss, LabelLoss) else y
    alpha = getattr(loss, "label_smoothing", 0.0)
    text = re.sub(r"clip\(ŷ - y, ±([\d.]+)\)", r"clip(ŷ - y, -\1, \1)", text)
    text = re.sub(r"^([\d.]+)(?=[(a-z])", r"\1*", text.replace("(mK)", "(m*K)").replace("ŷ", "out"))
    letters = {
        "m": m, "K": k, "out": z, "y": hot, "p": 1 / (1 + np.exp(-z)) if bits else shares,
        "q": (1 - alpha) * hot + alpha / k, "sign": np.sign, "clip": np.clip,
    }  # fmt: skip
    return eval(text, {"__builtins__": {}}, letters)  # our own text, in a test


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("factor", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("reduction", ["mean", "batch", "sum"])
@pytest.mark.parametrize(
    "make",
    [MeanSquaredError, MeanAbsoluteError, Huber, BinaryCrossEntropy, CrossEntropy, partial(CrossEntropy, label_smoothing=0.2)],
)  # fmt: skip
def test_a_rule_computes_the_gradient(make: Any, reduction: Any, factor: float, outputs: int) -> None:
    rng = np.random.default_rng(1)
    loss = make(reduction=reduction, factor=factor)
    z = rng.normal(0, 2, (5, outputs))
    y = (
        rng.integers(0, outputs, 5)
        if isinstance(loss, LabelLoss)
        else rng.integers(0, 2, z.shape).astype(float)
    )
    plan, logits = planned(loss, z, y, np.float64)
    np.testing.assert_allclose(taught(loss, z, y), plan.adjoint(logits), rtol=1e-12, atol=1e-15)


def test_the_rules_of_a_margin_and_of_weighted_classes_say_what_the_mean_is_over() -> None:
    assert Hinge(factor=0.5).rule(0, []) == "0.5[zⱼ - z_y + 1 > 0]/m, of the label minus their number"
    assert Hinge(reduction="sum").rule(0, []) == "[zⱼ - z_y + 1 > 0], of the label minus their number"
    weighted = ClassWeighted(inner=MeanSquaredError(factor=0.5), weights=(1.0, 2.0))
    assert weighted.rule(0, [], [(4, 2), (4, 2)]) == "w/Σw·(ŷ - y)/K"
    assert weighted.formula == "½·Σ w·ℓ/Σ w, w by class, ℓ = mean of (ŷ − y)²"
    # By hand: the second sample weighs twice the first.
    z, y = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    plan, outputs = planned(weighted, z, y, np.float64)
    np.testing.assert_allclose(plan.adjoint(outputs), (z - y) * [[1 / 3], [2 / 3]] / 2, rtol=1e-14)
    np.testing.assert_allclose(plan.value(plan.outputs[0]), 0.5 * (1 * 4 / 2 + 2 * 25 / 2) / 3, rtol=1e-14)

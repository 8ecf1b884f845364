"""The formula of each local derivative: every op has one, and those that can be computed agree with the numbers."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from nntui_core.graph import Op
from tests.core.cases import ACTIVATION_CASES, LOSS_CASES, OP_CASES, PENALTY_CASES
from tests.core.test_expression import planned

CASES = [
    c
    for group in (OP_CASES, ACTIVATION_CASES, LOSS_CASES, PENALTY_CASES)
    for cs in group.values()
    for c in cs
]
EVERY = sorted({type(c.op) for c in CASES}, key=lambda cls: cls.type)


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.type)
def test_every_op_has_a_rule_for_each_operand(cls: type[Op]) -> None:
    case = next(c for c in CASES if type(c.op) is cls)
    names = [f"x{k}" for k in range(len(case.xs))]
    for i in range(len(case.xs)):
        if case.op.differentiable(i):
            rule = case.op.rule(i, names)
            assert rule
            assert "{" not in rule


def value(rule: str, known: dict[str, float]) -> float:
    """A rule computed: ², √ and e^… are spelled out."""
    text = rule.replace("²", "**2").replace("·", "*").replace("^", "**").replace("g(", "g*(")
    text = re.sub(r"√(\w+)", r"*sqrt(\1)", text)
    text = re.sub(r"cos\*\*2(\w+)", r"cos(\1)**2", text)
    text = re.sub(r"\b(cos|sin|ln) (\w+)", r"\1(\2)", text)
    text = re.sub(r"(\d)([a-z])", r"\1*\2", text)
    functions = {
        "cos": math.cos,
        "sin": math.sin,
        "sqrt": math.sqrt,
        "ln": math.log,
        "sign": np.sign,
        "e": math.e,
    }
    return float(eval(text, {"__builtins__": {}}, {**functions, **known}))  # our own text, in a test


@pytest.mark.parametrize(
    "text",
    ["x*y", "x/y", "x-y", "x+y", "x**y", "x**2", "x**3", "x**2.5", "1/x", "-x", "exp(x)", "log(x)", "sqrt(x)", "sin(x)",
     "cos(x)", "tan(x)", "abs(x)", "sigmoid(x)", "tanh(x)", "norm2(x)", "log10(x)"],
)  # fmt: skip
def test_rules_give_the_local_derivative(text: str) -> None:
    values = {"x": 1.3, "y": 0.7}
    plan = planned(text, **{k: v for k, v in values.items() if k in re.sub("exp|max", "", text)})
    node = plan.outputs[0]
    assert node.op is not None
    known = values | {"g": float(plan.value(node)), "z": 1.3}
    for i, arg in enumerate(node.args):
        xs = [plan.value(a) for a in node.args]
        local = node.op.local(i, xs, plan.value(node), plan.workspace(node))
        rule = node.op.rule(i, [a.name for a in node.args])
        assert value(rule, known) == pytest.approx(float(local.value), rel=1e-12), (rule, arg)

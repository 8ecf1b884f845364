"""Definitions, indices, axes, comparisons and constants of expressions: their values, names, faults and cures."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui_core.definitions import names
from nntui_core.errors import ExpressionError
from nntui_core.expression import parse
from nntui_core.gradcheck import Checker
from nntui_core.walker import MAX_TOTAL
from tests.core.test_expression import gradients, planned

V = np.array([1.5, -0.3, 2.2, 0.7])
W = np.array([[0.4, -1.1, 2.0], [1.3, 0.2, -0.6]])


def value(text: str, **values: Any) -> Any:
    plan = planned(text, **values)
    return np.asarray(plan.value(plan.outputs[0])).copy() if not plan.outputs[0].shape else None


def test_a_definition_is_one_node_under_its_name_however_often_it_is_used() -> None:
    plan = planned("q = x + y; q * z + q", x=-2, y=5, z=-4)
    assert [n.name for n in plan.nodes if n.op] == ["q", "q * z", "q * z + q"]
    assert plan.value(plan.graph["q"]) == 3
    assert plan.adjoint(plan.graph["q"]) == -3
    assert len([e for e in plan.edges() if e.target.name == "q"]) == 2
    assert gradients(plan) == {"x": -3, "y": -3, "z": 3}


def test_the_last_part_may_have_a_name_and_other_names_of_the_same_are_nodes_of_their_own() -> None:
    plan = planned("a = x; b = 2; c = a*b; f = c + pi", x=3)
    assert [n.name for n in plan.nodes] == ["x", "a", "b", "c", "pi", "f"]
    assert plan.outputs[0].name == "f"
    assert float(plan.value(plan.outputs[0])) == 6 + math.pi
    assert gradients(plan) == {"x": 2}
    twice = planned("a = pi; a + pi; ".rstrip("; "), x=1)
    assert [n.name for n in twice.nodes] == ["pi", "a", "a + pi"]


def test_a_definition_beside_the_result_is_computed_and_has_no_gradient() -> None:
    found = parse("q = x*y; r = 3*q; q + 1", {"x": np.array(2.0), "y": np.array(3.0), "z": np.array(1.0)})
    assert [n.name for n in found.outputs] == ["q + 1", "r"]
    assert found.unused == ("z",)


def test_constants_unless_they_have_a_value() -> None:
    assert value("e**x + pi*x + log10(100)", x=1) == pytest.approx(math.e + math.pi + 2)
    assert value("e*x", e=2, x=3) == 6
    assert value("e = 5; e*x", x=3) == 15
    assert names("e*x + q*pi; ".rstrip("; ")) == ("e", "x", "q", "pi")
    assert names("q = x + y; q*z") == ("x", "y", "z")
    assert value("ln(x)", x=2) == math.log(2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(W, axis=0)[1]", W.sum(0)[1]),
        ("sum(mean(W, axis=1)**2)", (W.mean(1) ** 2).sum()),
        ("max(W, axis=-1)[0]", 2.0),
        ("sum(min(W, axis=0))", W.min(0).sum()),
        ("var(v)", V.var()),
        ("var(v, ddof=1)", V.var(ddof=1)),
        ("std(v)", V.std()),
        ("sum(std(W, axis=1, ddof=1))", W.std(1, ddof=1).sum()),
        ("prod(v)", V.prod()),
        ("sum(prod(W, axis=0))", W.prod(0).sum()),
        ("norm(v)", np.linalg.norm(V)),
        ("sum(norm(W, axis=1))", np.linalg.norm(W, axis=1).sum()),
        ("sum(norm2(W, axis=0) * W[0])", ((W**2).sum(0) * W[0]).sum()),
        ("sum((W - mean(W, axis=1, keepdims=True))**2)", ((W - W.mean(1, keepdims=True)) ** 2).sum()),
        ("v[0] + 2*v[-1]", V[0] + 2 * V[-1]),
        ("dot(v[1:3], v[::2])", V[1:3] @ V[::2]),
        ("W[1, 2]*3", W[1, 2] * 3),
        ("sum(W[:, 0] * W[:, 1])", W[:, 0] @ W[:, 1]),
        ("sum(W[0:1, 1:] @ W[:, 0:2].T)", (W[0:1, 1:] @ W[:, 0:2].T).sum()),
        ("sum(W.T @ W[:, 2])", (W.T @ W[:, 2]).sum()),
        ("sum(outer(v, W[0]))", np.outer(V, W[0]).sum()),
        ("norm2(concat(v, W[0], x))", V @ V + W[0] @ W[0] + 4),
        ("sum(concat(W, W[:, 0:1], axis=1)**2)", (W**2).sum() + (W[:, 0] ** 2).sum()),
        ("sum(clip(v, 0, 1))", np.clip(V, 0, 1).sum()),
        ("sum(where(v > 0.5, v, -v))", np.where(V > 0.5, V, -V).sum()),
        ("sum((v >= 0.7) * (v != 1.5)) + sum(v < 0) + (x == 2) + (x <= 1)", 2 + 1 + 1 + 0),
        ("sum(v * [1, 2, -3, .5])", V @ [1, 2, -3, 0.5]),
        ("sum([[1, 0], [0, 2]] @ W)", (np.diag([1, 2]) @ W).sum()),
        ("tan(x)", math.tan(2)),
        ("-log_softmax(v)[2]", -V[2] + np.log(np.exp(V).sum())),
        ("cross_entropy(v, [0, 0, 1, 0])", -V[2] + np.log(np.exp(V).sum())),
    ],
)
def test_values_are_numpy_s_and_gradients_those_of_differences(text: str, expected: float) -> None:
    plan = planned(text, v=V, W=W, x=2.0)
    assert float(plan.value(plan.outputs[0])) == pytest.approx(expected, rel=1e-14)
    opened = planned(text, into=True, v=V, W=W, x=2.0)
    assert float(opened.value(opened.outputs[0])) == pytest.approx(expected, rel=1e-13)
    checker = Checker(plan)
    for node in plan.nodes:
        if node.role == "input":
            check = checker.check(node)
            assert not check.relative_error > 1e-7, node
            assert check.verdict in ("good", "kink", "unknown"), node  # unknown: a derivative of exactly 0


def test_how_nodes_are_written() -> None:
    text = "sum(((x > 1) + 2 * W[0, 1:])[::2] / leaky_relu(x, slope=0.3)) * max(W, axis=0)[0]"
    labels = {n.label for n in planned(text, x=2.0, W=W).nodes}
    assert {
        "x > 1",
        "W[0, 1:]",
        "(x > 1) + 2 * W[0, 1:]",
        "leaky_relu(x, slope=0.3)",
        "max(W, axis=0)",
    } <= labels
    assert "((x > 1) + 2 * W[0, 1:])[::2]" in labels


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("x = x + 1; x", "x =", "x is an input and cannot be assigned to; leave out x="),
        ("exp = x; exp", "exp =", "exp is a function and cannot be a variable"),
        ("q = q + x; q", "q + x", "a cycle: q → q"),
        ("a = b + x; b = 2*a; b", "b + x", "a cycle: a → b → a"),
        ("a = c + x; b = 2*a; c = b; c", "c + x", "a cycle: a → c → b → a"),
        ("a = b + x; b = 2*x; a", "b + x", "b is used before its definition; write b = …; before it"),
        ("q = x; q = 2*x; q", "q = 2", "q is defined already"),
        ("x; x", "x; x", "only the last part is the result"),
        ("q += x; q", "q +=", "a name has one value"),
        ("x[0] = 1; x", "x[0]", "an index ([ ]) cannot be assigned to"),
        ("a = b = x; a", "a =", "this is not an expression"),
        ("q = x;; q", "; q", "there is nothing before this ;"),
        ("import os; x", "import", "this is not an expression"),
        ("q = x; q * zz", "zz", "no value for zz"),
        ("2*PI*x", "PI", "did you mean pi?"),
        ("pi(x)", "pi(", "pi is a number"),
        ("sum(W, axis=2)", "2)", "there is no axis 2 (W of shape (2, 3); allowed axes -2 to 1)"),
        ("sum(W, axis=0.5)", "0.5", "axis must be a whole number"),
        ("sum(W, axis=x)", "x)", "axis must be a plain number"),
        ("sum(W, axes=0)", "axes", "sum has no option axes; allowed: axis=…, keepdims=…"),
        ("sum(W, keepdims=2)", "2)", "keepdims must be True or False"),
        ("elu(x, alpha=0)", "0)", "alpha must be more than 0"),
        ("leaky_relu(x, slope=-1)", "-1", "slope must be at least 0"),
        ("softmax(W, axis=0)", "axis", "write softmax(x.T).T for columns"),
        ("max(W, W, axis=0)", "axis", "max takes plain operands only"),
        ("v[4]", "v[4]", "there is no entry 4 (v of shape (4,); allowed -4 to 3)"),
        ("v[1.0]", "1.0", "a whole number or a slice"),
        ("v[2:2]", "v[2:2]", "the slice 2:2 of 4 entries is empty"),
        ("v[::0]", "::0", "a slice's step cannot be 0"),
        ("v[0, 0]", "v[0", "2 indices for 1 axes"),
        ("v[9999999999]", "9999999999", "a whole number or a slice"),
        ("clip(x, v, 1)", "v, 1", "plain numbers as its bounds; write min(max(x, a), b)"),
        ("concat(W, v)", "concat", "differ along axis 0 only"),
        ("x > 0 and x < 1", "x > 0 and", "multiply conditions"),
        ("x if x > 0 else 0", "x if", "write where(x > 0, a, b)"),
        ("x in x", "x in", "this comparison is not allowed"),
        ("|x|", "|x", "write abs(x)"),
        ("x²", "²", "write x**2"),
        ("0,35*x", "0,35", "decimals have a point: 0.35"),
        ("1_0*x", "1_0", "a number has no _"),
        ("x...", "..", "this is not an expression"),
        ("sigma(x)", "sigma", "did you mean sigmoid"),
        ("pow(x, 2)", "pow", "write x**y"),
        ("swish(x)", "swish", "write silu(x)"),
        ("[x, 1]", "x, 1", "a list holds plain numbers; join names with concat"),
        ("[[1, 2], [3]]", "[[1", "rows of the same length"),
        ("cross_entropy(v, x)", "cross", "write -log_softmax(z)[k]"),
        ("norm2(outer(B, B))", "outer", "the result is too large"),
    ],
)
def test_faults_say_where_and_what_to_do(text: str, at: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=re.escape(words)) as fault:
        parse(text, {"x": np.array(2.0), "v": V, "W": W, "B": np.ones(2000)})
    assert fault.value.position == text.index(at)
    assert not re.search(r"ast\.|object at|0x", str(fault.value))


def test_numbers_are_counted_before_they_are_laid_out() -> None:
    text = " + ".join(["sum(outer(u, u))"] * 10)
    with pytest.raises(ExpressionError, match=f"more than {MAX_TOTAL:,} numbers in all"):
        parse(text, {"u": np.ones(900)})


TIES = [("max(x, y)", 0.5, 0.5), ("max(y, x)", 0.5, 0.5), ("min(x, y)", 0.5, 0.5), ("min(y, x)", 0.5, 0.5),
        ("max(concat(x, y))", 0.5, 0.5), ("min(concat(y, x))", 0.5, 0.5), ("max(x, -y + 2*x)", 0.5 + 1, -0.5)]  # fmt: skip


@pytest.mark.parametrize(("text", "dx", "dy"), TIES)
def test_what_is_equal_shares_the_gradient(text: str, dx: float, dy: float) -> None:
    plan = planned(text, x=1.0, y=1.0)
    assert gradients(plan) == {"x": dx, "y": dy}
    assert Checker(plan).check(plan.graph["x"]).verdict == "kink"
    assert gradients(planned("abs(x) + max(x, -x)", x=0.0)) == {"x": 0}


def test_powers_at_zero() -> None:
    assert gradients(planned("x**y", x=0.0, y=0.0)) == {"x": 0, "y": 0}
    assert gradients(planned("x**y", x=0.0, y=2.0)) == {"x": 0, "y": 0}


def test_the_stable_forms_are_finite_where_the_plain_ones_are_not() -> None:
    f, t = [0.0, 1000.0], [1.0, 0.0]
    assert planned("-dot(t, log(softmax(f)))", f=f, t=t).first_nonfinite() is not None
    for text in ("cross_entropy(f, t)", "-dot(t, log_softmax(f))"):
        plan = planned(text, f=f, t=t)
        assert plan.first_nonfinite() is None
        assert float(plan.value(plan.outputs[0])) == 1000
        np.testing.assert_array_equal(gradients(plan)["f"], [-1, 1])


REFERENCES = json.loads((Path(__file__).parents[1] / "references" / "ops.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("entry", REFERENCES["entries"], ids=lambda e: f"{e['text']}-{e['values']}"[:60])
def test_equals_torch_also_at_ties_and_kinks(entry: dict[str, Any]) -> None:
    plan = planned(entry["text"], **entry["values"])
    assert float(plan.value(plan.outputs[0])) == pytest.approx(entry["value"], rel=1e-12, abs=1e-12)
    for name, gradient in entry["gradients"].items():
        np.testing.assert_allclose(gradients(plan)[name], gradient, rtol=1e-12, atol=1e-12)

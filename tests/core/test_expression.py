"""Expressions: what is allowed, what is refused and where, and that gradients are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui_core import catalog
from nntui_core.errors import ExpressionError
from nntui_core.expression import parse
from nntui_core.functions import functions
from nntui_core.gradcheck import Checker
from nntui_core.graph import LONGEST
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.stepper import Stepper, open_nodes
from nntui_core.syntax import MAX_LENGTH


def planned(text: str, *, into: bool = False, **values: Any) -> Plan:
    """The expression's plan, run."""
    found = parse(text, {k: np.array(v, dtype=float) for k, v in values.items()})
    graph, output = found.graph, found.output
    if into:
        graph, copies = open_nodes(graph, [output], lambda node: True)
        output = copies[output.id]
    plan = Plan(graph, [output], Parameters(), wrt="all", edges=True)
    for node in plan.nodes:
        if node.role == "input":
            plan.value(node)[...] = node.value
    with np.errstate(all="ignore"):
        plan.run()
    return plan


def gradients(plan: Plan) -> dict[str, Any]:
    return {n.name: np.asarray(plan.adjoint(n)) for n in plan.nodes if n.role == "input"}


def test_scalar_graph() -> None:
    plan = planned("(x+y)*z", x=-2, y=5, z=-4)
    assert plan.value(plan.graph["x + y"]) == 3
    assert plan.value(plan.outputs[0]) == -12
    assert plan.adjoint(plan.graph["x + y"]) == -4
    assert gradients(plan) == {"x": -4, "y": -4, "z": 3}


@pytest.mark.parametrize(
    "text",
    ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "sigmoid(w0*x0+w1*x1+w2)", "1 / (1 + exp(−(w0·x0 + w1×x1 + w2)))"],
)
@pytest.mark.parametrize("into", [False, True])
def test_sigmoid_graph(text: str, into: bool) -> None:
    plan = planned(text, into=into, w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    assert float(plan.value(plan.outputs[0])) == pytest.approx(0.7311, abs=5e-5)
    found = {k: round(float(v), 4) for k, v in gradients(plan).items()}
    assert found == {"w0": -0.1966, "x0": 0.3932, "w1": -0.3932, "x1": -0.5898, "w2": 0.1966}


def test_vector_graph() -> None:
    plan = planned("norm2(W @ x)", W=[[0.1, 0.5], [-0.3, 0.8]], x=[0.2, 0.4])
    q = plan.graph["W @ x"]
    np.testing.assert_allclose(plan.value(q), [0.22, 0.26], atol=1e-15)
    assert float(plan.value(plan.outputs[0])) == pytest.approx(0.116, abs=1e-15)
    np.testing.assert_allclose(plan.adjoint(q), [0.44, 0.52], atol=1e-15)
    found = gradients(plan)
    np.testing.assert_allclose(found["W"], [[0.088, 0.176], [0.104, 0.208]], atol=1e-15)
    np.testing.assert_allclose(found["x"], [-0.112, 0.636], atol=1e-15)


def test_a_name_used_twice_is_one_node_with_two_contributions() -> None:
    plan = planned("x*x", x=3)
    sent = [float(plan.contribution(e)) for e in plan.edges()]
    assert sent == [3, 3]
    assert [n.name for n in plan.nodes] == ["x", "x * x"]
    assert gradients(plan) == {"x": 6}


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("x^2", 1, r"write x\*\*2"),
        ("sgmoid(x)", 0, "did you mean sigmoid"),
        ("1 + y.real", 4, "an attribute"),
        ("x[y]", 2, "an index"),
        ("x[0]", 0, "an index needs a vector or a matrix, not a number"),
        ("__import__('os')", 0, "no function __import__"),
        ("x + 'a'", 4, "text is not allowed"),
        ("x if x else x", 0, "if/else"),
        ("(lambda: x)()", None, "only functions can be called|lambda|Call"),
        ("0 < x < 1", 0, "one comparison at a time"),
        ("sin(x, x)", 0, "1 operand, not 2"),
        ("dot(x)", 0, "2 operands, not 1"),
        ("exp(x=1)", 4, "plain operands"),
        ("exp(*x)", 4, r"\* is not allowed"),
        ("x + True", 4, "True or False"),
        ("x * 1e999", 4, "too large"),
        ("x * 2j", 4, "complex"),
        ("x // 2", 2, "//"),
        ("~x", 0, r"only \+ and -"),
        ("not x", 0, r"only \+ and -"),
        ("x @ x", 0, "vectors or matrices"),
        ("exp", 0, "is a function"),
        ("x +", 3, "not an expression"),
        ("((x)", 0, "a parenthesis is not closed"),
        ("x # comment", 2, "a character"),
        ("", 0, "no expression"),
        ("  ", 0, "no expression"),
        ("(" * 5000 + "x" + ")" * 5000, MAX_LENGTH, "too long"),
        ("(" * 900 + "x" + ")" * 900, 64, "nested too deeply"),
        ("-" * 1500 + "x", None, "nested too deeply"),
        ("+".join("x" * 400), None, "nested too deeply"),
        ("x**" * 300 + "x", None, "nested too deeply"),
        ("ünknown + x", 0, "no value for ünknown"),
        ("x + q + zz", 4, "no value for q, zz; add after it: q=1 zz=1"),
        ("éé", 0, "no value"),
    ],
)
def test_refused_with_the_place(text: str, position: int | None, words: str) -> None:
    with pytest.raises(ExpressionError, match=words) as fault:
        parse(text, {"x": np.array(2.0)})
    if position is not None:
        assert fault.value.position == position


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ExpressionError, match=r"W of shape \(2, 3\) and x of shape \(2,\)"):
        parse("sum(W @ x)", {"W": np.ones((2, 3)), "x": np.ones(2)})


@pytest.mark.parametrize("name", ["exp", "1x", "a b", "lambda", "", "a.b", "True"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ExpressionError):
        parse("x", {"x": np.array(1.0), name: np.array(1.0)})


def test_where_a_value_went_wrong() -> None:
    for text, born in [
        ("1/(x-x)", "1/(x - x)"),
        ("exp(log(x-3))", "log(x - 3)"),
        ("x*exp(1000*x)", "exp(1000 * x)"),
    ]:
        found = planned(text, x=1).first_nonfinite()
        assert found is not None
        assert found[1].name == born
    found = planned("sqrt(x-1)", x=1).first_nonfinite()
    assert found is not None
    assert (found[0], found[1].name) == ("backward", "x - 1")


numbers = st.floats(-2, 2).map(lambda v: round(v, 3))
scalar_names = st.sampled_from(["a", "b", "c"])


def deeper(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    smooth = st.sampled_from(["sigmoid", "tanh", "softplus", "sin", "cos"])
    bent = st.sampled_from(["relu", "leaky_relu", "abs"])
    return st.one_of(
        st.tuples(children, st.sampled_from("+-*"), children).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(smooth | bent, children).map(lambda t: f"{t[0]}({t[1]})"),
        children.map(lambda c: f"exp(-abs({c}))"),
        children.map(lambda c: f"log(1 + ({c})**2)"),
        children.map(lambda c: f"sqrt(1 + ({c})*({c}))"),
        children.map(lambda c: f"1/(2 + sin({c}))"),
        st.tuples(children, children).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(children, children).map(lambda t: f"({t[0]}) / (2 + cos({t[1]}))"),
    )


scalars = st.recursive(scalar_names | numbers.map(lambda v: f"({v})"), deeper, max_leaves=8)
vectors = st.sampled_from(
    ["v", "W @ v", "softmax(W @ v)", "relu(v)", "v * a", "transpose(W) @ v", "v + v", "softmax(v)*b"]
)
wholes = st.one_of(
    scalars,
    st.tuples(st.sampled_from(["norm2", "sum", "mean", "max"]), vectors).map(lambda t: f"{t[0]}({t[1]})"),
    st.tuples(vectors, vectors, scalars).map(lambda t: f"dot({t[0]}, {t[1]}) + {t[2]}"),
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(wholes, st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.integers(0, 10**6))
def test_random_expressions(text: str, abc: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = dict(zip("abc", abc, strict=True)) | {"v": rng.normal(size=3), "W": rng.normal(size=(3, 3))}
    plan = planned(text, **values)
    if plan.first_nonfinite() is not None:
        return
    opened = planned(text, into=True, **values)
    np.testing.assert_allclose(
        plan.value(plan.outputs[0]), opened.value(opened.outputs[0]), rtol=1e-10, atol=1e-13
    )
    for name, found in gradients(plan).items():
        np.testing.assert_allclose(found, gradients(opened)[name], rtol=1e-7, atol=1e-10)
    checker = Checker(plan)
    for node in plan.nodes:
        adjoint = plan.adjoint(node)
        sent = [plan.contribution(e) for e in plan.edges() if e.target is node]
        if sent:
            np.testing.assert_allclose(sum(sent), adjoint, rtol=1e-12, atol=1e-14)
        for e in plan.edges():
            if e.node is node:
                assert node.op is not None
                xs = [plan.value(a) for a in node.args]
                local = node.op.local(e.position, xs, plan.value(node), plan.workspace(node))
                product = local.vjp(np.asarray(adjoint), e.target.shape)
                np.testing.assert_allclose(product, plan.contribution(e), rtol=1e-10, atol=1e-13)
        if adjoint is None:
            continue
        check = checker.check(node)
        assert check.verdict in ("good", "acceptable", "kink", "unknown"), check


@settings(max_examples=50, deadline=None, derandomize=True)
@given(scalars, st.lists(st.sampled_from(["step", "back"]), max_size=40))
def test_stepping_back_and_forth_changes_nothing(text: str, moves: list[str]) -> None:
    values = {"a": 0.3, "b": -1.2, "c": 0.7}
    whole, plan = planned(text, **values), planned(text, **values)
    for node in plan.nodes:
        if node.op:
            plan.value(node)[...] = 0
    stepper = Stepper(plan)
    seen: dict[int, list[bytes]] = {}
    for move in moves:
        _ = stepper.step() if move == "step" else stepper.back()
        state = [plan.value(n).tobytes() for n in plan.nodes if stepper.reached(n)[0]]
        assert seen.setdefault(stepper.position, state) == state
    stepper.seek(len(stepper))
    for a, b in zip(whole.nodes, plan.nodes, strict=True):
        assert whole.value(a).tobytes() == plan.value(b).tobytes()
        assert np.asarray(whole.adjoint(a)).tobytes() == np.asarray(plan.adjoint(b)).tobytes()


OPERANDS = {
    "dot": "v, v", "outer": "v, v", "cross_entropy": "v, v", "where": "v > 1, v, -v", "clip": "v, 1, 2",
    "prelu": "v, v", "maxout": "M",
}  # fmt: skip


@pytest.mark.parametrize("name", functions())
def test_every_function_has_a_gradient_that_differences_confirm(name: str) -> None:
    text = f"norm2({name}({OPERANDS.get(name, 'v')}))"
    plan = planned(text, v=[0.5, 1.6, 2.5], M=[[0.5, 1.6], [2.5, -1.2]])
    assert plan.first_nonfinite() is None
    leaf = plan.graph["M" if "M" in OPERANDS.get(name, "") else "v"]
    assert Checker(plan).check(leaf).verdict in ("good", "acceptable")


def test_activations_are_the_catalogue_s() -> None:
    assert set(catalog.members("activation")) <= set(functions())
    for name in ("gelu", "silu", "elu", "softplus"):
        x = np.array([-1.3, 0.4])
        expected = np.empty(2)
        catalog.build("activation", name).f(x, expected)
        np.testing.assert_array_equal(planned(f"q = {name}(x); sum(q)", x=x).graph["q"].shape, (2,))
        plan = planned(f"q = {name}(x); sum(q)", x=x)
        np.testing.assert_array_equal(plan.value(plan.graph["q"]), expected)
    assert float(planned("elu(x, alpha=0.5)", x=-1).value(planned("elu(x, alpha=0.5)", x=-1).outputs[0])) == (
        pytest.approx(0.5 * np.expm1(-1))
    )


def test_names_stay_short_however_deep_what_is_opened() -> None:
    """A softmax writes its operand four times: twenty of them, one in the other, would have names of 4²⁰ characters."""
    text = "x"
    for _ in range(20):
        text = f"softmax({text})"
    found = parse(f"sum({text})", {"x": np.array([0.5, 1.0])})
    graph, _ = open_nodes(found.graph, [found.output], lambda node: True, lambda name: False)
    names = [node.name for node in graph]
    assert len(names) == len(set(names)) > 100
    assert max(map(len, names)) < LONGEST + 10
    assert names[1] == "row_max(x)"

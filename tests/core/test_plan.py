"""The plan and its stepper: order, arrays, where numbers went wrong, and time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu, Sigmoid
from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, ancestors
from nntui_core.ops.binary import Add, Mul, Sub
from nntui_core.ops.elementary import Log
from nntui_core.ops.linear import MatMul
from nntui_core.ops.reductions import Sum
from nntui_core.ops.rows import Pick
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.stepper import Stepper, open_nodes
from tests.core.test_expression import planned


def product(*, wrt: Any = "parameters", edges: bool = False) -> tuple[Plan, dict[str, Node]]:
    """f = Σ (w·x + w), and a leaf and a parameter beside it."""
    graph = Graph()
    x = graph.leaf("x", (3,))
    w = graph.leaf("w", (3,), "parameter")
    graph.leaf("beside", (2,), "parameter")
    z = graph.apply(Add(), graph.apply(Mul(), w, x), w)
    f = graph.apply(Sum(), z, name="f")
    other = graph.apply(Relu(), x, name="other")
    parameters = Parameters([("w", (3,)), ("beside", (2,)), ("absent", (1,))])
    plan = Plan(graph, [f, other], parameters, wrt=wrt, edges=edges)
    plan.value(x)[...] = [1, -2, 3]
    parameters.view("w")[...] = [4, 5, 6]
    return plan, {n.name: n for n in graph}


def test_values_gradients_and_what_is_kept() -> None:
    plan, nodes = product()
    plan.parameters.grad[:] = np.nan
    assert plan.run() == 4 - 10 + 18 + 15
    assert plan.value(nodes["other"]).tolist() == [1, 0, 3]
    assert plan.parameters.grad.tolist() == [2, -1, 4, 0, 0, 0]
    assert plan.adjoint(nodes["w"]) is not None
    assert np.shares_memory(plan.adjoint(nodes["w"]), plan.parameters.grad)
    assert plan.adjoint(nodes["x"]) is None
    assert plan.adjoint(nodes["other"]) is None
    everything, nodes = product(wrt="all")
    everything.run()
    assert np.asarray(everything.adjoint(nodes["x"])).tolist() == [4, 5, 6]
    nothing, nodes = product(wrt="none")
    assert nothing.run(backward=False) == 27
    assert nothing.adjoint(nodes["f"]) is None
    assert [e.phase for e in nothing.order()] == ["forward"] * 4


def test_the_generator_is_the_engine() -> None:
    plan, nodes = product()
    order = [(e.phase, e.node.name) for e in plan.order()]
    assert order == [
        ("forward", "w * x"), ("forward", "w * x + w"), ("forward", "f"), ("forward", "other"),
        ("backward", "f"), ("backward", "w * x + w"), ("backward", "w * x"),
    ]  # fmt: skip
    assert [(e.phase, e.node.name) for e in plan.order(backward=False)] == order[:4]
    steps = plan.steps()
    for k, (_, name) in enumerate(order[:4]):
        later = [plan.value(nodes[n]).copy() for _, n in order[k:4]]
        assert not any(value.any() for value in later)
        assert next(steps).node.name == name
        assert plan.value(nodes[name]).any()
    assert [(e.phase, e.node.name) for e in steps] == order[4:]
    assert [e.phase for e in plan.steps(backward=False)] == ["forward"] * 4


def test_summands_of_each_edge() -> None:
    plan, nodes = product(wrt="all", edges=True)
    plan.run()
    sent = {(e.node.name, e.position): plan.contribution(e).tolist() for e in plan.edges()}
    assert sent == {
        ("f", 0): [1, 1, 1], ("w * x + w", 0): [1, 1, 1], ("w * x + w", 1): [1, 1, 1],
        ("w * x", 0): [1, -2, 3], ("w * x", 1): [4, 5, 6],
    }  # fmt: skip
    assert np.asarray(plan.adjoint(nodes["w"])).tolist() == [2, -1, 4]
    assert {e.target.name for e in plan.edges()} == {"w * x + w", "w * x", "w", "x"}


def test_only_a_scalar_is_differentiated() -> None:
    graph = Graph()
    x = graph.leaf("x", (3,))
    y = graph.apply(Sigmoid(), x)
    with pytest.raises(ShapeError, match=r"sigmoid\(x\): only a scalar.*\(3,\)"):
        Plan(graph, [y], Parameters())
    assert np.isnan(Plan(graph, [y], Parameters(), wrt="none").run(backward=False))


def test_labels_receive_nothing() -> None:
    graph = Graph()
    x = graph.leaf("x", (2, 3))
    labels = graph.leaf("labels", (2,), "label", dtype=np.intp)
    plan = Plan(graph, [graph.apply(Sum(), graph.apply(Pick(), x, labels))], Parameters(), wrt="all")
    plan.value(labels)[...] = [2, 0]
    plan.run()
    assert plan.value(labels).dtype == np.intp
    assert plan.adjoint(labels) is None
    assert np.asarray(plan.adjoint(x)).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("opened", [False, True])
def test_bind_reads_another_array(opened: bool) -> None:
    plan, nodes = product(wrt="all", edges=opened)
    own = np.array([1.0, 1.0, 2.0])
    plan.bind(nodes["x"], own)
    assert plan.run() == 4 + 5 + 12 + 15
    own[...] = 0
    assert plan.run() == 15
    assert plan.parameters.grad[:3].tolist() == [1, 1, 1]
    assert plan.value(nodes["x"]) is own


def test_bytes_held_besides_the_parameters() -> None:
    # x, w*x, the sum and other of 3 numbers, f of 1; gradients of w (in grad), two of 3 and one of 1.
    plan, _ = product()
    assert plan.nbytes() == 8 * (4 * 3 + 1) + 8 * (3 * 3 + 1)


def test_where_numbers_first_went_wrong() -> None:
    graph = Graph()
    x = graph.leaf("x")
    log = graph.apply(Log(), x)
    plan = Plan(graph, [graph.apply(Mul(), graph.apply(Sub(), log, log), x)], Parameters(), wrt="all")
    found = []
    for value in (2.0, -1.0, np.nan):
        plan.value(x)[...] = value
        with np.errstate(all="ignore"):
            plan.run()
        place = plan.first_nonfinite()
        found.append(place and (place[0], place[1].name))
    assert found == [None, ("forward", "log(x)"), ("forward", "x")]
    late = planned("sqrt(x) * y", x=0.0, y=1.0).first_nonfinite()
    assert late is not None
    assert (late[0], late[1].name) == ("backward", "x")


def test_float32_throughout() -> None:
    graph = Graph()
    w = graph.leaf("w", (2, 2), "parameter")
    x = graph.leaf("x", (2,))
    half = graph.leaf("½", (), "constant", value=0.5)
    f = graph.apply(Sum(), graph.apply(Mul(), half, graph.apply(MatMul(), w, x)))
    plan = Plan(graph, [f], Parameters([("w", (2, 2))], np.float32), wrt="all")
    plan.run()
    arrays = [a for n in plan.nodes for a in (plan.value(n), plan.adjoint(n)) if a is not None]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_names_stay_apart_and_shape_faults_name_the_node() -> None:
    graph = Graph()
    x, again = graph.leaf("x", (2,)), graph.leaf("x", (3,))
    assert (x.name, again.name) == ("x", "x #2")
    assert graph.leaf("x").name == "x #3"
    assert graph["x #2"] is again
    assert graph.get("y") is None
    assert "y" not in graph
    with pytest.raises(
        ShapeError, match=r"^x \+ x: add: shapes do not broadcast \(given \(2,\) and \(3,\)\)$"
    ):
        graph.apply(Add(), x, again)
    assert len(graph) == 3
    assert "x #2" in repr(again)


def test_ancestors() -> None:
    _, nodes = product()
    names = {n.name for n in nodes.values() if n.id in ancestors([nodes["w * x"]])}
    assert names == {"w", "x", "w * x"}


def test_parameters_are_views_of_one_vector() -> None:
    p = Parameters([("a", (2, 3)), ("b", ()), ("c", (2,))], np.float32)
    assert (len(p), p.dtype, list(p)) == (9, np.float32, ["a", "b", "c"])
    assert "b" in p
    assert "d" not in p
    p.theta[:] = range(9)
    p.grad[:] = range(9, 18)
    assert p.view("a").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert p.view("b").shape == ()
    assert p.gradient("c").tolist() == [16, 17]
    assert p.view("c", np.arange(100, 109)).tolist() == [107, 108]
    p.view("a")[1, 2] = -1
    assert p.theta[5] == -1
    whole = p.copy(np.float64)
    assert whole.dtype == np.float64
    assert whole.theta.tolist() == p.theta.tolist()
    assert whole.grad.tolist() == p.grad.tolist()
    whole.theta[:] = 0
    assert p.theta.any()
    assert p.copy().dtype == np.float32


def test_stepper_knows_where_it_is() -> None:
    plan, nodes = product(wrt="all")
    stepper = Stepper(plan)
    assert (len(stepper), stepper.position, stepper.forward_steps) == (7, 0, 4)
    assert stepper.current is None
    assert stepper.back() is None
    assert stepper.next is not None
    assert stepper.next.node.name == "w * x"
    assert stepper.reached(nodes["x"]) == (True, False)
    assert stepper.reached(nodes["w * x"]) == (False, False)
    first = stepper.step()
    assert first is stepper.current
    assert stepper.reached(nodes["w * x"]) == (True, False)
    found = stepper.until(lambda e: e.phase == "backward")
    assert found is stepper.current
    assert (stepper.position, found is not None and found.node.name) == (5, "f")
    assert stepper.reached(nodes["f"]) == (True, True)
    assert stepper.reached(nodes["w * x + w"]) == (True, True)
    # w has received one of its two summands after the next step.
    stepper.step()
    assert stepper.reached(nodes["w"]) == (True, False)
    assert stepper.until(lambda e: False) is None
    assert stepper.next is None
    assert stepper.step() is None
    assert stepper.reached(nodes["w"]) == (True, True)
    undone = stepper.back()
    assert undone is not None
    assert undone.node.name == "w * x"
    stepper.seek(-5)
    assert stepper.position == 0
    stepper.seek(99)
    assert stepper.position == 7


def test_stepping_back_restores_every_array() -> None:
    plan, nodes = product(wrt="all", edges=True)
    for node in nodes.values():
        if node.op:
            plan.value(node)[...] = 5
    plan.parameters.grad[:] = 6
    stepper = Stepper(plan)
    stepper.seek(99)
    assert plan.parameters.grad.tolist() == [2, -1, 4, 0, 0, 0]
    stepper.seek(0)
    assert plan.parameters.grad.tolist() == [6] * 6
    assert {float(v) for n in nodes.values() if n.op for v in np.ravel(plan.value(n))} == {5.0}


def test_an_output_that_is_a_leaf_has_gradient_one_without_a_step() -> None:
    plan = planned("x", x=3.0)
    plan = Plan(plan.graph, plan.outputs, Parameters(), wrt="all")
    stepper = Stepper(plan)
    stepper.seek(99)
    assert plan.adjoint(plan.outputs[0]) == 1
    assert stepper.reached(plan.outputs[0]) == (True, True)


def test_opening_one_node_keeps_the_others() -> None:
    plan = planned("sigmoid(x) * sigmoid(y)", x=1.0, y=2.0)
    graph, made = open_nodes(plan.graph, list(plan.outputs), lambda n: n.name == "sigmoid(x)")
    types = [n.op.type for n in graph if n.op]
    assert types == ["neg", "exp", "add", "reciprocal", "sigmoid", "mul"]
    assert [made[n.id].name for n in plan.nodes] == [n.name for n in plan.nodes]
    assert graph["x"].value == 1.0
    untouched, _ = open_nodes(plan.graph, list(plan.outputs), lambda n: False)
    assert [n.name for n in untouched] == [n.name for n in plan.nodes]

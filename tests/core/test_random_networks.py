"""Properties of any network: gradients, summands, products, opening, and stepping in time."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui_core import catalog
from nntui_core.gradcheck import Checker
from nntui_core.memory import Array
from nntui_core.model import Model
from nntui_core.network import Network
from nntui_core.plan import Plan
from nntui_core.stepper import Stepper, open_nodes
from tests.core.random_networks import filled, kinds, random_network

seeds = st.integers(0, 2**32)


def networks(seed: int) -> tuple[Network, Model]:
    network, model = random_network(Random(seed))
    model.plan.run()
    return network, model


def state(plan: Plan) -> list[bytes]:
    """Every value and gradient, bit for bit."""
    arrays: list[Array | None] = []
    for node in plan.nodes:
        arrays += [plan.value(node), plan.adjoint(node)]
    arrays += [plan.contribution(e) for e in plan.edges()]
    return [a.tobytes() for a in arrays if a is not None]


def test_every_layer_activation_and_loss_takes_part() -> None:
    seen: set[str] = set()
    for seed in range(60):
        seen |= kinds(random_network(Random(seed))[0])
    assert seen >= {name for kind in ("layer", "activation", "loss") for name in catalog.members(kind)}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seeds)
def test_gradients_equal_finite_differences(seed: int) -> None:
    plan = networks(seed)[1].plan
    checker = Checker(plan)
    draws = np.random.default_rng(seed)
    for node in plan.nodes:
        if node.role in ("parameter", "input"):
            indices = draws.choice(plan.value(node).size, size=min(2, plan.value(node).size), replace=False)
            check = checker.check(node, indices)
            assert check.verdict in ("good", "acceptable", "kink", "unknown"), (node, check)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seeds)
def test_summands_products_and_the_training_plan(seed: int) -> None:
    network, model = networks(seed)
    plan = model.plan
    edges = plan.edges()
    for node in plan.nodes:
        sent = [plan.contribution(e) for e in edges if e.target is node]
        adjoint = plan.adjoint(node)
        if sent:
            assert adjoint is not None
            assert adjoint.shape == node.shape
            np.testing.assert_allclose(sum(sent), adjoint, rtol=1e-12, atol=1e-14)
    for edge in edges:
        node = edge.node
        assert node.op is not None
        xs = [plan.value(a) for a in node.args]
        local = node.op.local(edge.position, xs, plan.value(node), plan.workspace(node))
        upstream = plan.adjoint(node)
        assert upstream is not None
        product = local.vjp(upstream, edge.target.shape)
        np.testing.assert_allclose(product, plan.contribution(edge), rtol=1e-10, atol=1e-13)
    debugged = network.parameters.grad.copy()
    network.parameters.grad[:] = np.nan
    training = filled(network, debug=False).plan
    assert training.run() == plan.value(plan.outputs[0])
    np.testing.assert_array_equal(network.parameters.grad, debugged)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seeds)
def test_opened_equals_closed(seed: int) -> None:
    network, model = networks(seed)
    closed = model.plan
    graph, made = open_nodes(closed.graph, list(closed.outputs), lambda node: True)
    opened = Plan(graph, [made[n.id] for n in closed.outputs], network.parameters.copy(), wrt="all")
    assert all(n.op is None or n.op.primitive for n in opened.nodes)
    for node in closed.nodes:
        if node.op is None and node.role not in ("constant", "parameter"):
            opened.value(made[node.id])[...] = closed.value(node)
    opened.run()
    for node in closed.nodes:
        np.testing.assert_allclose(opened.value(made[node.id]), closed.value(node), rtol=1e-9, atol=1e-12)
        adjoint = closed.adjoint(node)
        # The opened log of a probability near 0 or 1 keeps fewer digits than the loss from logits.
        if adjoint is not None and node.role in ("parameter", "input"):
            np.testing.assert_allclose(opened.adjoint(made[node.id]), adjoint, rtol=1e-8, atol=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seeds, st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_stepping_back_and_forth_changes_nothing(seed: int, places: list[float]) -> None:
    plan = networks(seed)[1].plan
    after = state(plan)
    for array in (*plan._adjoints.values(), *plan._edges.values()):
        array[...] = 7.0
    stepper = Stepper(plan)
    before = state(plan)
    seen = {0: before}
    for place in (*places, 1.0, 0.0, 1.0):
        stepper.seek(round(place * len(stepper)))
        assert seen.setdefault(stepper.position, state(plan)) == state(plan)
    assert stepper.next is None
    assert seen[len(stepper)] == after

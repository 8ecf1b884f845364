"""Wrong gradients on purpose: the numerical check finds them, and calls no right one wrong."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from nntui_core import catalog
from nntui_core.gradcheck import GRAVITY, Checker, sample
from nntui_core.graph import Node
from nntui_core.layers.dense import Dense
from nntui_core.losses import MeanSquaredError
from nntui_core.memory import Array
from nntui_core.model import Model, NetworkSpec
from nntui_core.network import Network
from nntui_core.plan import Plan
from tests.core.random_networks import filled, random_network

PLANTED = 300
Spoil = Callable[[Array, tuple[int, ...]], None]
"""Makes one gradient wrong, in place, at an index."""


def _percent(a: Array, at: tuple[int, ...]) -> None:
    a[at] *= 1.01


def _dropped(a: Array, at: tuple[int, ...]) -> None:
    a[at] = 0


def _sign(a: Array, at: tuple[int, ...]) -> None:
    a[at] *= -1


def _transposed(a: Array, at: tuple[int, ...]) -> None:
    other = (at[1], at[0]) if a.ndim == 2 and a.shape[0] == a.shape[1] else at[::-1] if a.ndim == 2 else at
    if a.ndim == 2 and other[0] < a.shape[0] and other[1] < a.shape[1]:
        a[at], a[other] = a[other], a[at]


SPOILS: tuple[Spoil, ...] = (_percent, _dropped, _sign, _transposed)


def wide(seed: int) -> Model:
    """A network whose nodes have more entries than are checked one by one."""
    tanh = catalog.build("activation", "tanh")
    spec = NetworkSpec(
        (Dense(units=24, activation=tanh), Dense(units=24, activation=tanh), Dense(units=2)),
        MeanSquaredError(), 24, targets=2, classification=False, dtype="float64", seed=seed,
    )  # fmt: skip
    return filled(Network(spec), debug=True)


def plant(plan: Plan, rng: Random) -> tuple[Node, tuple[int, ...], Spoil] | None:
    """Spoil one entry of what one op sends to one operand; None where the op sends nothing."""
    step = rng.randrange(len(plan._backward))
    found = plan._backward[step]
    if not found.sends:
        return None
    i, out = rng.choice(found.sends)
    at = tuple(rng.randrange(n) for n in out.shape)
    spoil = rng.choice(SPOILS)

    def vjp(k: int, g: Array, xs: object, y: Array, sent: Array, space: object) -> None:
        found.vjp(k, g, xs, y, sent, space)  # type: ignore[arg-type]
        if k == i:
            spoil(sent, at)

    plan._backward[step] = found._replace(vjp=vjp)  # type: ignore[arg-type]
    return found.event.node.args[i], at, spoil


def judged(plan: Plan) -> int:
    """The gravest verdict, as ``--numeric`` looks: all nodes, and directions through the parameters."""
    checker = Checker(plan)
    nodes = [n for n in plan.nodes if n.role in ("parameter", "input", "op") and plan.adjoint(n) is not None]
    worst = 0
    for node in reversed(nodes):
        worst = max(worst, GRAVITY.index(checker.check(node, sample(node)).verdict))
        if worst >= GRAVITY.index("suspect"):
            return worst
    return max([worst, *(GRAVITY.index(d.verdict) for d in checker.directions())])


def test_planted_errors_are_found() -> None:
    rng, found, planted = Random(11), 0, 0
    missed: list[object] = []
    while planted < PLANTED:
        seed = rng.randrange(10**6)
        model = wide(seed) if rng.random() < 0.15 else random_network(Random(seed))[1]
        plan = model.plan
        plan.run()
        place = plant(plan, rng)
        if place is None:
            continue
        target, at, spoil = place
        index = int(np.ravel_multi_index(at, target.shape)) if target.shape else 0
        right = np.array(plan.adjoint(target)).copy()
        before = Checker(plan).slope(target, index)
        plan.run()
        after = np.asarray(plan.adjoint(target))
        # What hardly changes the gradient cannot be told from the rounding of its difference.
        if not abs(after[at] - right[at]) >= 10 * before.error:
            continue
        planted += 1
        if judged(plan) >= GRAVITY.index("suspect"):
            found += 1
        else:
            missed.append((seed, target, at, spoil.__name__))
    assert found >= 0.99 * PLANTED, missed


def test_no_right_gradient_of_a_network_is_called_wrong() -> None:
    for seed in range(25):
        plan = random_network(Random(seed))[1].plan
        plan.run()
        assert judged(plan) < GRAVITY.index("suspect"), seed


def test_no_right_gradient_of_a_wide_network_is_called_wrong() -> None:
    plan = wide(3).plan
    plan.run()
    assert judged(plan) == GRAVITY.index("good")

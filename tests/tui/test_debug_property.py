"""Any keys that step, open, close or look leave the plan's numbers as they are, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.debugging import expression, network

KEYS = {
    "n": ("step",), "b": ("back",), "f": ("forward",), "g": ("backward",), "home": ("start",), "c": ("resume",),
    "u": ("until",), "i": ("into",), "o": ("out",), "]": ("choose", 1), "[": ("choose", -1), "m": ("map",),
    "W": ("watch",), "t": ("optimize",), "left": ("move", -1, 0), "right": ("move", 1, 0), "up": ("move", 0, -1),
    "down": ("move", 0, 1), "entry": ("scroll", 1, 1), "point": ("point", -1), "check": ("idle",),
}  # fmt: skip


def numbers(session) -> dict[str, bytes]:
    """Every value and gradient after the whole pass."""
    while session.debugger.opened:
        session.do("out")
    session.do("backward")
    plan = session.debugger.subject.plan
    out = {n.name: plan.value(n).tobytes() for n in plan.nodes}
    return out | {f"d {n.name}": a.tobytes() for n in plan.nodes if (a := plan.adjoint(n)) is not None}


def walk(session, keys) -> None:
    for key in keys:
        name, *arguments = KEYS[key]
        session.idle() if name == "idle" else session.do(name, *arguments)
        session.view(0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(sorted(KEYS)), max_size=30))
def test_of_an_expression(keys):
    session = expression("x*x+sigmoid(x*y)*y-norm2(W@v)", x=2, y=3, W=[[1, 2], [3, 4]], v=[0.5, -1])
    before = numbers(session)
    walk(session, keys)
    assert numbers(session) == before


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(sorted(KEYS)), max_size=20))
def test_of_a_network(keys):
    session = network("xor")
    theta = session.trainer.network.parameters.theta.copy()
    before = numbers(session)
    walk(session, keys)
    assert numbers(session) == before
    assert np.array_equal(session.trainer.network.parameters.theta, theta)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), max_size=60))
def test_each_step_back_is_exact_at_every_moment(forwards):
    session = network("xor")
    plan, seen = session.debugger.subject.plan, {}
    for forward in forwards:
        session.debugger.step() if forward else session.debugger.back()
        at = session.debugger.stepper.position
        now = [plan.value(n).tobytes() for n in plan.nodes]
        now += [a.tobytes() for n in plan.nodes if (a := plan.adjoint(n)) is not None]
        assert seen.setdefault(at, now) == now

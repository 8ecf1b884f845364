"""The commands that walk through a pass, and that open what is fused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.debugging import products
from nntui.debugging.birth import Birth, birth, born_at
from nntui.debugging.conditions import NON_FINITE
from nntui.display import display
from nntui.tui.debugger.choosing import walk
from nntui_core.minimizing import Minimizer
from nntui_core.preview import preview

if TYPE_CHECKING:
    from nntui.tui.debugger.session import DebugSession


def step(session: DebugSession) -> None:
    """The next step; after the last, the optimizer's."""
    if session.preview is not None and isinstance(session.trainer, Minimizer):
        walk(session, 1)
    elif session.preview is not None:
        more = "the next update belongs to the training: q goes back to it"
        session.say(
            more if session.of_training else "the end: the optimizer's step was the last; b goes back"
        )
    elif session.debugger.step():
        session.follow()
    elif session.trainer is not None:
        optimize(session)
    else:
        session.say("the end: b goes back")


def back(session: DebugSession) -> None:
    """Go one step back."""
    if session.preview is not None:
        session.preview = None
        session.follow()
    elif session.debugger.back():
        session.follow()
    else:
        session.say("the start: n steps")


def start(session: DebugSession) -> None:
    """Go back to before the first step."""
    session.preview = None
    session.debugger.start()
    session.follow()


def forward(session: DebugSession) -> None:
    """Go to the end of the forward pass."""
    session.preview = None
    session.debugger.forward()
    session.follow()


def backward(session: DebugSession) -> None:
    """Go to the end of the backward pass."""
    session.preview = None
    session.debugger.backward()
    session.follow()


def resume(session: DebugSession) -> None:
    """Go on to the next breakpoint or condition, or to the end."""
    session.preview = None
    if session.debugger.stepper.next is None:
        session.say("the end: b goes back")
        return
    stopped = session.debugger.resume()
    session.follow()
    if stopped:
        hit = session.debugger.hit
        if hit is not None:
            session.cursor_name = hit.node
            born = born_at(
                session.debugger.subject.plan,
                session.debugger.stepper.order[session.debugger.stepper.position - 1],
            )
            if born is not None and NON_FINITE in hit.condition.terms:
                _show(session, born)
        session.say(f"stopped: {session.debugger.stopped}", "warn")
    else:
        born = _birth(session)
        session.say(
            "ran to the end" if born is None else f"ran to the end; not finite first in {_where(born)}"
        )


def _birth(session: DebugSession) -> Birth | None:
    """Where, in the steps done, a number that is not finite was born."""
    stepper = session.debugger.stepper
    return birth(stepper.plan, stepper.order[: stepper.position])


def _where(born: Birth) -> str:
    sent = f", in what it sends to {display(born.receiver.name, 40)}" if born.receiver is not None else ""
    return f"{display(born.node.name, 40)}{sent}"


def _show(session: DebugSession, born: Birth) -> None:
    """The cursor to the node and entry, the map to the array in which the number stands."""
    session.cursor_name = born.node.name
    session.entries[born.node.name] = born.entry
    plan = session.debugger.subject.plan
    if born.phase == "forward":
        session.kind = "value"
    elif born.receiver is None:
        session.kind = "gradient"
    else:
        local = products.jacobian(plan, born.node, born.position)
        finite = local is None or bool(np.isfinite(local.value).all())
        session.kind = "gradient" if finite else f"local {born.position}"


def land(session: DebugSession, name: str, phase: str) -> None:
    """To the step at which a condition held in the training, ``name`` the node."""
    resume(session)
    hit = session.debugger.hit
    if hit is not None and name in (hit.node, hit.receiver):
        return
    # The training saw other numbers, such as gradients after clipping: to where they were complete.
    order = session.debugger.stepper.order
    steps = [
        k
        for k, e in enumerate(order)
        if e.phase == phase
        and name in ([e.node.name] if phase == "forward" else [a.name for a in e.node.args])
    ]
    if steps:
        session.debugger.stepper.seek(steps[-1] + 1)
        session.cursor_name = name
        session.say(f"the training stopped here, at {name}", "warn")


def show(session: DebugSession, name: str) -> None:
    """The whole pass done, the cursor at a node: that name, else the last part of the layer which it names."""
    backward(session)
    nodes = session.wiring.nodes
    layer = name.rpartition(".")[0] or name
    found = [n for n in nodes if n.name == name] or [n for n in nodes if n.name.startswith(f"{layer}.")]
    if found:
        session.cursor_name = found[-1].name
    else:
        session.say(f"there is no node {display(name, 40)} here", "warn")


def until(session: DebugSession) -> None:
    """Go to the next step of the cursor's node."""
    session.preview = None
    name = session.cursor.name
    node = session.cursor
    if node.op is None:
        consumers = [e.node.name for e in session.wiring.incoming.get(node.id, [])]
        session.say(
            f"{name} is given, no step computes it"
            + (f"; its gradient comes from {display(consumers[-1], 40)}" if consumers else "")
        )
    elif not session.debugger.until(name):
        session.say(f"no step of {name} lies ahead (b goes back)")
    session.cursor_name = name


def into(session: DebugSession) -> None:
    """Open the cursor's node."""
    node = session.cursor
    known = set(session.wiring.by_name)
    event = session.debugger.event
    here = event is not None and event.node is node
    if not session.debugger.into(node.name):
        if node.op is None:
            session.say(f"{node.name} is given: there is nothing to open")
        else:
            session.say(f"{node.name} is primitive: there is nothing to open")
        return
    session.preview = None
    if here and event is not None and event.phase == "forward":
        order = session.debugger.stepper.order
        first = next(
            (k for k, e in enumerate(order) if e.phase == "forward" and e.node.name not in known), None
        )
        if first is not None:
            session.debugger.stepper.seek(first + 1)
    if here:
        session.follow()
    else:
        session.cursor_name = node.name
    session.say(f"opened {node.name}: o closes it")


def open_all(session: DebugSession) -> None:
    """Open every node that can be opened, and what is inside them."""
    while closed := [n.name for n in session.wiring.nodes if n.op is not None and not n.op.primitive]:
        session.debugger.opened = (*session.debugger.opened, *closed)
        session.debugger.choose(session.debugger.sample)
    start(session)


def out(session: DebugSession) -> None:
    """Close the node that was opened last."""
    if not session.debugger.opened:
        session.say("nothing is open")
        return
    name = session.debugger.opened[-1]
    session.debugger.out()
    session.preview = None
    session.cursor_name = name
    session.say(f"closed {name}")


def optimize(session: DebugSession) -> None:
    """Through the backward pass to the optimizer's step."""
    if session.trainer is None:
        session.say("an expression has no optimizer")
        return
    if session.preview is not None:
        return
    session.debugger.backward()
    born = _birth(session)
    if born is not None:
        session.say(f"no step: not finite first in {_where(born)}", "bad")
        _show(session, born)
        return
    with np.errstate(all="ignore"):
        if isinstance(session.trainer, Minimizer):
            parameters = session.debugger.subject.plan.parameters
            session.preview = session.trainer.preview(
                session.debugger.sample, parameters.theta, parameters.grad
            )
        else:
            session.preview = preview(session.trainer)
    if session.cursor.role != "parameter":
        session.cursor_name = next(
            (n.name for n in session.debugger.subject.plan.nodes if n.role == "parameter"),
            session.cursor_name,
        )

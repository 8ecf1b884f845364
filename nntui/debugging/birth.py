"""Where a number that is not finite was born: the node that made it, and which of its entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nntui.debugging import products
from nntui_core.events import Edge, Event, Phase
from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.plan import Plan


@dataclass(frozen=True)
class Birth:
    """``node`` made the number: its value (forward), or what it sent to ``receiver`` (backward)."""

    phase: Phase
    node: Node
    entry: int
    """Flat entry of the node's value, or of its upstream gradient."""
    receiver: Node | None = None
    """The operand that the number was sent to; None where finite contributions summed to one that is not."""
    position: int = 0
    """Which operand that is."""


def birth(plan: Plan, events: Iterable[Event]) -> Birth | None:
    """The first one in some events that the plan (with edges) has done, in their order."""
    for event in events:
        found = born_at(plan, event)
        if found is not None:
            return found
    return None


def born_at(plan: Plan, event: Event) -> Birth | None:
    """What one event made that is not finite, or what it was given from a leaf."""
    node = event.node
    if event.phase == "forward":
        for made in (*(a for a in node.args if a.op is None), node):
            entry = first_bad(plan.value(made))
            if entry is not None:
                return Birth("forward", made, entry)
        return None
    for edge in plan.sent_by(node):
        entry = first_bad(plan.contribution(edge))
        if entry is not None:
            return Birth("backward", node, _maker(plan, edge, entry), edge.target, edge.position)
        adjoint = plan.adjoint(edge.target)
        entry = None if adjoint is None else first_bad(adjoint)
        if entry is not None:
            return Birth("backward", edge.target, entry)
    return None


def first_bad(array: Array) -> int | None:
    """The first flat entry that is not finite."""
    finite = np.isfinite(array)
    return None if finite.all() else int(np.argmin(finite.reshape(-1)))


def _maker(plan: Plan, edge: Edge, entry: int) -> int:
    """The entry of the sender whose local × upstream is not finite."""
    size = plan.value(edge.node).size
    terms = products.terms(plan, edge, entry) or []
    with np.errstate(all="ignore"):
        bad = [t.k for t in terms if not np.isfinite(t.local * t.upstream)]
    return bad[0] if bad else min(entry, size - 1)

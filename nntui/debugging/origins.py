"""Where a value comes from: from one entry back towards the leaves, to the cause."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import numpy as np

from nntui.debugging.birth import first_bad
from nntui.debugging.causes import meaning
from nntui.debugging.teller import Reason, Teller
from nntui.display import display
from nntui_core.graph import Node
from nntui_core.plan import Plan


def origin(teller: Teller, node: Node, entry: int) -> Iterator[Reason]:
    """The steps from a flat entry of a node back along the entries that decide its value, down to the cause."""
    while True:
        value = float(teller.plan.value(node).reshape(-1)[entry])
        if node.op is None:
            what = {
                "parameter": "learned",
                "constant": "a constant of the formula",
                "random": "drawn for this update",
            }
            yield teller.reason(node, entry, "value", value, what.get(node.role, "given"), cause=True)
            return
        found = _operand(teller.plan, node, entry)
        formula = display(node.op.describe([a.name for a in node.args]), 80)
        if found is None:
            text = (
                f"{formula} is not finite though what it is computed from is"
                if not isfinite(value)
                else formula
            )
            off = (
                meaning(teller, node, 0, entry, entry)
                if value == 0 and node.args[0].shape == node.shape
                else ""
            )
            yield teller.reason(node, entry, "value", value, off or text, cause=True)
            return
        arg, at = found
        yield teller.reason(
            node, entry, "value", value, f"{formula}, mostly from {teller.called(arg)}{teller.at(arg, at)}"
        )
        node, entry = arg, at


def _operand(plan: Plan, node: Node, entry: int) -> tuple[Node, int] | None:
    """The entry of an operand that decides the value; None where none does."""
    assert node.op is not None
    finite = isfinite(float(plan.value(node).reshape(-1)[entry]))
    if not finite:
        for arg in node.args:
            bad = first_bad(plan.value(arg))
            if bad is not None:
                same = arg.shape == node.shape and not isfinite(float(plan.value(arg).reshape(-1)[entry]))
                return arg, entry if same else bad
        return None
    best: tuple[float, Node, int] | None = None
    g = np.zeros_like(plan.value(node))
    g.reshape(-1)[entry] = 1
    for i, arg in enumerate(node.args):
        if not node.op.differentiable(i):
            continue
        x = plan.value(arg)
        row = np.zeros(arg.shape, dtype=g.dtype)
        space = {k: a.copy() for k, a in plan.workspace(node).items()}
        node.op.vjp(i, g, [plan.value(a) for a in node.args], plan.value(node), row, space)
        moved = np.abs(row * x)
        at = int(moved.argmax())
        share = float(moved.reshape(-1)[at])
        if isfinite(share) and share > 0 and (best is None or share > best[0]):
            best = (share, arg, at)
    return None if best is None else (best[1], best[2])

"""Why a local derivative is 0, or what it is, in words: by the op's type."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from nntui.debugging.teller import Teller
from nntui.display import display
from nntui_core.graph import Node
from nntui_core.ops.notation import bracketed

Words = Callable[[Teller, Node, int, float, int], str]
"""From teller, node, the operand's position, the operand's value and the node's flat entry to why the derivative is 0."""


def _rectified(teller: Teller, node: Node, position: int, x: float, k: int) -> str:
    if x > 0:
        return ""
    z = teller.plan.value(node.args[0])
    unit = np.unravel_index(k, node.shape)[1:]
    rows = z.reshape(len(z), -1)[:, np.ravel_multi_index(unit, z.shape[1:])] if len(unit) else np.array([x])
    off = int(np.count_nonzero(rows <= 0))
    whole = ", on every sample: the unit is dead" if off == len(rows) > 1 else ""
    of = f" (off in {off} of {len(rows)} samples{whole})" if len(rows) > 1 else ""
    return f"relu is off: z = {teller.number(x)} ≤ 0, so its derivative is 0{of}"


def _linear(teller: Teller, node: Node, position: int, x: float, k: int) -> str:
    """Of a product of matrices, whose other operand is 0 wherever it meets this entry."""
    if position > 1:
        return ""
    other = teller.called(node.args[1 - position])
    if node.args[1].role != "parameter":
        return f"{other} is 0 in every product with this entry"
    if position == 0:
        return f"zero weight: {other} is 0 where {teller.called(node.args[0])} is read"
    return f"zero input: {other} is 0 in every product with this weight"


def _masked(teller: Teller, node: Node, position: int, x: float, k: int) -> str:
    kept = float(teller.plan.value(node.args[1]).reshape(-1)[k])
    return "" if kept else "masked: dropout has set this entry to 0 in this update"


def _beaten(teller: Teller, node: Node, position: int, x: float, k: int) -> str:
    return "another entry is the largest (or smallest), only that one receives the gradient"


def _flat_loss(teller: Teller, node: Node, position: int, x: float, k: int) -> str:
    assert node.op is not None
    rule = node.op.rule(position, [teller.called(a) for a in node.args], [a.shape for a in node.args])
    return f"the loss: its derivative is {rule}"


def _factor(teller: Teller, node: Node, position: int, x: float, k: int) -> str:
    other = node.args[1 - position]
    value = teller.plan.value(other)
    v = float(value.reshape(-1)[k if value.size == prod(node.shape) else 0])
    return f"the other factor, {teller.called(other)}, is 0" if v == 0 else ""


WORDS: dict[str, Words] = {
    "relu": _rectified, "affine": _linear, "matmul": _linear, "mask": _masked, "mul": _factor,
    "max": _beaten, "min": _beaten, "maximum": _beaten, "minimum": _beaten, "maxout": _beaten, "maxpool2d_op": _beaten,
    "cross_entropy": _flat_loss, "binary_cross_entropy": _flat_loss, "mse": _flat_loss, "mae": _flat_loss,
    "huber": _flat_loss, "hinge": _flat_loss,
}  # fmt: skip
"""By the op's type."""


def meaning(teller: Teller, node: Node, position: int, entry: int, k: int) -> str:
    """What a local derivative is, and why it is 0 where it is."""
    op, arg = node.op, node.args[position]
    assert op is not None
    x = float(teller.plan.value(arg).reshape(-1)[entry])
    written = WORDS.get(op.type)
    names = [display(bracketed(n.name), 40) for n in (*node.args, node)]
    rule = op.rule(position, names[:-1], [a.shape for a in node.args])
    text = written(teller, node, position, x, k) if written is not None else ""
    return text or f"∂{names[-1]}/∂{names[position]}" + (f" = {rule}" if rule else "")

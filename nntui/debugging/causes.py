"""Why a local derivative is 0, or what it is, in words: by the op's type."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Protocol

import numpy as np

from nntui_core.graph import Node
from nntui_core.plan import Plan


class Telling(Protocol):
    """What a cause is told with: the plan, and how nodes and numbers are written."""

    plan: Plan

    def called(self, node: Node) -> str:
        """The node's short name."""

    def number(self, value: float) -> str:
        """A number with as many digits as are wanted."""


Words = Callable[["Telling", Node, int, float, int], str]
"""From what it is told with, node, operand's position, the operand's entry and the node's flat entry to why the derivative is 0."""


def _rectified(telling: Telling, node: Node, position: int, x: float, k: int) -> str:
    if x > 0:
        return ""
    z = telling.plan.value(node.args[0])
    unit = np.unravel_index(k, node.shape)[1:]
    rows = z.reshape(len(z), -1)[:, np.ravel_multi_index(unit, z.shape[1:])] if len(unit) else np.array([x])
    off = int(np.count_nonzero(rows <= 0))
    whole = ", on every sample: the unit is dead" if off == len(rows) > 1 else ""
    of = f" (off in {off} of {len(rows)} samples{whole})" if len(rows) > 1 else ""
    return f"relu is off: z = {telling.number(x)} ≤ 0, so its derivative is 0{of}"


def _linear(telling: Telling, node: Node, position: int, x: float, k: int) -> str:
    """Of a product of matrices, whose other operand is 0 wherever it meets this entry."""
    if position > 1:
        return ""
    other = telling.called(node.args[1 - position])
    if node.args[1].role != "parameter":
        return f"{other} is 0 in every product with this entry"
    if position == 0:
        return f"zero weight: {other} is 0 where {telling.called(node.args[0])} is read"
    return f"zero input: {other} is 0 in every product with this weight"


def _masked(telling: Telling, node: Node, position: int, x: float, k: int) -> str:
    kept = float(telling.plan.value(node.args[1]).reshape(-1)[k])
    return "" if kept else "masked: dropout has set this entry to 0 in this update"


def _beaten(telling: Telling, node: Node, position: int, x: float, k: int) -> str:
    return "another entry is the largest (or smallest), only that one receives the gradient"


def _flat_loss(telling: Telling, node: Node, position: int, x: float, k: int) -> str:
    assert node.op is not None
    rule = node.op.rule(position, [telling.called(a) for a in node.args], [a.shape for a in node.args])
    return f"the loss: its derivative is {rule}"


def _factor(telling: Telling, node: Node, position: int, x: float, k: int) -> str:
    other = node.args[1 - position]
    value = telling.plan.value(other)
    v = float(value.reshape(-1)[k if value.size == prod(node.shape) else 0])
    return f"the other factor, {telling.called(other)}, is 0" if v == 0 else ""


WORDS: dict[str, Words] = {
    "relu": _rectified, "affine": _linear, "matmul": _linear, "mask": _masked, "mul": _factor,
    "max": _beaten, "min": _beaten, "maximum": _beaten, "minimum": _beaten, "maxout": _beaten, "maxpool2d_op": _beaten,
    "cross_entropy": _flat_loss, "binary_cross_entropy": _flat_loss, "mse": _flat_loss, "mae": _flat_loss,
    "huber": _flat_loss, "hinge": _flat_loss,
}  # fmt: skip
"""By the op's type."""

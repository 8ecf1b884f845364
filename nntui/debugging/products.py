"""Local × upstream in real numbers: the products that one entry of a gradient is the sum of, and each sample's share.

Every gradient is linear in what reached the node, so the share of some samples is the op's own vector-Jacobian
product with the other samples' upstream set to zero: nothing is computed a second way.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.records import local_derivative
from nntui_core.events import Edge
from nntui_core.graph import Local, Node
from nntui_core.plan import Plan

Array = NDArray[Any]

MAX_JACOBIAN = 1 << 16
"""Entries of a Jacobian that is computed for a look at it."""
MAX_WORK = 1 << 21
"""Numbers touched for it."""


@dataclass(frozen=True)
class Term:
    """One product: ``local`` = ∂y[k]/∂x[e], ``upstream`` = the gradient of y[k], k flat."""

    k: int
    local: float
    upstream: float


def is_diagonal(node: Node, i: int) -> bool:
    """Whether each entry of the node depends on the same entry of its operand alone."""
    return node.op is not None and node.op.pointwise(node.args[i].shape, node.shape)


def jacobian(plan: Plan, node: Node, i: int) -> Local | None:
    """The local derivative where it is small enough to look at, else None."""
    rows, columns = prod(node.shape), prod(node.args[i].shape)
    # A vector-Jacobian product a row, each about as long as everything that the op touches.
    work = rows * (rows + sum(prod(a.shape) for a in node.args))
    if not is_diagonal(node, i) and (rows * columns > MAX_JACOBIAN or work > MAX_WORK):
        return None
    return local_derivative(plan, node, i, None)


def block(plan: Plan, node: Node, i: int, entry: int, rows: int) -> tuple[int, Array]:
    """The first row and some rows of a large Jacobian, those around output ``entry``: rows × entries of the operand."""
    assert node.op is not None
    x, y = plan.value(node.args[i]), plan.value(node)
    first = max(0, min(entry - rows // 2, y.size - rows))
    xs = [plan.value(a) for a in node.args]
    space = {k: a.copy() for k, a in plan.workspace(node).items()}
    out = np.zeros((min(rows, y.size), x.size), dtype=y.dtype)
    g, sent = np.zeros_like(y), np.zeros_like(x, dtype=y.dtype)
    with np.errstate(all="ignore"):
        for k in range(len(out)):
            place = np.unravel_index(first + k, y.shape)
            g[place] = 1
            node.op.vjp(i, g, xs, y, sent, space)
            g[place] = 0
            out[k] = sent.reshape(-1)
    return first, out


def terms(plan: Plan, edge: Edge, entry: int) -> list[Term] | None:
    """The products whose sum is entry number ``entry`` of what is sent along the edge; None where too many.

    Products with a local derivative of zero are left out.
    """
    node, i = edge.node, edge.position
    assert node.op is not None
    upstream = plan.adjoint(node)
    if upstream is None:
        return None
    found = _bilinear(plan, node, i, entry)
    if found is None:
        local = jacobian(plan, node, i)
        if local is None:
            return None
        if local.kind in ("scalar", "diagonal"):
            return [Term(entry, float(local.value.reshape(-1)[entry]), float(upstream.reshape(-1)[entry]))]
        column = local.value.reshape(upstream.size, -1)[:, entry]
        found = [(int(k), float(column[k])) for k in np.flatnonzero(column)]
    g = upstream.reshape(-1)
    return [Term(k, local_value, float(g[k])) for k, local_value in found]


def _bilinear(plan: Plan, node: Node, i: int, entry: int) -> list[tuple[int, float]] | None:
    """Of a product of matrices the local derivatives are entries of the other operand."""
    assert node.op is not None
    if node.op.type not in ("affine", "matmul") or len(node.shape) != 2 or len(node.args[0].shape) != 2:
        return None
    rows, columns = node.shape
    if i == 0:
        r, c = divmod(entry, node.args[0].shape[1])
        w = plan.value(node.args[1])[c]
        return [(r * columns + k, float(w[k])) for k in range(columns)]
    if i == 1:
        r, c = divmod(entry, columns)
        x = plan.value(node.args[0])[:, r]
        return [(k * columns + c, float(x[k])) for k in range(rows)]
    return [(k * columns + entry, 1.0) for k in range(rows)]


def share(plan: Plan, edge: Edge, samples: slice) -> Array | None:
    """What the upstream of some samples alone sends along the edge; None where the node has no sample axis."""
    node = edge.node
    g = plan.adjoint(node)
    if g is None or not node.shape or node.op is None:
        return None
    part = np.zeros_like(g)
    part[samples] = g[samples]
    out = np.zeros_like(plan.contribution(edge))
    space = {k: a.copy() for k, a in plan.workspace(node).items()}
    xs = [plan.value(a) for a in node.args]
    with np.errstate(all="ignore"):
        node.op.vjp(edge.position, part, xs, plan.value(node), out, space)
    return out

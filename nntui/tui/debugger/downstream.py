"""The part of a node's card on its inputs: local derivatives, and the gradient sent on to each input."""

from __future__ import annotations

import numpy as np

from nntui.debugging import products
from nntui.tui.debugger.format import FEW, at, factor, number, whole
from nntui.tui.debugger.moment import Look
from nntui.tui.debugger.view import GRADIENT, CardLine, line
from nntui.tui.render.picture import MUTED, text
from nntui_core.graph import Node


def local_derivatives(look: Look) -> list[CardLine]:
    """∂node/∂input for each of its inputs that has one."""
    node = look.node
    assert node.op is not None
    lines: list[CardLine] = []
    for i, arg in enumerate(node.args):
        if not node.op.differentiable(i) or (arg.role == "constant" and look.network):
            continue
        lines.append(line("local" if not lines else "", text(_local_text(look, node, i))))
    return lines


def _local_text(look: Look, node: Node, i: int) -> str:
    arg = node.args[i]
    head = f"∂{look.called(node)}/∂{look.called(arg)}"
    local = products.jacobian(look.plan, node, i)
    rows, columns = look.size(node), look.size(arg)
    if local is None:
        return f"{head}: Jacobian {rows}×{columns} (m draws a part)"
    value = local.value
    if local.kind == "scalar":
        return f"{head} = {number(value)}"
    if local.kind == "diagonal":
        bits = np.isin(value, (0, 1)).all()
        share = (
            f", entries 0 or 1, {100 * float(np.mean(value)):.0f} % are 1" if bits and value.size > 1 else ""
        )
        if value.size <= FEW:
            return f"{head} = diag {whole(value)}{share}"
        return f"{head}: diagonal of {rows}×{columns}{share}; at {at(look.index(node, look.entry))} {number(value.reshape(-1)[look.entry])}"
    if value.size <= 2 * FEW:
        return f"{head} = {_matrix(value.reshape(rows, columns))}  ({rows}×{columns})"
    filled = 100 * np.count_nonzero(value) / value.size
    return f"{head}: Jacobian {rows}×{columns}, {filled:.0f} % not 0"


def _matrix(a: np.ndarray) -> str:
    return "[" + ", ".join("[" + ", ".join(number(v) for v in row) + "]" for row in a) + "]"


def sends(look: Look) -> list[CardLine]:
    """What the node sends on: local × upstream for each of its inputs."""
    node, f = look.node, look.letter
    upstream = look.gradient(node)
    if upstream is None or not look.complete(node):
        return []
    lines: list[CardLine] = []
    for edge in look.wiring.outgoing.get(node.id, []):
        head = f"∂{f}/∂{look.called(edge.target)}"
        if len(look.wiring.incoming.get(edge.target.id, [])) > 1:
            head += " += "
        else:
            head += " = "
        local = products.jacobian(look.plan, node, edge.position)
        if local is not None and local.kind == "scalar":
            product = f"{factor(number(local.value))} × {factor(number(upstream))}"
        elif local is not None and local.value.size <= 2 * FEW and upstream.size <= FEW:
            times = "⊙" if local.kind == "diagonal" else "Jᵀ·"
            up = whole(upstream)
            product = f"{whole(local.value)} ⊙ {up}" if times == "⊙" else f"Jᵀ · {up}"
        else:
            product = "local × upstream"
        label = "sends" if not lines else ""
        if look.sent(edge):
            sent = look.sent_text(edge, whole)
            lines.append(line(label, text(head), text(f"{product} = "), text(sent, GRADIENT)))
        else:
            lines.append(line(label, text(head), text(product), text("   next: n sends it", MUTED)))
    return lines

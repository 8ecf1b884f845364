"""The card of one node: formula, values, local × upstream in real numbers, sums, shapes, and the numerical check."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nntui.debugging import products
from nntui.debugging.records import GIVEN
from nntui.display import display
from nntui.tui.debugger.format import FEW, added, at, factor, number, shape_text, whole
from nntui.tui.debugger.moment import Array, Look
from nntui.tui.debugger.numeric import numeric
from nntui.tui.debugger.theta import theta_of
from nntui.tui.debugger.view import CardLine
from nntui.tui.render.picture import MUTED, Row, Style, join, text
from nntui_core.graph import Node
from nntui_core.plan import Edge

VALUE = Style(bold=True)
GRADIENT = Style(fg="accent", bold=True)
SHOWN_TERMS = 4
SHARES = 1 << 21
"""Entries times samples up to which each sample's share is computed."""


def card(look: Look) -> tuple[CardLine, ...]:
    """All lines for the node that is looked at."""
    node = look.node
    lines = [_formula(look)]
    if node.args:
        lines.append(_inputs(look))
    lines.append(_value(look))
    lines += _layer(look)
    lines += _gradient(look)
    if node.args and look.known(node):
        lines += _local(look)
        lines += _sends(look)
    if look.complete(node):
        lines += _samples(look)
    lines += _shape(look)
    if look.complete(node):
        lines += numeric(look, where(look))
    return tuple(lines)


def title(look: Look) -> str:
    """What stands at the card's border."""
    node = look.node
    return look.written(node) if node.op is not None else f"{node.role} {display(node.name, 40)}"


def _line(label: str, *parts: Row) -> CardLine:
    return CardLine(label, join(*parts))


def _formula(look: Look) -> CardLine:
    node = look.node
    if node.op is None:
        about = {
            "parameter": "learned",
            "input": "given",
            "label": "the right answer",
            "constant": "constant",
            "random": "drawn for this update",
            "buffer": "running statistics",
        }.get(node.role, node.role)
        return _line("leaf", text(f"{about}  {shape_text(node.shape)}", MUTED))
    opened = "" if node.op.primitive else "  (i opens it)"
    return _line("op", text(f"{node.op.type}: {node.op.formula}"), text(opened, MUTED))


def _inputs(look: Look) -> CardLine:
    parts = []
    for arg in look.node.args:
        value = look.value(arg)
        shown = "–" if value is None else number(value) if value.ndim == 0 else _small(value)
        parts.append(f"{look.called(arg)} = {shown}")
    return _line("inputs", text("   ".join(parts)))


def _small(value: np.ndarray) -> str:
    return whole(value) if value.size <= FEW else shape_text(value.shape)


def where(look: Look) -> str:
    """The entry that is looked at as an index: of a dense layer's weights and biases, the place in Θ."""
    theta = theta_of(look, look.node)
    if theta is None:
        return at(look.index(look.node, look.entry))
    return f"Θ{at(theta.place(look.node, look.entry))}"


def _array(look: Look, get: Callable[[Node], Array | None], plain: str) -> str:
    """An array written out or summed up; weights, with their biases, as Θ."""
    theta = theta_of(look, look.node)
    matrix = theta.matrix(get) if theta is not None and look.node is theta.weight else None
    return plain if matrix is None else f"Θ {whole(matrix)}"


def _value(look: Look) -> CardLine:
    node = look.node
    value = look.value(node)
    if value is None:
        return _line("value", text("not computed yet", MUTED))
    parts = [text(_array(look, look.value, look.value_text(node, whole)), VALUE)]
    if value.size > 1:
        parts.append(text(f"   {where(look)} = {number(value.reshape(-1)[look.entry])}"))
    if any(name == node.name for name, _ in look.debugger.edits):
        parts.append(text("   set by hand", Style(fg="warn")))
    return _line("value", *parts)


def _layer(look: Look) -> list[CardLine]:
    """z and a of the layer that the node belongs to."""
    for name, z, a in look.debugger.subject.layers:
        if z is None or z is a or look.node not in (z, a) or z.shape != a.shape:
            continue
        index = at(look.index(look.node, look.entry))
        parts = [text(f"{display(name, 20)}  ")]
        for word, node in (("z", z), ("a", a)):
            value = look.value(node)
            shown = "–" if value is None else number(value.reshape(-1)[look.entry])
            parts.append(text(f"{word}{index} = {shown}   "))
        return [_line("layer", *parts)]
    return []


def _gradient(look: Look) -> list[CardLine]:
    """What arrived, and the products that one entry of it is the sum of."""
    node, f = look.node, look.letter
    label = "upstream" if node.op is not None else "gradient"
    if node is look.output:
        if not look.whole_forward:
            return [_line(label, text("after the forward pass", MUTED))]
        return [_line(label, text(f"∂{f}/∂{f} = 1", GRADIENT), text("  where it begins", MUTED))]
    edges = look.wiring.incoming.get(node.id, [])
    if not edges:
        return [_line(label, text(_no_gradient(look, node), MUTED))]
    arrived = [e for e in edges if look.sent(e)]
    if not arrived:
        return [_line(label, text("not reached yet", MUTED))]
    g = look.gradient(node)
    assert g is not None
    what = f"∂{f}/∂{look.called(node)}"
    more = len(edges) - len(arrived)
    written = _array(look, look.gradient, look.gradient_text(node, whole))
    parts = [text(f"{what} = "), text(written, GRADIENT)]
    if g.size > 1:
        parts.append(text(f"   {where(look)} = {number(g.reshape(-1)[look.entry])}"))
    if more:
        parts.append(text(f"   so far, {more} path{'s' * (more > 1)} to come", Style(fg="warn")))
    lines = [_line(label, *parts)]
    sums = []
    for edge in arrived:
        shown, value = _product(look, edge, look.entry)
        sums.append(value)
        lines.append(_line("", text(f"from {_whom(look, edge)}  ", MUTED), text(shown)))
    if len(edges) > 1:
        total = number(g.reshape(-1)[look.entry])
        tail = [] if not more else [text(f"   + {more} to come", MUTED)]
        lines.append(
            _line(
                "sum",
                text(f"paths join: {added([number(v) for v in sums])} = "),
                text(total, GRADIENT),
                *tail,
            )
        )
    return lines


def _no_gradient(look: Look, node: Node) -> str:
    """Why none arrives."""
    if node.role in GIVEN:
        return "none: it is given"
    if node.id not in look.wiring.of_output:
        return f"none: it stands beside the path, nothing that {look.letter} is computed from reads it"
    if node.op is not None and node.id in look.wiring.fixed:
        return "none: it depends on constants alone"
    return f"none: no path from here to {look.letter} is differentiable"


def _whom(look: Look, edge: Edge) -> str:
    twice = edge.node.args.count(edge.target) > 1
    place = f" (input {edge.position + 1})" if twice else ""
    return f"{look.called(edge.node)}{place}"


def _product(look: Look, edge: Edge, entry: int) -> tuple[str, float]:
    """Σ local × upstream for one entry of what was sent along an edge, and its value."""
    sent = float(look.plan.contribution(edge).reshape(-1)[entry])
    terms = products.terms(look.plan, edge, entry)
    if terms is None:
        rows, columns = look.size(edge.node), look.size(edge.target)
        return f"Jacobian {rows}×{columns} × upstream = {number(sent)}", sent
    # The largest first: of hundreds of products only a few are worth reading.
    order = (
        sorted(terms, key=lambda t: -abs(t.local * t.upstream))[:SHOWN_TERMS]
        if len(terms) > SHOWN_TERMS
        else terms
    )
    parts = [f"{factor(number(t.local))} × {factor(number(t.upstream))}" for t in order]
    if len(terms) > len(order):
        parts.append(f"… {len(terms) - len(order)} more")
    return f"{' + '.join(parts) or '0'} = {number(sent)}", sent


def _local(look: Look) -> list[CardLine]:
    node = look.node
    assert node.op is not None
    lines: list[CardLine] = []
    for i, arg in enumerate(node.args):
        if not node.op.differentiable(i) or (arg.role == "constant" and look.network):
            continue
        lines.append(_line("local" if not lines else "", text(_local_text(look, node, i))))
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


def _sends(look: Look) -> list[CardLine]:
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
            lines.append(_line(label, text(head), text(f"{product} = "), text(sent, GRADIENT)))
        else:
            lines.append(_line(label, text(head), text(product), text("   next: n sends it", MUTED)))
    return lines


def _samples(look: Look) -> list[CardLine]:
    """How the sum over the samples forms, for the entry that is looked at."""
    node = look.node
    rows = len(look.debugger.subject.rows)
    if not look.network or rows < 2 or look.samples(node) or node is look.output:
        return []
    edges = [e for e in look.wiring.incoming.get(node.id, []) if look.samples(e.node)]
    if not edges:
        return []
    edge = edges[0]
    s = min(look.sample, rows - 1)
    one, upto = (products.share(look.plan, edge, k) for k in (slice(s, s + 1), slice(0, s + 1)))
    if one is None or upto is None:
        return []
    entry = look.entry
    whole_sum = look.plan.contribution(edge).reshape(-1)[entry]
    head = (
        f"sample {s + 1}: {number(one.reshape(-1)[entry])}   first {s + 1}: {number(upto.reshape(-1)[entry])}"
    )
    lines = [_line("samples", text(head), text(f"   all {rows}: "), text(number(whole_sum), GRADIENT))]
    if rows <= 8 and rows * look.size(node) <= SHARES:
        shares = [products.share(look.plan, edge, slice(k, k + 1)) for k in range(rows)]
        numbers = [number(a.reshape(-1)[entry]) for a in shares if a is not None]
        lines.append(
            _line("", text("Σ over samples  ", MUTED), text(f"{added(numbers)} = {number(whole_sum)}"))
        )
    return lines


def _shape(look: Look) -> list[CardLine]:
    node = look.node
    g = look.gradient(node) if look.complete(node) else None
    if g is None:
        return []
    fits = g.shape == node.shape
    words = f"gradient {shape_text(g.shape)} = shape of {look.called(node)} "
    return [
        _line(
            "shape", text(words), text("✓" if fits else "✗", Style(fg="good" if fits else "bad", bold=True))
        )
    ]

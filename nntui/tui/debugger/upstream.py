"""The part of a node's card on its gradient: its value, the products that it is the sum of, or why there is none."""

from __future__ import annotations

from nntui.debugging import products
from nntui.debugging.records import GIVEN
from nntui.tui.debugger.format import added, factor, number, whole
from nntui.tui.debugger.moment import Look
from nntui.tui.debugger.theta import where, written
from nntui.tui.debugger.view import GRADIENT, CardLine, line
from nntui.tui.render.picture import MUTED, Style, text
from nntui_core.events import Edge
from nntui_core.graph import Node

SHOWN_TERMS = 4

SHARES = 1 << 21
"""Entries times samples up to which each sample's share is computed."""


def gradient(look: Look) -> list[CardLine]:
    """What arrived, and the products that one entry of it is the sum of."""
    node, f = look.node, look.letter
    label = "upstream" if node.op is not None else "gradient"
    if node is look.output:
        if not look.whole_forward:
            return [line(label, text("after the forward pass", MUTED))]
        return [line(label, text(f"∂{f}/∂{f} = 1", GRADIENT), text("  where it begins", MUTED))]
    edges = look.wiring.incoming.get(node.id, [])
    if not edges:
        return [line(label, text(_no_gradient(look, node), MUTED))]
    arrived = [e for e in edges if look.sent(e)]
    if not arrived:
        return [line(label, text("not reached yet", MUTED))]
    g = look.gradient(node)
    assert g is not None
    what = f"∂{f}/∂{look.called(node)}"
    more = len(edges) - len(arrived)
    whole_text = written(look, look.gradient, look.gradient_text(node, whole))
    parts = [text(f"{what} = "), text(whole_text, GRADIENT)]
    if g.size > 1:
        parts.append(text(f"   {where(look)} = {number(g.reshape(-1)[look.entry])}"))
    if more:
        parts.append(text(f"   so far, {more} path{'s' * (more > 1)} to come", Style(fg="warn")))
    lines = [line(label, *parts)]
    sums = []
    for edge in arrived:
        shown, value = _product(look, edge, look.entry)
        sums.append(value)
        lines.append(line("", text(f"from {_whom(look, edge)}  ", MUTED), text(shown)))
    if len(edges) > 1:
        total = number(g.reshape(-1)[look.entry])
        tail = [] if not more else [text(f"   + {more} to come", MUTED)]
        lines.append(
            line(
                "sum",
                text(f"paths join: {added([number(v) for v in sums])} = "),
                text(total, GRADIENT),
                *tail,
            )
        )
    return lines


def _no_gradient(look: Look, node: Node) -> str:
    """Why no gradient arrives at the node."""
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


def samples(look: Look) -> list[CardLine]:
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
    lines = [line("samples", text(head), text(f"   all {rows}: "), text(number(whole_sum), GRADIENT))]
    if rows <= 8 and rows * look.size(node) <= SHARES:
        shares = [products.share(look.plan, edge, slice(k, k + 1)) for k in range(rows)]
        numbers = [number(a.reshape(-1)[entry]) for a in shares if a is not None]
        lines.append(
            line("", text("Σ over samples  ", MUTED), text(f"{added(numbers)} = {number(whole_sum)}"))
        )
    return lines

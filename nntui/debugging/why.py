"""Where a gradient or a value comes from, or is lost: from one entry, step by step, to the cause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import isfinite, prod
from typing import Any

import numpy as np

from nntui.debugging import products
from nntui.debugging.birth import first_bad
from nntui.debugging.causes import WORDS
from nntui.debugging.naming import short_names
from nntui.debugging.records import GIVEN
from nntui.debugging.subject import Subject
from nntui.display import display
from nntui.errors import UserError
from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.objective import Loss
from nntui_core.ops.notation import bracketed
from nntui_core.plan import Edge

SATURATED = 0.06
"""An activation's derivative below this share of its largest lets hardly anything through: that of tanh at 0.97."""
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "softplus": 1.0}
"""The largest derivative of activations that saturate."""


@dataclass(frozen=True)
class Reason:
    """One step on the way from the asked entry to the cause."""

    node: str
    index: tuple[int, ...]
    quantity: str
    """``value``, ``gradient``, or ``local``: a local derivative of the node at that entry."""
    value: float | None
    """None where there is none."""
    text: str
    cause: bool = False

    def record(self) -> dict[str, Any]:
        """As CONTRACT's JSON: null also for what is not finite."""
        known = self.value is not None and isfinite(self.value)
        return {**asdict(self), "index": list(self.index), "value": self.value if known else None}


def why(subject: Subject, asked: str, digits: int = 6) -> list[Reason]:
    """From ``NODE[INDEX]`` to the cause. Without an index the entry with the largest gradient is meant.

    Raises UserError where there is no such node or entry.
    """
    node, index = _parse(subject, asked)
    search = _Search(subject, digits)
    entry = search.largest(node) if index is None else int(np.ravel_multi_index(index, node.shape))
    with np.errstate(all="ignore"):
        return list(search.reasons(node, entry))


def _parse(subject: Subject, asked: str) -> tuple[Node, tuple[int, ...] | None]:
    nodes = {n.name: n for n in subject.plan.nodes}
    short = short_names(subject.plan.nodes, subject.output, network=subject.network)
    known = {
        s: n for n in subject.plan.nodes if (s := short.get(n.id)) is not None and n.op is not None
    } | nodes
    found = re.fullmatch(r"(.*?)\s*(?:\[([^\[\]]*)\])?", asked.strip(), re.S)
    assert found is not None
    name, written = found.groups()
    node = nodes.get(asked.strip()) or known.get(name)
    if node is None:
        import difflib

        near = difflib.get_close_matches(name, list(known), 1, 0.4)
        hint = f'; did you mean "{display(near[0], 60)}"?' if near else ""
        shown = ", ".join(display(n, 40) for n in list(nodes)[:20])
        raise UserError(f"--why: there is no such node (given {display(name, 60)}; allowed {shown}){hint}")
    if written is None or node.name == asked.strip():
        return node, None
    try:
        index = tuple(int(k) for k in written.split(",")) if written.strip() else ()
    except ValueError:
        index = (-1,)
    if len(index) != len(node.shape) or any(not 0 <= k < n for k, n in zip(index, node.shape, strict=True)):
        allowed = ", ".join(f"0 to {n - 1}" for n in node.shape) or "no index, it is a number"
        raise UserError(
            f"--why: there is no such entry of {display(node.name, 60)} (given [{display(written, 40)}]; allowed {allowed})"
        )
    return node, index


class _Search:
    def __init__(self, subject: Subject, digits: int) -> None:
        self.subject, self.plan, self.digits = subject, subject.plan, digits
        self.incoming: dict[int, list[Edge]] = {}
        for edge in self.plan.edges():
            self.incoming.setdefault(edge.target.id, []).append(edge)

    def largest(self, node: Node) -> int:
        """The entry to ask about where none is given: one that is not finite, else that of the largest gradient."""
        for array in (self.plan.value(node), self.plan.adjoint(node)):
            bad = None if array is None else first_bad(array)
            if bad is not None:
                return bad
        g = self.plan.adjoint(node)
        return 0 if g is None else int(np.abs(g).argmax())

    def reasons(self, node: Node, entry: int) -> Iterator[Reason]:
        value = float(self.plan.value(node).reshape(-1)[entry])
        if not isfinite(value) or self.gradient(node, entry) is None:
            return self._values(node, entry)
        return self._gradients(node, entry)

    # Gradients: from the entry towards the result

    def _gradients(self, node: Node, entry: int) -> Iterator[Reason]:
        """Along the largest products to where the gradient begins, or only to what stops it."""
        path: list[Reason] = []
        squeezed: list[tuple[float, int, Reason]] = []
        while True:
            g = self.gradient(node, entry)
            one, then = self._step(node, entry, g)
            path.append(one)
            if then is None:
                break
            edge, term = then
            share = self._passed(edge.node, term.local)
            if isfinite(share) and share < SATURATED:
                text = self._saturated(edge, term.k, share)
                found = self._reason(edge.node, term.k, "local", term.local, text, cause=True)
                squeezed.append((share, len(path), found))
            ends = edge.node is self.subject.output or isinstance(edge.node.op, Loss)
            if term.local == 0 or not isfinite(term.local) or ends:
                text = self._words(edge.node, edge.position, entry, term.k)
                path.append(self._reason(edge.node, term.k, "local", term.local, text, cause=True))
                break
            node, entry = edge.node, term.k
        last = path[-1]
        saturated = last.value == 0 and any(found.node == last.node for *_, found in squeezed)
        stopped = last.quantity == "local" and last.value in (None, 0) and not saturated
        if squeezed and not stopped:
            # Of what lets hardly anything through, that which lets the least.
            _, length, cause = min(squeezed, key=lambda found: found[0])
            path = [*path[:length], cause]
        yield from path

    def _step(
        self, node: Node, entry: int, g: float | None
    ) -> tuple[Reason, tuple[Edge, products.Term] | None]:
        """What is said of one entry's gradient, and which product to follow; None at the cause."""
        if node is self.subject.output:
            return self._reason(
                node, entry, "gradient", g, "where the backward pass begins", cause=True
            ), None
        edges = self.incoming.get(node.id, [])
        if not edges:
            return self._reason(node, entry, "gradient", g, self._no_edges(node), cause=True), None
        edge, term, count = self._follow(edges, entry)
        if g == 0 and count > 1:
            text = f"the {count} products that it is the sum of cancel"
            return self._reason(node, entry, "gradient", g, text, cause=True), None
        sums = f", the largest of {count} products that it is the sum of" if count > 1 else ""
        frozen = node.role == "parameter" and node.name in self.plan.parameters.frozen
        text = (
            f"{'frozen, so no update moves it; its gradient comes ' if frozen else ''}from {self.called(edge.node)}{self.at(edge.node, term.k)}: local {self.number(term.local)} × upstream "
            f"{self.number(term.upstream)}{sums}"
        )
        return self._reason(node, entry, "gradient", g, text), (edge, term)

    def _follow(self, edges: list[Edge], entry: int) -> tuple[Edge, products.Term, int]:
        """The edge and product that decide: not finite, else the largest; of nothing but zeros the one that would
        have let most through; and how many products are not 0."""
        found = [(e, t) for e in edges for t in self._terms(e, entry)]
        if not found:
            first = edges[0]
            return first, products.Term(min(entry, prod(first.node.shape) - 1), 0.0, 0.0), 0
        bad = [(e, t) for e, t in found if not isfinite(t.local * t.upstream)]
        if bad:
            # Where its factors are finite, it is born here; else where the factor is.
            edge, term = min(bad, key=lambda p: isfinite(p[1].upstream))
            return edge, term, 0
        edge, term = max(
            found, key=lambda p: (abs(p[1].local * p[1].upstream), abs(p[1].upstream), abs(p[1].local))
        )
        if term.local * term.upstream == 0:
            with_local = [p for p in found if p[1].local]
            if with_local:
                edge, term = max(with_local, key=lambda p: abs(p[1].local))
        count = sum(t.local * t.upstream != 0 for _, t in found)
        return edge, term, count

    def _terms(self, edge: Edge, entry: int) -> list[products.Term]:
        """The products, those with a local derivative of 0 too where there are few entries."""
        found = products.terms(self.plan, edge, entry)
        if found is not None:
            return found
        upstream = self.plan.adjoint(edge.node)
        assert upstream is not None
        g = upstream.reshape(-1)
        column = self._column(edge, entry)
        return [products.Term(int(k), float(column[k]), float(g[k])) for k in np.flatnonzero(column)]

    def _column(self, edge: Edge, entry: int) -> Array:
        """∂(every entry of the node)/∂(one entry of the operand), of a Jacobian that is too large: by a difference."""
        node = edge.node
        assert node.op is not None
        xs = [np.array(self.plan.value(a), copy=True) for a in node.args]
        space = {k: a.copy() for k, a in self.plan.workspace(node).items()}
        x, out = xs[edge.position], []
        place = np.unravel_index(entry, x.shape)
        center, h = float(x[place]), 2.0**-7
        for sign in (1, -1):
            x[place] = center + sign * h
            y = np.empty_like(self.plan.value(node))
            node.op.forward(xs, y, space)
            out.append(y.astype(np.float64))
        column: Array = ((out[0] - out[1]) / (2 * h)).reshape(-1)
        return column

    # Values: from the entry towards the leaves

    def _values(self, node: Node, entry: int) -> Iterator[Reason]:
        while True:
            value = float(self.plan.value(node).reshape(-1)[entry])
            if node.op is None:
                what = {
                    "parameter": "learned",
                    "constant": "a constant of the formula",
                    "random": "drawn for this update",
                }
                yield self._reason(node, entry, "value", value, what.get(node.role, "given"), cause=True)
                return
            found = self._operand(node, entry)
            formula = display(node.op.describe([a.name for a in node.args]), 80)
            if found is None:
                text = (
                    f"{formula} is not finite though what it is computed from is"
                    if not isfinite(value)
                    else formula
                )
                off = (
                    self._words(node, 0, entry, entry)
                    if value == 0 and node.args[0].shape == node.shape
                    else ""
                )
                yield self._reason(node, entry, "value", value, off or text, cause=True)
                return
            arg, at = found
            yield self._reason(
                node, entry, "value", value, f"{formula}, mostly from {self.called(arg)}{self.at(arg, at)}"
            )
            node, entry = arg, at

    def _operand(self, node: Node, entry: int) -> tuple[Node, int] | None:
        """The entry of an operand that decides the value; None where none does."""
        assert node.op is not None
        finite = isfinite(float(self.plan.value(node).reshape(-1)[entry]))
        if not finite:
            for arg in node.args:
                bad = first_bad(self.plan.value(arg))
                if bad is not None:
                    same = arg.shape == node.shape and not isfinite(
                        float(self.plan.value(arg).reshape(-1)[entry])
                    )
                    return arg, entry if same else bad
            return None
        best: tuple[float, Node, int] | None = None
        g = np.zeros_like(self.plan.value(node))
        g.reshape(-1)[entry] = 1
        for i, arg in enumerate(node.args):
            if not node.op.differentiable(i):
                continue
            x = self.plan.value(arg)
            row = np.zeros(arg.shape, dtype=g.dtype)
            space = {k: a.copy() for k, a in self.plan.workspace(node).items()}
            node.op.vjp(i, g, [self.plan.value(a) for a in node.args], self.plan.value(node), row, space)
            moved = np.abs(row * x)
            at = int(moved.argmax())
            share = float(moved.reshape(-1)[at])
            if isfinite(share) and share > 0 and (best is None or share > best[0]):
                best = (share, arg, at)
        return None if best is None else (best[1], best[2])

    # Words

    def _no_edges(self, node: Node) -> str:
        if node.role in GIVEN:
            return "it is given: nothing is sent to it"
        reads = [self.called(n) for n in self.plan.nodes if node in n.args]
        if not reads:
            return "nothing reads it, so the result does not depend on it"
        return f"{', '.join(reads)} sends no gradient to it"

    def _passed(self, node: Node, local: float) -> float:
        """The local derivative as a share of the largest that the activation has; 1 for what does not saturate."""
        assert node.op is not None
        steepest = STEEPEST.get(node.op.type)
        return 1.0 if steepest is None else abs(local) / steepest

    def _saturated(self, edge: Edge, k: int, share: float) -> str:
        node = edge.node
        assert node.op is not None
        z, a = (float(self.plan.value(n).reshape(-1)[k]) for n in (edge.target, node))
        return (
            f"saturated: {node.op.type}({self.number(z)}) = {self.number(a)}, its derivative is "
            f"{self.number(100 * share)} % of the steepest"
        )

    def _words(self, node: Node, position: int, entry: int, k: int) -> str:
        """What a local derivative is, and why it is 0 where it is."""
        op, arg = node.op, node.args[position]
        assert op is not None
        x = float(self.plan.value(arg).reshape(-1)[entry])
        written = WORDS.get(op.type)
        names = [display(bracketed(n.name), 40) for n in (*node.args, node)]
        rule = op.rule(position, names[:-1], [a.shape for a in node.args])
        text = written(self, node, position, x, k) if written is not None else ""
        return text or f"∂{names[-1]}/∂{names[position]}" + (f" = {rule}" if rule else "")

    def _reason(
        self, node: Node, entry: int, quantity: str, value: float | None, text: str, *, cause: bool = False
    ) -> Reason:
        index = tuple(int(k) for k in np.unravel_index(entry, node.shape)) if node.shape else ()
        return Reason(node.name, index, quantity, value, text, cause)

    def gradient(self, node: Node, entry: int) -> float | None:
        """∂result/∂entry; None where the node has none."""
        g = self.plan.adjoint(node)
        if g is not None and (node.role not in GIVEN or node is self.subject.output):
            return float(g.reshape(-1)[entry])
        return 0.0 if node.role in ("input", "parameter") else None

    def called(self, node: Node) -> str:
        """The node's own name, by which the list's next line goes, too."""
        return display(node.name, 40)

    def at(self, node: Node, entry: int) -> str:
        """The entry as an index; empty for a number's."""
        return str([int(k) for k in np.unravel_index(entry, node.shape)]) if node.shape else ""

    def number(self, value: float) -> str:
        """With as many digits as are wanted."""
        return f"{value:.{self.digits}g}"


def written(reasons: list[Reason], digits: int = 6) -> list[str]:
    """The list as text, a line a step, the cause marked."""
    lines = []
    for one in reasons:
        index = str(list(one.index)) if one.index else ""
        value = "none" if one.value is None else f"{one.value:.{digits}g}"
        mark = "cause  " if one.cause else "  "
        lines.append(f"{mark}{one.quantity} {display(one.node, 60)}{index} = {value}   {one.text}")
    return lines

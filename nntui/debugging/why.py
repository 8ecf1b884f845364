"""Where a gradient or a value comes from, or is lost: from one entry, step by step, to the cause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite, prod

import numpy as np

from nntui.debugging import products
from nntui.debugging.birth import first_bad
from nntui.debugging.causes import meaning
from nntui.debugging.naming import short_names
from nntui.debugging.origins import origin
from nntui.debugging.records import GIVEN
from nntui.debugging.subject import Subject
from nntui.debugging.teller import Reason, Teller
from nntui.display import display
from nntui.errors import UserError
from nntui_core.events import Edge
from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.objective import Loss

SATURATED = 0.06
"""An activation's derivative below this share of its largest lets hardly anything through: that of tanh at 0.97."""
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "softplus": 1.0}
"""The largest derivative of activations that saturate."""


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
    """Follows the gradient of an entry towards the result; what has no gradient, or is not finite, to where its value is from."""

    def __init__(self, subject: Subject, digits: int) -> None:
        self.subject, self.plan = subject, subject.plan
        self.teller = Teller(subject, digits)
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
        if not isfinite(value) or self.teller.gradient(node, entry) is None:
            return origin(self.teller, node, entry)
        return self._gradients(node, entry)

    # Gradients: from the entry towards the result

    def _gradients(self, node: Node, entry: int) -> Iterator[Reason]:
        """Along the largest products to where the gradient begins, or only to what stops it."""
        path: list[Reason] = []
        squeezed: list[tuple[float, int, Reason]] = []
        while True:
            g = self.teller.gradient(node, entry)
            one, then = self._step(node, entry, g)
            path.append(one)
            if then is None:
                break
            edge, term = then
            share = self._passed(edge.node, term.local)
            if isfinite(share) and share < SATURATED:
                text = self._saturated(edge, term.k, share)
                found = self.teller.reason(edge.node, term.k, "local", term.local, text, cause=True)
                squeezed.append((share, len(path), found))
            ends = edge.node is self.subject.output or isinstance(edge.node.op, Loss)
            if term.local == 0 or not isfinite(term.local) or ends:
                text = meaning(self.teller, edge.node, edge.position, entry, term.k)
                path.append(self.teller.reason(edge.node, term.k, "local", term.local, text, cause=True))
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
            return self.teller.reason(
                node, entry, "gradient", g, "where the backward pass begins", cause=True
            ), None
        edges = self.incoming.get(node.id, [])
        if not edges:
            return self.teller.reason(node, entry, "gradient", g, self._no_edges(node), cause=True), None
        edge, term, count = self._follow(edges, entry)
        if g == 0 and count > 1:
            text = f"the {count} products that it is the sum of cancel"
            return self.teller.reason(node, entry, "gradient", g, text, cause=True), None
        sums = f", the largest of {count} products that it is the sum of" if count > 1 else ""
        frozen = node.role == "parameter" and node.name in self.plan.parameters.frozen
        text = (
            f"{'frozen, so no update moves it; its gradient comes ' if frozen else ''}from {self.teller.called(edge.node)}{self.teller.at(edge.node, term.k)}: local {self.teller.number(term.local)} × upstream "
            f"{self.teller.number(term.upstream)}{sums}"
        )
        return self.teller.reason(node, entry, "gradient", g, text), (edge, term)

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

    def _no_edges(self, node: Node) -> str:
        if node.role in GIVEN:
            return "it is given: nothing is sent to it"
        reads = [self.teller.called(n) for n in self.plan.nodes if node in n.args]
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
            f"saturated: {node.op.type}({self.teller.number(z)}) = {self.teller.number(a)}, its derivative is "
            f"{self.teller.number(100 * share)} % of the steepest"
        )

"""A plan half way: what is computed, who sends to whom, and which entry is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.comparison import Comparison
from nntui.debugging.debugger import Debugger
from nntui.debugging.naming import is_name, short_names
from nntui.debugging.records import GIVEN
from nntui.display import display
from nntui_core.events import Edge
from nntui_core.graph import Node, ancestors

Array = NDArray[Any]


class Wiring:
    """The edges of a subject by their ends, found once."""

    def __init__(self, debugger: Debugger) -> None:
        self.plan = debugger.subject.plan
        self.nodes = self.plan.nodes
        self.by_name = {n.name: n for n in self.nodes}
        self.incoming: dict[int, list[Edge]] = {}
        self.outgoing: dict[int, list[Edge]] = {}
        self.consumers: dict[int, list[Node]] = {}
        self.kept: dict[tuple[object, ...], Any] = {}
        """What was made of arrays: stepping back and forth restores them, so each is read once."""
        self.short = short_names(self.nodes, self.plan.outputs[0], network=debugger.subject.network)
        self.of_output = ancestors([self.plan.outputs[0]])
        """Ids of what the result is computed from."""
        self.fixed: set[int] = set()
        """Ids of ops that depend on what is given alone, such as constants."""
        for edge in self.plan.edges():
            self.incoming.setdefault(edge.target.id, []).append(edge)
            self.outgoing.setdefault(edge.node.id, []).append(edge)
        self.of_parameters: set[int] = set()
        """Ids of ops that depend on parameters and constants alone, such as penalties."""
        for node in self.nodes:
            fixed = (a.role in ("parameter", "constant") or a.id in self.of_parameters for a in node.args)
            if node.op is not None and all(fixed):
                self.of_parameters.add(node.id)
            if node.op is not None and all(a.role in GIVEN or a.id in self.fixed for a in node.args):
                self.fixed.add(node.id)
            for arg in dict.fromkeys(node.args):
                self.consumers.setdefault(arg.id, []).append(node)


@dataclass
class Look:
    """One moment of a debugger, with the node, entry and sample that are looked at."""

    debugger: Debugger
    wiring: Wiring
    comparison: Comparison
    node: Node
    entry: int = 0
    sample: int = 0

    def __post_init__(self) -> None:
        stepper = self.debugger.stepper
        done = stepper.order[: stepper.position]
        self.forward = {e.node.id for e in done if e.phase == "forward"}
        self.backward = {e.node.id for e in done if e.phase == "backward"}
        self.plan = self.debugger.subject.plan
        self.output = self.plan.outputs[0]
        self.network = self.debugger.subject.network
        self.whole_forward = stepper.position >= stepper.forward_steps

    @property
    def letter(self) -> str:
        """What is differentiated: L, the loss, or f, or what an expression calls its result."""
        return self.called(self.output)

    def called(self, node: Node, limit: int = 22) -> str:
        """A node's name inside ∂/∂…: its own, or a short one."""
        found = self.wiring.short.get(node.id)
        return found.replace("-", "−") if found else display(node.name, limit)

    def written(self, node: Node, limit: int = 60) -> str:
        """A node's name; one that has none of its own as an equation, such as "q = x + y"."""
        if node.op is None or is_name(node.name):
            return display(node.name, limit)
        formula = node.op.describe([self.called(a) for a in node.args])
        return display(f"{self.called(node)} = {formula}", limit)

    def known(self, node: Node) -> bool:
        """Whether the node's value is there."""
        return node.op is None or node.id in self.forward

    def value(self, node: Node) -> Array | None:
        """The value, once it is there."""
        return self.plan.value(node) if self.known(node) else None

    def sent(self, edge: Edge) -> bool:
        """Whether the gradient along the edge has been sent."""
        return edge.node.id in self.backward

    def complete(self, node: Node) -> bool:
        """Whether everything that the node's gradient is the sum of has arrived."""
        edges = self.wiring.incoming.get(node.id, [])
        if node is self.output:
            return self.whole_forward
        return bool(edges) and all(map(self.sent, edges))

    def expects(self, node: Node) -> bool:
        """Whether a gradient arrives at the node at some time."""
        return node is self.output or bool(self.wiring.incoming.get(node.id))

    def gradient(self, node: Node) -> Array | None:
        """The gradient as far as it has arrived; None before the first contribution."""
        if node is self.output:
            return np.ones((), dtype=self.plan.dtype) if self.whole_forward else None
        if any(map(self.sent, self.wiring.incoming.get(node.id, []))):
            return self.plan.adjoint(node)
        return None

    def value_text(self, node: Node, write: Callable[[Array], str]) -> str:
        """The value written by ``brief`` or ``whole``; empty while it is not there."""
        value = self.value(node)
        return "" if value is None else self._text("value", node.id, 0, value, write)

    def gradient_text(self, node: Node, write: Callable[[Array], str]) -> str:
        """The gradient, as far as it has arrived, likewise."""
        gradient = self.gradient(node)
        if gradient is None:
            return ""
        arrived = sum(map(self.sent, self.wiring.incoming.get(node.id, [])))
        return self._text("gradient", node.id, arrived, gradient, write)

    def sent_text(self, edge: Edge, write: Callable[[Array], str]) -> str:
        """What was sent along an edge, likewise."""
        return self._text("sent", edge.node.id, edge.position, self.plan.contribution(edge), write)

    def _text(self, kind: str, first: int, second: int, array: Array, write: Callable[[Array], str]) -> str:
        found: str = self.once((kind, write.__name__, first, second), lambda: write(array))
        return found

    def once(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        """What ``make`` gives, made once for the subject as it is."""
        if key not in self.wiring.kept:
            self.wiring.kept[key] = make()
        return self.wiring.kept[key]

    def index(self, node: Node, flat: int) -> tuple[int, ...]:
        """A flat entry as an index."""
        return tuple(int(k) for k in np.unravel_index(flat, node.shape)) if node.shape else ()

    def samples(self, node: Node) -> int:
        """Length of the node's sample axis; 0 where it has none."""
        rows = len(self.debugger.subject.rows)
        batched = self.network and node.role in ("op", "input", "label", "random") and node.shape
        return rows if batched and node.shape[0] == rows and node.id not in self.wiring.of_parameters else 0

    def size(self, node: Node) -> int:
        """Entries of the node."""
        return prod(node.shape)

"""Stepping over a plan, forwards and backwards in time, and opening fused nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nntui_core.events import Event
from nntui_core.graph import Graph, Node, ancestors
from nntui_core.memory import Array
from nntui_core.plan import Plan


@dataclass(eq=False)
class _Change:
    """Arrays that one step writes, with what they held on the other side of it."""

    arrays: list[Array]
    other: list[Array] = field(default_factory=list)

    def swap(self) -> None:
        """Exchange the arrays' contents with what is kept: undo when done, redo when undone."""
        for array, kept in zip(self.arrays, self.other, strict=True):
            now = array.copy()
            array[...] = kept
            kept[...] = now


class Stepper:
    """Drives ``plan.steps()`` one event at a time, with an exact way back.

    What a step writes is copied before it, so going back and forth restores every array bit for bit;
    nothing is computed twice.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.order: tuple[Event, ...] = tuple(plan.order())
        self.position = 0
        """Events done."""
        self._generator: Iterator[Event] = plan.steps()
        self._started = 0
        self._changes: list[_Change] = []

    def __len__(self) -> int:
        return len(self.order)

    @property
    def current(self) -> Event | None:
        """The event done last; None at the start."""
        return self.order[self.position - 1] if self.position else None

    @property
    def next(self) -> Event | None:
        """The event that a step would do; None at the end."""
        return self.order[self.position] if self.position < len(self.order) else None

    def step(self) -> Event | None:
        """Do the next event; None at the end."""
        event = self.next
        if event is None:
            return None
        if self.position < self._started:
            self._changes[self.position].swap()
        else:
            change = _Change(self.plan.writes(event))
            change.other = [a.copy() for a in change.arrays]
            next(self._generator)
            self._changes.append(change)
            self._started += 1
        self.position += 1
        return event

    def back(self) -> Event | None:
        """Undo the last event and return it; None at the start."""
        if not self.position:
            return None
        self.position -= 1
        self._changes[self.position].swap()
        return self.order[self.position]

    def until(self, stop: Callable[[Event], bool]) -> Event | None:
        """Step until an event for which ``stop`` holds; None where the end came first."""
        while (event := self.step()) is not None:
            if stop(event):
                return event
        return None

    def seek(self, position: int) -> None:
        """Go to a position, by steps or by steps back."""
        position = max(0, min(position, len(self.order)))
        while self.position < position:
            self.step()
        while self.position > position:
            self.back()

    def reached(self, node: Node) -> tuple[bool, bool]:
        """Whether the node's value is there, and whether its gradient has received all contributions."""
        done = self.order[: self.position]
        value = node.op is None or any(e.phase == "forward" and e.node is node for e in done)
        backward = {e.node.id for e in done if e.phase == "backward"}
        started = any(e.phase == "backward" for e in done) or self.position >= self.forward_steps
        consumers = [e.node for e in self.order if e.phase == "backward" and node in e.node.args]
        gradient = started and all(c.id in backward for c in consumers)
        return value, gradient

    @property
    def forward_steps(self) -> int:
        """Number of events of the forward pass."""
        return sum(e.phase == "forward" for e in self.order)


def open_nodes(
    graph: Graph, roots: list[Node], opens: Callable[[Node], bool], keeps: Callable[[str], bool] = bool
) -> tuple[Graph, dict[int, Node]]:
    """A copy of what ``roots`` depend on, in which nodes that ``opens`` names are their primitive graphs.

    Opened nodes are opened further while ``opens`` holds for their parts. Returns the graph and, by the id of
    each old node, the node that stands for it: the last of its parts, under the old name, as long as ``keeps`` holds
    for that; else under the part's own (what is opened is no sigmoid any more).
    """
    live = ancestors(roots)
    made = Graph()
    found: dict[int, Node] = {}
    for node in graph:
        if node.id in live:
            found[node.id] = _copy(made, node, tuple(found[a.id] for a in node.args), opens, keeps)
    return made, found


def _copy(
    made: Graph,
    node: Node,
    args: tuple[Node, ...],
    opens: Callable[[Node], bool],
    keeps: Callable[[str], bool],
) -> Node:
    if node.op is None:
        return made.leaf(node.name, node.shape, node.role, value=node.value, dtype=node.dtype)
    if node.op.primitive or not opens(node):
        return made.apply(node.op, *args, name=node.name)
    inside = Graph()
    leaves = {inside.leaf(a.name, a.shape, a.role, value=a.value, dtype=a.dtype).id: a for a in args}
    result = node.op.expand(inside, *inside.nodes)
    found: dict[int, Node] = dict(leaves)
    for part in inside.nodes[len(args) :]:
        takes = part is result and keeps(node.name)
        named = Node(part.id, node.name, part.shape, part.role, part.op, part.args) if takes else part
        found[part.id] = _copy(made, named, tuple(found[a.id] for a in part.args), opens, keeps)
    return found[result.id]

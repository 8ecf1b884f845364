"""A graph laid out on arrays. Its one generator ``steps()`` is the engine: training exhausts it, the
debugger pauses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.events import Edge, Event, Phase
from nntui_core.graph import Graph, Node, ancestors
from nntui_core.memory import Array, Arrays, Shape, Workspace, outline, zeros
from nntui_core.parameters import Parameters


class _ForwardStep(NamedTuple):
    """Computing one node, with all that it takes at hand."""

    compute: Callable[[Arrays, Array, Workspace], None]
    xs: tuple[Array, ...]
    y: Array
    space: Workspace
    event: Event


class _BackwardStep(NamedTuple):
    """Sending one node's gradient on to its operands."""

    vjp: Callable[[int, Array, Arrays, Array, Array, Workspace], None]
    sends: tuple[tuple[int, Array], ...]
    """Operands' positions, and where the product for each goes."""
    g: Array
    xs: tuple[Array, ...]
    y: Array
    space: Workspace
    sums: tuple[tuple[Array, Array, bool], ...]
    """Gradients that a product is then written to (True) or added to."""
    event: Event


class Plan:
    """Arrays for the values and gradients of what ``outputs`` depend on, and the order of the work.

    ``outputs[0]`` is differentiated, and then a scalar; the others are only computed. Gradients are kept
    for the parameters and what lies between, or, with ``wrt="all"``, also for the inputs: never for constants,
    labels, draws and running statistics. With
    ``edges`` each edge's contribution keeps an array of its own.

    Values and gradients persist until the next run. The first consumer of a gradient writes it, later
    ones add: decided here, so that no op accumulates.
    """

    def __init__(
        self,
        graph: Graph,
        outputs: Sequence[Node],
        parameters: Parameters,
        *,
        wrt: Literal["parameters", "all", "none"] = "parameters",
        edges: bool = False,
        dry: bool = False,
    ) -> None:
        """``dry``: only counted (see :meth:`nbytes`), nothing can run."""
        self.graph = graph
        self._dry = dry
        self._forward_only = wrt == "none"
        self.outputs = tuple(outputs)
        self.parameters = parameters
        self.dtype = parameters.dtype
        live = ancestors(outputs)
        self.nodes = tuple(n for n in graph if n.id in live)
        self._values: dict[int, Array] = {n.id: self._value_array(n) for n in self.nodes}
        self._spaces: dict[int, Workspace] = {n.id: self._workspace(n) for n in self.nodes if n.op}
        self._adjoints: dict[int, Array] = {}
        self._edges: dict[tuple[int, int], Array] = {}
        self._forward = [self._forward_step(n) for n in self.nodes if n.op]
        self._backward: list[_BackwardStep] = []
        self._unreached: list[Array] = []
        self._scratch: dict[tuple[Shape, int], Array] = {}
        if wrt != "none":
            self._plan_backward(wrt, edges)

    def _value_array(self, node: Node) -> Array:
        if node.role == "parameter":
            return self.parameters.view(node.name)
        dtype = node.dtype or self.dtype
        if node.role == "constant":
            return np.array(node.value, dtype=dtype).reshape(node.shape)
        return self._zeros(node.shape, dtype)

    def _zeros(self, shape: Shape, dtype: Any) -> Array:
        return outline(shape, dtype) if self._dry else zeros(shape, dtype)

    def _workspace(self, node: Node) -> Workspace:
        assert node.op is not None
        wanted = node.op.workspace(*(a.shape for a in node.args))
        return {
            name: space.array(self.dtype, dry=self._dry)
            for name, space in wanted.items()
            if not (space.backward and self._forward_only)
        }

    def _forward_step(self, node: Node) -> _ForwardStep:
        assert node.op is not None
        xs = tuple(self._values[a.id] for a in node.args)
        y, space = self._values[node.id], self._spaces[node.id]
        return _ForwardStep(node.op.forward, xs, y, space, Event("forward", node))

    def _plan_backward(self, wrt: str, keep_edges: bool) -> None:
        target = self.outputs[0]
        if target.shape:
            raise ShapeError("only a scalar can be differentiated", where=target.name, given=target.shape)
        reached = ancestors([target])
        wanted = self._wanted(wrt) & reached
        scratch = self._scratch
        written: set[int] = {target.id}
        for node in self.nodes:
            if node.id in wanted or node is target:
                self._adjoints[node.id] = self._adjoint_array(node)
        for node in reversed(self.nodes):
            if node.op is None or node.id not in wanted:
                continue
            sends, sums = [], []
            for i, arg in enumerate(node.args):
                if arg.id not in wanted or not node.op.differentiable(i):
                    continue
                adjoint = self._adjoints[arg.id]
                first = arg.id not in written
                if keep_edges:
                    out = self._edges[node.id, i] = self._zeros(arg.shape, adjoint.dtype)
                    sums.append((adjoint, out, first))
                elif first:
                    out = adjoint
                else:
                    out = scratch.setdefault((arg.shape, i), self._zeros(arg.shape, adjoint.dtype))
                    sums.append((adjoint, out, False))
                written.add(arg.id)
                sends.append((i, out))
            if not sends and node.id not in self._adjoints:
                continue
            xs = tuple(self._values[a.id] for a in node.args)
            self._backward.append(
                _BackwardStep(
                    node.op.vjp,
                    tuple(sends),
                    self._adjoints[node.id],
                    xs,
                    self._values[node.id],
                    self._spaces[node.id],
                    tuple(sums),
                    Event("backward", node),
                )
            )
        # A leaf that no differentiable path reaches has gradient zero, and so has a parameter of no node, and a
        # frozen one unless every gradient is wanted.
        self._unreached = [a for i, a in self._adjoints.items() if i not in written]
        present = {n.name for n in self.nodes if n.role == "parameter" and n.id in self._adjoints}
        self._unreached += [self.parameters.gradient(n) for n in self.parameters if n not in present]
        # Where nothing is sent, as from an output that is a leaf, no step of a stepper would come to this.
        if not self._dry:
            self._seed()

    def _wanted(self, wrt: str) -> set[int]:
        """Nodes that depend on a leaf whose gradient is wanted, those leaves included."""
        wanted: set[int] = set()
        for node in self.nodes:
            if node.op is None:
                learned = node.role == "parameter" and node.name not in self.parameters.frozen
                if learned or (wrt == "all" and node.role in ("parameter", "input")):
                    wanted.add(node.id)
            elif any(a.id in wanted and node.op.differentiable(i) for i, a in enumerate(node.args)):
                wanted.add(node.id)
        return wanted

    def _adjoint_array(self, node: Node) -> Array:
        if node.role == "parameter":
            return self.parameters.gradient(node.name)
        return self._zeros(node.shape, self.dtype)

    def bind(self, node: Node, array: Array) -> None:
        """Let the leaf ``node`` read ``array`` (same shape) from now on. Before the first run only."""
        old = self._values[node.id]
        self._values[node.id] = array

        def swap(xs: tuple[Array, ...]) -> tuple[Array, ...]:
            return tuple(array if x is old else x for x in xs)

        self._forward = [step._replace(xs=swap(step.xs)) for step in self._forward]
        self._backward = [step._replace(xs=swap(step.xs)) for step in self._backward]

    def value(self, node: Node) -> Array:
        """The array that holds the node's value; inputs are filled through it."""
        return self._values[node.id]

    def adjoint(self, node: Node) -> Array | None:
        """The array of the gradient of ``outputs[0]`` with respect to the node, or None where none is kept."""
        return self._adjoints.get(node.id)

    def workspace(self, node: Node) -> Workspace:
        """The op's scratch arrays (empty for a leaf)."""
        return self._spaces.get(node.id, {})

    def edges(self) -> list[Edge]:
        """Every edge along which a gradient is sent, in the order of sending."""
        return [Edge(step.event.node, i) for step in self._backward for i, _ in step.sends]

    def sent_by(self, node: Node) -> list[Edge]:
        """The edges along which one node sends gradients, in the order of sending."""
        return [Edge(node, i) for step in self._backward if step.event.node is node for i, _ in step.sends]

    @property
    def keeps_edges(self) -> bool:
        """Whether each edge's contribution has an array of its own."""
        return bool(self._edges)

    def contribution(self, edge: Edge) -> Array:
        """What was sent along ``edge``; only in a plan made with ``edges``."""
        return self._edges[edge.node.id, edge.position]

    def order(self, backward: bool = True) -> list[Event]:
        """The events of :meth:`steps`, without computing."""
        forward = [step.event for step in self._forward]
        return forward + [step.event for step in self._backward] if backward else forward

    def writes(self, event: Event) -> list[Array]:
        """The arrays that this event of :meth:`steps` may change."""
        node = event.node
        if event.phase == "forward":
            return [self._values[node.id], *self._spaces[node.id].values()]
        step = next(s for s in self._backward if s.event is event)
        seeds = [step.g, *self._unreached] if step is self._backward[0] else []
        outs = [out for _, out in step.sends]
        sums = [adjoint for adjoint, *_ in step.sums]
        every = [*seeds, *outs, *sums, *step.space.values()]
        return list({id(a): a for a in every}.values())

    def steps(self, backward: bool = True) -> Iterator[Event]:
        """Compute, one node at a time: values in order, then gradients in reverse."""
        for compute, xs, y, space, event in self._forward:
            compute(xs, y, space)
            yield event
        if backward:
            yield from self.backward_steps()

    def _seed(self) -> None:
        """The gradient of the output by itself, and of what it does not depend on."""
        self._adjoints[self.outputs[0].id][...] = 1
        for array in self._unreached:
            array[...] = 0

    def backward_steps(self) -> Iterator[Event]:
        """The second half of :meth:`steps`, on the values as they are."""
        self._seed()
        for vjp, sends, g, xs, y, space, sums, event in self._backward:
            for i, out in sends:
                vjp(i, g, xs, y, out, space)
            for adjoint, out, first in sums:
                if first:
                    adjoint[...] = out
                else:
                    adjoint += out
            yield event

    def run(self, backward: bool = True) -> float:
        """Exhaust :meth:`steps`; returns the value of ``outputs[0]`` where that is a scalar, else NaN."""
        for _ in self.steps(backward):
            pass
        first = self._values[self.outputs[0].id]
        return float(first) if first.ndim == 0 else float("nan")

    def first_nonfinite(self) -> tuple[Phase, Node] | None:
        """Where, in the order of work, the last run first produced a value that is not finite."""
        for node in self.nodes:
            if not np.isfinite(self._values[node.id]).all():
                return "forward", node
        for step in self._backward:
            for arg in (step.event.node.args[i] for i, _ in step.sends):
                if not np.isfinite(self._adjoints[arg.id]).all():
                    return "backward", arg
        return None

    def nbytes(self) -> int:
        """Bytes held besides the parameters."""
        own = [self._values[n.id] for n in self.nodes if n.role != "parameter"]
        spaces = [a for space in self._spaces.values() for a in space.values()]
        adjoints = [
            self._adjoints[n.id] for n in self.nodes if n.id in self._adjoints and n.role != "parameter"
        ]
        held = (*own, *adjoints, *self._edges.values(), *self._scratch.values(), *spaces)
        return sum(a.nbytes for a in held)

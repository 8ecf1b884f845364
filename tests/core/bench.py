"""A layer by itself: built on given inputs, weights and statistics, outside a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nntui_core.graph import Graph, Node
from nntui_core.layers.base import Layer
from nntui_core.memory import Array, Shape
from nntui_core.ops.binary import Mul
from nntui_core.ops.reductions import Sum
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.stepper import open_nodes


class Bench:
    """What a layer asks of a network. ``values`` fills its leaves by their names, such as ``W``."""

    def __init__(self, values: Mapping[str, Array], *, training: bool = True) -> None:
        self.graph = Graph()
        self.training = training
        self.values = values
        self.sources: tuple[str, ...] = ()
        self.learned: list[Node] = []

    def _leaf(self, name: str, shape: Shape, role: Any) -> Node:
        value = self.values[name]
        assert value.shape == shape, f"{name}: {value.shape} is given, {shape} asked for"
        return self.graph.leaf(f"layer.{name}", shape, role, value=value)

    def weight(self, layer: str, name: str, shape: Shape, **_: Any) -> Node:
        return self.parameter(layer, name, shape)

    def parameter(self, layer: str, name: str, shape: Shape, start: Any = 0.0) -> Node:
        self.learned.append(self._leaf(name, shape, "parameter"))
        return self.learned[-1]

    def buffer(self, layer: str, name: str, shape: Shape, start: float) -> Node:
        return self._leaf(name, shape, "buffer")

    def mask(self, layer: str, shape: Shape, keep: float) -> Node:
        return self._leaf("mask", shape, "random")


def measured(
    layer: Layer,
    inputs: Sequence[Array],
    values: Mapping[str, Array],
    upstream: Array,
    *,
    training: bool = True,
    opened: bool = False,
    dtype: Any = np.float64,
) -> dict[str, Array]:
    """The layer's result ``y``, and the gradient of Σ upstream·y by input (``x0`` …) and by parameter."""
    bench = Bench(values, training=training)
    bench.sources = tuple(f"x{k}" for k in range(len(inputs)))
    xs = [bench.graph.leaf(f"x{k}", x.shape, "input", value=x) for k, x in enumerate(inputs)]
    y = layer.build(bench, "layer", xs)
    g = bench.graph.leaf("upstream", y.shape, "label", value=upstream)
    total = bench.graph.apply(Sum(), bench.graph.apply(Mul(), y, g))
    names = {n.name.removeprefix("layer."): n for n in (*xs, *bench.learned)} | {"y": y}
    graph = bench.graph
    if opened:
        graph, made = open_nodes(graph, [total], lambda node: True)
        total = made[total.id]
        names = {name: made[n.id] for name, n in names.items()}
    parameters = Parameters([(n.name, n.shape) for n in bench.learned], dtype)
    plan = Plan(graph, [total], parameters, wrt="all")
    for node in plan.nodes:
        if node.op is None and node.role != "constant":
            plan.value(node)[...] = node.value
    plan.run()
    result = names.pop("y")
    found = {"y": plan.value(result)}
    for name, node in names.items():
        adjoint = plan.adjoint(node)
        assert adjoint is not None
        found[name] = adjoint
    return found

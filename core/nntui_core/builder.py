"""Lays a network's layers, loss and penalties out as one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nntui_core import catalog
from nntui_core.errors import ConfigError, ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.initializers.base import Initializer
from nntui_core.layers.base import Layer, sample
from nntui_core.memory import Array, Shape, outline
from nntui_core.model import INPUT, LayerNodes, Mode, Model, NetworkSpec
from nntui_core.ops.binary import Add
from nntui_core.ops.shaping import Reshape
from nntui_core.parameters import Parameters
from nntui_core.penalties import L1Penalty, L2Penalty
from nntui_core.plan import Plan


@dataclass(eq=False)
class Inventory:
    """What a network's layers ask for, in the order of asking: filled when it is laid out for the first time."""

    spec: NetworkSpec
    names: tuple[str, ...]
    """Of the layers."""
    parameters: Parameters | None = None
    """None until everything has been asked for."""
    shapes: dict[str, Shape] = field(default_factory=dict)
    """Of the parameters."""
    starts: dict[str, Any] = field(default_factory=dict)
    """What parameters and buffers start as; None is for an initializer to draw."""
    weights: list[str] = field(default_factory=list)
    """The weights of dense, maxout and convolutional layers: what l1, l2 and weight decay are about."""
    initializers: dict[str, tuple[Initializer, int, int]] = field(default_factory=dict)
    """With fan-in and fan-out."""
    owners: dict[str, Layer] = field(default_factory=dict)
    """Each parameter's layer."""
    buffers: dict[str, Array] = field(default_factory=dict)
    """Outlines, until the network makes them."""
    complete: bool = False
    """Whether everything has been asked for."""

    @property
    def frozen(self) -> frozenset[str]:
        """The parameters that are not trained."""
        return frozenset(p for p, layer in self.owners.items() if not layer.trains(p.rpartition(".")[2]))

    def parameters_of(self, dtype: Any, *, dry: bool = False) -> Parameters:
        """The vector of everything asked for."""
        return Parameters(self.shapes.items(), dtype, self.frozen, dry=dry)


def lay_out(spec: NetworkSpec, names: tuple[str, ...]) -> Inventory:
    """What the layers ask for, counted without allocating it. Raises NntuiError, ValueError for what is uncountable."""
    inventory = Inventory(spec, names)
    NetworkBuilder(inventory, 2, "train").build()
    inventory.complete = True
    return inventory


class NetworkBuilder:
    """Lays a network out for one number of samples and one mode; ``dry``, and while there are no parameters, only to count."""

    def __init__(
        self, inventory: Inventory, samples: int, mode: Mode, *, debug: bool = False, dry: bool = False
    ) -> None:
        self.inventory = inventory
        self.spec = inventory.spec
        self.samples = samples
        self.mode = mode
        self.training = mode == "train"
        self.debug = debug
        self.collect = not inventory.complete
        self.dry = dry or inventory.parameters is None
        self.graph = Graph()
        self.sources: tuple[str, ...] = ()
        self.layer: Layer = self.spec.layers[0]
        """The one that is being built."""
        self._masks: list[tuple[Node, str, float]] = []
        self._buffers: list[Node] = []

    def weight(
        self, layer: str, name: str, shape: Shape, *, fan_in: int, fan_out: int,
        init: Initializer | None, activation: Op | None, start: Any = None,
    ) -> Node:  # fmt: skip
        path = f"{layer}.{name}"
        if self.collect:
            self.inventory.weights.append(path)
            suited = (init or default_initializer(activation)).suited(activation)
            self.inventory.initializers[path] = (suited, fan_in, fan_out)
        return self.parameter(layer, name, shape, start)

    def parameter(self, layer: str, name: str, shape: Shape, start: Any = 0.0) -> Node:
        path = f"{layer}.{name}"
        if self.collect:
            self.inventory.shapes[path] = shape
            self.inventory.starts[path] = start
            self.inventory.owners[path] = self.layer
        return self.graph.leaf(path, shape, "parameter")

    def buffer(self, layer: str, name: str, shape: Shape, start: float) -> Node:
        path = f"{layer}.{name}"
        if self.collect:
            self.inventory.buffers[path] = outline(shape, self.spec.dtype)
            self.inventory.starts[path] = start
        node = self.graph.leaf(path, shape, "buffer")
        self._buffers.append(node)
        return node

    def mask(self, layer: str, shape: Shape, keep: float) -> Node:
        node = self.graph.leaf(f"{layer}.mask", shape, "random")
        self._masks.append((node, layer, keep))
        return node

    def build(self) -> Model:
        spec = self.spec
        x = self.graph.leaf(INPUT, (self.samples, spec.features), "input")
        outputs: dict[str, Node] = {INPUT: self._pictures(x)}
        built: list[LayerNodes] = []
        reads: dict[str, tuple[str, ...]] = {}
        last = INPUT
        for name, layer in zip(self.inventory.names, spec.layers, strict=True):
            self.layer, self.sources = layer, layer.inputs or (last,)
            inputs = [self._output(name, source, outputs) for source in self.sources]
            if len(inputs) > 1 and not layer.joins:
                raise ShapeError(
                    f"{layer.type} layer {name} reads one layer",
                    where=name,
                    given=", ".join(self.sources),
                    hint="join them first, by an add or concat layer",
                )
            a = layer.build(self, name, inputs)
            outputs[name], reads[name], last = a, self.sources, name
            z = self.graph.get(f"{name}.z")
            w, b = (p if p in self.graph else None for p in (f"{name}.W", f"{name}.b"))
            built.append(LayerNodes(name, layer, z, a, w, b))
        output = outputs[last]
        if len(output.shape) != 2:
            raise ShapeError(
                f"the last layer, {last}, must give one row of numbers a sample, but gives {sample(output.shape)}",
                where=last,
                given=output.shape[1:],
                allowed="(outputs,)",
                hint="end with flatten and dense",
            )
        target, loss = (None, None) if self.mode == "predict" else self._loss(built[-1], output)
        used = _reached(last, reads)
        return self._model(x, target, output, loss, tuple(layer for layer in built if layer.name in used))

    def _output(self, name: str, source: str, outputs: dict[str, Node]) -> Node:
        if source not in outputs:
            raise ConfigError(
                f"layer {name} reads {source}, which is no earlier layer",
                where=name,
                given=source,
                allowed=", ".join(outputs),
            )
        return outputs[source]

    def _pictures(self, x: Node) -> Node:
        """The input, as pictures where a layer needs them."""
        spec = self.spec
        if spec.image is None or not self._pictures_wanted():
            return x
        return self.graph.apply(Reshape((self.samples, *spec.image)), x, name="input.pictures")

    def _pictures_wanted(self) -> bool:
        """Whether the input reaches a layer that needs pictures, directly or through layers that keep them."""
        reached, last = {INPUT}, INPUT
        for name, layer in zip(self.inventory.names, self.spec.layers, strict=True):
            if reached.intersection(layer.inputs or (last,)):
                if layer.spatial:
                    return True
                if layer.keeps:
                    reached.add(name)
            last = name
        return False

    def _loss(self, last: LayerNodes, output: Node) -> tuple[Node, Node]:
        spec = self.spec
        width = output.shape[1]
        if spec.loss.targets == "labels":
            target = self.graph.leaf("target", (self.samples,), "label", dtype=np.intp)
        else:
            target = self.graph.leaf("target", (self.samples, width), "label")
        source = last.z if spec.loss.from_logits and last.z is not None else output
        return target, self.graph.apply(spec.loss, source, target, name="loss")

    def _model(
        self, x: Node, target: Node | None, output: Node, loss: Node | None, layers: tuple[LayerNodes, ...]
    ) -> Model:
        parameters = self.inventory.parameters
        if parameters is None or self.dry:
            parameters = self.inventory.parameters_of(self.spec.dtype, dry=True)
        if loss is None:
            plan = Plan(self.graph, [output], parameters, wrt="none", dry=self.dry)
        elif self.mode in ("evaluate", "measure"):
            told = [loss] if self.mode == "measure" and self.spec.loss.decides else [loss, output]
            plan = Plan(self.graph, told, parameters, wrt="none", dry=self.dry)
        else:
            objective = self._penalties(loss)
            shown = [objective, output] if self.debug else [objective]
            plan = Plan(
                self.graph, shown, parameters, wrt="all" if self.debug else "parameters", edges=self.debug,
                dry=self.dry,
            )  # fmt: skip
        # What nothing reads has no part in the plan.
        present = {n.id for n in plan.nodes}
        masks = tuple(mask for mask in self._masks if mask[0].id in present)
        used = {layer.name for layer in layers}
        buffers = tuple(node for node in self._buffers if node.name.rpartition(".")[0] in used)
        for node in buffers:
            if not self.dry and node.id in present:
                plan.bind(node, self.inventory.buffers[node.name])
        return Model(plan, x, target, output, loss, layers, masks, buffers)

    def _penalties(self, loss: Node) -> Node:
        """The objective: the data loss and ½·l2·‖W‖² + l1·‖W‖₁ over the weights."""
        spec = self.spec
        objective = loss
        for path in self.inventory.weights:
            if path in self.inventory.frozen:
                continue
            for op, factor, name in ((L2Penalty, spec.l2, "l2"), (L1Penalty, spec.l1, "l1")):
                if factor:
                    penalty = self.graph.apply(op(factor), self.graph[path], name=f"{path}.{name}")
                    objective = self.graph.apply(Add(), objective, penalty, name=f"objective + {path}.{name}")
        return objective


def _reached(last: str, reads: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The layers that the last one depends on, itself included."""
    found, stack = set[str](), [last]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(reads.get(name, ()))
    return found


def default_initializer(activation: Op | None) -> Initializer:
    """he_normal for the relu family, xavier_uniform otherwise."""
    name = "he_normal" if activation is not None and activation.relu_family else "xavier_uniform"
    found: Initializer = catalog.build("initializer", name)
    return found

"""A whole model: layers, loss and penalties as graphs that share one parameter vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from nntui_core import catalog
from nntui_core.errors import ConfigError, ShapeError
from nntui_core.graph import Graph, Node
from nntui_core.initializers import Initializer
from nntui_core.layers.base import Layer, sample
from nntui_core.layers.regularizing import BatchNormLayer
from nntui_core.losses import L1Penalty, L2Penalty, Loss
from nntui_core.ops.arithmetic import Add
from nntui_core.ops.base import Array, Op, Shape
from nntui_core.ops.shaping import Reshape
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.rng import stream

Mode = Literal["train", "evaluate", "predict"]
INPUT = "input"


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is built from. ``features`` counts inputs; ``image`` is (channels, height, width)."""

    layers: tuple[Layer, ...]
    loss: Loss
    features: int
    image: tuple[int, int, int] | None = None
    targets: int = 1
    """Classes, or numbers to predict."""
    classification: bool = True
    l2: float = 0.0
    l1: float = 0.0
    dtype: str = "float32"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class LayerNodes:
    """A layer's nodes in one graph: pre-activation ``z`` (where it has one) and output ``a``."""

    name: str
    spec: Layer
    z: Node | None
    a: Node
    weight: str | None
    bias: str | None


@dataclass(frozen=True, eq=False)
class Model:
    """One graph of the network, for one number of samples and one mode."""

    plan: Plan
    x: Node
    target: Node | None
    output: Node
    data_loss: Node | None
    layers: tuple[LayerNodes, ...]
    masks: tuple[tuple[Node, str, float], ...]
    """Leaves filled by a draw each update: node, layer, probability of keeping."""
    buffers: tuple[Node, ...]

    def absorb(self, buffers: dict[str, Array]) -> None:
        """After a training run, let batch-norm's running statistics take in the batch's.

        As in PyTorch, the running variance is the unbiased one.
        """
        for layer in self.layers:
            if not isinstance(layer.spec, BatchNormLayer) or layer.z is None:
                continue
            space, rate = self.plan.workspace(layer.z), layer.spec.momentum
            n = self.plan.value(layer.z).size // layer.z.shape[1]
            for name, new in (("mean", space["mean"]), ("var", space["var"] * (n / max(1, n - 1)))):
                running = buffers[f"{layer.name}.{name}"]
                running += rate * (new - running)

    def draw(self, seed: int, update: int) -> None:
        """Fill the random leaves for one update."""
        for node, layer, keep in self.masks:
            array = self.plan.value(node)
            draws = stream(seed, f"dropout {layer}", update).random(array.shape)
            np.multiply(draws < keep, 1.0 / keep, out=array)


class Network:
    """Parameters, buffers and the plans that compute on them.

    Plans are made for each number of samples and mode when first asked for, and kept.
    """

    MAX_PLANS = 12

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.names = layer_names(spec.layers)
        self.starts: dict[str, Any] = {}
        self.weights: list[str] = []
        self.buffers: dict[str, Array] = {}
        self._inits: dict[str, tuple[Initializer, int, int]] = {}
        self._models: dict[tuple[int, Mode, bool], Model] = {}
        shapes = self._collect()
        self.parameters = Parameters(shapes, np.dtype(spec.dtype))
        self.reset()

    def _collect(self) -> list[tuple[str, Shape]]:
        """Lay the network out once, for one sample, to learn its parameters and their starts."""
        builder = _Builder(self, 2, "train", collect=True)
        builder.build()
        return builder.shapes

    def reset(self) -> None:
        """Set every parameter to its start, drawn from the seed."""
        for name in self.parameters:
            view = self.parameters.view(name)
            if name in self._inits and self.starts[name] is None:
                init, fan_in, fan_out = self._inits[name]
                view[...] = init.draw(view.shape, fan_in, fan_out, stream(self.spec.seed, f"init {name}"))
            else:
                view[...] = self.starts[name]
        for name, array in self.buffers.items():
            array[...] = self.starts[name]

    def data_dependent_init(self, x: Array) -> None:
        """Let the data-dependent initializers adjust their layers, in order, on the batch ``x`` (m × n)."""
        if not any(init.data_dependent for init, *_ in self._inits.values()):
            return
        model = self.model(len(x), "predict")
        model.plan.value(model.x)[...] = x
        for layer in model.layers:
            found = self._inits.get(layer.weight or "")
            if found is None or not found[0].data_dependent or self.starts[layer.weight or ""] is not None:
                continue
            assert layer.z is not None
            assert layer.weight is not None
            assert layer.bias is not None
            weight, bias = self.parameters.view(layer.weight), self.parameters.view(layer.bias)
            for _ in range(found[0].tries):
                model.plan.run(backward=False)
                if found[0].rescale(model.plan.value(layer.z), weight, bias):
                    break

    def model(self, samples: int, mode: Mode, *, debug: bool = False) -> Model:
        """The graph for ``samples`` rows. ``debug`` keeps each edge's contribution and every gradient."""
        key = (samples, mode, debug)
        found = self._models.get(key)
        if found is None:
            while len(self._models) >= self.MAX_PLANS:
                self._models.pop(next(iter(self._models)))
            found = self._models[key] = _Builder(self, samples, mode, debug=debug).build()
        return found

    def theta(self, layer: str, vector: Array | None = None) -> Array:
        """A dense layer's Θ, ``units × (inputs + 1)``, bias first (a copy)."""
        w = self.parameters.view(f"{layer}.W", vector)
        b = self.parameters.view(f"{layer}.b", vector)
        return np.column_stack([b, w.T])

    def encode(self, y: Array) -> Array:
        """Labels as the loss wants them: class indices, one column of 0 and 1, or one-hot rows."""
        if not self.spec.classification:
            return np.asarray(y, dtype=self.parameters.dtype).reshape(len(y), -1)
        if self.spec.loss.type == "cross_entropy":
            return np.asarray(y, dtype=np.intp)
        if self.outputs == 1:
            return np.asarray(y, dtype=self.parameters.dtype).reshape(-1, 1)
        return np.eye(self.spec.targets, dtype=self.parameters.dtype)[y]

    @property
    def outputs(self) -> int:
        """Width of the output layer."""
        return int(self.model(2, "predict").output.shape[1])

    def predict(self, x: Array, chunk: int = 1024) -> Array:
        """Outputs (probabilities after softmax or sigmoid), ``m × outputs``, in evaluation mode."""
        parts = [self._predict(x[i : i + chunk]) for i in range(0, len(x), chunk)]
        return np.concatenate(parts) if parts else np.zeros((0, self.outputs), dtype=self.parameters.dtype)

    def _predict(self, x: Array) -> Array:
        model = self.model(len(x), "predict")
        model.plan.value(model.x)[...] = x
        model.plan.run(backward=False)
        return model.plan.value(model.output).copy()

    def evaluate(self, x: Array, y: Array, chunk: int = 1024) -> tuple[float, float | None]:
        """Mean data loss and, for classes, accuracy, in evaluation mode; ``y`` as :meth:`encode` gives it."""
        total, right = 0.0, 0
        for i in range(0, len(x), chunk):
            part, target = x[i : i + chunk], y[i : i + chunk]
            model = self.model(len(part), "evaluate")
            assert model.target is not None
            model.plan.value(model.x)[...] = part
            model.plan.value(model.target)[...] = target
            total += model.plan.run(backward=False) * len(part)
            if self.spec.classification:
                right += int(
                    np.count_nonzero(decide(model.plan.value(model.output)) == decide_target(target))
                )
        return total / len(x), right / len(x) if self.spec.classification else None

    def losses(self, x: Array, y: Array) -> Array:
        """Data loss of each sample by itself, in evaluation mode."""
        model = self.model(1, "evaluate")
        assert model.target is not None
        out = np.empty(len(x))
        for i in range(len(x)):
            model.plan.value(model.x)[...] = x[i : i + 1]
            model.plan.value(model.target)[...] = y[i : i + 1]
            out[i] = model.plan.run(backward=False)
        return out


def decide(outputs: Array) -> Array:
    """Class indices from outputs: the largest, or, for one output, whether it is at least 0.5."""
    return np.asarray(
        outputs[:, 0] >= 0.5 if outputs.shape[1] == 1 else outputs.argmax(axis=1), dtype=np.intp
    )


def decide_target(target: Array) -> Array:
    """Class indices from encoded labels."""
    return target if target.ndim == 1 else decide(target)


def layer_names(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Given names, else type and number. Raises ConfigError for a name used twice."""
    counts: dict[str, int] = {}
    names: list[str] = []
    for layer in layers:
        counts[layer.type] = counts.get(layer.type, 0) + 1
        name = layer.name or f"{layer.type}{counts[layer.type]}"
        if name in names or name == INPUT:
            raise ConfigError("two layers have this name", where=name, given=name, hint="name one of them")
        names.append(name)
    return tuple(names)


def default_initializer(activation: Op | None) -> Initializer:
    """he_normal for the relu family, xavier_uniform otherwise."""
    name = "he_normal" if getattr(activation, "relu_family", False) else "xavier_uniform"
    found: Initializer = catalog.build("initializer", name)
    return found


class _Builder:
    """Lays a network out for one number of samples and one mode."""

    def __init__(
        self, network: Network, samples: int, mode: Mode, *, collect: bool = False, debug: bool = False
    ) -> None:
        self.network = network
        self.samples = samples
        self.mode = mode
        self.training = mode == "train"
        self.debug = debug
        self.collect = collect
        self.graph = Graph()
        self.sources: tuple[str, ...] = ()
        self.shapes: list[tuple[str, Shape]] = []
        self._masks: list[tuple[Node, str, float]] = []
        self._buffers: list[Node] = []

    def weight(
        self, layer: str, name: str, shape: Shape, *, fan_in: int, fan_out: int,
        init: Initializer | None, activation: Op | None, start: Any = None,
    ) -> Node:  # fmt: skip
        path = f"{layer}.{name}"
        if self.collect:
            self.network.weights.append(path)
            self.network._inits[path] = (init or default_initializer(activation), fan_in, fan_out)
        return self.parameter(layer, name, shape, start)

    def parameter(self, layer: str, name: str, shape: Shape, start: Any = 0.0) -> Node:
        path = f"{layer}.{name}"
        if self.collect:
            self.shapes.append((path, shape))
            self.network.starts[path] = start
        return self.graph.leaf(path, shape, "parameter")

    def buffer(self, layer: str, name: str, shape: Shape, start: float) -> Node:
        path = f"{layer}.{name}"
        if self.collect:
            self.network.buffers[path] = np.full(shape, start, dtype=self.network.spec.dtype)
            self.network.starts[path] = start
        node = self.graph.leaf(path, shape, "buffer")
        self._buffers.append(node)
        return node

    def mask(self, layer: str, shape: Shape, keep: float) -> Node:
        node = self.graph.leaf(f"{layer}.mask", shape, "random")
        self._masks.append((node, layer, keep))
        return node

    def build(self) -> Model:
        spec = self.network.spec
        x = self.graph.leaf(INPUT, (self.samples, spec.features), "input")
        outputs: dict[str, Node] = {INPUT: self._pictures(x)}
        built: list[LayerNodes] = []
        last = INPUT
        for name, layer in zip(self.network.names, spec.layers, strict=True):
            self.sources = layer.inputs or (last,)
            inputs = [self._output(name, source, outputs) for source in self.sources]
            if len(inputs) > 1 and not layer.joins:
                raise ShapeError(
                    f"{layer.type} layer {name} reads one layer",
                    where=name,
                    given=", ".join(self.sources),
                    hint="join them first, by an add or concat layer",
                )
            a = layer.build(self, name, inputs)
            outputs[name], last = a, name
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
        return self._model(x, target, output, loss, tuple(built))

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
        spec = self.network.spec
        if spec.image is None or not self._pictures_wanted():
            return x
        return self.graph.apply(Reshape((self.samples, *spec.image)), x, name="input.pictures")

    def _pictures_wanted(self) -> bool:
        """Whether the input reaches a layer that needs pictures, directly or through layers that keep them."""
        reached, last = {INPUT}, INPUT
        for name, layer in zip(self.network.names, self.network.spec.layers, strict=True):
            if reached.intersection(layer.inputs or (last,)):
                if layer.spatial:
                    return True
                if layer.keeps:
                    reached.add(name)
            last = name
        return False

    def _loss(self, last: LayerNodes, output: Node) -> tuple[Node, Node]:
        spec = self.network.spec
        width = output.shape[1]
        if spec.classification and spec.loss.type == "cross_entropy":
            target = self.graph.leaf("target", (self.samples,), "label", dtype=np.intp)
        else:
            target = self.graph.leaf("target", (self.samples, width), "label")
        source = last.z if spec.loss.from_logits and last.z is not None else output
        return target, self.graph.apply(spec.loss, source, target, name="loss")

    def _model(
        self, x: Node, target: Node | None, output: Node, loss: Node | None, layers: tuple[LayerNodes, ...]
    ) -> Model:
        if self.collect:
            parameters = Parameters(self.shapes, self.network.spec.dtype)
        else:
            parameters = self.network.parameters
        if loss is None:
            plan = Plan(self.graph, [output], parameters, wrt="none")
        elif self.mode == "evaluate":
            plan = Plan(self.graph, [loss, output], parameters, wrt="none")
        else:
            objective = self._penalties(loss)
            shown = [objective, output] if self.debug else [objective]
            plan = Plan(
                self.graph, shown, parameters, wrt="all" if self.debug else "parameters", edges=self.debug
            )
        for node in self._buffers:
            if not self.collect and node.id in {n.id for n in plan.nodes}:
                plan.bind(node, self.network.buffers[node.name])
        return Model(plan, x, target, output, loss, layers, tuple(self._masks), tuple(self._buffers))

    def _penalties(self, loss: Node) -> Node:
        """The objective: the data loss and ½·l2·‖W‖² + l1·‖W‖₁ over the weights."""
        spec = self.network.spec
        objective = loss
        for path in self.network.weights:
            for op, factor, name in ((L2Penalty, spec.l2, "l2"), (L1Penalty, spec.l1, "l1")):
                if factor:
                    penalty = self.graph.apply(op(factor), self.graph[path], name=f"{path}.{name}")
                    objective = self.graph.apply(Add(), objective, penalty, name=f"objective + {path}.{name}")
        return objective


def with_layers(spec: NetworkSpec, layers: tuple[Layer, ...]) -> NetworkSpec:
    """The same specification with other layers."""
    return replace(spec, layers=layers)

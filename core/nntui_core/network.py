"""A whole model: layers, loss and penalties as graphs that share one parameter vector."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from math import prod

import numpy as np

from nntui_core.builder import NetworkBuilder, lay_out
from nntui_core.footprint import EVALUATION_BYTES, look_rows, rows_within, training_rows
from nntui_core.layers.given import theta
from nntui_core.layers.repeating import layer_names, unrolled
from nntui_core.memory import Array
from nntui_core.metrics import ClassTally, LabelTally, Metrics, NumberTally, Tally
from nntui_core.metrics import decide as decide
from nntui_core.metrics import decide_target as decide_target
from nntui_core.model import Mode, Model, NetworkSpec
from nntui_core.onehot import OneHot, Targets
from nntui_core.optimizers.work import Group
from nntui_core.rng import stream


class Network:
    """Parameters, buffers and the plans that compute on them.

    Plans are made for each number of samples and mode when first asked for, and kept: the PLANS that were last used, as a
    training takes turns between so many, and others while all together take no more than PLAN_BYTES.
    """

    PLANS = 9
    PLAN_BYTES = 64 << 20
    PLAN_OVERHEAD = 1 << 16
    """What a plan takes besides its arrays, about."""

    def __init__(self, spec: NetworkSpec) -> None:
        spec = replace(spec, layers=unrolled(spec.layers))
        self.spec = spec
        """Its layers with every copy that ``repeat`` asks for."""
        self.names = layer_names(spec.layers)
        self._models: dict[tuple[int, Mode, bool], Model] = {}
        # Laid out once, whatever the number of samples, to learn its parameters and their starts.
        self._inventory = lay_out(spec, self.names)
        self.parameters = self._inventory.parameters_of(np.dtype(spec.dtype))
        self._inventory.parameters = self.parameters
        self.buffers = self._inventory.buffers
        for name, array in self.buffers.items():
            self.buffers[name] = np.zeros(array.shape, array.dtype)
        self.weights = self._inventory.weights
        self.reset()

    def reset(self) -> None:
        """Set every parameter to its start, drawn from the seed."""
        for name in self.parameters:
            view = self.parameters.view(name)
            if name in self._inventory.initializers and self._inventory.starts[name] is None:
                init, fan_in, fan_out = self._inventory.initializers[name]
                init.fill(view, fan_in, fan_out, stream(self.spec.seed, f"init {name}"))
            else:
                view[...] = self._inventory.starts[name]
        for name, array in self.buffers.items():
            array[...] = self._inventory.starts[name]

    def data_dependent_init(self, x: Array) -> None:
        """Let the data-dependent initializers adjust their layers, in order, on the batch ``x`` (m × n)."""
        if not any(init.data_dependent for init, *_ in self._inventory.initializers.values()):
            return
        model = self.model(len(x), "predict")
        model.plan.value(model.x)[...] = x
        for layer in model.layers:
            found = self._inventory.initializers.get(layer.weight or "")
            if (
                found is None
                or not found[0].data_dependent
                or self._inventory.starts[layer.weight or ""] is not None
            ):
                continue
            assert layer.z is not None
            assert layer.weight is not None
            seen = layer.a if found[0].after_maxout and layer.spec.competing > 1 else layer.z
            weight = self.parameters.view(layer.weight)
            bias = None if layer.bias is None else self.parameters.view(layer.bias)
            for _ in range(found[0].tries):
                model.plan.run(backward=False)
                if found[0].rescale(model.plan.value(seen), weight, bias):
                    break

    @property
    def groups(self) -> tuple[Group, ...]:
        """How each trained parameter's numbers are to be treated, in the order of the vector."""
        owners, weights = self._inventory.owners, set(self.weights)
        return tuple(
            Group(span.start, span.stop, owners[name].lr_factor, name in weights)
            for name, span in self.parameters.layout.items()
            if name not in self.parameters.frozen
        )

    def model(self, samples: int, mode: Mode, *, debug: bool = False) -> Model:
        """The graph for ``samples`` rows. ``debug`` keeps each edge's contribution and every gradient."""
        key = (samples, mode, debug)
        found = self._models.pop(key, None)
        if found is None:
            found = NetworkBuilder(self._inventory, samples, mode, debug=debug).build()
            sizes = {k: m.plan.nbytes() + self.PLAN_OVERHEAD for k, m in self._models.items()}
            most, held = self.PLAN_BYTES - found.plan.nbytes(), sum(sizes.values())
            for old, size in list(sizes.items())[: -(self.PLANS - 1)]:
                if held <= most:
                    break
                del self._models[old]
                held -= size
        self._models[key] = found  # behind all others: they are given up first
        return found

    def own_model(self, samples: int, mode: Mode) -> Model:
        """A graph as :meth:`model` gives it, that nobody else is given."""
        return NetworkBuilder(self._inventory, samples, mode).build()

    def theta(self, layer: str, vector: Array | None = None) -> Array:
        """The Θ of a dense or convolutional layer: a row a unit or filter, its bias first where it has one."""
        bias = f"{layer}.b"
        b = self.parameters.view(bias, vector) if bias in self.parameters else None
        return theta(b, self.parameters.view(f"{layer}.W", vector))

    def encode(self, y: Array) -> Targets:
        """Labels as the loss wants them: class indices, one column of 0 and 1, or one-hot rows, made where they are read.

        Numbers, and several labels a sample, stay as they are.
        """
        if not self.spec.classification or self.spec.multilabel:
            return np.asarray(y, dtype=self.parameters.dtype).reshape(len(y), prod(np.shape(y)[1:]))
        if self.spec.loss.targets == "labels":
            return np.asarray(y, dtype=np.intp)
        if self.outputs == 1:
            return np.asarray(y, dtype=self.parameters.dtype).reshape(-1, 1)
        return OneHot(y, self.spec.targets, self.parameters.dtype)

    @property
    def outputs(self) -> int:
        """Width of the output layer."""
        return int(self.model(2, "predict").output.shape[1])

    @cached_property
    def piece(self) -> int:
        """Rows that are evaluated at once: as many as fit into the caches, whatever the layers hold of each."""
        return rows_within(EVALUATION_BYTES, self._inventory)

    @cached_property
    def multiplications(self) -> int:
        """Those of a row in the matrix products of its way forward: dense and convolutional layers."""
        return sum(
            self.parameters.view(layer.weight).size * prod((layer.z or layer.a).shape[2:])
            for layer in self.model(2, "predict").layers
            if layer.weight is not None
        )

    @cached_property
    def values(self) -> int:
        """Numbers of a row that layers and their activations give."""
        nodes = {n.id: n for x in self.model(2, "predict").layers for n in (x.z, x.a) if n is not None}
        return sum(prod(node.shape[1:]) for node in nodes.values())

    @cached_property
    def look_rows(self) -> int:
        """Training rows that findings and statistics look at, at most."""
        return look_rows(self._inventory)

    def rows_of(self, size: float) -> int:
        """Rows that a training in float64 may have at once within so many bytes; 1 at least."""
        return training_rows(size, replace(self.spec, dtype="float64"))

    def predict(self, x: Array, chunk: int | None = None) -> Array:
        """Outputs (probabilities after softmax or sigmoid), ``m × outputs``, in evaluation mode."""
        chunk = chunk or self.piece
        parts = [self._predict(x[i : i + chunk]) for i in range(0, len(x), chunk)]
        return np.concatenate(parts) if parts else np.zeros((0, self.outputs), dtype=self.parameters.dtype)

    def _predict(self, x: Array) -> Array:
        model = self.model(len(x), "predict")
        model.plan.value(model.x)[...] = x
        model.plan.run(backward=False)
        return model.plan.value(model.output).copy()

    def evaluate(self, x: Array, y: Targets, chunk: int | None = None) -> tuple[float, float | None]:
        """Data loss and, for classes, accuracy: see :meth:`measure`."""
        found = self.measure(x, y, chunk=chunk)
        return found.loss, found.accuracy

    def measure(
        self, x: Array, y: Targets, *, scale: Array | float = 1.0, chunk: int | None = None
    ) -> Metrics:
        """Loss and metrics in evaluation mode; ``y`` as :meth:`encode` gives it, ``scale`` one of its units.

        Where the loss takes logits it has found the largest of each row: softmax, which keeps their order, is not computed.
        """
        chunk = chunk or self.piece
        loss, total, weights, tally = self.spec.loss, 0.0, 0.0, self._tally(y, scale)
        for i in range(0, len(x), chunk):
            part, target = x[i : i + chunk], y[i : i + chunk]
            model = self.model(len(part), "measure")
            assert model.target is not None
            assert model.data_loss is not None
            model.plan.value(model.x)[...] = part
            model.plan.value(model.target)[...] = target
            weight = loss.weight(target)
            total += model.plan.run(backward=False) * weight
            weights += weight
            found = loss.classes(model.plan.workspace(model.data_loss))
            if found is not None and isinstance(tally, ClassTally):
                tally.count(found, decide_target(target))
            else:
                tally.add(model.plan.value(model.output), target)
        return tally.metrics(loss.whole(total, weights))

    def _tally(self, y: Targets, scale: Array | float) -> Tally:
        if not self.spec.classification:
            return NumberTally(np.asarray(y), scale)
        return (LabelTally if self.spec.multilabel else ClassTally)(self.spec.targets)

    def losses(self, x: Array, y: Targets, chunk: int | None = None) -> Array:
        """Data loss of each sample by itself, in evaluation mode."""
        chunk = chunk or self.piece
        out = np.empty(len(x))
        for i in range(0, len(x), chunk):
            part = x[i : i + chunk]
            model = self.model(len(part), "measure")
            assert model.target is not None
            assert model.data_loss is not None
            plan, node = model.plan, model.data_loss
            plan.value(model.x)[...] = part
            plan.value(model.target)[...] = y[i : i + chunk]
            plan.run(backward=False)
            xs = [plan.value(a) for a in node.args]
            out[i : i + chunk] = self.spec.loss.by_sample(xs, plan.workspace(node))
        return out

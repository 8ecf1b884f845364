"""An experiment's network and data as statistics read them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nntui.data.table import Table
from nntui.training.experiment import Experiment
from nntui_core import probe
from nntui_core.model import LayerNodes, Model
from nntui_core.network import decide
from nntui_core.trainer import Trainer

if TYPE_CHECKING:
    from nntui.training.instruments import TrainerInstruments

Array = NDArray[Any]

POINTS = 400
"""Training samples that are drawn as points at most."""


class ExperimentRows:
    """Rows of the table that belong to one part."""

    def __init__(self, name: str, experiment: Experiment, rows: Array) -> None:
        self.name = name
        self._table = experiment.table
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def inputs(self, which: Array) -> Array:
        """Raw inputs of the rows, before preprocessing (rows × columns)."""
        return self._table.rows(self._rows[which])

    def labels(self, which: Array) -> Array:
        """Class indices, or targets."""
        y = self._table.y[self._rows[which]]
        return y if self._table.classes is not None else y.reshape(len(y), -1)


class TrainedLayer:
    """A layer of a trainer's network."""

    def __init__(self, trainer: Trainer, k: int, layer: LayerNodes) -> None:
        self._trainer = trainer
        self._k = k
        self._layer = layer
        self.name = layer.name
        self.op = probe.activation_of(layer)

    @property
    def weight(self) -> Array | None:
        """Its view in the network's parameters."""
        return (
            None if self._layer.weight is None else self._trainer.network.parameters.view(self._layer.weight)
        )

    @property
    def bias(self) -> Array | None:
        """Its view in the network's parameters."""
        return None if self._layer.bias is None else self._trainer.network.parameters.view(self._layer.bias)

    @property
    def weight_gradient(self) -> Array | None:
        """Of the last batch, as the optimizer received it; None where it is frozen: none is computed."""
        parameters = self._trainer.network.parameters
        if (
            self._layer.weight is None
            or self._trainer.model is None
            or self._layer.weight in parameters.frozen
        ):
            return None
        return parameters.gradient(self._layer.weight)

    @property
    def weight_before(self) -> Array | None:
        """Before the last update."""
        before = self._trainer.before
        if self._layer.weight is None or before is None:
            return None
        return self._trainer.network.parameters.view(self._layer.weight, before)

    @property
    def gradient(self) -> Array | None:
        """Of the last batch, at z where the layer has one, else at its output."""
        model = self._trainer.model
        if model is None:
            return None
        layer = model.layers[self._k]
        return model.plan.adjoint(layer.z or layer.a)


class ExperimentView:
    """A view of a network that trains, or of one that was read back from its files."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._trainer = experiment.trainer
        self._network = experiment.network
        table, split = experiment.table, experiment.split
        self.axes = table.axes
        self.classes = table.classes
        self.task: str = table.columns.task
        self.targets, self.features, self.categories = table.targets, table.features, table.categories
        self.image = experiment.network.spec.image
        self.train = ExperimentRows("train", experiment, split.train)
        self.held_out = (
            ExperimentRows("validation", experiment, split.validation)
            if len(split.validation)
            else self.train
        )
        self.drawn = drawn_rows(experiment)

    @cached_property
    def window(self) -> tuple[Array, Array]:
        """Lower and upper bounds of the inputs that are drawn."""
        return window(self._experiment.table)

    @cached_property
    def sample(self) -> Array:
        """Indices of the training rows that statistics look at."""
        return self._trainer.seen.rows

    @cached_property
    def instruments(self) -> TrainerInstruments:
        """The trainer's instruments: curvature, noise, steps."""
        from nntui.training.instruments import (
            TrainerInstruments,  # imported late: few runs are looked at so closely
        )

        return TrainerInstruments(self._trainer)

    @property
    def update(self) -> int:
        """The number of updates after which the weights are those shown."""
        return self._trainer.weights_of[0]

    @property
    def epoch(self) -> int:
        """The number of epochs after which they are."""
        return self._trainer.weights_of[1]

    @cached_property
    def layers(self) -> Sequence[TrainedLayer]:
        """The layers in the order in which they are computed."""
        model = self._network.model(2, "predict")
        return [TrainedLayer(self._trainer, k, layer) for k, layer in enumerate(model.layers)]

    def seen(self) -> list[Array]:
        """Each layer's activations (rows × units) for the rows of :attr:`sample`, in the order of :attr:`layers`."""
        return _answers(self._trainer.seen.model)

    def activations(self, x: Array) -> list[Array]:
        """Each layer's activations for raw inputs (m × n), in the order of :attr:`layers`."""
        return _answers(probe.sample_model(self._network, self._experiment.prepare(x)))

    def predict(self, x: Array) -> Array:
        """The network's outputs (m × k) for raw inputs (m × n)."""
        return self._experiment.outputs(x)

    def decide(self, outputs: Array) -> Array:
        """Class indices; a single class is always the one decided."""
        return np.minimum(decide(outputs), max(0, len(self.classes or ()) - 1))


def _answers(model: Model) -> list[Array]:
    """Each layer's activations in the plan of a model that was evaluated."""
    return [model.plan.value(layer.a) for layer in model.layers]


def window(table: Table) -> tuple[Array, Array]:
    """Lower and upper bounds of the inputs, a tenth of the range wider on each side."""
    low, high = (f(table.stored, axis=0) / table.divisor for f in (np.nanmin, np.nanmax))
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    return low - margin, high + margin


def drawn_rows(experiment: Experiment) -> Array:
    """Indices of the training rows that are drawn as points: all, or evenly spaced ones."""
    count = len(experiment.split.train)
    return np.arange(0, count, max(1, -(-count // POINTS)))

"""What the rules look at: a network at one moment of its training, and what was kept from before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod, sqrt
from typing import Any

import numpy as np

from nntui_core import probe
from nntui_core.findings.reference import Reference, constant_loss, reference, skill
from nntui_core.graph import Op
from nntui_core.layers.base import Layer
from nntui_core.memory import Array
from nntui_core.model import LayerNodes, Model
from nntui_core.probe import LayerStats
from nntui_core.trainer import Part, Trainer

HISTORY = ("update", "epoch", "train", "validation", "skill", "held_skill", "held_error")
"""Columns of the history: losses and skills (see :func:`reference.skill`), the held-out skill's standard error."""
LEARNED = 0.9
"""Share of the targets' variance from which on a network counts as having learned them."""
NEAR = 0.1
"""So does one that is not this much below what simple predictors reach, and above HALFWAY."""
HALFWAY = 0.3
EQUAL = 1e-5
"""Relative difference up to which two units' weights are equal but for rounding."""


@dataclass(frozen=True, eq=False)
class LayerView:
    """One layer with what was measured of it."""

    index: int
    """Its place among the configuration's layers."""
    name: str
    spec: Layer
    op: Op | None
    last: bool
    stats: LayerStats
    fan_in: int = 0
    """0 where the layer has no weights."""
    size: float = 0.0
    """‖W‖."""
    healthy: float = 0.0
    """‖W‖ of weights with the variance 2/fan-in (relu family) or 1/fan-in."""
    redundant: float | None = None
    """Fraction of the units that repeat another's weights and bias."""
    elasticity: float | None = None
    """‖∂L/∂W‖·‖W‖ over the loss of the best constant: how much the loss would change if the weights doubled."""
    ratio: float | None = None
    """‖ΔW‖ over ‖W‖ (or over that of healthy initial weights, where it is larger), the mean of some updates."""
    stuck: float | None = None
    """Of an output that squashes: the fraction of (sample, output) pairs that are saturated and wrong."""

    @property
    def weighted(self) -> bool:
        """Whether it has weights."""
        return self.fan_in > 0

    @property
    def gain(self) -> float:
        """Spread of the weights over that of healthy initial ones."""
        return self.size / self.healthy if self.healthy else 1.0

    def where(self) -> str:
        """The layer's place as ``--set`` names it."""
        return f"layers.{self.index}"


class Basis:
    """What stays the same for the whole run: the rows that are looked at and what could be known of them."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.rows = probe.training_rows(trainer)
        self.train = Part(trainer.train.x[self.rows], trainer.train.y[self.rows])
        self.target = matrix(trainer, self.train.y)
        self.held: Part | None = None
        if trainer.validation is not None and len(trainer.validation):
            held = trainer.validation
            rows = probe.sample_rows(classes_of(trainer, held.y), len(held), trainer.network.spec.seed)
            self.held = Part(held.x[rows], held.y[rows])
        self.constant_loss = max(
            constant_loss(trainer.network.spec.loss, self.target, self.train.y),
            float(np.finfo(np.float32).tiny),
        )

    @cached_property
    def reference(self) -> Reference:
        """What simple predictors reach on the training part."""
        trainer = self.trainer
        rows = probe.training_rows(trainer, min(ROWS_FOR_REFERENCE, len(trainer.train)))
        x = np.clip(trainer.train.x[rows].astype(np.float64), -1e150, 1e150)
        return reference(x, matrix(trainer, trainer.train.y[rows]))

    @cached_property
    def inputs(self) -> tuple[float, float]:
        """Smallest and largest root mean square of the input columns that are not constant."""
        x = self.train.x.reshape(len(self.train), -1).astype(np.float64)
        size = np.sqrt(np.square(x).mean(axis=0))[x.std(axis=0) > 0]
        return (float(size.min()), float(size.max())) if size.size else (1.0, 1.0)


ROWS_FOR_REFERENCE = 512


@dataclass(frozen=True, eq=False)
class Sample:
    """A network at one moment of its training, as the rules see it."""

    trainer: Trainer
    basis: Basis
    memory: dict[str, Array]
    """What was kept from before, by name: see :class:`Watch`."""
    layers: tuple[LayerView, ...]
    update: int
    epoch: int
    ended: bool
    at_epoch: bool
    """Whether this is the end of an epoch."""
    loss: float
    skill: float
    held_loss: float
    """NaN without a held-out part, as are the next two."""
    held_skill: float
    spread: float
    """Largest over the outputs of their standard deviation over that of the targets."""
    outputs: Array
    held_outputs: Array | None

    @cached_property
    def learned(self) -> bool:
        """Whether the training part is predicted about as well as can be asked for."""
        if self.skill >= LEARNED:
            return True
        return self.skill >= HALFWAY and self.skill >= self.basis.reference.skill - NEAR

    @property
    def shortfall(self) -> float:
        """How far it is below what simple predictors reach, as a share of the targets' variance."""
        return self.basis.reference.skill - max(self.skill, 0.0)

    @property
    def weighted(self) -> list[LayerView]:
        """The layers with weights."""
        return [v for v in self.layers if v.weighted]

    def history(self, column: str) -> Array:
        """That column of the history, this moment included."""
        return np.asarray(self.memory["history"][:, HISTORY.index(column)])


def classes_of(trainer: Trainer, y: Array) -> Array | None:
    """Class indices of encoded labels, or None where there are no classes."""
    if not trainer.network.spec.classification:
        return None
    return y if y.ndim == 1 else y[:, 0].astype(int) if y.shape[1] == 1 else y.argmax(axis=1)


def matrix(trainer: Trainer, y: Array) -> Array:
    """Encoded labels as rows that the outputs are compared with: one-hot rows, a column of 0 and 1, or numbers."""
    if y.ndim == 1:
        return np.eye(trainer.network.outputs)[y.astype(np.intp)]
    return np.asarray(y, np.float64)


def measure(basis: Basis, memory: dict[str, Array], *, at_epoch: bool, ratios: dict[str, float]) -> Sample:
    """Look at the network as it is. ``ratios`` are the mean update ratios by layer since the last time."""
    trainer = basis.trainer
    loss, outputs, seen = _evaluate(trainer, basis.train)
    # The views of the layers are taken before another evaluation may reuse the plan.
    views = tuple(_views(basis, seen, outputs, ratios))
    held_loss = held_skill = held_error = float("nan")
    held_outputs = None
    if basis.held is not None:
        held_loss, held_outputs, _ = _evaluate(trainer, basis.held)
        held_skill, held_error = _held(trainer, held_outputs, matrix(trainer, basis.held.y))
    found = _skill(trainer, outputs, basis.target)
    row = [trainer.update, trainer.epoch, loss, held_loss, found, held_skill, held_error]
    memory["history"] = np.vstack([memory["history"], row])
    target = basis.target.std(axis=0)
    spread = np.asarray(outputs, np.float64).std(axis=0)
    return Sample(
        trainer=trainer, basis=basis, memory=memory, layers=views, update=trainer.update, epoch=trainer.epoch,
        ended=trainer.status != "running", at_epoch=at_epoch, loss=loss, skill=found, held_loss=held_loss,
        held_skill=held_skill,
        spread=float((spread[target > 0] / target[target > 0]).max(initial=0.0)) if target.any() else 1.0,
        outputs=outputs, held_outputs=held_outputs,
    )  # fmt: skip


def _evaluate(trainer: Trainer, part: Part) -> tuple[float, Array, Model]:
    model = trainer.network.model(len(part), "evaluate")
    assert model.target is not None
    model.plan.value(model.x)[...] = part.x
    model.plan.value(model.target)[...] = part.y
    loss = model.plan.run(backward=False)
    return loss, model.plan.value(model.output).copy(), model


def _skill(trainer: Trainer, outputs: Array, target: Array) -> float:
    if trainer.network.spec.loss.type != "hinge":
        return skill(outputs, target)
    # Scores are no probabilities: hits beyond those of the most frequent class.
    if outputs.shape[1] == 1:
        hits, most = (
            float(((outputs > 0) == (target > 0)).mean()),
            float(max((target > 0).mean(), (target <= 0).mean())),
        )
    else:
        hits, most = (
            float((outputs.argmax(axis=1) == target.argmax(axis=1)).mean()),
            float(target.mean(axis=0).max()),
        )
    return (hits - most) / (1 - most) if most < 1 else 1.0


def _held(trainer: Trainer, outputs: Array, target: Array) -> tuple[float, float]:
    """Skill on the held-out part, and its standard error."""
    found = _skill(trainer, outputs, target)
    squared = np.square(np.asarray(outputs, np.float64) - target).sum(axis=1)
    whole = float(np.square(target - target.mean(axis=0)).sum(axis=1).mean())
    error = float(squared.std()) / sqrt(len(squared)) / whole if whole and len(squared) > 1 else float("inf")
    return found, error


def _views(basis: Basis, seen: Model, outputs: Array, ratios: dict[str, float]) -> Any:
    trainer = basis.trainer
    parameters, trained = trainer.network.parameters, trainer.model
    clipped = trainer.spec.clip_norm and not trainer.spec.gradient_noise
    now = probe.norm(parameters.grad) if clipped else 0.0
    unclipped = trainer.grad_norm / now if clipped and now and np.isfinite(trainer.grad_norm) else 1.0
    live = {node.id for node in seen.plan.nodes}
    for k, layer in enumerate(seen.layers):
        if layer.a.id not in live:
            continue  # nothing reads it
        op, last = probe.activation_of(layer), k == len(seen.layers) - 1
        a = outputs if last else seen.plan.value(layer.a)
        gradient = None
        if trained is not None:
            gradient = trained.plan.adjoint(trained.layers[k].z or trained.layers[k].a)
        stats = probe.layer_stats(layer.name, op, a, gradient=gradient)
        stuck = _stuck(trainer, op, a, basis.target) if last else None
        if layer.weight is None:
            yield LayerView(k, layer.name, layer.spec, op, last, stats, stuck=stuck)
            continue
        w = parameters.view(layer.weight)
        fan_in = w.shape[0] if w.ndim == 2 else prod(w.shape[1:])
        relu = getattr(op, "relu_family", False) or layer.spec.type == "maxout"
        healthy = sqrt(w.size * (2.0 if relu else 1.0) / max(1, fan_in))
        size = probe.norm(w)
        elasticity = None
        if trained is not None and trainer.update:
            pull = probe.norm(parameters.gradient(layer.weight)) * unclipped
            elasticity = pull * max(size, healthy) / basis.constant_loss
        yield LayerView(
            k, layer.name, layer.spec, op, last, stats, fan_in, size, healthy,
            _redundant(trainer, layer, w), elasticity, ratios.get(layer.weight), stuck,
        )  # fmt: skip


def _redundant(trainer: Trainer, layer: LayerNodes, w: Array) -> float | None:
    """Fraction of the units whose weights and bias are another's, but for rounding."""
    units = np.asarray(w.T if w.ndim == 2 else w.reshape(len(w), -1), np.float64)
    if layer.bias is not None:
        units = np.column_stack([units, trainer.network.parameters.view(layer.bias)])
    if layer.spec.type == "maxout":
        pieces = int(getattr(layer.spec, "pieces", 1))
        units = units.reshape(len(units) // pieces, -1)
    if len(units) < 2:
        return None
    largest = float(np.abs(units).max())
    if not np.isfinite(largest):
        return None
    grid = np.round(units / (EQUAL * largest)) if largest else units
    return 1 - len(np.unique(grid, axis=0)) / len(units)


def _stuck(trainer: Trainer, op: Op | None, outputs: Array, target: Array) -> float | None:
    """Fraction of the outputs at the wrong end of a squashing activation that the loss does not see through."""
    if op is None or op.type not in probe.SATURATION or trainer.network.spec.loss.from_logits:
        return None
    low, high = (0.0, 1.0) if op.type == "sigmoid" else (-1.0, 1.0)
    flat = np.abs(outputs - probe.MIDDLE[op.type]) > probe.SATURATION[op.type]
    away = np.abs(np.clip(target, -1e300, 1e300) - outputs) > 0.25 * (high - low)
    return float((flat & away).mean())

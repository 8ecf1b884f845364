"""The validated configuration, made of the engine's and the data sources' own classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from nntui.data.table import Source
from nntui_core.layers.base import Layer
from nntui_core.objective import Loss, Reduction
from nntui_core.optimizers.base import Optimizer
from nntui_core.preprocessing.base import Preprocessor
from nntui_core.schedules import Schedule
from nntui_core.train_spec import Monitor, TrainSpec

Share = Annotated[float, Ge(0), Lt(1)]
Penalty = Annotated[float, Ge(0)]


@dataclass(frozen=True, kw_only=True)
class DataKeys:
    """Keys of ``[data]`` besides those of its source."""

    validation: Share = 0.0
    """Fraction held out for validation (stratified for classes)."""
    test: Share = 0.0
    """Fraction held out for the final test."""
    allow_single_class: bool = False
    """Accept labels that are all the same."""
    class_weights: Literal["none", "balanced"] | dict[str, Annotated[float, Gt(0)]] = "none"
    """How much a sample of each class counts: "balanced" weighs all classes alike (m/(K·m_k) of the training part),
    { red = 2.0 } names some, the others count 1. The loss is Σwℓ/Σw."""
    scale_target: Literal["none", "standardize"] = "none"
    """With "standardize" each target has mean 0 and variance 1 over the training part: so the losses are scaled;
    outputs are in its units."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveKeys:
    """Keys of ``[objective]`` besides the loss: factor·R + ½·l2·‖W‖² + l1·‖W‖₁ is minimized."""

    reduction: Reduction = "mean"
    """What R is of: "mean" over samples and outputs, "batch": outputs summed, "sum": both summed."""
    factor: Annotated[float, Gt(0)] = 1.0
    """Multiplies the loss; ½Σ is reduction "sum" with factor 0.5."""
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Of cross_entropy: what is taken from the label and spread over all classes."""
    l2: Penalty = 0.0
    """½·l2·‖W‖² is added to the loss."""
    l1: Penalty = 0.0
    """l1·‖W‖₁ is added to the loss."""

    def applied(self, loss: Loss) -> Loss:
        """The loss with those of these keys that it has."""
        keys = {k: getattr(self, k) for k in loss.FROM_OBJECTIVE if hasattr(self, k)}
        return replace(loss, **keys)


@dataclass(frozen=True, kw_only=True)
class TrainKeys(TrainSpec):
    """Keys of ``[train]``."""

    checkpoint_seconds: Annotated[float, Ge(0)] = 5.0
    """At least this long between checkpoints."""


@dataclass(frozen=True, kw_only=True)
class SweepKeys:
    """Keys of ``[sweep]``: what ``nntui sweep`` searches for, and how."""

    trials: Annotated[int, Gt(0)] = 50
    """Trials in all."""
    seeds: Annotated[int, Gt(0)] = 1
    """Runs a trial, with seeds one after the other; their mean is judged."""
    monitor: Monitor = "validation.loss"
    """What is judged: losses are minimized, accuracy, F1 and r2 maximized."""
    sampler: Literal["random", "grid", "tpe", "cmaes"] = "tpe"
    """How values are chosen."""
    pruner: Literal["none", "median", "hyperband"] = "median"
    """How trials that do badly are ended early."""
    storage: str | None = None
    """Where the study is kept: a journal file, sqlite:///FILE, postgresql://USER@HOST/DATABASE."""
    space: dict[str, Any]
    """Dotted keys, and what each may be: { low, high, log }, or a list of values."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run, as described by its TOML file."""

    title: str
    seed: int
    dtype: Literal["float32", "float64"]
    source: Source
    data: DataKeys
    preprocess: tuple[Preprocessor, ...]
    layers: tuple[Layer, ...]
    loss: Loss
    """With the reduction, factor and smoothing of the objective."""
    objective: ObjectiveKeys
    optimizer: Optimizer
    init_from: str
    """A file (its full path) or a run whose weights training starts from; empty for none."""
    schedule: Schedule
    train: TrainKeys
    sweep: SweepKeys | None
    """What is searched for; a run knows nothing of it."""
    base: Path
    """What relative paths are relative to."""
    tables: dict[str, Any]
    """The validated tables, as written back to the run's config.toml."""
    message: Callable[[Sequence[str | int], str], str]
    """A fault at a key path as a line that names file and line."""

    @property
    def monitors(self) -> list[tuple[tuple[str, ...], str]]:
        """What is watched, by the table that says so."""
        rules = (("early_stopping", self.train.early_stopping), ("stop", self.train.stop))
        out: list[tuple[tuple[str, ...], str]] = [
            (("train", name), rule.monitor) for name, rule in rules if rule is not None
        ]
        if self.schedule.observes:
            out.append((("schedule",), self.schedule.watched(held_out=self.data.validation > 0)))
        return out


Seed = Annotated[int, Ge(0), Le(2**63 - 1)]

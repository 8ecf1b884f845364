"""The validated configuration, made of the engine's and the data sources' own classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Lt

from nntui.data.table import Source
from nntui_core.layers.base import Layer
from nntui_core.losses import Loss
from nntui_core.optimizers.base import Optimizer
from nntui_core.preprocessing.base import Preprocessor
from nntui_core.schedules import Schedule
from nntui_core.train_spec import TrainSpec

Share = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True, kw_only=True)
class DataKeys:
    """Keys of ``[data]`` besides those of its source."""

    validation: Share = 0.0
    """Fraction held out for validation (stratified for classes)."""
    test: Share = 0.0
    """Fraction held out for the final test."""
    allow_single_class: bool = False
    """Accept labels that are all the same."""
    scale_target: Literal["none", "standardize"] = "none"
    """With "standardize" each target has mean 0 and variance 1 over the training part: so the losses are scaled;
    outputs are in its units."""


@dataclass(frozen=True, kw_only=True)
class TrainKeys(TrainSpec):
    """Keys of ``[train]``."""

    checkpoint_seconds: Annotated[float, Ge(0)] = 5.0
    """At least this long between checkpoints."""


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
    l2: float
    l1: float
    optimizer: Optimizer
    schedule: Schedule
    train: TrainKeys
    base: Path
    """What relative paths are relative to."""
    tables: dict[str, Any]
    """The validated tables, as written back to the run's config.toml."""
    message: Callable[[Sequence[str | int], str], str]
    """A fault at a key path as a line that names file and line."""


Seed = Annotated[int, Ge(0), Le(2**63 - 1)]
Penalty = Annotated[float, Ge(0)]

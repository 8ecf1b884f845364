"""How long and on what to train: the keys of the configuration's ``[train]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

Monitor = Literal[
    "train.loss", "train.accuracy", "train.macro_f1", "train.f1", "train.r2", "train.rmse", "train.mae",
    "validation.loss", "validation.accuracy", "validation.macro_f1", "validation.f1", "validation.r2",
    "validation.rmse", "validation.mae",
]  # fmt: skip
"""A part of the data, and what is measured of it; ``f1`` is ``macro_f1``."""
OF_CLASSES = ("accuracy", "macro_f1", "f1")
OF_NUMBERS = ("r2", "rmse", "mae")


def rises(monitor: str) -> bool:
    """Whether more of what is monitored is better."""
    return monitor.rpartition(".")[2] in (*OF_CLASSES, "r2")


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop after ``patience`` epochs without an improvement, and restore the best weights."""

    patience: Annotated[int, Gt(0)] = 20
    """Epochs to wait for an improvement."""
    monitor: Monitor = "validation.loss"
    """What is watched."""
    min_delta: Annotated[float, Ge(0)] = 0.0
    """A smaller change is no improvement."""


@dataclass(frozen=True, kw_only=True)
class StopRule:
    """Stop when ``monitor`` is below (or above) a value at the end of an epoch."""

    monitor: Monitor = "train.loss"
    """What is watched."""
    below: float | None = None
    """Stop below this."""
    above: float | None = None
    """Stop above this."""

    def reason(self, value: float) -> str:
        """Why to stop at this value of the monitor; empty where there is no reason."""
        low = self.below is not None and value < self.below
        high = self.above is not None and value > self.above
        if not (low or high):
            return ""
        limit = f"below {self.below:g}" if low else f"above {self.above:g}"
        return f"{self.monitor} {value:.4g} is {limit}"


@dataclass(frozen=True, kw_only=True)
class Curriculum:
    """Easy samples first: the share of the samples, by ascending loss, grows from ``start`` to all."""

    type: Literal["curriculum"] = "curriculum"
    """Always "curriculum"."""
    by: Literal["loss"] = "loss"
    """What makes a sample hard."""
    start: Annotated[float, Gt(0), Le(1)] = 0.3
    """Share of the samples in the first epoch."""
    epochs: Annotated[int, Gt(0)] = 20
    """Epochs until all samples take part."""


@dataclass(frozen=True, kw_only=True)
class GradientNoise:
    """Normal noise of variance ``eta/(1 + t)^gamma`` on each gradient (Neelakantan et al. 2015)."""

    eta: Annotated[float, Ge(0)] = 0.01
    """Variance at the start."""
    gamma: Annotated[float, Ge(0)] = 0.55
    """How fast it falls."""


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """How long and on what to train."""

    epochs: Annotated[int, Ge(0)] = 100
    """Passes over the training part; 0 only evaluates."""
    batch_size: Annotated[int, Gt(0)] | Literal["full"] = 32
    """Samples an update, or "full"."""
    order: Literal["given", "shuffle"] | Curriculum = "shuffle"
    """The order of the samples."""
    early_stopping: EarlyStopping | None = None
    """Stop when nothing improves."""
    stop: StopRule | None = None
    """Stop at a value."""
    gradient_noise: GradientNoise | None = None
    """Noise on each gradient."""
    clip_norm: Annotated[float, Gt(0)] | None = None
    """Gradients longer than this are scaled down to it."""

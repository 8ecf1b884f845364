"""What the rules look at: a network at one moment of its training, and what was kept from before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nntui_core.findings.basis import Basis
from nntui_core.graph import Op
from nntui_core.layers.base import Layer
from nntui_core.memory import Array
from nntui_core.probe import LayerStats
from nntui_core.trainer import Trainer

HISTORY = ("update", "epoch", "train", "validation", "skill", "held_skill", "held_error")
"""Columns of the history: losses and skills (see :func:`reference.skill`), the held-out skill's standard error."""
LEARNED = 0.9
"""Share of the targets' variance from which on a network counts as having learned them."""
NEAR = 0.1
"""So does one that is not this much below what simple predictors reach, and above HALFWAY."""
HALFWAY = 0.3
BY_HEART = 0.2
"""What the training part may be better by than the held-out part."""
HEAVY = 0.7
"""Dropout beyond this rate leaves little of the network."""
FEW_SAMPLES = 8
"""Batch norm on fewer samples is mostly noise."""


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
    """‖∂R/∂W‖·‖W‖/√units over the loss of the best constant (of equally frequent classes), R the data loss: how many times that loss the loss would
    change by, to first order, if a unit's weights changed by their own size along the gradient."""
    ratio: float | None = None
    """‖ΔW‖ over ‖W‖ (or over that of healthy initial weights, where it is larger), the mean of some updates."""
    stuck: float | None = None
    """Of an output that squashes: of the (sample, output) pairs that are wrong, the fraction that is saturated."""

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
    """For rules, that look at once: the next evaluation of these rows overwrites it, and the next."""
    held_outputs: Array | None

    @cached_property
    def learned(self) -> bool:
        """Whether the training part is predicted about as well as can be asked for."""
        if self.loss > self.basis.constant_loss:
            return False  # sure of what is wrong
        if self.skill >= LEARNED:
            return True
        return self.skill >= HALFWAY and self.skill >= self.basis.reference.skill - NEAR

    @property
    def memorized(self) -> bool:
        """Whether a fifth of the targets' variance, or of twice a constant's loss, is won on the training part alone."""
        loss = (self.held_loss - self.loss) / (2 * self.basis.constant_loss)
        return self.skill - self.held_skill > BY_HEART or loss > BY_HEART

    def began_idle(self, layer: str) -> bool:
        """Whether most of that layer was dead or saturated before the first update."""
        return any(bool(self.memory["idle"][k]) for k, v in enumerate(self.layers) if v.name == layer)

    @property
    def shortfall(self) -> float:
        """How far it is below what simple predictors reach, as a share of the targets' variance."""
        return self.basis.reference.skill - max(self.skill, 0.0)

    @property
    def masked(self) -> bool:
        """Whether training computes quite another function than evaluation: heavy dropout, batch norm on a few samples."""
        layers = self.trainer.network.spec.layers
        dropped = any(x.stochastic and getattr(x, "rate", 0.0) > HEAVY for x in layers)
        few = self.trainer.batch_size < FEW_SAMPLES <= len(self.trainer.train)
        return dropped or (few and any(x.batchwise for x in layers))

    def shrunk(self, v: LayerView) -> bool:
        """Whether the layer's weights started healthy and are now next to nothing."""
        start = float(self.memory["gain"][v.index])
        return v.weighted and start >= 0.2 and v.gain < 0.05 * start

    @property
    def weighted(self) -> list[LayerView]:
        """The layers with weights."""
        return [v for v in self.layers if v.weighted]

    def history(self, column: str) -> Array:
        """That column of the history, this moment included."""
        return np.asarray(self.memory["history"][:, HISTORY.index(column)])

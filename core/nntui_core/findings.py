"""What is wrong with a network, from its statistics: cause, number, limit and cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nntui_core import probe
from nntui_core.errors import NumericError
from nntui_core.memory import Array
from nntui_core.probe import LayerStats
from nntui_core.trainer import Metrics, Trainer

DEAD = SATURATED = 0.1
VANISHING = 1e-3
EXPLODING = 100.0
RATIO_LOW, RATIO_HIGH = 1e-6, 0.1
DEAF = 0.9
"""From this share of dead units on, no learning rate makes a layer learn."""
CONSTANT = 1e-4
OVERFITTING = 1.15
PLATEAU = 0.01
STUCK = 0.9
"""The loss counts as not learned while it is above this share of the first one."""


@dataclass(frozen=True)
class Finding:
    """One finding; ``layer`` is empty for the network as a whole."""

    id: str
    layer: str
    value: float
    limit: float
    message: str
    cure: str


class Watch:
    """Samples a trainer at ends of epochs and keeps what a finding needs from before."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._rows = probe.training_rows(trainer)
        self._first: float | None = None
        self._train: list[tuple[int, float]] = []
        self._best_validation = float("inf")

    def sample(self) -> list[Finding]:
        """What holds now."""
        trainer = self._trainer
        x = trainer.train.x[self._rows]
        metrics = trainer.evaluate()
        loss = metrics["train"].loss
        if self._first is None:
            self._first = loss
        self._train.append((trainer.epoch, loss))
        stats = probe.layers(trainer, x)
        stuck = loss > STUCK * self._first
        found = [f for k, s in enumerate(stats) for f in _layer(s, last=k == len(stats) - 1, stuck=stuck)]
        found += _gradients(trainer, stats)
        found += _symmetric(trainer)
        found += _constant(trainer, x, stuck=stuck)
        found += self._history(metrics)
        return found

    def _history(self, metrics: Mapping[str, Metrics]) -> list[Finding]:
        found: list[Finding] = []
        held_out = metrics.get("validation")
        validation = held_out.loss if held_out is not None else None
        epoch, loss = self._train[-1]
        if validation is not None:
            self._best_validation = min(self._best_validation, validation)
            ratio = validation / self._best_validation if self._best_validation else 1.0
            if ratio > OVERFITTING and loss < validation:
                found.append(
                    Finding(
                        "overfitting", "", ratio, OVERFITTING,
                        f"the validation loss is {ratio:.2f} times its best while the training loss is lower",
                        "stop early (train.early_stopping), raise objective.l2, add dropout, or bring more data",
                    )
                )  # fmt: skip
        earlier = [v for e, v in self._train if e <= epoch * 0.8]
        if epoch >= 10 and earlier and self._first and loss > 0.5 * self._first:
            gain = (min(earlier) - loss) / min(earlier)
            if gain < PLATEAU:
                found.append(
                    Finding(
                        "plateau", "", gain, PLATEAU,
                        f"the last fifth of the epochs improved the training loss by {max(0.0, gain):.2%}",
                        "change the learning rate, the initial weights, or the size of the network",
                    )
                )  # fmt: skip
        return found


def non_finite(error: NumericError) -> Finding:
    """The finding for a run that diverged."""
    return Finding("non_finite", error.where.partition(".")[0], 1.0, 0.0, error.fact, error.hint)


def _layer(s: LayerStats, *, last: bool, stuck: bool) -> list[Finding]:
    found = []
    if s.dead is not None and s.dead >= DEAD:
        found.append(
            Finding(
                "dead_units", s.layer, s.dead, DEAD, f"{s.dead:.0%} of the relu units are 0 on every sample",
                "lower the learning rate, use init he_normal, or leaky_relu",
            )
        )  # fmt: skip
    saturated = len(s.saturated_units) / max(1, s.units)
    if saturated >= SATURATED and not last:
        found.append(
            Finding(
                "saturated_units", s.layer, saturated, SATURATED,
                f"{saturated:.0%} of the units are saturated on nearly every sample",
                "lower the learning rate, use init xavier_uniform, standardize the inputs, or relu",
            )
        )  # fmt: skip
    if s.update_ratio is not None and s.update_ratio > RATIO_HIGH:
        found.append(
            Finding(
                "update_ratio_high", s.layer, s.update_ratio, RATIO_HIGH,
                f"an update changes the weights by {s.update_ratio:.1%} of their size (about 0.1 % is healthy)",
                "lower the learning rate",
            )
        )  # fmt: skip
    if s.update_ratio is not None and s.update_ratio < RATIO_LOW and stuck and not _cut_off(s):
        found.append(
            Finding(
                "update_ratio_low", s.layer, s.update_ratio, RATIO_LOW,
                f"an update changes the weights by {s.update_ratio:.1e} of their size (about 1e-3 is healthy)",
                "raise the learning rate",
            )
        )  # fmt: skip
    return found


def _cut_off(s: LayerStats) -> bool:
    """Whether nothing reaches the layer that a larger step could enlarge: it or one around it is dead."""
    return (s.dead is not None and s.dead >= DEAF) or 0.0 in (s.gradient_norm, s.gradient_rms)


def _gradients(trainer: Trainer, stats: list[LayerStats]) -> list[Finding]:
    found = []
    if trainer.grad_norm > EXPLODING:
        found.append(
            Finding(
                "exploding_gradient", "", trainer.grad_norm, EXPLODING,
                f"the gradient's norm is {trainer.grad_norm:.3g}",
                "lower the learning rate, set train.clip_norm, or standardize the data",
            )
        )  # fmt: skip
    flows = [
        (s.layer, s.gradient_rms) for s in stats if s.gradient_norm is not None and s.gradient_rms is not None
    ]
    if len(flows) >= 3 and flows[-1][1]:
        ratio = flows[0][1] / flows[-1][1]
        if ratio < VANISHING:
            found.append(
                Finding(
                    "vanishing_gradient", flows[0][0], ratio, VANISHING,
                    f"the gradient that reaches it is {ratio:.1e} of the one at the output",
                    "use relu with he_normal, batchnorm, skip connections, or fewer layers",
                )
            )  # fmt: skip
    return found


def _symmetric(trainer: Trainer) -> list[Finding]:
    found = []
    network = trainer.network
    for layer in network.model(2, "predict").layers[:-1]:
        if layer.weight is None:
            continue
        w = network.parameters.view(layer.weight)
        units = w.T if w.ndim == 2 else w.reshape(len(w), -1)
        equal = float(np.mean((units == units[0]).all(axis=1)))
        if len(units) > 1 and equal > 0.5:
            found.append(
                Finding(
                    "symmetric_units", layer.name, equal, 0.5,
                    f"{equal:.0%} of the units have the same weights, so they will always stay equal",
                    "start from random weights: init he_normal or xavier_uniform",
                )
            )  # fmt: skip
    return found


def _constant(trainer: Trainer, x: Array, *, stuck: bool) -> list[Finding]:
    model = probe.sample_model(trainer.network, x)
    spread = float(model.plan.value(model.output).std(axis=0).max())
    if spread >= CONSTANT or not stuck or len(x) < 2:
        return []
    return [
        Finding(
            "constant_output", "", spread, CONSTANT, "the output is the same for every sample",
            "raise the learning rate, check the inputs' scale, or look for dead or saturated layers",
        )
    ]  # fmt: skip

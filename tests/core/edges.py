"""Samples in which one rule is on an edge, and what it says there: see test_findings_limits.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np

from nntui_core.findings import Watch
from nntui_core.findings.reference import Reference
from nntui_core.findings.sample import Sample
from tests.core.samples import CONSTANT, history, sample, trainer, watching


@cache
def watch_of(depth: int) -> Watch:
    return watching(trainer(depth, early_stopping=None))


def dead(v: float, **more: object) -> Sample:
    return sample(
        watch_of(3), {0: {"dead": v, "units": 1000, "dead_units": tuple(range(round(1000 * v)))}}, **more
    )


def dead_output(v: float, **more: object) -> Sample:
    return sample(watch_of(3), {2: {"dead": v, "units": 8, "dead_units": (0,)}}, **more)


def saturated(v: float, **more: object) -> Sample:
    return sample(watch_of(3), {1: {"saturated": v, "units": 4}}, **more)


def stuck(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {2: {"stuck": v}}, **more)


def symmetric(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {1: {"redundant": v}}, **more)


def exploding(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {1: {"elasticity": v}}, **more)


def exploded(v: float, **more: object) -> Sample:
    return sample(watch_of(3), memory={"pull": np.array([v])}, **more)


def high(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {1: {"ratio": v}}, **more)


def peak(v: float, **more: object) -> Sample:
    return sample(watch_of(3), memory={"peak": np.array([0.0, 10 * v, 0.0])}, **more)


def low(v: float, **more: object) -> Sample:
    # 10 epochs of 4 batches, 40 of 160 updates done, with a constant schedule: the rest goes on with the largest ratio.
    total = watch_of(3).trainer.total_updates
    return sample(
        watch_of(3), None, {k: {"ratio": r} for k, r in enumerate((0.2 * v / (total - 10), 1e-9, 1e-9))},
        memory={"path": np.array([0.1, 0.8, 0.0]) * v}, update=10, **more,
    )  # fmt: skip


def vanishing(v: float, **more: object) -> Sample:
    return sample(
        watch_of(3), {0: {"gradient_rms": v}, 1: {"gradient_rms": sqrt(v)}, 2: {"gradient_rms": 1.0}}, **more
    )


def vanishing_deep(v: float, **more: object) -> Sample:
    return sample(watch_of(5), {k: {"gradient_rms": v ** (1 - k / 4)} for k in range(5)}, **more)


def vanished(v: float, **more: object) -> Sample:
    return sample(watch_of(3), memory={"faded": np.array([v])}, **more)


def constant(v: float, **more: object) -> Sample:
    return sample(watch_of(3), spread=v, **more)


def plateau(v: float, **more: object) -> Sample:
    losses = np.repeat([9.0, 0.5, 0.5 * (1 - v)], 4)
    return sample(
        watch_of(3), memory={"history": history(train=losses)}, update=12, **{"skill": 0.04, **more}
    )


def overfitting(v: float, **more: object) -> Sample:
    # The last two of 20 moments are looked at; with no error of the held-out part the gap is the difference.
    here = np.append(np.zeros(18), [0.8, 0.9])
    there = np.append(np.ones(18), [0.8 - v, 0.9 - v])
    return sample(watch_of(3), memory={"history": history(skill=here, held_skill=there)}, update=20, **more)


def rising(v: float, **more: object) -> Sample:
    # Over twice the loss of a constant: the last of these means is 2v above the lowest one.
    held = np.append(np.full(18, 0.4), [0.4 + 2 * v * CONSTANT, 0.4 + 2 * v * CONSTANT])
    kept = history(skill=0.9, held_skill=0.9, validation=held, train=0.1)
    return sample(
        watch_of(3), memory={"history": kept}, update=20, **{"held_loss": 0.4 + 2 * v, "loss": 0.1, **more}
    )


def unrelated(v: float, **more: object) -> Sample:
    reference = Reference(0.0, v - 1.5 * 0.2, 0.2, constant=False)
    outputs = np.zeros((20, 3))
    return sample(watch_of(3), basis={"reference": reference}, held_outputs=outputs, **more)


@dataclass(frozen=True)
class Edge:
    """A rule where it is planted with a measure: its limit, where it clears, how grave it is and what is told there."""

    id: str
    plant: Callable[..., Sample]
    layer: str
    limit: float
    clears: float
    above: bool
    value: float
    """A measure beyond the limit, with what is then said of it."""
    severity: str
    told: str
    noted: bool | None
    """Where the network has learned its targets: a note, nothing at all, or (None) as grave as else."""


EDGES = (
    Edge("dead_units", dead, "dense1", 0.1, 0.08, True, 0.25, "note", "250 of 1000 relu units (25%) are 0 on every sample", True),
    Edge("dead_units", dead_output, "dense3", 0.0, 0.0, True, 0.125, "warning", "1 of 8 relu units (12%) are 0 on every sample", True),
    Edge("saturated_units", saturated, "dense2", 0.5, 0.4, True, 0.75, "warning", "75% of the activations are saturated", True),
    Edge("saturated_units", stuck, "dense3", 0.5, 0.4, True, 0.75, "warning", "75% of the wrong outputs are saturated at the wrong end", True),
    Edge("symmetric_units", symmetric, "dense2", 0.3, 0.2, True, 0.5, "error", "50% of the units repeat another unit's weights, so they will always be equal", True),
    Edge("exploding_gradient", exploding, "", 100.0, 30.0, True, 250.0, "error", "the gradient of dense2 is so large that a change of a unit's weights by their own size would change the loss by 250 times what a constant prediction loses", False),
    Edge("exploding_gradient", exploded, "", 100.0, 30.0, True, 250.0, "error", "would change the loss by 250 times what a constant prediction loses", False),
    Edge("update_ratio_high", high, "", 0.1, 0.05, True, 0.5, "warning", "an update changed the weights of dense2 by 50% of their size (0.1 % is healthy)", False),
    Edge("update_ratio_high", high, "", 0.1, 0.05, True, 12.5, "warning", "an update changed the weights of dense2 by 12.5 times their size (0.1 % is healthy)", False),
    Edge("update_ratio_high", peak, "", 0.1, 0.05, True, 0.5, "warning", "an early update changed the weights by 5 times their size, of which a tenth counts (0.001 is healthy)", False),
    Edge("update_ratio_low", low, "", 0.25, 0.35, False, 0.125, "warning", "the whole training can change the weights by 12.5% of their size", False),
    Edge("vanishing_gradient", vanishing, "dense1", 1e-3, 2e-3, False, 1e-4, "error", "the gradient that reaches it is 1.0e-4 of the one at the output", False),
    Edge("vanishing_gradient", vanishing_deep, "dense1", 1e-2, 2e-2, False, 1e-4, "error", "the gradient that reaches it is 1.0e-4 of the one at the output", False),
    Edge("vanishing_gradient", vanished, "dense1", 1e-3, 2e-3, False, 1e-4, "error", "in the first updates the gradient that reached it was 1.0e-4 of the one at the output", False),
    Edge("constant_output", constant, "", 0.05, 0.1, False, 0.0125, "error", "the output is nearly the same for every sample: its spread is 1.2% of the targets'", False),
    Edge("plateau", plateau, "", 0.02, 0.05, False, 0.01, "warning", "the last third of the updates improved the training loss by 1.00%; it explains 4% of the targets' variance", False),
    Edge("plateau", plateau, "", 0.02, 0.05, False, -0.25, "warning", "the training loss has risen by 25.00% over the last third of the updates; it explains 4% of the targets' variance", False),
    Edge("overfitting", overfitting, "", 0.2, 0.16, True, 0.5, "warning", "it explains 85% of the targets' variance on the training part and 35% on the held-out part", None),
    Edge("overfitting", rising, "", 0.2, 0.16, True, 0.5, "warning", "the held-out loss rose from 0.4 to 1.4 while the training loss is 0.1", None),
    Edge("no_signal", unrelated, "", 0.4, 0.45, False, 0.35, "error", "the correlation is below 0.35; are the labels shuffled, or shifted against the rows?", None),
)  # fmt: skip

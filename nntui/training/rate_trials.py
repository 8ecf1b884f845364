"""Trainings at a few fixed learning rates around the one that a range test suggests.

A range test lasts a hundred updates, so that it cannot know how long the training will be, what its schedule does, or what
the held-out rows say. Trainings do: in full where the budget allows, else as far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np

from nntui.training.experiment import Experiment, build
from nntui.training.fresh import Tick, effort, trainer
from nntui.training.range_test import BELOW, BLOWN, CLEAR, Suggestion, rounded, tested_optimizer
from nntui_core.errors import NumericError
from nntui_core.optimizers.base import FirstOrder
from nntui_core.trainer import Trainer

SEEDS = 5
STEP = 3.0
"""From one rate to the next; √3 beside the best one."""
WIDE = 2
"""So many steps on either side of the suggestion are tried in any case."""
FAR = 4
"""So many steps from the suggestion at most."""
RATES = 7
"""Rates that are usually tried: the suggestion, two steps on either side, and two beside the best."""
WORK = 4e10
"""Effort of all trainings together: some seconds."""
LEAST = 100
"""Updates of a training below which it says no more than the range test; unless it is the whole training."""


@dataclass(frozen=True)
class RateTrials:
    """The rates in rising order, and the loss that training with each reached."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """The mean over the seeds of the data loss at the end, infinite where one diverged."""
    part: str
    """The rows that the loss is of: "validation", or "train" where none are held out."""
    updates: int
    """Of each training …"""
    planned: int
    """… of so many that the configuration asks for."""
    seeds: tuple[int, ...]
    start: float
    """The mean loss before the first update."""

    @property
    def best(self) -> float | None:
        """The rate with the lowest loss of those well below where it blows up; None where all diverged.

        Just below that rate it is chance whether a training goes astray, and five seeds are few to see it.
        """
        lowest, blown = inf, inf
        for rate, loss in zip(self.rates, self.losses, strict=True):
            if loss > BLOWN * lowest and loss > lowest + CLEAR * self.start:
                blown = rate
                break
            lowest = min(lowest, loss)
        able = [
            (loss, rate) for rate, loss in zip(self.rates, self.losses, strict=True) if rate <= blown / BELOW
        ]
        loss, rate = min(able, default=(inf, 0.0))
        return rate if isfinite(loss) else None

    @property
    def whole(self) -> bool:
        """Whether the trainings were as long as the configuration's own."""
        return self.updates >= self.planned

    def to_json(self) -> dict[str, Any]:
        """As in the JSON of ``nntui lr``."""
        return {
            "rates": list(self.rates), "losses": [v if isfinite(v) else None for v in self.losses], "part": self.part,
            "updates": self.updates, "planned": self.planned, "seeds": list(self.seeds),
        }  # fmt: skip


def affordable(experiment: Experiment) -> int:
    """Updates of each training within the budget; 0 where they are too few to tell anything."""
    own = experiment.trainer
    most = int(WORK / (RATES * SEEDS) / effort(own.network, own.batch_size))
    if most >= own.total_updates:
        return own.total_updates
    return most if most >= LEAST else 0


def rate_trials(
    experiment: Experiment, suggestion: Suggestion, tick: Tick = lambda: None
) -> RateTrials | None:
    """Train around ``suggestion.chosen``; None where the budget does not allow it. The experiment is not touched.

    Each seed is that of a run of its own: weights, order, and the data's split are those of ``nntui fit --seed``.
    """
    optimizer, updates = tested_optimizer(experiment), affordable(experiment)
    if not updates:
        return None
    first = experiment.settings.seed
    seeds = tuple(range(first, first + SEEDS))
    others = [build(replace(experiment.settings, seed=seed)) for seed in seeds[1:]]
    runs = [experiment, *others]
    tried: dict[float, float] = {}
    for rate in _rates(suggestion.chosen, tried):
        losses = [_trained(one, optimizer, rate, updates, tick) for one in runs]
        tried[rate] = float(np.mean(losses))
    rates = tuple(sorted(tried))
    return RateTrials(
        rates, tuple(tried[r] for r in rates), experiment.trainer.judged[0], updates,
        experiment.trainer.total_updates, seeds, float(np.mean([_loss(one.trainer) for one in runs])),
    )  # fmt: skip


def _rates(start: float, tried: dict[float, float]) -> Iterator[float]:
    """The rates to try next, as ``tried`` fills: until the best has one on either side, then two between.

    Two on either side of the start at least: a seed that went astray makes a dip beside the best.
    """
    low, high = -WIDE, WIDE
    for k in range(low, high + 1):
        yield rounded(start * STEP**k)
    while True:
        best = min(tried, key=lambda r: (tried[r], r))
        if low > -FAR and best == min(tried):
            low -= 1
            yield rounded(start * STEP**low)
        elif high < FAR and best == max(tried) and isfinite(tried[best]):
            high += 1
            yield rounded(start * STEP**high)
        else:
            break
    if isfinite(tried[best]):
        yield from (rounded(best / sqrt(STEP)), rounded(best * sqrt(STEP)))


def _loss(one: Trainer) -> float:
    """The data loss with the present weights on the rows that judge."""
    return one.measure(one.judged[1]).loss


def _trained(experiment: Experiment, optimizer: FirstOrder, rate: float, updates: int, tick: Tick) -> float:
    """The data loss after so many updates; infinite if it diverges."""
    own = experiment.trainer
    spec = replace(own.spec, epochs=-(-updates // max(1, own.batches)))
    one = trainer(experiment, optimizer=replace(optimizer, lr=rate), spec=spec)
    try:
        with np.errstate(all="ignore"):
            while one.status == "running" and one.update < updates:
                tick()
                one.advance()
            one.restore_best()
            loss = _loss(one)
    except NumericError:
        return inf
    return loss if isfinite(loss) else inf

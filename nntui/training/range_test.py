"""Learning-rate range test: a short training in which the rate rises exponentially until the loss blows up.

After Smith (2017, "Cyclical learning rates"); the loss after each update is that of the same rows in evaluation
mode, so that it shows what the rate does and not which batch was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np

from nntui.errors import UserError
from nntui.training.experiment import Experiment
from nntui.training.fresh import Tick, budget, trainer
from nntui_core import probe
from nntui_core.errors import NumericError
from nntui_core.memory import Array
from nntui_core.optimizers.base import FirstOrder
from nntui_core.schedules import Constant
from nntui_core.trainer import Part, Trainer

LOW, HIGH = 1e-6, 100.0
STEPS = 120
"""Updates from the lowest to the highest rate: 15 a decade."""
SEEDS = 3
ROWS = 128
"""Training rows that the loss is measured on."""
BLOWN = 4.0
"""A loss of so many times the lowest one ends the test, as in Lightning's and fastai's."""
SMOOTH = 2.0
"""Width of the smoothing, in updates: the standard deviation of its bell."""
CLEAR = 0.05
"""Of the loss at the lowest rates, the share that it must fall by for the curve to tell anything."""
KNEE = 0.2
"""Share of the whole fall that is left at the lower end of the rates to choose from …"""
BOTTOM = 0.01
"""… and at their upper end, times …"""
BELOW = 2.0
"""… this: where the loss is lowest, steps begin to undo each other."""
SAFE = 6.0
"""No rate within this factor of the one where the loss blows up is chosen."""
WORK = 3e9
"""Multiplications for each seed."""


@dataclass(frozen=True)
class Suggestion:
    """Rates that the curve suggests."""

    steepest: float
    """Where the smoothed loss falls fastest, by the logarithm of the rate."""
    valley: float
    """In the longest fall of the smoothed loss, two thirds of the way (fastai's valley)."""
    chosen: float
    """What to set: see :func:`suggest`."""

    def to_json(self) -> dict[str, float]:
        """As in the JSON of ``nntui lr``."""
        return {"steepest": self.steepest, "valley": self.valley, "chosen": self.chosen}


@dataclass(frozen=True, eq=False)
class RangeTest:
    """The rates, the mean loss over the seeds after an update with each, and the same smoothed."""

    rates: Array
    losses: Array
    """NaN from where some seed's loss was not finite on."""
    smoothed: Array
    suggestion: Suggestion | None
    diverges: float
    """The lowest rate at which the smoothed loss was BLOWN times its lowest, or not finite; infinite where none was."""
    seeds: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """As in the JSON of ``nntui lr``."""
        return {
            "rates": self.rates, "losses": self.losses, "smoothed": self.smoothed,
            "suggestion": None if self.suggestion is None else self.suggestion.to_json(),
            "diverges": self.diverges, "seeds": list(self.seeds),
        }  # fmt: skip


def tested_optimizer(experiment: Experiment) -> FirstOrder:
    """The optimizer whose rate can be varied. Raises UserError for one that has none, or nothing to train on."""
    optimizer = experiment.trainer.optimizer
    if not isinstance(optimizer, FirstOrder) or not optimizer.has_rate:
        raise UserError(
            experiment.settings.message(
                ("optimizer", "type"),
                f"{optimizer.type} finds its own step, so there is no learning rate to test; use nntui fit, or another "
                "optimizer, such as adam",
            )
        )
    if not len(experiment.trainer.train):
        raise UserError(
            experiment.settings.message(
                ("data",),
                "there are no training rows, and a rate is found by training; give a table with rows, or lower data.validation "
                "and data.test",
            )
        )
    return optimizer


def range_test(experiment: Experiment, tick: Tick = lambda: None, seeds: int = SEEDS) -> RangeTest:
    """Run the test from the start of the training, once a seed. Raises UserError for an optimizer without a rate."""
    optimizer = tested_optimizer(experiment)
    own = experiment.trainer
    first = own.network.spec.seed
    steps = budget(own.network, own.batch_size + ROWS // 3, STEPS, total=WORK, least=80)
    rates = np.geomspace(LOW, HIGH, steps)
    rows = probe.training_rows(own, ROWS)
    judged = Part(own.train.x[rows], own.train.y[rows])
    tried = tuple(range(first, first + seeds))
    curves = []
    for seed in tried:
        schedule, spec = Constant(), replace(own.spec, epochs=steps, early_stopping=None, stop=None)
        one = trainer(
            experiment, seed=seed, optimizer=replace(optimizer, lr=1.0), schedule=schedule, spec=spec
        )
        curves.append(_curve(one, rates, judged, tick))
    losses = np.array(curves).mean(axis=0)
    ends = np.flatnonzero(~np.isfinite(losses))
    count = int(ends[0]) if len(ends) else steps
    seen = smoothed(losses[:count])
    low = np.minimum.accumulate(seen)
    high = np.flatnonzero(seen > BLOWN * np.maximum(low, 1e-12))
    diverges = rates[high[0]] if len(high) else rates[count] if count < steps else float("inf")
    kept = int(high[0]) + 1 if len(high) else count
    shown = min(kept + 1, steps)
    full = np.full(shown, nan)
    full[:kept] = seen[:kept]
    return RangeTest(
        rates[:shown],
        losses[:shown],
        full,
        suggest(rates[:kept], seen[:kept], float(diverges)),
        float(diverges),
        tried,
    )


def _curve(one: Trainer, rates: Sequence[float] | Array, judged: Part, tick: Tick) -> list[float]:
    """The loss after an update at each rate; NaN from where it is not finite, or far above the lowest, on."""
    network, out = one.network, []
    lowest = float("inf")
    for rate in rates:
        tick()
        one.rate_factor = float(rate)
        try:
            with np.errstate(all="ignore"):
                one.advance()
                loss = network.evaluate(judged.x, judged.y)[0]
        except NumericError:
            break
        out.append(loss)
        lowest = min(lowest, loss)
        # One seed goes on a little longer than their mean needs, so that smoothing has something on both sides.
        if not isfinite(loss) or loss > 100 * BLOWN * max(lowest, 1e-12):
            break
    return out + [nan] * (len(rates) - len(out))


def smoothed(losses: Array) -> Array:
    """Each loss with its neighbors, weighed by a bell of SMOOTH updates; the ends use what there is."""
    if not len(losses):
        return losses
    places = np.arange(len(losses))
    weights = np.exp(-0.5 * np.square((places[:, None] - places) / SMOOTH))
    return np.asarray(weights @ losses / weights.sum(axis=1))


def suggest(rates: Array, seen: Array, diverges: float = float("inf")) -> Suggestion | None:
    """The rates that a smoothed curve suggests; None where its fall is not clear.

    ``chosen`` is in the middle, by its logarithm, between where most of the fall is done (KNEE) and half the rate at
    which nothing is left of it (BOTTOM).
    """
    if len(seen) < 8:
        return None
    start, lowest = float(seen[: max(1, len(seen) // 8)].mean()), float(seen.min())
    if not lowest < (1 - CLEAR) * start:
        return None
    knee, bottom = (
        int(np.flatnonzero(seen <= lowest + left * (start - lowest))[0]) for left in (KNEE, BOTTOM)
    )
    steep = int(np.gradient(seen, np.log(rates))[: max(2, int(seen.argmin()) + 1)].argmin())
    begin, end = longest_fall(seen)
    valley = rates[min(len(rates) - 1, begin + (2 * (end - begin)) // 3)]
    chosen = min(sqrt(float(rates[knee]) * float(rates[bottom]) / BELOW), diverges / SAFE)
    return Suggestion(rounded(rates[steep]), rounded(valley), rounded(chosen))


def longest_fall(seen: Array) -> tuple[int, int]:
    """Where the longest run of ever lower values begins and ends."""
    begin = best = last = 0
    for k in range(1, len(seen) + 1):
        if k == len(seen) or seen[k] >= seen[k - 1]:
            if k - 1 - begin > last - best:
                best, last = begin, k - 1
            begin = k
    return best, last


def rounded(rate: float) -> float:
    """Two significant digits."""
    return float(f"{rate:.2g}")

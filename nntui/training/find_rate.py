"""A learning rate for a configuration: a range test suggests one, and trainings at rates around it choose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nntui.training.experiment import Experiment
from nntui.training.fresh import Tick
from nntui.training.range_test import RangeTest, range_test
from nntui.training.rate_trials import RateTrials, rate_trials


@dataclass(frozen=True)
class FoundRate:
    """The range test's curve and its suggestion; where there were trials, the suggested rate is the best of them."""

    curve: RangeTest
    trials: RateTrials | None

    def to_json(self) -> dict[str, Any]:
        """The keys of the curve, and `trials`."""
        return self.curve.to_json() | {"trials": None if self.trials is None else self.trials.to_json()}


def find_rate(experiment: Experiment, tick: Tick) -> FoundRate:
    """Test and try; ``tick`` is called after each update, and may raise to end it. Raises UserError as the range test."""
    curve = range_test(experiment, tick)
    if curve.suggestion is None:
        return FoundRate(curve, None)
    trials = rate_trials(experiment, curve.suggestion, tick)
    if trials is not None and trials.best is not None:
        curve = replace(curve, suggestion=replace(curve.suggestion, chosen=trials.best))
    return FoundRate(curve, trials)

"""Optuna's samplers and pruners by the names that ``[sweep]`` gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, CmaEsSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nntui.search.order import Order

RETRY = "retry_of"
"""A trial's attribute: the number of the lost one that it tries again."""
REPORTS = 20
"""How often at most a trial's value is reported while it trains."""
WARMUP = 4
"""A trial is never pruned in the first one of so many parts of its training: slow starters win sometimes."""


def report_every(order: Order) -> int:
    """Epochs between two reports, the same for every trial, so that trials are compared at the same epochs."""
    return max(1, round(longest(order) / REPORTS))


def longest(order: Order) -> int:
    """Epochs of the longest trial."""
    return int(order.space.highest("train.epochs", order.settings.train.epochs))


def pruner(order: Order) -> BasePruner:
    """The pruner that ``sweep.pruner`` names."""
    epochs = longest(order)
    match order.keys.pruner:
        case "median":
            return MedianPruner(n_startup_trials=5, n_warmup_steps=epochs // WARMUP)
        case "hyperband":
            return HyperbandPruner(
                min_resource=report_every(order), max_resource=max(1, epochs), reduction_factor=3
            )
        case _:
            return NopPruner()


def sampler(order: Order) -> BaseSampler:
    """The sampler that ``sweep.sampler`` names."""
    if order.keys.sampler == "grid":
        return Grid(order)

    def make(seed: int) -> BaseSampler:
        match order.keys.sampler:
            case "random":
                return RandomSampler(seed=seed)
            case "cmaes":
                return CmaEsSampler(
                    seed=seed, warn_independent_sampling=False, independent_sampler=RandomSampler(seed=seed)
                )
            case _:
                return TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)

    return Numbered(
        lambda number: make(int(np.random.SeedSequence([order.settings.seed, number]).generate_state(1)[0]))
    )


class Numbered(BaseSampler):
    """A sampler whose draws depend on the search's seed and the trial's number alone.

    So they are the same for one worker, whenever it was resumed, and never the same on two hosts.
    """

    def __init__(self, make: Callable[[int], BaseSampler]) -> None:
        self._make = make
        self._inner = make(0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._inner = self._make(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)


class Grid(BaseSampler):
    """Every point of the grid once, by the trial's number: no two hosts take the same.

    Optuna's own takes any that it has not seen finished, and knows no keys that depend on others.
    """

    def __init__(self, order: Order) -> None:
        points = order.space.grid(order.tables)
        if len(points) > order.keys.trials:
            # Where there are too few trials for all of them, they are spread over the grid.
            chance = np.random.default_rng(order.settings.seed)
            points = [points[k] for k in chance.permutation(len(points))]
        self.points = [{k: order.space.label(k, value) for k, value in point.items()} for point in points]
        self._point: dict[str, Any] = {}

    def index(self, study: Study, number: int) -> int:
        """Which point a trial has: trials that try others again have none of their own."""
        before = study.get_trials(deepcopy=False)[:number]
        return sum(RETRY not in t.user_attrs for t in before)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        index = self.index(study, trial.number)
        self._point = self.points[index] if index < len(self.points) else {}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._point[param_name]

"""Whether a fix helps: short trainings without and with it, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np

from nntui.checks.check import Result
from nntui.config.settings import Settings
from nntui.errors import UserError
from nntui.training.experiment import Experiment, build
from nntui.training.fresh import Tick, budget
from nntui_core.errors import NntuiError
from nntui_core.findings.basis import matrix
from nntui_core.findings.reference import skill

SEEDS = 3
UPDATES = 600
WORK = 1e10
"""Multiplications of each training, at most."""
GAIN = 0.02
"""By so much accuracy, or explained variance, the fix must be better on average, …"""
AGREE = 2
"""… and better at all on so many of the seeds."""


@dataclass(frozen=True)
class Proof:
    """Means over the seeds of the monitored value, the higher the better."""

    before: float
    after: float
    monitor: str
    seconds: float
    seeds: tuple[int, ...]
    helps: bool
    reason: str = ""
    """Why nothing could be compared; empty where it could."""

    def to_json(self) -> dict[str, Any]:
        """The proof as an entry of the JSON of ``nntui check --prove``."""
        return {
            "before": self.before, "after": self.after, "monitor": self.monitor, "seconds": round(self.seconds, 3),
            "seeds": list(self.seeds), "helps": self.helps,
        } | ({"reason": self.reason} if self.reason else {})  # fmt: skip

    @property
    def text(self) -> str:
        """Such as "validation accuracy 0.31 → 0.97 in 4 s"."""
        if self.reason:
            return f"not proved: {self.reason}"
        name = self.monitor.replace(".", " ")
        change = f"{name} {_shown(self.before)} → {_shown(self.after)} in {self.seconds:.0f} s"
        return f"proved: {change}" if self.helps else f"no change: look elsewhere ({change})"


def _shown(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else "diverged"


def proof(load: Callable[[Sequence[str]], Settings], result: Result, tick: Tick) -> Proof:
    """Train without and with the settings of ``result``; ``load`` gives the configuration with some of them."""
    started = perf_counter()
    try:
        plain, cured = load(()), load(result.sets)
        first = plain.seed
        seeds = tuple(range(first, first + SEEDS))
        values = []
        monitor = ""
        for settings in (plain, cured):
            found = []
            for seed in seeds:
                monitor, value = _short(build(replace(settings, seed=seed)), tick)
                found.append(value)
            values.append(found)
    except UserError as error:
        return Proof(
            float("nan"),
            float("nan"),
            "",
            perf_counter() - started,
            (),
            helps=False,
            reason=error.messages[0],
        )
    before, after = (float(np.mean(v)) for v in values)
    better = sum(a > b for b, a in zip(*values, strict=True))
    helps = better >= AGREE and (after - before >= GAIN or (isfinite(after) and not isfinite(before)))
    return Proof(before, after, monitor, perf_counter() - started, seeds, helps)


def _short(experiment: Experiment, tick: Tick) -> tuple[str, float]:
    """What was monitored after a short training, and its value; minus infinity where it diverged."""
    one = experiment.trainer
    part, rows = one.judged
    classes = one.network.spec.classification
    monitor = f"{part}.accuracy" if classes else f"{part}.r2"
    most = budget(one.network, one.batch_size, UPDATES, total=WORK)
    try:
        with np.errstate(all="ignore"):
            while one.status == "running" and one.update < most:
                tick()
                one.advance()
            value = (
                one.monitored(monitor) if classes else skill(one.network.predict(rows.x), matrix(one, rows.y))
            )
    except NntuiError:
        value = float("-inf")
    return monitor, value if isfinite(value) else float("-inf")

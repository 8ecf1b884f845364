"""Checks of how it is trained: the learning rate, and what schedule and noise leave of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from nntui.checks.check import Check, Part, Result, Skip, Status, gravest
from nntui.checks.subject import Subject, mean_loss
from nntui.training.fresh import trainer
from nntui_core.errors import NntuiError
from nntui_core.findings.finding import Cure
from nntui_core.findings.flow import rounded
from nntui_core.findings.rules import RULES
from nntui_core.findings.sample import HEAVY
from nntui_core.optimizers.base import FirstOrder
from nntui_core.train_spec import TrainSpec

RATE_FINDINGS = ("update_ratio_high", "exploding_gradient", "update_ratio_low")
"""Findings of the first updates that tell of the learning rate."""
LEAST = frozenset(rule.id for rule in RULES if not rule.above)
"""Findings whose limit is one to reach."""


class LearningRate(Check):
    """The learning rate against a range test, and against what the first updates do."""

    id: ClassVar[str] = "learning_rate"
    definition: ClassVar[str] = (
        "the learning rate over the one that a range test suggests; whether the first updates (400, fewer for large "
        "networks) stay finite, and whether they raise the findings update_ratio_high, exploding_gradient or update_ratio_low"
    )
    limits: ClassVar[str] = (
        "failure where the first updates are not finite or raise such an error; warning for such a finding of lower severity, above "
        "30 or below 0.01 times the suggestion, and from the rate on at which the range test's loss blows up"
    )
    why: ClassVar[str] = (
        "too high a rate throws the weights away, too low a one does not get anywhere in the time there is"
    )
    cure: ClassVar[str] = "optimizer.lr as suggested"
    source: ClassVar[str] = "Smith 2017, Cyclical learning rates; CS231n on the ratio of updates to weights"
    LOW, HIGH = 0.01, 30.0

    def run(self, s: Subject) -> Result:
        s.needs_training()
        optimizer = s.experiment.trainer.optimizer
        if not isinstance(optimizer, FirstOrder) or not optimizer.has_rate:
            raise Skip(f"{optimizer.type} finds its own step")
        behind = s.failed("initial_activations", "symmetry")
        if behind:
            raise Skip(f"mend {behind} first: what the updates do follows from it")
        test = s.range_test
        chosen = test.suggestion.chosen if test.suggestion is not None else None
        cures = (
            []
            if chosen is None
            else [
                Cure(
                    f"optimizer.lr={chosen:g}", "the range test's suggestion; nntui lr tries rates around it"
                )
            ]
        )
        parts = list(self._parts(s, optimizer.lr, chosen, test.diverges, cures))
        worst = gravest(parts)
        return self.result(
            worst.status, worst.value, worst.limit, worst.message, worst.cures, least=worst.least
        )

    def _parts(
        self, s: Subject, rate: float, chosen: float | None, diverges: float, cures: list[Cure]
    ) -> Iterator[Part]:
        factor = self._peak(s)
        rate *= factor
        if chosen is None:
            yield Part("pass", rate, None, f"{rate:g}; the range test's curve tells nothing (no clear fall)")
        else:
            ratio = rate / chosen
            status: Status = "warn" if ratio > self.HIGH or ratio < self.LOW else "pass"
            yield Part(
                status,
                ratio,
                (self.LOW, self.HIGH),
                f"{rate:g} is {ratio:.2g} times the range test's suggestion ({chosen:g})",
                cures,
            )
        if rate >= diverges:
            yield Part("warn", rate, diverges, f"{rate:g}, but from {diverges:.2g} on the loss of the range test blows up",
                       [*cures, Cure(f"optimizer.lr={rounded(diverges / 10 / factor)}", "a tenth of where it blows up")])  # fmt: skip
        trial = s.trial
        if trial.fault:
            lower = Cure(f"optimizer.lr={rounded(rate / factor / 100)}", "lower the learning rate")
            yield Part("fail", rate, None, f"with {rate:g} the training breaks off at update {trial.updates + 1}: {trial.fault}",
                       [*cures, lower])  # fmt: skip
            return
        for found in trial.findings:
            if found.id in RATE_FINDINGS and found.severity != "note":
                sets = [c for c in found.cures if (c.set or "").startswith("optimizer.lr=")]
                yield Part(
                    "fail" if found.severity == "error" else "warn", found.value, found.limit,
                    f"{found.message} (in the first {trial.updates} updates)", sets or cures,
                    least=found.id in LEAST,
                )  # fmt: skip

    def _peak(self, s: Subject) -> float:
        """The schedule's largest factor, so far as it is known before the training."""
        factors = planned(s)
        return float(factors.max()) if factors is not None else 1.0


def planned(s: Subject) -> Any:
    """The schedule's factor at 400 equal shares of the training; None where it depends on how the training goes."""
    own = s.experiment.trainer
    if own.schedule.observes or not isinstance(own.optimizer, FirstOrder):
        return None
    total = max(1, own.total_updates)
    each = max(1, total // max(1, own.spec.epochs))
    updates = (np.arange(400) * total / 400).astype(int)
    times = updates // each if own.schedule.every == "epoch" else updates
    planned_for = own.spec.epochs if own.schedule.every == "epoch" else total
    return np.array([own.schedule.at(int(t), planned_for) for t in times])


class Schedule(Check):
    """What schedule, clipping, noise, dropout and momentum leave of the training."""

    id: ClassVar[str] = "schedule"
    definition: ClassVar[str] = (
        "share of all planned steps (sum of the schedule's factors) that is made in the first twentieth of the training, and the "
        "largest factor; with clipping or gradient noise: how far the first updates lower the training loss, over the same "
        "without it; the rate of dropout; the updates that momentum (or beta1) carries a gradient on for, 1/(1 - m), over those of "
        "the training"
    )
    limits: ClassVar[str] = (
        "schedule: warning above 0.6, failure above 0.9; largest factor: warning below 0.1; clipping and noise: warning below half of "
        "the progress, failure below a tenth; dropout: warning above 70 %, failure above 90 %; momentum: warning above 0.99, failure "
        "where it reaches over a quarter of the training"
    )
    why: ClassVar[str] = "each of them may end a training that would work, without anything else being wrong"
    cure: ClassVar[str] = "leave it out, and bring it back in small doses"
    source: ClassVar[str] = (
        "Pascanu et al. 2013 (clipping); Neelakantan et al. 2015 (noise); Srivastava et al. 2014 (dropout 0.2 to 0.5)"
    )
    PROGRESS: ClassVar[float] = 0.05
    """What of the loss must be gained without it for a comparison to tell anything."""

    def run(self, s: Subject) -> Result:
        s.needs_training()
        parts = list(self._parts(s))
        worst = gravest(parts)
        if worst.status == "pass":
            told = "; ".join(p.message for p in parts)
            return self.result("pass", worst.value, worst.limit, told, least=worst.least)
        return self.result(
            worst.status, worst.value, worst.limit, worst.message, worst.cures, least=worst.least
        )

    def _parts(self, s: Subject) -> Iterator[Part]:
        yield from self._planned(s)
        yield from self._momentum(s)
        for k, layer in enumerate(s.experiment.network.spec.layers):
            rate = getattr(layer, "rate", None) if layer.stochastic else None
            if rate is not None:
                status: Status = "fail" if rate > 0.9 else "warn" if rate > HEAVY else "pass"
                yield Part(status, rate, HEAVY, f"dropout leaves {1 - rate:.0%} of the values",
                           [Cure(f"layers.{k}.rate=0.2", "a dropout of 0.2 to 0.5")])  # fmt: skip
        spec = s.experiment.trainer.spec
        if spec.clip_norm is not None:
            yield from self._without(
                s, "clipping", replace(spec, clip_norm=None), Cure("train.clip_norm=1.0", "clip less")
            )
        if spec.gradient_noise is not None:
            less = Cure("train.gradient_noise.eta=1e-6", "much less noise on the gradient")
            yield from self._without(s, "gradient noise", replace(spec, gradient_noise=None), less)

    def _planned(self, s: Subject) -> Iterator[Part]:
        own, factors = s.experiment.trainer, planned(s)
        if factors is None:
            yield Part("pass", 0.0, None, f"{own.schedule.type}: it follows the training")
            return
        constant = Cure('schedule={type="constant"}', "keep the learning rate constant")
        whole = float(factors.sum())
        first = float(factors[: len(factors) // 20].sum()) / whole if whole else 1.0
        status: Status = "fail" if first > 0.9 else "warn" if first > 0.6 else "pass"
        yield Part(status, first, 0.6, f"{own.schedule.type}: {first:.0%} of all steps are made in the first twentieth of the training",
                   [constant])  # fmt: skip
        peak = float(factors.max())
        if peak < 0.1:
            yield Part(
                "warn",
                peak,
                0.1,
                f"the schedule never gives more than {peak:.2g} of the learning rate",
                [constant],
                least=True,
            )

    def _momentum(self, s: Subject) -> Iterator[Part]:
        own = s.experiment.trainer
        for key in ("momentum", "beta1"):
            kept = getattr(own.optimizer, key, 0.0)
            if not isinstance(kept, float) or kept <= 0.99:
                continue
            far = 1 / max(1e-12, 1 - kept)
            status: Status = "fail" if far > own.total_updates / 4 else "warn"
            yield Part(
                status, kept, 0.99, f"{key} {kept:g} carries each gradient on for {far:.0f} of {own.total_updates} updates",
                [Cure(f"optimizer.{key}=0.9", f"a {key} of 0.9")],
            )  # fmt: skip

    def _without(self, s: Subject, what: str, spec: TrainSpec, cure: Cure) -> Iterator[Part]:
        """The progress of the first updates beside that of the same training without something."""
        trial, part = s.trial, s.start.basis.train
        start = s.start.loss
        other = trainer(s.experiment, spec=spec)
        try:
            with np.errstate(all="ignore"):
                while other.status == "running" and other.update < max(1, trial.updates):
                    s.tick()
                    other.advance()
                free = start - mean_loss(other.network, part)
        except NntuiError:
            yield Part("pass", 1.0, 0.5, f"without {what} the training breaks off", least=True)
            return
        if not free > self.PROGRESS * start:
            yield Part(
                "pass",
                1.0,
                0.5,
                f"{what}: the first {other.update} updates gain too little to tell",
                least=True,
            )
            return
        kept = 0.0 if trial.fault else (start - mean_loss(trial.trainer.network, part)) / free
        status: Status = "fail" if kept < 0.1 else "warn" if kept < 0.5 else "pass"
        yield Part(
            status,
            kept,
            0.5,
            f"with {what} the first {other.update} updates gain {kept:.0%} of what they gain without",
            [cure],
            least=True,
        )

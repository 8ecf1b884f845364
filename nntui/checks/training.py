"""Checks of how it is trained: the learning rate, what schedule and noise leave of it, and a few rows by heart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from nntui.checks.check import Check, Part, Result, Skip, Status, gravest
from nntui.checks.inputs import CAUSES
from nntui.checks.subject import Subject, mean_loss
from nntui.training.fresh import budget, trainer
from nntui_core import probe
from nntui_core.errors import NntuiError
from nntui_core.findings.basis import classes_of, matrix
from nntui_core.findings.finding import Cure
from nntui_core.findings.flow import rounded
from nntui_core.findings.reference import constant_loss
from nntui_core.findings.sample import HEAVY
from nntui_core.findings.suspects import structure
from nntui_core.memory import Array
from nntui_core.optimizers.base import FirstOrder, SecondOrder
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part as Rows

RATE_FINDINGS = ("update_ratio_high", "exploding_gradient", "update_ratio_low")
"""Findings of the first updates that tell of the learning rate."""


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
        return self.result(worst.status, worst.value, worst.limit, worst.message, worst.cures)

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
            return self.result("pass", worst.value, worst.limit, told)
        return self.result(worst.status, worst.value, worst.limit, worst.message, worst.cures)

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
            yield Part("pass", 1.0, 0.5, f"without {what} the training breaks off")
            return
        if not free > self.PROGRESS * start:
            yield Part("pass", 1.0, 0.5, f"{what}: the first {other.update} updates gain too little to tell")
            return
        kept = 0.0 if trial.fault else (start - mean_loss(trial.trainer.network, part)) / free
        status: Status = "fail" if kept < 0.1 else "warn" if kept < 0.5 else "pass"
        yield Part(
            status,
            kept,
            0.5,
            f"with {what} the first {other.update} updates gain {kept:.0%} of what they gain without",
            [cure],
        )


class OverfitSubset(Check):
    """A few rows learned by heart."""

    id: ClassVar[str] = "overfit_subset"
    definition: ClassVar[str] = (
        "the lowest loss on 8 to 20 training rows that training on them alone reaches, with the configuration's own optimizer and "
        "objective at a constant rate, over the smaller of the initial loss and that of the best constant (both less what no plane gets below, where the network is one and the loss mse); within 200 to 2,000 "
        "updates (those of the training, fewer for large networks)"
    )
    limits: ClassVar[str] = "warning above 0.3, failure above 0.7"
    why: ClassVar[str] = (
        "a network that cannot learn a few rows by heart will not learn many: too small, too much noise or penalty, a rate that does "
        "not fit, or a fault; the other checks say which"
    )
    cure: ClassVar[str] = (
        "see the other checks first; then a wider network, another rate, more epochs, less dropout or penalty"
    )
    source: ClassVar[str] = "Karpathy 2019, A recipe for training neural networks: overfit one batch; CS231n"
    ROWS, WARN, FAIL, ENOUGH = 16, 0.3, 0.7, 0.02
    LEAST, MOST, WORK = 200, 2000, 2e10

    def run(self, s: Subject) -> Result:
        s.needs_training()
        own = s.experiment.trainer
        behind = s.failed(*CAUSES)
        if behind:
            raise Skip(f"mend {behind} first")
        most_rows = int(np.clip(len(own.network.parameters), 8, self.ROWS))
        rows = probe.sample_rows(
            classes_of(own, own.train.y), len(own.train), own.network.spec.seed, most_rows
        )
        subset = Rows(own.train.x[rows], own.train.y[rows])
        if len(subset) < 2:
            raise Skip("one row is no subset")
        target = matrix(own, subset.y)
        if not target.std(axis=0).any():
            raise Skip("all targets of the rows are the same")
        size = min(len(subset), own.batch_size)
        each = -(-len(subset) // size)
        most = int(np.clip(own.total_updates, self.LEAST, self.MOST))
        updates = budget(own.network, size, most, total=self.WORK, least=64)
        if isinstance(own.optimizer, SecondOrder):
            updates = min(updates, max(20, own.spec.epochs))
        spec = replace(
            own.spec,
            epochs=-(-updates // each),
            batch_size=size,
            order="shuffle",
            early_stopping=None,
            stop=None,
        )
        one = trainer(s.experiment, spec=spec, schedule=Constant(), train=subset)
        one.validation = None
        start = mean_loss(one.network, subset)
        floor = self._floor(s, subset, target)
        base = max(min(start, constant_loss(own.network.spec.loss, target, subset.y)) - floor, 1e-12)
        lowest, fault = start, ""
        try:
            with np.errstate(all="ignore"):
                while (
                    one.status == "running" and one.update < updates and lowest - floor > self.ENOUGH * base
                ):
                    s.tick()
                    one.advance()
                    if one.update % 5 == 0 or one.update == updates:
                        lowest = min(lowest, mean_loss(one.network, subset))
        except NntuiError as error:
            fault = f"; it breaks off: {error}"
        lowest = min(lowest, mean_loss(one.network, subset)) if not fault else lowest
        value = max(0.0, lowest - floor) / base if isfinite(lowest) else float("inf")
        status: Status = "fail" if value > self.FAIL else "warn" if value > self.WARN else "pass"
        told = f"{len(subset)} rows, {one.update} of {updates} updates, loss {lowest:.3g} of {base + floor:.3g} ({value:.2g})"
        if floor:
            told += f", where no plane gets below {floor:.3g}"
        seen = s.trial.sample
        found = sorted(structure(seen), key=lambda x: -x.weight) if seen is not None else []
        cures = [*(x.cure for x in found), Cure(None, self.cure)]
        behind = s.alarmed(*CAUSES)
        if status != "pass" and behind:
            raise Skip(f"{told}{fault}; mend {behind} first")
        return self.result(
            status, value if isfinite(value) else None, self.WARN, told, [*cures, Cure(None, self.cure)]
        )

    def _floor(self, s: Subject, subset: Rows, target: Array) -> float:
        """What a plane without hidden layers cannot get below, in squared error; 0 for other networks and losses."""
        layers = [v for v in s.start.layers if v.weighted]
        spec = s.experiment.network.spec
        linear = len(layers) == 1 and (layers[0].op is None or layers[0].op.type == "linear")
        if not linear or spec.classification or spec.loss.type != "mse" or layers[0].spec.type != "dense":
            return 0.0
        x = np.column_stack([np.ones(len(subset)), np.asarray(subset.x, np.float64).reshape(len(subset), -1)])
        best = x @ np.linalg.lstsq(x, target, rcond=None)[0]
        return float(np.square(target - best).mean())

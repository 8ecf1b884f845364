"""The check that a few rows can be learned by heart."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import ClassVar

import numpy as np

from nntui.checks.check import Check, Result, Skip, Status
from nntui.checks.inputs import CAUSES
from nntui.checks.subject import Subject, mean_loss
from nntui.training.fresh import budget, trainer
from nntui_core import probe
from nntui_core.errors import NntuiError
from nntui_core.findings.basis import classes_of, matrix
from nntui_core.findings.finding import Cure
from nntui_core.findings.network_suspects import structure
from nntui_core.memory import Array
from nntui_core.optimizers.base import SecondOrder
from nntui_core.schedules import Constant
from nntui_core.trainer import Part as Rows
from nntui_core.words import many


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
        base = max(min(start, own.network.spec.loss.constant_loss(target, subset.y)) - floor, 1e-12)
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
        told = f"{many(len(subset), 'row')}, {one.update} of {updates} updates, loss {lowest:.3g} of {base + floor:.3g} ({value:.2g})"
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

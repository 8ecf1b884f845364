"""Checks of what is minimized: its gradient, and what the penalties make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isfinite
from typing import ClassVar

import numpy as np

from nntui.checks.check import Check, Part, Result, Skip, grade, gravest
from nntui.checks.subject import Subject
from nntui.training.fresh import twin, work
from nntui_core.differences import EPS
from nntui_core.findings.finding import Cure
from nntui_core.findings.flow import rounded
from nntui_core.findings.sample import FEW_SAMPLES
from nntui_core.findings.wording import tiny
from nntui_core.gradcheck import ACCEPTABLE, SUSPECT, Checker
from nntui_core.model import Model
from nntui_core.network import Network
from nntui_core.rng import stream

ROWS = 8
"""Training rows that gradients and penalties are computed on."""


def doubled(s: Subject) -> tuple[Network, Model]:
    """The network in float64 with the graph of its training on a few rows, computed forward and back."""
    own = s.experiment.trainer
    if not len(own.train):
        raise Skip("there are no training rows")
    network = twin(s.experiment, dtype="float64")
    rows = stream(network.spec.seed, "gradient check rows").permutation(len(own.train))[:ROWS]
    model = network.model(len(rows), "train")
    assert model.target is not None
    model.plan.value(model.x)[...] = own.train.x[rows]
    model.plan.value(model.target)[...] = own.train.y[rows]
    if model.masks:
        model.draw(network.spec.seed, 0)
    with np.errstate(all="ignore"):
        if not isfinite(model.plan.run()):
            raise Skip("the objective is not finite at the start")
    return network, model


class Gradient(Check):
    """The gradient of the objective against central differences."""

    id: ClassVar[str] = "gradient"
    definition: ClassVar[str] = (
        "largest relative error |a - n|/max(|a|, |n|) of the gradient a against central differences n, in float64, of random "
        "entries of every parameter and along random directions through all; entries where relu or max changes its branch "
        "(kinks) and those that rounding hides (unknown) are counted apart"
    )
    limits: ClassVar[str] = f"failure above {SUSPECT:g}, warning above 1e-4"
    why: ClassVar[str] = (
        "with a wrong gradient training goes astray, often only a little, so that nothing but this shows it"
    )
    cure: ClassVar[str] = (
        "a fault of nntui: please report it with the configuration; nntui debug CONFIG --numeric shows the node"
    )
    source: ClassVar[str] = "CS231n, gradient checks"
    ENTRIES, DIRECTIONS = 12, 4
    COST: ClassVar[float] = 40.0
    """Forward passes that one entry takes, about."""
    WORK: ClassVar[float] = 4e9

    def run(self, s: Subject) -> Result:
        network, model = doubled(s)
        plan = model.plan
        nodes = [n for n in plan.nodes if n.role == "parameter" and plan.adjoint(n) is not None]
        if not nodes:
            raise Skip("there is nothing to train")
        each = self.WORK / (self.COST * work(network) * ROWS * len(nodes))
        entries = int(np.clip(each, 2, self.ENTRIES))
        checker, draws = Checker(plan, network.spec.seed), stream(network.spec.seed, "gradient check entries")
        verdicts: Counter[str] = Counter()
        worst, where, at = 0.0, "", ""
        for node in nodes:
            s.tick()
            size = int(np.prod(node.shape, dtype=np.int64))
            found = checker.check(node, np.sort(draws.permutation(size)[:entries]))
            verdicts.update(found.verdicts)
            if isfinite(found.relative_error) and found.relative_error >= worst:
                worst, where, at = found.relative_error, node.name, node.name
        along = []
        for one in checker.directions_one_by_one(self.DIRECTIONS):
            s.tick()
            along.append(one)
        verdicts.update(d.verdict for d in along)
        for one in along:
            if isfinite(one.relative_error) and one.verdict in ("suspect", "wrong"):
                worst, where = max((worst, where), (one.relative_error, "a direction through all parameters"))
        judged = sum(verdicts[v] for v in ("good", "acceptable", "suspect", "wrong"))
        told = f"{judged} of {sum(verdicts.values())} slopes judged"
        told += "".join(f", {verdicts[v]} {text}" for v, text in (
            ("kink", "at kinks"), ("unknown", "unknown"), ("undefined", "undefined")) if verdicts[v])  # fmt: skip
        if not judged:
            raise Skip(f"no slope can be judged: {told}")
        status = "fail" if verdicts["wrong"] else "warn" if verdicts["suspect"] else "pass"
        message = f"largest relative error {tiny(worst)}" + (f" in {where}" if where else "") + f"; {told}"
        limit = SUSPECT if status == "fail" else ACCEPTABLE
        return self.result(status, worst, limit, message, [Cure(None, self.cure)], node=at)  # type: ignore[arg-type]


class Regularization(Check):
    """What l2, l1, weight decay and the noise of tiny batches do beside the data's loss."""

    id: ClassVar[str] = "regularization"
    definition: ClassVar[str] = (
        "share of the penalties ½·l2·‖W‖² + l1·‖W‖₁ in the objective at the start (also for weights of healthy size), and whether "
        "they raise it by exactly that; weight decay times rate, summed over the training; samples a batch where there is "
        "batch norm"
    )
    limits: ClassVar[str] = (
        "warning above half of the objective, failure above 90 %, or where the objective is not raised by exactly the penalties; "
        "warning for a decay that leaves e^-20 of the weights, and for batch norm on fewer than 8 samples"
    )
    why: ClassVar[str] = (
        "the optimizer lowers what is largest: a penalty that outweighs the data's loss shrinks all weights to 0 before anything is "
        "learned; the statistics of a few samples are mostly noise"
    )
    cure: ClassVar[str] = "a smaller objective.l2 or l1, so that they are a few percent at the start"
    source: ClassVar[str] = (
        "CS231n, sanity checks: a stronger penalty must raise the loss; Krogh & Hertz 1992"
    )
    WARN, FAIL, EXACT = 0.5, 0.9, 1e-6
    UNSEEN: ClassVar[float] = 0.01
    """Below this share the weights at the start, such as zeros, say nothing of what the penalties will be."""

    def run(self, s: Subject) -> Result:
        parts = list(self._parts(s))
        if not parts:
            return self.result("pass", 0.0, self.WARN, "no penalty, no decay")
        worst = gravest(parts)
        return self.result(
            worst.status, worst.value, worst.limit, worst.message, worst.cures, least=worst.least
        )

    def _parts(self, s: Subject) -> Iterator[Part]:
        spec = s.experiment.network.spec
        if spec.l2 or spec.l1:
            yield from self._penalties(s)
        if s.trained:
            for cure in s.cures("optimizer.weight_decay="):
                yield Part(
                    "warn",
                    float(getattr(s.experiment.trainer.optimizer, "weight_decay", 0.0)),
                    None,
                    cure.text,
                    [cure],
                )
        size, rows = s.experiment.trainer.batch_size, len(s.experiment.trainer.train)
        if s.trained and any(x.batchwise for x in spec.layers):
            few = size < FEW_SAMPLES <= rows
            yield Part(
                "warn" if few else "pass", float(size), float(FEW_SAMPLES), f"batch norm on {size} samples a batch",
                [Cure("train.batch_size=32", "batch norm on a few samples is mostly noise: use larger batches")],
                least=True,
            )  # fmt: skip

    def _penalties(self, s: Subject) -> Iterator[Part]:
        network, model = doubled(s)
        spec, parameters = network.spec, network.parameters
        frozen = parameters.frozen
        weights = [parameters.view(name) for name in network.weights if name not in frozen]
        expected = sum(
            0.5 * spec.l2 * float(np.square(w).sum()) + spec.l1 * float(np.abs(w).sum()) for w in weights
        )
        assert model.data_loss is not None
        objective = float(model.plan.value(model.plan.outputs[0]))
        data = float(model.plan.value(model.data_loss))
        own = s.experiment.trainer
        rounding = 16 * EPS * abs(objective)  # a small penalty beside a large loss
        error = max(0.0, abs(objective - data - expected) - rounding) / max(expected, 1e-300)
        if error > self.EXACT:
            yield Part(
                "fail", error, self.EXACT,
                f"the penalties raise the objective by {objective - data:.6g}, not by {expected:.6g}",
                [Cure(None, "a fault of nntui: please report it with the configuration")],
            )  # fmt: skip
        # What is summed over a batch grows with it.
        here = abs(data) * (own.batch_size / model.x.shape[0] if spec.loss.reduction == "sum" else 1)
        share = expected / (expected + here) if expected else 0.0
        suspected = s.cures("objective.l2=", "objective.l1=")
        status = grade(share, self.WARN, self.FAIL)
        message = f"the penalties are {share:.1%} of the objective, and raise it by exactly {expected:.4g}"
        limit: float | None = self.WARN
        if status == "pass" and suspected and share < self.UNSEEN:
            status, message, limit = "warn", suspected[0].text, None
        key = "l2" if spec.l2 else "l1"
        weaker = Cure(
            f"objective.{key}={rounded(getattr(spec, key) * 0.02 / max(share, 0.02))}",
            f"a weaker {key}, so that it is a few percent of the objective",
        )
        yield Part(status, share, limit, message, [*suspected, weaker])

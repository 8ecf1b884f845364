"""What is wrong with the labels, so that no network can learn them well."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import ClassVar

import numpy as np

from nntui_core.findings.basis import classes_of
from nntui_core.findings.finding import Cure
from nntui_core.findings.reference import CHANCE, TRUST, correlation, effective
from nntui_core.findings.rule import Observation, Rule
from nntui_core.findings.sample import Sample
from nntui_core.metrics import decide


class ImbalancedClasses(Rule):
    """A class so rare that hardly anything is lost by never deciding for it."""

    id: ClassVar[str] = "imbalanced_classes"
    node: ClassVar[str] = "target"
    definition: ClassVar[str] = "rows of the rarest class over those of an equal share, in the training part"
    limit: ClassVar[float] = 0.1
    clears: ClassVar[float] = 0.1
    above: ClassVar[bool] = False
    source: ClassVar[str] = (
        "He & Garcia 2009 call from 10:1 on imbalanced; an alarm where its rows are not recognized, or too few"
    )
    forgives: ClassVar[bool] = False
    FEW: ClassVar[int] = 10
    """Held-out rows of a class below which its recall cannot be judged."""
    RECALLED: ClassVar[float] = 0.8

    def observe(self, s: Sample) -> Iterable[Observation]:
        trainer = s.trainer
        classes = classes_of(trainer, trainer.train.y)
        if classes is None:
            return
        kinds = trainer.network.spec.targets
        counts = np.bincount(classes.astype(np.intp), minlength=kinds)
        if len(counts) < 2:
            return
        rarest = int(counts.argmin())
        value = float(counts[rarest]) * len(counts) / len(classes)
        known = self._recall(s, rarest)
        fine = known is not None and known >= self.RECALLED
        yield Observation(
            "", value, f"{counts[rarest]} of {len(classes)} training rows are of class {rarest} (counted from 0); "
            + ("too few are held out to judge it" if known is None else f"{known:.0%} of its held-out rows are recognized"),
            "note" if fine else "warning",
        )  # fmt: skip

    def _recall(self, s: Sample, kind: int) -> float | None:
        """Of the held-out rows of the class, the fraction decided right; None for too few."""
        if s.basis.held is None or s.held_outputs is None:
            return None
        labels = classes_of(s.trainer, s.basis.held.y)
        assert labels is not None
        rows = s.held_outputs[labels == kind]
        if len(rows) < self.FEW:
            return None
        return float((decide(rows) == kind).mean())

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        yield Cure("data.class_weights=balanced", "weigh each class by how rare it is")
        yield Cure(None, "bring more rows of the rare class")


class NoSignal(Rule):
    """Targets that the inputs say nothing about."""

    id: ClassVar[str] = "no_signal"
    node: ClassVar[str] = "target"
    definition: ClassVar[str] = (
        "upper bound (1.5 standard errors above) of the correlation of the targets with what eight nearest neighbors or a "
        "plane predict, each row without its own target; where this correlation, and that of the network's predictions of "
        "held-out rows, are within 3 standard errors of 0"
    )
    limit: ClassVar[float] = 0.4
    clears: ClassVar[float] = 0.45
    above: ClassVar[bool] = False
    source: ClassVar[str] = "a correlation below 0.4 explains less than a sixth of the variance"
    forgives: ClassVar[bool] = False

    def observe(self, s: Sample) -> Iterable[Observation]:
        reference = s.basis.reference
        if reference.constant:
            yield Observation(
                "", 0.0, "all targets of the training part are the same: there is nothing to learn", "error"
            )
            return
        if not s.at_epoch:
            return
        if reference.signal > CHANCE * reference.error:
            return
        bound = reference.signal + TRUST * reference.error
        if s.basis.held is not None and s.held_outputs is not None:
            target = s.basis.held_target
            found = abs(correlation(s.held_outputs, target))
            if found > CHANCE / sqrt(effective(target)):
                return
        elif s.skill > 0.3:
            return  # learned, perhaps by heart: nothing held out can tell
        yield Observation(
            "", bound, "neither nearest neighbors, a plane nor the network predict the targets of rows that they did not see: "
            f"the correlation is below {bound:.2f}; are the labels shuffled, or shifted against the rows?", "error",
        )  # fmt: skip

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        yield Cure(None, "check that each row has its own label, and that the columns say something about it")

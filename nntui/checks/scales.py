"""Checks of sizes: those of the inputs after preprocessing, and those of the targets."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntui.checks.check import Check, Part, Result, Skip, gravest
from nntui.checks.subject import Subject
from nntui_core.findings.finding import Cure
from nntui_core.findings.wording import between

RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf), "softmax": (0.0, 1.0)}


class Preprocessing(Check):
    """The size of the inputs that the network gets."""

    id: ClassVar[str] = "preprocessing"
    node: ClassVar[str] = "input"
    definition: ClassVar[str] = (
        "root mean square of each input column after preprocessing, over the training rows, columns that are constant left out: "
        "the largest"
    )
    limits: ClassVar[str] = "warning outside 0.05 to 10, failure outside 0.0005 to 100"
    why: ClassVar[str] = (
        "initial weights are drawn for inputs of size 1; one huge column sets the learning rate for all, and saturates or kills "
        "the units that read it"
    )
    cure: ClassVar[str] = '[[preprocess]] type = "standardize"'
    source: ClassVar[str] = "LeCun et al. 1998, Efficient BackProp, §4.3"
    LOW, HIGH = 0.05, 10.0

    def run(self, s: Subject) -> Result:
        small, large = s.start.basis.inputs
        status = "pass"
        if large > self.HIGH or large < self.LOW:
            status = "fail" if large > 10 * self.HIGH or large < self.LOW / 100 else "warn"
        message = f"columns' sizes are {between(f'{small:.2g}', f'{large:.2g}')}"
        return self.result(status, large, (self.LOW, self.HIGH), message, s.cures("preprocess="))  # type: ignore[arg-type]


class TargetScale(Check):
    """Whether the output can reach the targets, and how far that is."""

    id: ClassVar[str] = "target_scale"
    node: ClassVar[str] = "target"
    definition: ClassVar[str] = (
        "of numbers to predict: the share outside the range of the output's activation, their root mean square, and that over "
        "their spread; of classes: whether the output's activation suits the loss"
    )
    limits: ClassVar[str] = (
        "failure: 2 % of the targets out of the output's reach, a size above 100 times or a mean of 100 spreads; warning: a size "
        "above 10 or below 0.01, a mean of 10 spreads, an output that does not suit classes"
    )
    why: ClassVar[str] = (
        "a target that the output cannot reach leaves an error for ever; a mean far from 0 takes the bias most of the training, "
        "with gradients as large as the targets"
    )
    cure: ClassVar[str] = 'a linear output; [data] scale_target = "standardize"'
    source: ClassVar[str] = "Bishop 1995, Neural Networks for Pattern Recognition, §8.2"
    OUTSIDE, HIGH, LOW = 0.02, 10.0, 0.01

    def run(self, s: Subject) -> Result:
        spec, last, target = s.experiment.network.spec, s.start.layers[-1], s.start.basis.target
        kind = last.op.type if last.op is not None else "linear"
        if spec.classification:
            cures = s.cures(f"{last.where()}.activation=")
            if spec.loss.targets == "numbers" and kind not in ("linear", "tanh", "sigmoid", "softmax"):
                text = f"an output of {kind} with {spec.loss.type} does not suit classes"
                return self.result("warn", None, None, text, cures)
            return self.result("pass", None, None, f"classes; {kind} suits {spec.loss.type}")
        if not target.size:
            raise Skip("there are no training rows")
        low, high = RANGES.get(kind, (-np.inf, np.inf))
        away = float(((target < low) | (target > high)).mean())
        spread, size = float(target.std(axis=0).max()), float(np.sqrt(np.square(target).mean()))
        if not spread and len(target) > 1:
            return self.result(
                "fail",
                0.0,
                None,
                "all targets are the same number",
                [Cure(None, "check which column is the target")],
            )
        parts = [
            Part("fail" if away > self.OUTSIDE else "pass", away, self.OUTSIDE,
                 f"{away:.0%} of the targets are outside the output's range, {low:g} to {high:g}",
                 s.cures(f"{last.where()}.activation=linear", "data.scale_target=")),
        ]  # fmt: skip
        scaling = s.cures("data.scale_target=")
        big = max(size, size / spread if spread else 0.0)
        told = f"their size is {size:.2g}, their spread {spread:.2g}"
        status = (
            "fail" if big > 10 * self.HIGH else "warn" if big > self.HIGH or 0 < size < self.LOW else "pass"
        )
        parts.append(Part(status, big if big > self.HIGH else size, (self.LOW, self.HIGH), told, scaling))  # type: ignore[arg-type]
        worst = gravest(parts)
        if worst.status == "pass":
            worst = parts[1]
        return self.result(worst.status, worst.value, worst.limit, worst.message, worst.cures)

"""Checks of what comes from the inputs: whether they matter, stay apart, and say anything about the labels."""

from __future__ import annotations

from math import sqrt
from typing import ClassVar

import numpy as np

from nntui.checks.check import Check, Result, Skip
from nntui.checks.subject import Subject, mean_loss, spread
from nntui.training.fresh import trainer
from nntui_core.errors import NntuiError
from nntui_core.findings.basis import matrix
from nntui_core.findings.finding import Cure
from nntui_core.findings.labels import NoSignal
from nntui_core.findings.outcome import ConstantOutput
from nntui_core.findings.reference import CHANCE, TRUST, correlation, effective, skill
from nntui_core.rng import stream
from nntui_core.trainer import Part

CAUSES = (
    "preprocessing",
    "target_scale",
    "initial_activations",
    "symmetry",
    "regularization",
    "learning_rate",
    "schedule",
)
"""Checks whose failure keeps a short training from getting anywhere."""


class ZeroInput(Check):
    """A training on inputs that are all 0, beside the real one."""

    id: ClassVar[str] = "zero_input"
    node: ClassVar[str] = "input"
    definition: ClassVar[str] = (
        "training loss after the first updates (400, fewer for large networks) over that of the same training with all inputs 0, "
        "and the spread of the outputs over that of the targets"
    )
    limits: ClassVar[str] = (
        f"warning where the loss is above 0.98 of the one without inputs and the outputs' spread below {ConstantOutput.limit:g} of "
        "the targets', before and after"
    )
    why: ClassVar[str] = (
        "a network that does as well without its inputs has learned nothing of them: they do not reach the output"
    )
    cure: ClassVar[str] = (
        "look at the layers in order: where do rows no longer differ? (nntui debug CONFIG --trace)"
    )
    source: ClassVar[str] = "Karpathy 2019, A recipe for training neural networks: input-independent baseline"
    LIMIT: ClassVar[float] = 0.98

    def run(self, s: Subject) -> Result:
        trial, basis = s.trial, s.start.basis
        if trial.fault:
            raise Skip(f"the training breaks off: {trial.fault}")
        if basis.reference.constant or len(basis.train) < 2:
            raise Skip("all targets are the same: no input could matter")
        own = s.experiment.trainer
        one = trainer(s.experiment, train=Part(np.zeros_like(own.train.x), own.train.y))
        one.validation = None
        try:
            with np.errstate(all="ignore"):
                while one.status == "running" and one.update < trial.updates:
                    s.tick()
                    one.advance()
                without = mean_loss(one.network, Part(np.zeros_like(basis.train.x), basis.train.y))
        except NntuiError as error:
            raise Skip(f"the training without inputs breaks off: {error}") from None
        network = trial.trainer.network
        loss = mean_loss(network, basis.train)
        value = loss / without if without else 1.0
        target = spread(basis.target)
        differ = spread(network.predict(basis.train.x)) / target if target else 1.0
        told = f"after {trial.updates} updates the loss is {loss:.4g}, without inputs {without:.4g}"
        at_start = s.start.spread
        if value <= self.LIMIT or max(differ, at_start) >= ConstantOutput.limit:
            if value <= self.LIMIT:
                return self.result("pass", value, self.LIMIT, told)
            return self.result("pass", value, None, f"{told}, and the outputs differ from row to row")
        behind = s.alarmed(*CAUSES)
        if behind:
            raise Skip(f"{told}; mend {behind} first")
        if basis.reference.signal <= CHANCE * basis.reference.error:
            raise Skip(f"{told}; see label_signal")
        return self.result("warn", value, self.LIMIT, told, [Cure(None, self.cure)])


class BatchLeak(Check):
    """Whether one sample's output depends on the other samples of its batch."""

    id: ClassVar[str] = "batch_leak"
    definition: ClassVar[str] = (
        "largest change of the other samples' outputs, relative to the largest output, when one sample's inputs are replaced by "
        "another's, in evaluation mode"
    )
    limits: ClassVar[str] = "failure above 1e-5"
    why: ClassVar[str] = (
        "what one sample learns of its neighbors in the batch is not there when it comes alone"
    )
    cure: ClassVar[str] = "a fault of nntui: please report it with the configuration"
    source: ClassVar[str] = (
        "Karpathy 2019, A recipe for training neural networks: use backprop to chart dependencies"
    )
    LIMIT: ClassVar[float] = 1e-5
    ROWS: ClassVar[int] = 8

    def run(self, s: Subject) -> Result:
        own = s.experiment.trainer
        if not len(own.train):
            raise Skip("there are no training rows")
        x = own.train.x[np.resize(np.arange(min(len(own.train), self.ROWS)), self.ROWS)].copy()
        network, draws = s.experiment.network, stream(own.network.spec.seed, "batch leak")
        with np.errstate(all="ignore"):
            before = network.predict(x)
            moved = x.copy()
            moved[0] = x[0] + draws.normal(0.0, 1.0, x[0].shape).astype(x.dtype) * (1 + np.abs(x).max())
            after = network.predict(moved)
            size = float(np.abs(before).max())
            change = (
                float(np.abs(after[1:] - before[1:]).max()) / size if size else float(np.abs(after[1:]).max())
            )
        if not np.isfinite(change):
            raise Skip("the outputs are not finite")
        told = f"the other samples' outputs change by {change:.1g}"
        if any(layer.batchwise for layer in network.spec.layers):
            told += "; in training, batch norm mixes the samples of a batch on purpose"
        return self.result(
            "fail" if change > self.LIMIT else "pass", change, self.LIMIT, told, [Cure(None, self.cure)]
        )


class LabelSignal(Check):
    """Whether the inputs say anything about the labels of rows that were not trained on."""

    id: ClassVar[str] = "label_signal"
    node: ClassVar[str] = "target"
    definition: ClassVar[str] = (
        "largest correlation with the targets of what eight nearest neighbors, a plane (each row without its own target), and the "
        "network after a short training (held-out rows) predict; the best constant prediction has 0"
    )
    limits: ClassVar[str] = (
        "failure where all are within 3 standard errors of 0 and 1.5 standard errors more are still below 0.4; skipped where "
        "there are too few rows to tell"
    )
    why: ClassVar[str] = (
        "with labels that were shuffled, or shifted against their rows, a network can learn its rows by heart and nothing else"
    )
    cure: ClassVar[str] = "check that each row has its own label, and that the columns say something about it"
    source: ClassVar[str] = (
        "Zhang et al. 2017, Understanding deep learning requires rethinking generalization; "
        + NoSignal.source
    )
    FEW: ClassVar[int] = 12

    def run(self, s: Subject) -> Result:
        basis = s.start.basis
        reference, cures = basis.reference, [Cure(None, self.cure)]
        if reference.constant:
            return self.result(
                "fail",
                0.0,
                NoSignal.limit,
                "all targets are the same: there is nothing to learn",
                cures,
                least=True,
            )
        if len(basis.train) < self.FEW:
            raise Skip(f"{len(basis.train)} training rows are too few to hold any out")
        value, chance, told = reference.signal, CHANCE * reference.error, "neighbors and a plane"
        if basis.held is not None and s.trained and not s.trial.fault:
            network = s.trial.trainer.network
            target = matrix(s.trial.trainer, basis.held.y)
            outputs = network.predict(basis.held.x)
            found = abs(correlation(outputs, target))
            loss = mean_loss(network, basis.held)
            told = (
                f"held-out loss {loss:.4g} after {s.trial.updates} updates (best constant of the training rows "
                f"{basis.constant_loss:.4g}); neighbors, a plane and the network"
            )
            if found > CHANCE / sqrt(effective(target)):
                return self.result(
                    "pass",
                    max(value, found),
                    chance,
                    f"{told} correlate with the targets by {max(value, found):.2f}",
                    least=True,
                )
        if value > chance:
            return self.result(
                "pass", value, chance, f"{told} correlate with the targets by {value:.2f}", least=True
            )
        bound = value + TRUST * reference.error
        told += f" correlate with the targets of other rows by no more than chance gives ({value:.2f})"
        if bound >= NoSignal.limit:
            raise Skip(f"{told}, but there are too few rows to tell")
        if basis.held is None and s.trained and not s.trial.fault:
            learned = skill(s.trial.trainer.network.predict(basis.train.x), basis.target)
            if learned > 0.3:
                raise Skip(f"{told}, and no row is held out; set data.validation")
        return self.result("fail", value, chance, told, cures, least=True)

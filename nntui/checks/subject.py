"""What is checked: a configuration with its data and network, and the measurements that several checks share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nntui.checks.check import Result, Skip
from nntui.errors import UserError
from nntui.training.experiment import Experiment
from nntui.training.fresh import Tick, budget, trainer
from nntui.training.range_test import RangeTest, range_test
from nntui_core.errors import NntuiError
from nntui_core.findings import Finding, Watch
from nntui_core.findings.basis import per_sample
from nntui_core.findings.finding import Cure
from nntui_core.findings.sample import Sample
from nntui_core.findings.suspects import suspects
from nntui_core.memory import Array
from nntui_core.network import Network
from nntui_core.trainer import Part, Trainer

UPDATES = 400
"""Updates of a short training, at most …"""
WORK = 1e10
"""… and its multiplications."""


@dataclass(frozen=True, eq=False)
class Trial:
    """The first updates of the training, as configured."""

    trainer: Trainer
    findings: tuple[Finding, ...]
    sample: Sample | None
    """What was seen when the findings were last looked for."""
    fault: str
    """Why it ended early: the number that was not finite; else empty."""

    @property
    def updates(self) -> int:
        """How many were made."""
        return self.trainer.update


class Subject:
    """An experiment that has not been trained. What is measured of it is kept for later checks."""

    def __init__(self, experiment: Experiment, tick: Tick = lambda: None) -> None:
        """``tick`` is called between updates of every short training; it may raise to end the check."""
        self.experiment = experiment
        self.tick = tick
        self.results: dict[str, Result] = {}
        """Of the checks that were made, by id: later ones look at what they may follow from."""

    def _watching(self, one: Trainer) -> Watch:
        layers = self.experiment.settings.layers
        entries = tuple(k for k, layer in enumerate(layers) for _ in range(layer.repeat))
        return Watch(one, self.experiment.settings.preprocess, entries)

    def placed(self, setting: str) -> str:
        """The setting with a layer's place in the configuration, where layers have copies."""
        return self._watching(self.experiment.trainer).placed(Cure(setting, "")).set or setting

    @property
    def trained(self) -> bool:
        """Whether the configuration trains at all."""
        return self.experiment.trainer.spec.epochs > 0

    def needs_training(self) -> None:
        """Raises Skip where nothing is trained."""
        if not self.trained:
            raise Skip("train.epochs = 0: nothing is trained")

    def failed(self, *ids: str) -> str:
        """The first of those checks that failed; empty where none did."""
        return next((k for k in ids if k in self.results and self.results[k].status == "fail"), "")

    def alarmed(self, *ids: str) -> str:
        """The first of those checks that failed or warns; empty where none did."""
        return next((k for k in ids if k in self.results and self.results[k].status in ("warn", "fail")), "")

    @cached_property
    def start(self) -> Sample:
        """The network before the first update. Raises Skip where it cannot be computed."""
        watch = self._watching(trainer(self.experiment))
        try:
            watch.begin()
        except NntuiError as error:
            raise Skip(f"the network cannot be computed at its start: {error}") from None
        if watch.sample is None:
            raise Skip("the initial weights are not finite")
        return watch.sample

    def cures(self, *prefixes: str, sample: Sample | None = None) -> list[Cure]:
        """What stands out in the configuration, of the settings that begin so; the most likely first."""
        found = suspects(sample or self.start, self.experiment.settings.preprocess)
        with np.errstate(all="ignore"):
            fitting = [x for x in found if (x.cure.set or "").startswith(prefixes)]
        return [x.cure for x in sorted(fitting, key=lambda x: -x.weight)]

    @cached_property
    def trial(self) -> Trial:
        """The first updates of the training. Raises Skip where nothing is trained."""
        self.needs_training()
        one = trainer(self.experiment)
        watch = self._watching(one)
        most = budget(one.network, one.batch_size, UPDATES, total=WORK)
        fault = ""
        try:
            with np.errstate(all="ignore"):
                watch.begin()
                while one.status == "running" and one.update < most:
                    self.tick()
                    watch.before()
                    watch.after(epoch_done=one.advance())
        except NntuiError as error:
            fault = str(error)
        return Trial(one, tuple(watch.findings), watch.sample, fault)

    @cached_property
    def range_test(self) -> RangeTest:
        """Raises Skip for an optimizer without a rate."""
        self.needs_training()
        try:
            return range_test(self.experiment, self.tick)
        except UserError as error:
            raise Skip(f"{self.experiment.trainer.optimizer.type} finds its own step") from error


def mean_loss(network: Network, part: Part) -> float:
    """Data loss a sample (and output), whatever the objective's reduction and factor, in evaluation mode."""
    loss, _ = network.evaluate(part.x, part.y)
    return loss / per_sample(network.spec.loss, len(part), network.outputs)


def spread(x: Array) -> float:
    """Root mean square over the columns of their standard deviation over the rows."""
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    return float(np.sqrt(np.square(flat.std(axis=0)).mean())) if flat.size else 0.0


def named(names: Iterable[str], most: int = 4) -> str:
    """A few names, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more

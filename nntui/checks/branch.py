"""A cure tried on a branch of a run: two copies train side by side, one of them with the setting. The run is only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan
from time import perf_counter
from typing import Any

import numpy as np

from nntui.checks.prove import GAIN
from nntui.config.load import load, same
from nntui.config.settings import Settings
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui.training.experiment import Experiment, build
from nntui.training.fresh import Tick, budget, work
from nntui_core import probe
from nntui_core.errors import NntuiError
from nntui_core.findings.basis import classes_of
from nntui_core.metrics import Metrics
from nntui_core.trainer import Part, Trainer

UPDATES = 3000
"""Of each copy, at most …"""
WORK = 1.5e10
"""… and its multiplications; as many again for measuring it."""
POINTS = 60
"""Measures of each copy, about."""
LEAST, ROWS = 100, 1000
"""Rows that they are measured on, of large networks and at most: a random choice."""
LOWER = 0.9
"""A loss so many times the other one is lower, where the decisions are the same."""
BEGINNING = {"seed", "dtype", "init_from", "source", "data", "preprocess"}
"""What the first weights and the data depend on, besides the layers: as :func:`nntui.config.load.same` names it."""


@dataclass(frozen=True)
class Point:
    """Both copies after so many updates of the branch: what is drawn, and the score (more is better), without and with.

    NaN from where a copy diverged on; one that has come to the end of its training keeps its last numbers.
    """

    updates: int
    drawn: tuple[float, float]
    scores: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """As it travels to the screen."""
        return {"updates": self.updates, "drawn": list(self.drawn), "scores": list(self.scores)}


@dataclass(frozen=True)
class Verdict:
    """Whether the setting of a branch helps, and by how much."""

    helps: bool
    text: str


class Branch:
    """Two copies of a run at its newest checkpoint, or at its start where the setting changes that.

    Raises UserError where the run cannot be read, or the setting not be made.
    """

    def __init__(self, run: RunDirectory, sets: Sequence[str], *, restart: bool = False) -> None:
        """``restart`` begins at the start in any case."""
        settings = _plain(load(run.config)), _plain(load(run.config, sets))
        self.why = "from the start of the training" if restart else _why_from_start(*settings)
        """Why it begins at the start; empty where it does not."""
        self.begin = 0
        """The update of the run at which it begins."""
        if not self.why:
            copies = [_built(s, run, fresh=False) for s in settings]
            self._load(run, copies, sets)
            if copies[1].trainer.status != "running":
                self.why = "from the start of the training: the run is at its end"
            elif not self._judge(settings, copies):
                self.why = f"from the start of the training: at update {self.begin:,} it was no longer finite"
        if self.why:
            copies = [_built(s, run, fresh=True) for s in settings]
            self.begin = 0
            self._judge(settings, copies)
        cured = copies[1].trainer
        left = cured.total_updates - cured.update
        self.updates = min(left, budget(cured.network, cured.batch_size, UPDATES, total=WORK))
        """Of each copy."""

    def _load(self, run: RunDirectory, copies: Sequence[Experiment], sets: Sequence[str]) -> None:
        update, arrays, _ = checkpoint.newest_valid(run.checkpoints, lambda text: None)
        state = {k: a for k, a in arrays.items() if not k.startswith("prep/")}
        try:
            for copy in copies:
                copy.trainer.load(state)
        except (KeyError, ValueError):
            self.why = "from the start of the training: the setting needs another optimizer's memory"
        if any(s.startswith("optimizer.lr=") for s in sets):
            # What a viewer has made of the old rate is not part of the new one.
            copies[1].trainer.rate_factor = 1.0
        self.begin = update

    def _judge(self, settings: tuple[Settings, Settings], copies: Sequence[Experiment]) -> bool:
        """What is drawn, and what the verdict is by; whether the loss is finite where they part."""
        rows = int(np.clip(WORK / POINTS / max(work(c.network) for c in copies), LEAST, ROWS))
        self._copies = [_Copy(c.trainer, rows) for c in copies]
        one = self._copies[0].trainer
        held = one.validation
        # The r² of targets that are all equal is unknown.
        usable = held is not None and (one.network.spec.classification or np.ptp(held.y, axis=0).any())
        part = "validation" if usable else "train"
        plain, cured = settings
        weighed = plain.data.class_weights != cured.data.class_weights
        if one.network.spec.classification:
            score = "macro_f1" if weighed else "accuracy"
            drawn = "loss" if plain.loss == cured.loss and not weighed else score
        else:
            score, drawn = "r2", "unexplained"
        self.monitor = f"{part}.{score}"
        """What the verdict is by."""
        self.drawn = f"{part}.{drawn}"
        """What the curves show: a loss, or 1 − r², which is the same however the targets are scaled."""
        return isfinite(_number(self._copies[0].measured(part), "loss"))

    def points(self, tick: Tick = lambda: None, seconds: float = inf) -> Iterator[Point]:
        """Train both, a few updates each in turn, and measure them; the first point is where they part.

        After so many ``seconds`` it ends with the next point.
        """
        done, step, begun = 0, max(1, self.updates // POINTS), perf_counter()
        yield self._point(done)
        while done < self.updates and any(c.going for c in self._copies):
            if done and perf_counter() - begun > seconds:
                return
            step = min(step, self.updates - done)
            for copy in self._copies:
                copy.train(step, tick)
            done += step
            yield self._point(done)

    def _point(self, done: int) -> Point:
        part, _, drawn = self.drawn.partition(".")
        score = self.monitor.partition(".")[2]
        a, b = (copy.measured(part) for copy in self._copies)
        return Point(done, (_number(a, drawn), _number(b, drawn)), (_number(a, score), _number(b, score)))

    def verdict(self, last: Point) -> Verdict:
        """The verdict by the last numbers of both trainings."""
        (before, after), (drawn, cured) = last.scores, last.drawn
        name = self.monitor.replace(".", " ").replace("_", " ")
        told = f"{name} {_shown(before)} → {_shown(after)}"
        losses = self.drawn != self.monitor
        if losses:
            what = "1 − r²" if self.drawn.endswith("unexplained") else "loss"
            told += f", {what} {_shown(drawn)} → {_shown(cured)}"
        told += f" after {last.updates:,} updates each"
        gain = after - before
        saved = isfinite(cured) and not isfinite(drawn)
        lower = losses and cured < LOWER * drawn and not gain <= -GAIN
        if saved or gain >= GAIN or lower:
            return Verdict(True, f"it helps: {told}")
        if gain <= -GAIN or (isfinite(drawn) and not isfinite(cured)):
            return Verdict(False, f"it makes it worse: {told}")
        return Verdict(False, f"no change, look elsewhere: {told}")


class _Copy:
    """One of the two trainings."""

    def __init__(self, trainer: Trainer, rows: int) -> None:
        """``rows`` are those that it is measured on, at most."""
        self.trainer, self._rows = trainer, rows
        self.diverged = False

    @property
    def going(self) -> bool:
        return not self.diverged and self.trainer.status == "running"

    def train(self, updates: int, tick: Tick) -> None:
        with np.errstate(all="ignore"):
            for _ in range(updates):
                if not self.going:
                    return
                tick()
                try:
                    self.trainer.advance()
                except NntuiError:
                    self.diverged = True

    def measured(self, part: str) -> Metrics | None:
        """On the rows of a part; None where it has diverged."""
        if self.diverged:
            return None
        one = self.trainer
        whole = one.validation if part == "validation" and one.validation is not None else one.train
        rows = probe.sample_rows(classes_of(one, whole.y), len(whole), one.network.spec.seed, self._rows)
        with np.errstate(all="ignore"):
            return one.measure(Part(whole.x[rows], whole.y[rows]))


def _number(found: Metrics | None, key: str) -> float:
    if found is None:
        return nan
    if key == "unexplained":
        return nan if found.r2 is None else 1 - found.r2
    value = getattr(found, key)
    return nan if value is None else float(value)


def _plain(settings: Settings) -> Settings:
    """Without what ends a training before its budget."""
    return replace(settings, train=replace(settings.train, early_stopping=None, stop=None))


def _built(settings: Settings, run: RunDirectory, *, fresh: bool) -> Experiment:
    return build(settings, runs=run.path.parent, fresh=fresh)


def _why_from_start(plain: Settings, cured: Settings) -> str:
    """Why a state of the one training would mean nothing in the other; empty where it does."""
    if BEGINNING & set(same(plain, cured)):
        return "from the start of the training: the setting changes the data or the first weights"
    pairs = list(zip(plain.layers, cured.layers, strict=False))
    alike = all(a == b or (a.type == b.type and a.stochastic) for a, b in pairs)
    if len(plain.layers) != len(cured.layers) or not alike:
        return "from the start of the training: the setting changes the layers"
    batches = [(s.train.batch_size, s.train.order) for s in (plain, cured)]
    if batches[0] != batches[1]:
        return "from the start of the training: the setting changes the batches"
    return ""


def _shown(value: float) -> str:
    return f"{value:.3g}" if isfinite(value) else "diverged"

"""A training run from start to end: updates, measurements, checkpoints, findings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from signal import SIGINT
from typing import Any, Protocol

import numpy as np

from nntui.display import display
from nntui.errors import DIVERGED, FAILED, UserError
from nntui.files import reason
from nntui.runs.directory import RunDirectory, RunInfo
from nntui.runs.thinning import Point, thinned
from nntui.signals import Signals, name_of
from nntui.training.experiment import Experiment
from nntui.training.measuring import Measuring
from nntui.training.records import Records
from nntui.training.saving import Saver
from nntui.training.trail import Trail
from nntui.training.view import ExperimentView
from nntui_core.errors import NumericError
from nntui_core.findings import Finding, non_finite

WITHIN_EPOCH_SECONDS = 1.0
"""Checkpoints in the middle of an epoch are at least this far apart, whatever is asked for."""
Measured = tuple[int, float, float | None]
"""Epoch, training loss, validation loss."""
MOST_MEASURED = 8192
"""Measurements kept in memory; beyond, the older half is thinned."""


class Hooks(Protocol):
    """Callbacks during the training, for the terminal's progress or a control socket."""

    def begin(self, session: Session, signals: Signals) -> None:
        """Called before the first update, with everything saved."""

    def update(self, session: Session) -> None:
        """Called after each update."""

    def epoch(self, session: Session) -> None:
        """Called after each epoch that was measured."""

    def diverging(self, session: Session, error: NumericError) -> bool:
        """Called where an update was not finite (nothing is changed by it): whether to try it again."""


class Session:
    """Owns one run while it trains."""

    def __init__(
        self, experiment: Experiment, run: RunDirectory, info: RunInfo, report: Callable[[str], object]
    ) -> None:
        self.experiment = experiment
        self.trainer = experiment.trainer
        self.run = run
        self.info = info
        info.baseline = experiment.baselines()
        self.report = report
        self.watch = experiment.watch
        self.findings: list[Finding] = self.watch.findings
        self.view = ExperimentView(experiment)
        """What statistics read."""
        self.records = Records(run, Trail(self.view, experiment.trainer.spec.epochs), report)
        self._measuring = Measuring(experiment.trainer.spec.epochs)
        self.saver = Saver(experiment, run, info, report, self.records.sync, self._measuring)
        self.history: list[Measured] = []
        self.exit_code = 0
        self.halted = False
        """Whether the training broke off, so that the weights may be those of half an update."""
        self.stopped = ""
        """Why it was asked to stop; empty while it goes on."""
        self._stop_code = 0
        self._seconds_before = info.seconds
        self._start = time.perf_counter()
        self.trainer.update_seconds = info.update_seconds

    @property
    def findings_update(self) -> int | None:
        """The update that findings were last looked for at."""
        return self.trainer.update if self.info.state == "diverged" else self.watch.looked

    @property
    def seconds(self) -> float:
        """Time spent on this run, earlier sessions included."""
        return self._seconds_before + time.perf_counter() - self._start

    def train(self, signals: Signals, hooks: Hooks) -> None:
        """Train to the end, or until a signal; keeps records and checkpoints; sets ``exit_code``.

        Whatever ends it, the state on the disk and ``info`` say so; only faults of the program are raised.
        """
        try:
            self._train(signals, hooks)
        except KeyboardInterrupt:
            self._halt("interrupted", "ended at once by a second SIGINT", 128 + (signals.received or SIGINT))
        except UserError as error:
            self._halt("failed", "; ".join(error.messages), FAILED)
        except OSError as error:
            self._halt("failed", f"{display(error.filename or self.run.path)}: {reason(error)}", FAILED)
        except MemoryError:
            self._halt("failed", "out of memory; use a smaller train.batch_size or network", FAILED)
        except Exception as error:
            self._halt("failed", f"{type(error).__name__}: {error}", FAILED)
            raise
        if self.saver.untold:
            self.save_state()
        lost = self.saver.unsaved or self.saver.untold
        if lost and self.exit_code in (0, self._stop_code):
            self.exit_code, self.info.state = FAILED, "failed"
            self.info.reason = f"{self.info.reason}, but the end is not saved: {lost}"
            self.save_state()
        if self.records.lost:
            self.report(f"{self.records.lost} records of the loss curve could not be written")

    def _train(self, signals: Signals, hooks: Hooks) -> None:
        trainer = self.trainer
        self.info.best, self.info.test = {}, {}
        with self.records, np.errstate(all="ignore"):
            self._measuring.estimate(trainer)
            if not trainer.update:
                self.watch.begin()
                self.findings = self.watch.findings
                if self._measuring.begins():
                    with self._measuring.spent(whole=True):
                        self._measure()
                self.records.activations(ended=False)
                self.checkpoint()
            self.saver.begin()
            try:
                hooks.begin(self, signals)
                while trainer.status == "running" and not signals.received and not self.stopped:
                    self.watch.before()
                    try:
                        epoch_done = trainer.advance()
                    except NumericError as error:
                        if hooks.diverging(self, error):
                            continue
                        raise
                    if self.watch.after(epoch_done=epoch_done):
                        self.findings = self.watch.findings
                    if epoch_done:
                        self._epoch(hooks)
                    elif self.saver.due(WITHIN_EPOCH_SECONDS):
                        self.checkpoint()
                    hooks.update(self)
                self._end(signals.received)
            except NumericError as error:
                self._diverged(error)
            except Exception:
                self._rescue()
                raise

    def _rescue(self) -> None:
        """After a fault of the program: save the training as far as it is intact."""
        if not self.trainer.whole:
            return
        try:
            self.checkpoint()
        except Exception as error:  # it may be the same fault again; the one before is what is told
            self.report(f"while saving: {type(error).__name__}: {error}")

    def _halt(self, state: str, reason: str, exit_code: int) -> None:
        """End without another checkpoint."""
        update = self.trainer.update
        saved = f"; the state after update {update} is saved" if self.saver.saved_update == update else ""
        self.report(f"{reason} (update {update}){saved}")
        self.info.state, self.info.reason = state, f"{reason} at update {update}{saved}"
        self.exit_code, self.halted = exit_code, True
        self.save_state()

    def remember(self, measured: Measured) -> None:
        """Append to the run's history; entries of this update or later, left by a rewind, are dropped."""
        while self.history and self.history[-1][0] >= measured[0]:
            self.history.pop()
        self.history.append(measured)
        if len(self.history) > MOST_MEASURED:
            self.history = thinned(self.history, _point)

    def stop(self, why: str, exit_code: int = 0) -> None:
        """End after the present update, saved, with ``exit_code``."""
        self.stopped, self._stop_code = why, exit_code

    def measure_next_epoch(self) -> None:
        """Let the end of this epoch be measured, however short it is."""
        self._measuring.ask()

    def changed(self) -> bool:
        """A viewer changed something, to be kept in the next checkpoint; whether the newest is of the present update."""
        return self.saver.mark_changed()

    def record_event(self, text: str) -> None:
        """Keep what a viewer changed with the run's records."""
        self.records.event(self.trainer.update, text)

    def rewind(self, update: int) -> int:
        """Back to the newest checkpoint at or before ``update``; later ones are removed. Raises UserError."""
        found = self.saver.back(update)
        self.findings = self.watch.findings
        self._measure()
        self.records.activations(ended=False)
        return found

    def recover(self, state: dict[str, Any]) -> None:
        """A change that a viewer asked for failed half-way: back to ``state``, as it was before, and saved."""
        self.trainer.load(state)
        self.saver.mark_changed()
        self.checkpoint()

    def checkpoint(self) -> None:
        """Save the present state and run.json."""
        self.saver.checkpoint()
        self.save_state()

    def save_state(self) -> None:
        """Write run.json."""
        info, trainer = self.info, self.trainer
        info.epochs, info.updates = trainer.epoch, trainer.update
        info.seconds, info.update_seconds = self.seconds, trainer.update_seconds
        info.findings = [asdict(f) for f in self.findings]
        info.findings_update = self.findings_update
        self.saver.tell()

    def _epoch(self, hooks: Hooks) -> None:
        ended = self.trainer.status != "running"
        self.records.activations(ended=ended)
        if ended or self._measuring.due(self.trainer.epoch):
            with self._measuring.spent(whole=True):
                self._measure()
                hooks.epoch(self)
        if self.saver.due():
            self.checkpoint()

    def _measure(self) -> None:
        """Evaluate the parts, and write a record of their metrics."""
        trainer = self.trainer
        self._measuring.done()
        metrics = trainer.evaluate()
        validation = metrics.get("validation")
        self.remember((trainer.epoch, metrics["train"].loss, validation.loss if validation else None))
        record: dict[str, Any] = {
            "epoch": trainer.epoch,
            "update": trainer.update,
            "rate": trainer.rate if trainer.optimizer.has_rate else None,
            "gradient_norm": trainer.grad_norm,
            "seconds": self.seconds,
            "update_seconds": trainer.update_seconds,
        }
        record |= {name: m.to_json() for name, m in metrics.items()}
        if self.findings_update is not None:
            record["findings"] = [asdict(f) for f in self.findings]
            record["findings_update"] = self.findings_update
        self.info.loss = metrics["train"].loss
        self.records.epoch(record)

    def _end(self, received: int) -> None:
        trainer = self.trainer
        if trainer.status == "running":
            self.info.state = "interrupted"
            why = f"ended by {name_of(received)}" if received else self.stopped
            self.info.reason = f"{why} at update {trainer.update}"
            self.exit_code = 128 + received if received else self._stop_code
        else:
            self.info.state, self.info.reason = trainer.status, trainer.reason
        with trainer.best_in_place() as kept:
            if kept:
                best = trainer.evaluate()
                self.info.best = {part: metrics.to_json() for part, metrics in best.items()}
                self.info.loss = best["train"].loss
            if self.experiment.test is not None and trainer.status != "running":
                self.info.test = trainer.measure(self.experiment.test).to_json()
        self.checkpoint()

    def _diverged(self, error: NumericError) -> None:
        self.exit_code = DIVERGED
        self.info.state, self.info.reason = "diverged", str(error)
        self.findings = [non_finite(error, self.trainer, self.watch), *self.findings]
        self.checkpoint()


def _point(measured: Measured) -> Point:
    return measured[0], measured[1:]

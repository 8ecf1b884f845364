"""A training run from start to end: updates, records, checkpoints, findings, and its state on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from signal import SIGINT
from typing import Any, Protocol

import numpy as np

from nntui.display import display
from nntui.errors import DIVERGED, FAILED, UserError
from nntui.files import file_error, reason
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory, RunInfo
from nntui.runs.metrics import MetricsError, MetricsWriter
from nntui.signals import Signals, name_of
from nntui.training.experiment import Experiment
from nntui.training.trail import Trail
from nntui.training.view import ExperimentView
from nntui_core.errors import NumericError
from nntui_core.findings import Finding, non_finite
from nntui_core.train_spec import rises

RECORD_SECONDS = 0.1
FREE_SECONDS = 0.25
"""What measuring may cost besides, so that short runs too have a curve of about CURVE points."""
CURVE = 200
SAVING_SHARE = 0.05
"""Of the time that checkpoints may take."""
WITHIN_EPOCH_SECONDS = 1.0
"""Checkpoints in the middle of an epoch are at least this far apart, whatever is asked for."""
Measured = tuple[int, float, float | None]
"""Epoch, training loss, validation loss."""


class Hooks(Protocol):
    """What accompanies the training: the terminal's progress, or a control socket."""

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
        self._trail: Trail | None = Trail(self.view, experiment.trainer.spec.epochs)
        self.history: list[Measured] = []
        self.exit_code = 0
        self.halted = False
        """Whether the training broke off, so that the weights may be those of half an update."""
        self.stopped = ""
        """Why it was asked to stop; empty while it goes on."""
        self._unsaved = ""
        """Why the newest weights are not on the disk, in words; empty while they are."""
        self._untold = ""
        """Why run.json does not say what ``info`` does; empty while it does."""
        self._lost_records = 0
        self._untidy = False
        """Whether it was said that older checkpoints, or the records, cannot be put in order."""
        self._saving = 0.0
        """Seconds that the last checkpoint took."""
        self._recorded = self._checkpointed = -1e9
        self._saved_update = -1
        self._measuring = 0.0
        self._every = max(1, self.trainer.spec.epochs // CURVE)
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
        if self._untold:
            self.save_state()
        lost = self._unsaved or self._untold
        if lost and self.exit_code == 0:
            self.exit_code, self.info.state = FAILED, "failed"
            self.info.reason = f"{self.info.reason}, but the end is not saved: {lost}"
            self.save_state()
        if self._lost_records:
            self.report(f"{self._lost_records} records of the loss curve could not be written")

    def _train(self, signals: Signals, hooks: Hooks) -> None:
        trainer = self.trainer
        self.info.best, self.info.test = {}, {}
        with (
            MetricsWriter(self.run.metrics) as self._metrics,
            MetricsWriter(self.run.activations) as self._activations,
            np.errstate(all="ignore"),
        ):
            if not trainer.update:
                self.watch.begin()
                self.findings = self.watch.findings
                self._measure()
                self.checkpoint()
            self._checkpointed = time.perf_counter()
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
                    elif time.perf_counter() - self._checkpointed >= max(WITHIN_EPOCH_SECONDS, self._rest):
                        self.checkpoint()
                    hooks.update(self)
                self._end(signals.received)
            except NumericError as error:
                self._diverged(error)
            except Exception:
                self._rescue()
                raise

    def _rescue(self) -> None:
        """Save what a fault has left whole; what is wrong with the program must not cost the training."""
        if not self.trainer.whole:
            return
        try:
            self.checkpoint()
        except Exception as error:  # it may be the same fault again; the one before is what is told
            self.report(f"while saving: {type(error).__name__}: {error}")

    def _halt(self, state: str, reason: str, exit_code: int) -> None:
        """End without another checkpoint."""
        update = self.trainer.update
        saved = f"; the state after update {update} is saved" if self._saved_update == update else ""
        self.report(f"{reason} (update {update}){saved}")
        self.info.state, self.info.reason = state, f"{reason} at update {update}{saved}"
        self.exit_code, self.halted = exit_code, True
        self.save_state()

    def remember(self, measured: Measured) -> None:
        """A run that was rewound goes on from there: what it had measured after is no longer its history."""
        while self.history and self.history[-1][0] >= measured[0]:
            self.history.pop()
        self.history.append(measured)

    def mark_saved(self) -> None:
        """The present state is what the newest checkpoint holds."""
        self._saved_update = self.trainer.update

    def stop(self, why: str) -> None:
        """End after the present update, saved."""
        self.stopped = why

    def measure_next_epoch(self) -> None:
        """Let the end of this epoch be measured, however short it is."""
        self._recorded = -1e9

    def record_event(self, text: str) -> None:
        """Keep what a viewer changed with the run's records, and in the next checkpoint."""
        self._saved_update = -1
        self._record({"type": "event", "time": time.time(), "update": self.trainer.update, "text": text})

    def note(self, kind: str, values: dict[str, Any]) -> None:
        """Keep something else with the run's records, under the update that it has come to."""
        trainer = self.trainer
        self._record(
            {"type": kind, "time": time.time(), "epoch": trainer.epoch, "update": trainer.update, **values}
        )

    def rewind(self, update: int) -> int:
        """Back to the newest checkpoint at or before ``update``; later ones are removed. Raises UserError."""
        directory = self.run.checkpoints
        for found in reversed([u for u in checkpoint.updates(directory) if u <= update]):
            try:
                arrays, _ = checkpoint.read(checkpoint.path_of(directory, found))
            except checkpoint.CheckpointError as error:
                self.report(f"{error}; trying the one before")
                continue
            # Noted before and after: killed in between, a resume finishes it, and no later state is taken for current.
            before, self.info.rewinding = self.info.rewinding, found
            try:
                self.run.write(self.info)
                self.trainer.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
                self.watch.load(arrays)
            except BaseException:
                self.info.rewinding = before  # it has not begun
                raise
            self.findings = self.watch.findings
            self._saved_update, self._unsaved = found, ""
            self.info.forget_best_after(found)
            try:
                self._leave_future()
            except UserError as error:  # done before the next checkpoint
                self._lost(str(error))
            self._measure()
            return found
        raise UserError(f"there is no checkpoint at or before update {update}")

    def recover(self, state: dict[str, Any]) -> None:
        """A change that a viewer asked for failed half-way: back to ``state``, as it was before, and saved."""
        self.trainer.load(state)
        self._saved_update = -1
        self.checkpoint()

    def _leave_future(self) -> None:
        """Remove what a rewind has abandoned; until then nothing newer is saved. Raises UserError."""
        found = self.info.rewinding
        if found is None:
            return
        try:
            checkpoint.drop_after(self.run.checkpoints, found)
        except OSError as error:
            raise file_error(
                self.run.checkpoints, "remove later checkpoints", error, exit_code=FAILED
            ) from None
        self.info.rewinding = None
        try:
            self.run.write(self.info)
        except UserError:
            self.info.rewinding = found
            raise

    def _epoch(self, hooks: Hooks) -> None:
        clock = time.perf_counter()
        due = self.trainer.status != "running"
        fits = self._measuring < FREE_SECONDS and self.trainer.epoch % self._every == 0
        if due or fits or clock - self._recorded >= RECORD_SECONDS:
            self._measure()
            hooks.epoch(self)
            self._measuring += time.perf_counter() - clock
        if clock - self._checkpointed >= self._rest:
            self.checkpoint()

    def _measure(self) -> None:
        """Evaluate, and write a record."""
        trainer = self.trainer
        self._recorded = time.perf_counter()
        metrics = trainer.evaluate()
        validation = metrics.get("validation")
        self.remember((trainer.epoch, metrics["train"].loss, validation.loss if validation else None))
        record: dict[str, Any] = {
            "type": "epoch",
            "time": time.time(),
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
        self._record(record)
        self._keep_activations()

    def _keep_activations(self) -> None:
        if self._trail is None:
            return
        try:
            found = self._trail.record(ended=self.trainer.status != "running")
        except Exception as error:  # a fault of a picture must not end the training
            self._trail = None
            self.report(f"activations over time are no longer kept: {type(error).__name__}: {error}")
            return
        if found is not None:
            self._record(found, self._activations)

    def _record(self, record: dict[str, Any], writer: MetricsWriter | None = None) -> None:
        try:
            (writer or self._metrics).write(record)
        except MetricsError as error:
            if not self._lost_records:
                self.report(f"{error}; training goes on, but this record is missing")
            self._lost_records += 1

    def _lost(self, message: str) -> None:
        """A save that failed is said when it begins to fail; training goes on, and the next save may succeed."""
        if not (self._unsaved or self._untold):
            self.report(f"{message}; training goes on, but this is not saved")

    @property
    def _rest(self) -> float:
        """Seconds between two checkpoints: what was asked for, or more, so that saving takes a twentieth of the time.

        0 asks for one at the end of every epoch, whatever it costs.
        """
        asked = self.experiment.settings.train.checkpoint_seconds
        return max(asked, self._saving / SAVING_SHARE) if asked else 0.0

    def checkpoint(self) -> None:
        """Save the present state and run.json."""
        trainer = self.trainer
        begun = time.perf_counter()
        if trainer.update != self._saved_update and np.isfinite(trainer.network.parameters.theta).all():
            arrays = {**trainer.live_state(), **self.experiment.arrays(), **self.watch.state()}
            # A run that was killed between this and run.json must not forget that its own rule stopped it.
            meta = {
                "epoch": trainer.epoch, "status": trainer.status, "reason": trainer.reason,
                "columns": self.experiment.table.columns.to_json(), "digest": self.experiment.table.digest,
            }  # fmt: skip
            try:
                self._leave_future()
                self._save(arrays, meta)
            except UserError as error:
                self._lost(str(error))
                self._unsaved = str(error)
            else:
                self._saved_update, self._unsaved = trainer.update, ""
                self._note_best()
                self._tidy()
            self._saving = time.perf_counter() - begun
        self.save_state()
        self._checkpointed = time.perf_counter()

    def _save(self, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
        """One checkpoint; on a full disk the history gives way to it. Raises CheckpointError."""
        directory, update = self.run.checkpoints, self.trainer.update
        try:
            checkpoint.save(directory, update, arrays, meta)
        except checkpoint.CheckpointError as error:
            if not (error.full and checkpoint.make_room(directory, self.info.best_update)):
                raise
            self.report(f"{error}; older checkpoints were removed to make room")
            checkpoint.save(directory, update, arrays, meta)

    def _tidy(self) -> None:
        """What belongs to a checkpoint, but is not lost with it: a shorter history, and records on the disk."""
        try:
            checkpoint.thin(self.run.checkpoints, self.info.best_update)
            self._metrics.sync()
        except (MetricsError, OSError) as error:
            if not self._untidy:
                self.report(f"{error}; the newest state is saved all the same")
            self._untidy = True

    def _note_best(self) -> None:
        """Remember which checkpoint is the best, by what is monitored, among those at ends of epochs."""
        trainer, rule = self.trainer, self.trainer.spec.early_stopping
        if trainer.batch:
            return  # an evaluation for its own sake may take longer than the time between checkpoints
        parts = trainer.evaluate()
        monitor = rule.monitor if rule else "validation.loss" if "validation" in parts else "train.loss"
        value = trainer.monitored(monitor) * (-1 if rises(monitor) else 1)
        best = self.info.best_value
        if best is None or value < best:
            self.info.best_update, self.info.best_value = trainer.update, value

    def save_state(self) -> None:
        """Write run.json."""
        info, trainer = self.info, self.trainer
        info.epochs, info.updates = trainer.epoch, trainer.update
        info.seconds, info.update_seconds = self.seconds, trainer.update_seconds
        info.findings = [asdict(f) for f in self.findings]
        info.findings_update = self.findings_update
        try:
            self.run.write(info)
        except UserError as error:
            self._lost(str(error))
            self._untold = "" if self._is_told() else str(error)
        else:
            self._untold = ""

    def _is_told(self) -> bool:
        """Whether run.json says what it should: also where only the flush after its replacement failed."""
        try:
            there = self.run.read()
        except UserError:
            return False
        return (there.state, there.reason, there.updates) == (
            self.info.state,
            self.info.reason,
            self.info.updates,
        )

    def _end(self, received: int) -> None:
        trainer = self.trainer
        if trainer.status == "running":
            self.info.state = "interrupted"
            why = f"ended by {name_of(received)}" if received else self.stopped
            self.info.reason = f"{why} at update {trainer.update}"
            self.exit_code = 128 + received if received else 0
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

"""A training run from start to end: updates, records, checkpoints, findings, and its state on disk."""

from __future__ import annotations

import platform
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from types import FrameType
from typing import Any, Protocol

import numpy as np

from nntui import __version__
from nntui.config.load import dump
from nntui.errors import DIVERGED, FAILED, UserError
from nntui.experiment import Experiment
from nntui.runs import checkpoint, identity
from nntui.runs.directory import RunDirectory, RunInfo, now
from nntui.runs.files import atomic_write, file_error
from nntui.runs.metrics import MetricsError, MetricsWriter, truncate_tail
from nntui_core.errors import NumericError
from nntui_core.findings import Finding, Watch, non_finite
from nntui_core.trainer import Metrics

RECORD_SECONDS = 0.1
FINDING_SECONDS = 0.5


class Signals:
    """INT, TERM and HUP only set a flag; a second INT interrupts at once."""

    def __init__(self, *, hangup: bool = True) -> None:
        self.received = 0
        self._names = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangup else [])]
        self._old: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        for number in self._names:
            if signal.getsignal(number) is signal.SIG_IGN and number != signal.SIGTERM:
                continue  # nohup, or a background job: left as it is
            self._old[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = self.received or number


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
        self.report = report
        self.findings: list[Finding] = []
        self.watch = Watch(self.trainer)
        self.history: list[tuple[int, float, float | None]] = []
        """Epoch, training loss, validation loss, of the epochs that were measured."""
        self.exit_code = 0
        self.stopped = ""
        """Why it was asked to stop; empty while it goes on."""
        self._failed_saves = False
        self._recorded = self._checkpointed = self._found = -1e9
        self._saved_update = -1
        self._seconds_before = info.seconds
        self._start = time.perf_counter()
        self.trainer.update_seconds = info.update_seconds

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
            self._halt("interrupted", "ended at once by a second SIGINT", 128 + signal.SIGINT)
        except UserError as error:
            self._halt("failed", "; ".join(error.messages), FAILED)
        except MemoryError:
            self._halt("failed", "out of memory; use a smaller train.batch_size or network", FAILED)
        if self._failed_saves and self.exit_code == 0:
            self.exit_code = FAILED

    def _train(self, signals: Signals, hooks: Hooks) -> None:
        trainer = self.trainer
        with MetricsWriter(self.run.metrics) as self._metrics, np.errstate(all="ignore"):
            if not trainer.update:
                self._measure()
                self.checkpoint()
            self._checkpointed = time.perf_counter()
            try:
                hooks.begin(self, signals)
                while trainer.status == "running" and not signals.received and not self.stopped:
                    try:
                        epoch_done = trainer.advance()
                    except NumericError as error:
                        if hooks.diverging(self, error):
                            continue
                        raise
                    if epoch_done:
                        self._epoch(hooks)
                    hooks.update(self)
                self._end(signals.received)
            except NumericError as error:
                self._diverged(error)
            self.save_state()

    def _halt(self, state: str, reason: str, exit_code: int) -> None:
        """End without another checkpoint."""
        self.report(f"{reason} (update {self.trainer.update})")
        self.info.state, self.info.reason = state, f"{reason} at update {self.trainer.update}"
        self.exit_code = exit_code
        self.save_state()

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

    def rewind(self, update: int) -> int:
        """Back to the newest checkpoint at or before ``update``; later ones are removed. Raises UserError."""
        directory = self.run.checkpoints
        for found in reversed([u for u in checkpoint.updates(directory) if u <= update]):
            try:
                arrays, _ = checkpoint.read(checkpoint.path_of(directory, found))
            except checkpoint.CheckpointError as error:
                self.report(f"{error}; trying the one before")
                continue
            self.trainer.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
            for later in checkpoint.updates(directory):
                if later > found:
                    checkpoint.path_of(directory, later).unlink(missing_ok=True)
            self.history = [h for h in self.history if h[0] <= self.trainer.epoch]
            self.findings = []
            self.watch = Watch(self.trainer)
            self._saved_update = found
            self._measure()
            return found
        raise UserError(f"there is no checkpoint at or before update {update}")

    def _epoch(self, hooks: Hooks) -> None:
        clock = time.perf_counter()
        due = self.trainer.status != "running"
        # The weights before an update are kept only where the next sampling will want them.
        self.trainer.keep_before = clock - self._found >= FINDING_SECONDS
        if due or clock - self._recorded >= RECORD_SECONDS:
            self._measure()
            hooks.epoch(self)
        if clock - self._checkpointed >= self.experiment.settings.train.checkpoint_seconds:
            self.checkpoint()

    def _measure(self) -> None:
        """Evaluate, look for findings when due, and write a record."""
        trainer = self.trainer
        clock = self._recorded = time.perf_counter()
        metrics = trainer.evaluate()
        validation = metrics.get("validation")
        self.history.append((trainer.epoch, metrics["train"].loss, validation.loss if validation else None))
        if trainer.model is not None and (
            clock - self._found >= FINDING_SECONDS or trainer.status != "running"
        ):
            self._found = clock
            self.findings = self.watch.sample()
        record: dict[str, Any] = {
            "type": "epoch",
            "time": time.time(),
            "epoch": trainer.epoch,
            "update": trainer.update,
            "rate": trainer.rate if hasattr(trainer.optimizer, "lr") else None,
            "gradient_norm": trainer.grad_norm,
            "seconds": self.seconds,
            "update_seconds": trainer.update_seconds,
        }
        record |= {name: _numbers(m) for name, m in metrics.items()}
        if self.findings:
            record["findings"] = [asdict(f) for f in self.findings]
        self.info.loss = metrics["train"].loss
        self._record(record)

    def _record(self, record: dict[str, Any]) -> None:
        try:
            self._metrics.write(record)
        except MetricsError as error:
            self._lost(str(error))

    def _lost(self, message: str) -> None:
        """A save that failed is said loudly once; training goes on and the exit code tells."""
        if not self._failed_saves:
            self.report(f"{message}; training goes on, but this is not saved")
        self._failed_saves = True

    def checkpoint(self) -> None:
        """Save the present state and run.json."""
        trainer = self.trainer
        self._checkpointed = time.perf_counter()
        if trainer.update != self._saved_update and np.isfinite(trainer.network.parameters.theta).all():
            arrays = {**trainer.state(), **self.experiment.arrays()}
            try:
                checkpoint.save(self.run.checkpoints, trainer.update, arrays, {"epoch": trainer.epoch})
                checkpoint.thin(self.run.checkpoints)
                self._metrics.sync()
                self._saved_update = trainer.update
            except (checkpoint.CheckpointError, MetricsError) as error:
                self._lost(str(error))
        self.save_state()

    def save_state(self) -> None:
        info, trainer = self.info, self.trainer
        info.epochs, info.updates = trainer.epoch, trainer.update
        info.seconds, info.update_seconds = self.seconds, trainer.update_seconds
        info.findings = [asdict(f) for f in self.findings]
        try:
            self.run.write(info)
        except UserError as error:
            self._lost(str(error))

    def _end(self, received: int) -> None:
        trainer = self.trainer
        if trainer.status == "running":
            self.info.state = "interrupted"
            why = f"ended by {signal.Signals(received).name}" if received else self.stopped
            self.info.reason = f"{why} at update {trainer.update}"
            self.exit_code = 128 + received if received else 0
        else:
            self.info.state, self.info.reason = trainer.status, trainer.reason
        self.checkpoint()

    def _diverged(self, error: NumericError) -> None:
        self.exit_code = DIVERGED
        self.info.state, self.info.reason = "diverged", str(error)
        self.findings = [*self.findings, non_finite(error)]
        self.checkpoint()

    def result(self) -> dict[str, Any]:
        """The outcome, as CONTRACT's JSON of ``fit``; the best weights are put in place where kept."""
        return outcome(self.experiment, self.run, self.info)


def start(experiment: Experiment, base: Any, report: Callable[[str], object]) -> Session:
    """A new run in ``base``. Raises UserError."""
    settings = experiment.settings
    run = RunDirectory.create(base, settings.title)
    run.lock()
    text = dump(settings).encode()
    try:
        atomic_write(run.config, lambda stream: stream.write(text))
    except OSError as error:
        raise file_error(run.config, "write the configuration", error, exit_code=1) from None
    info = RunInfo(title=settings.title, seed=settings.seed, started=now(), digest=experiment.table.digest)
    _sign(info)
    run.write(info)
    return Session(experiment, run, info, report)


def _sign(info: RunInfo) -> None:
    info.state, info.reason = "running", ""
    info.process = identity.current().to_json()
    info.versions = {"nntui": __version__, "numpy": np.__version__, "python": platform.python_version()}


def resume(experiment: Experiment, run: RunDirectory, report: Callable[[str], object]) -> Session:
    """Go on with a run from its newest valid checkpoint. Raises UserError."""
    run.lock()
    info = run.read()
    if info.digest != experiment.table.digest:
        raise UserError(
            f"{run.name}: the data has changed since the run began; restore it, or start a new run"
        )
    restore(experiment, run, report)
    _sign(info)
    text = dump(experiment.settings).encode()
    atomic_write(run.config, lambda stream: stream.write(text))
    truncate_tail(run.metrics, experiment.trainer.update, report=report)
    return Session(experiment, run, info, report)


def restore(experiment: Experiment, run: RunDirectory, report: Callable[[str], object]) -> None:
    """Put the newest valid checkpoint's state into the trainer. Raises UserError."""
    _, arrays, _ = checkpoint.newest_valid(run.checkpoints, report)
    try:
        experiment.trainer.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
    except (KeyError, ValueError) as error:
        raise UserError(f"{run.name}: the checkpoint does not fit the configuration: {error}") from None


def failure(reason: str) -> dict[str, Any]:
    """The JSON of ``fit`` where no run came into being."""
    nothing = dict.fromkeys(("run", "run_dir", "train", "validation", "test"))
    zeros = dict.fromkeys(("epochs", "updates", "seconds", "updates_per_second", "parameters"), 0)
    return {**nothing, **zeros, "status": "failed", "reason": reason, "findings": []}


def outcome(experiment: Experiment, run: RunDirectory, info: RunInfo) -> dict[str, Any]:
    """The JSON of ``fit`` for a run that has ended."""
    trainer = experiment.trainer
    if trainer.spec.early_stopping is not None:
        trainer.restore_best()
    with np.errstate(all="ignore"):
        metrics = experiment.measure()
    return {
        "run": run.name,
        "run_dir": str(run.path.resolve()),
        "status": info.state,
        "reason": info.reason,
        "epochs": trainer.epoch,
        "updates": trainer.update,
        "seconds": info.seconds,
        "updates_per_second": trainer.update / info.update_seconds if info.update_seconds else 0.0,
        "parameters": len(trainer.network.parameters),
        **{
            part: _numbers(metrics[part]) if part in metrics else None
            for part in ("train", "validation", "test")
        },
        "findings": info.findings,
    }


def _numbers(m: Metrics) -> dict[str, Any]:
    out: dict[str, Any] = {"loss": m.loss}
    if m.accuracy is not None:
        out["accuracy"] = m.accuracy
    return out

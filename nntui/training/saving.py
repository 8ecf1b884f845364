"""A run's state on the disk while it trains: its checkpoints, and `run.json`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nntui.errors import FAILED, UserError
from nntui.files import file_error
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory, RunInfo
from nntui.runs.metrics import MetricsError
from nntui.training.experiment import Experiment
from nntui.training.measuring import Measuring
from nntui_core.finite import finite
from nntui_core.train_spec import rises

SAVING_SHARE = 0.05
"""Of the time that checkpoints may take."""


class Saver:
    """Saves a training; ``unsaved`` and ``untold`` say why some of it is not on the disk.

    A save that fails is reported when saves begin to fail; training goes on, and the next one may succeed.
    """

    def __init__(
        self,
        experiment: Experiment,
        run: RunDirectory,
        info: RunInfo,
        report: Callable[[str], object],
        sync: Callable[[], None],
        measuring: Measuring,
    ) -> None:
        """``sync`` flushes the run's records to the disk; it may raise MetricsError. ``measuring`` says how much of the
        time may be spent on telling which checkpoint is the best."""
        self.saved_update = -1
        """The update that the newest checkpoint is of; -1 where none is of the present state."""
        self.unsaved = ""
        """Why the newest weights are not on the disk, in words; empty while they are."""
        self.untold = ""
        """Why run.json does not say what ``info`` does; empty while it does."""
        self._experiment = experiment
        self._trainer = experiment.trainer
        self._run = run
        self._info = info
        self._report = report
        self._sync = sync
        self._measuring = measuring
        self._untidy = False
        """Whether it was said that older checkpoints, or the records, cannot be put in order."""
        self._took = 0.0
        """Seconds that the last checkpoint took."""
        self._ended = -1e9

    def begin(self) -> None:
        """The time to the next checkpoint counts from now."""
        self._ended = time.perf_counter()

    def due(self, least: float = 0.0) -> bool:
        """Whether it is time for a checkpoint, at least ``least`` seconds after the one before.

        The time between two is what was asked for, or more, so that saving takes a twentieth of the time. 0 asks for
        one at the end of every epoch, whatever it costs.
        """
        asked = self._experiment.settings.train.checkpoint_seconds
        rest = max(asked, self._took / SAVING_SHARE) if asked else 0.0
        return time.perf_counter() - self._ended >= max(least, rest)

    def mark_saved(self) -> None:
        """Note that the newest checkpoint holds the present state."""
        self.saved_update = self._trainer.update

    def mark_changed(self) -> bool:
        """Note that no checkpoint holds the present state; whether one has the same update all the same."""
        same = self.saved_update == self._trainer.update
        self.saved_update = -1
        return same

    def checkpoint(self) -> None:
        """Save the present state."""
        trainer, experiment = self._trainer, self._experiment
        begun = time.perf_counter()
        if trainer.update != self.saved_update and finite(trainer.network.parameters.theta):
            arrays = {**trainer.live_state(), **experiment.arrays(), **experiment.watch.state()}
            # A run that was killed between this and run.json must not forget that its own rule stopped it.
            meta = {
                "epoch": trainer.epoch, "status": trainer.status, "reason": trainer.reason,
                "columns": experiment.table.columns.to_json(), "digest": experiment.table.digest,
            }  # fmt: skip
            try:
                self.leave_future()
                self._save(arrays, meta)
            except UserError as error:
                self.failed(str(error))
                self.unsaved = str(error)
            else:
                self.saved_update, self.unsaved = trainer.update, ""
                self._note_best()
                self._tidy()
            self._took = time.perf_counter() - begun
        self._ended = time.perf_counter()

    def tell(self) -> None:
        """Write run.json."""
        try:
            self._run.write(self._info)
        except UserError as error:
            self.failed(str(error))
            self.untold = "" if self._is_told() else str(error)
        else:
            self.untold = ""

    def failed(self, message: str) -> None:
        """Report that a save failed, unless the one before failed, too."""
        if not (self.unsaved or self.untold):
            self._report(f"{message}; training goes on, but this is not saved")

    def back(self, update: int) -> int:
        """Load the newest checkpoint at or before ``update``, whose update is returned, and remove later ones.

        Raises UserError where there is none.
        """
        directory, info = self._run.checkpoints, self._info
        for found in reversed([u for u in checkpoint.updates(directory) if u <= update]):
            try:
                arrays, _ = checkpoint.read(checkpoint.path_of(directory, found))
            except checkpoint.CheckpointError as error:
                self._report(f"{error}; trying the one before")
                continue
            # Noted before and after: killed in between, a resume finishes it, and no later state is taken for current.
            before, info.rewinding = info.rewinding, found
            try:
                self._run.write(info)
                self._trainer.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
                self._experiment.watch.load(arrays)
            except BaseException:
                info.rewinding = before  # it has not begun
                raise
            self.saved_update, self.unsaved = found, ""
            info.forget_best_after(found)
            try:
                self.leave_future()
            except UserError as error:  # done before the next checkpoint
                self.failed(str(error))
            return found
        there = ", ".join(map(str, checkpoint.updates(directory))) or "none"
        raise UserError(
            f"{directory}: no checkpoint at or before update {update} can be read (there are those of updates: {there}); "
            "rewind to a later one, or restart"
        )

    def leave_future(self) -> None:
        """Remove what a rewind has abandoned; until then nothing newer is saved. Raises UserError."""
        found = self._info.rewinding
        if found is None:
            return
        directory = self._run.checkpoints
        try:
            checkpoint.drop_after(directory, found)
        except OSError as error:
            raise file_error(directory, "remove later checkpoints", error, exit_code=FAILED) from None
        self._info.rewinding = None
        try:
            self._run.write(self._info)
        except UserError:
            self._info.rewinding = found
            raise

    def _save(self, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
        """One checkpoint; on a full disk the history gives way to it. Raises CheckpointError."""
        directory, update = self._run.checkpoints, self._trainer.update
        try:
            checkpoint.save(directory, update, arrays, meta)
        except checkpoint.CheckpointError as error:
            if not (error.full and checkpoint.make_room(directory, self._info.best_update)):
                raise
            self._report(f"{error}; older checkpoints were removed to make room")
            checkpoint.save(directory, update, arrays, meta)

    def _tidy(self) -> None:
        """After a checkpoint: thin the history and flush the records; a failure here does not void the checkpoint."""
        try:
            checkpoint.thin(self._run.checkpoints, self._info.best_update)
            self._sync()
        except (MetricsError, OSError) as error:
            if not self._untidy:
                self._report(f"{error}; the newest state is saved all the same")
            self._untidy = True

    def _note_best(self) -> None:
        """Remember which checkpoint is the best, by what is monitored, among those at ends of epochs."""
        trainer, rule = self._trainer, self._trainer.spec.early_stopping
        monitor = rule.monitor if rule else f"{trainer.judged[0]}.loss"
        known = trainer.knows(monitor)
        if trainer.batch or not (known or (trainer.update and self._measuring.affordable)):
            return  # an evaluation for its own sake may take longer than the time between checkpoints
        with self._measuring.spent():
            value = trainer.monitored(monitor) * (-1 if rises(monitor) else 1)
        best = self._info.best_value
        if best is None or value < best:
            self._info.best_update, self._info.best_value = trainer.update, value

    def _is_told(self) -> bool:
        """Whether run.json says what it should: also where only the flush after its replacement failed."""
        try:
            there = self._run.read()
        except UserError:
            return False
        info = self._info
        return (there.state, there.reason, there.updates) == (info.state, info.reason, info.updates)

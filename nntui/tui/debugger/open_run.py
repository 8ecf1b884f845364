"""A session on a run: as its trainer hands it out where one is asked, else at its newest checkpoint."""

from __future__ import annotations

import queue
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from nntui.errors import UserError
from nntui.protocol.reports import Snapshot
from nntui.runs.directory import RunDirectory

if TYPE_CHECKING:
    from nntui.training.experiment import Experiment
    from nntui.tui.debugger.session import DebugSession

PATIENCE = 20.0
"""Seconds to wait for a trainer that is in the middle of a long update."""
_numbers = count(1)


class RunOpener:
    """Called in the debugger's thread; :meth:`deliver` from any other."""

    def __init__(
        self, run: RunDirectory, conditions: Sequence[str] = (), *, live: bool = False, node: str = "",
        update: int | None = None,
    ) -> None:  # fmt: skip
        """``node`` is what to show, of the run as it stood after ``update`` updates where that can be told from its files."""
        self.run = run
        self._conditions, self._live = conditions, live
        self._node, self._update = node, update
        self.number = next(_numbers)
        """Which answer of the trainer is meant."""
        self._arrived: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()

    def deliver(self, message: Snapshot) -> None:
        """The trainer's answer."""
        if message.request == self.number:
            self._arrived.put(message)

    def __call__(self) -> DebugSession:
        """Raises UserError."""
        # Loaded when first asked for, and in the debugger's thread: half of what a viewer would load to start.
        from nntui.debugging.conditions import parse
        from nntui.training.experiment import read
        from nntui.tui.debugger.opening import on_experiment

        experiment = read(self.run.config, fresh=False)
        info: dict[str, Any] = {}
        past, why = self._from_past(experiment)
        if not past:
            info = self._from_trainer(experiment) if self._live else self._from_files(experiment)
        session = on_experiment(
            experiment,
            title=f"{experiment.settings.title} · update {experiment.trainer.update}",
            of_training=self._live and not past,
        )
        session.debugger.conditions = [parse(text) for text in self._conditions]
        if self._node:
            session.do("show", self._node)
            if why:
                session.say(f"this is the newest state: {why}", "warn")
        elif info:
            session.do("land", info.get("node", ""), info.get("phase", ""))
        return session

    def _from_past(self, experiment: Experiment) -> tuple[bool, str]:
        """Bring it to the update that is asked for; whether that was so, and why not."""
        from nntui.debugging.replay import at_update

        if self._update is None:
            return False, ""
        try:
            at_update(experiment, self.run, self._update, lambda text: None)
        except UserError as error:
            return False, error.messages[0].removeprefix("--update: ")
        return True, ""

    def _from_files(self, experiment: Experiment) -> dict[str, Any]:
        from nntui.debugging.replay import replay
        from nntui.training.start import restore

        restore(experiment, self.run, lambda text: None)
        replay(experiment, self.run)
        return {}

    def _from_trainer(self, experiment: Experiment) -> dict[str, Any]:
        """Where in the pass a breakpoint of the training held, if it did."""
        try:
            found = self._arrived.get(timeout=PATIENCE)
        except queue.Empty:
            raise UserError(
                f"the trainer has not answered for {PATIENCE:.0f} seconds; q, then d again"
            ) from None
        try:
            experiment.trainer.load(_shaped(found.arrays, experiment))
        except (KeyError, ValueError) as error:
            raise UserError(f"the trainer's answer does not fit {self.run.config.name}: {error}") from None
        return found.info


def _shaped(arrays: Mapping[str, Any], experiment: Experiment) -> dict[str, Any]:
    """Numbers, which travel as arrays of one entry, as numbers again."""
    known = experiment.trainer.state()
    return {
        k: a.reshape(known[k].shape) if k in known and known[k].size == a.size else a
        for k, a in arrays.items()
    }

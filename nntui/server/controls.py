"""What viewers steer without changing the run: whether it goes on, how fast, and where it stops."""

from __future__ import annotations

from collections.abc import Callable
from signal import SIGINT
from typing import Any

from nntui.protocol.commands import (
    Breakpoints,
    Pause,
    RequestSnapshot,
    Resume,
    SetPace,
    StepEpoch,
    StepUpdate,
    Stop,
)
from nntui.protocol.message import Command, Message
from nntui.protocol.reports import Event, Snapshot
from nntui.server.breaks import Breaks
from nntui.server.hub import Hub
from nntui.server.pace import Pace
from nntui.statistics.layers import Layers
from nntui.training.session import Session
from nntui_core.trainer import Trainer


class Controls:
    """The state of one training's controls: paused or not, steps that are left, pace and breakpoints."""

    def __init__(self, hub: Hub, pace: Pace, *, paused: bool) -> None:
        self.hub = hub
        self.pace = pace
        self.breaks = Breaks()
        self.paused = paused
        self.to_epoch = False
        """Whether to pause after the present epoch."""
        self._steps = 0
        """Updates left to do before pausing again."""

    @property
    def stepping(self) -> bool:
        """Whether training goes on for a counted number of updates only."""
        return self._steps > 0

    def stepped(self) -> None:
        """Count one of these updates as done, and pause after the last one."""
        self._steps -= 1
        self.paused = self._steps == 0

    def pause(self) -> None:
        """Pause until :meth:`go_on` is called."""
        self.paused, self._steps, self.to_epoch = True, 0, False

    def go_on(self, steps: int = 0, *, to_epoch: bool = False) -> None:
        """Train on: for so many updates (0: no limit), or to the end of the epoch."""
        self.paused, self._steps, self.to_epoch = False, steps, to_epoch

    def look_ahead(self, trainer: Trainer) -> None:
        """Where the coming update may be the last before a pause, let it keep what its Δw/w is told from."""
        last_of_epoch = self.to_epoch and trainer.batch + 1 >= trainer.batches
        if self.breaks.active or self._steps == 1 or last_of_epoch:
            trainer.keep_next()


def _pause(controls: Controls, session: Session, command: Pause) -> None:
    trainer, seen = session.trainer, Layers.KEY in controls.hub.all_wanted()
    under_way = trainer.update > 0 and not controls.paused and not controls.stepping
    if seen and under_way and trainer.before is None:
        controls.go_on(1)  # with the layers pane in sight, one more update is made, so that its Δw/w is known
    else:
        controls.pause()


def _resume(controls: Controls, session: Session, command: Resume) -> None:
    controls.go_on()


def _step(controls: Controls, session: Session, command: StepUpdate) -> None:
    controls.go_on(1)


def _step_epoch(controls: Controls, session: Session, command: StepEpoch) -> None:
    session.measure_next_epoch()
    controls.go_on(to_epoch=True)


def _set_pace(controls: Controls, session: Session, command: SetPace) -> None:
    controls.pace.set(command.pace)


def _stop(controls: Controls, session: Session, command: Stop) -> None:
    session.stop("stopped by a viewer", 128 + SIGINT)  # as Ctrl-C in a terminal


def _snapshot(controls: Controls, session: Session, command: RequestSnapshot) -> Message:
    state, at = controls.breaks.snapshot(session.trainer)
    return Snapshot(update=int(state["clock"][0]), arrays=state, info=at, request=command.request)


def _set_breakpoints(controls: Controls, session: Session, command: Breakpoints) -> None:
    controls.breaks.set(command.conditions, session.trainer)
    shown = ", ".join(command.conditions) if command.conditions else "none"
    controls.hub.publish(Event(text=f"breakpoints: {shown}", update=session.trainer.update))


OBEY: dict[type[Command], Callable[[Controls, Session, Any], Message | None]] = {
    Pause: _pause,
    Resume: _resume,
    StepUpdate: _step,
    StepEpoch: _step_epoch,
    SetPace: _set_pace,
    Stop: _stop,
    RequestSnapshot: _snapshot,
    Breakpoints: _set_breakpoints,
}
"""What each command does; what it returns is the answer to the viewer that asked."""

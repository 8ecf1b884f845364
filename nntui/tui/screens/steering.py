"""The keys that change the run: pause, steps, learning rate, pace, restart, control."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, cast

from textual.binding import Binding, BindingType
from textual.reactive import reactive

from nntui.protocol.commands import (
    Pause,
    Restart,
    Resume,
    SetPace,
    SetRate,
    StepEpoch,
    StepUpdate,
    TakeControl,
)
from nntui.protocol.message import Command
from nntui.tui.panes.base import Pane
from nntui.tui.screens.paned import Paned
from nntui.tui.snapshot import Snapshot
from nntui.tui.source import Source

RATE_STEP = 1.25
PACES: tuple[int, ...] = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
"""Updates a second that < and > walk through; beyond the last there is "max"."""
STEERING = ("pause", "update", "epoch", "slower", "faster", "rate_down", "rate_up", "restart")


class Owner(Protocol):
    """What the screen needs of its app."""

    source: Source
    ascii_only: bool

    def change(self, **values: Any) -> None:
        """Change what this viewer shows, and redraw."""

    def open_debugger(self, node: str = "", update: int | None = None) -> None:
        """Open the debugger: at ``node``, as the run stood at ``update``, or where it stands now."""

    def open_race(self) -> None:
        """Let optimizers race on the run's loss."""

    def leave_when_ended(self) -> None:
        """Exit as soon as the run has ended."""


class Steering(Paned[Pane]):
    """A screen that shows a snapshot and sends commands to its trainer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "pause", tooltip="Pause or resume training", id="run.pause"),
        Binding("n", "update", "update", tooltip="One update, then pause", id="run.update"),
        Binding("e", "epoch", "epoch", tooltip="To the end of the epoch, then pause", id="run.epoch"),
        Binding("less_than_sign", "slower", "slower", tooltip="Fewer updates a second", id="run.slower"),
        Binding("greater_than_sign", "faster", "faster", tooltip="More updates a second", id="run.faster"),
        Binding("minus", "rate_down", "rate", tooltip="Learning rate ÷ 1.25", id="run.rate_down"),
        Binding("plus,equals_sign", "rate_up", "rate", tooltip="Learning rate × 1.25", id="run.rate_up"),
        Binding("r", "restart", "restart", tooltip="Begin again from update 0", id="run.restart"),
        Binding("k", "control", "control", tooltip="Take control from the other viewer", id="run.control"),
    ]

    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False)

    def __init__(self, pace: str | float) -> None:
        super().__init__()
        self.pace = pace
        self._heard: str | float = pace

    @property
    def owner(self) -> Owner:
        """The app, with its source."""
        return cast(Owner, self.app)

    @property
    def running(self) -> bool:
        """Whether there is a run to change."""
        return self.owner.source.live and self.snapshot.running and self.snapshot.connected

    @property
    def steerable(self) -> bool:
        """Whether this viewer may change it."""
        control = self.snapshot.control
        return self.running and (control is None or control.held)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What changes the run is offered only while that can be done."""
        if action in STEERING:
            return self.steerable
        if action == "control":
            return self.running and not self.steerable and not self.owner.source.read_only
        return super().check_action(action, parameters)

    def hear_pace(self) -> None:
        """Take over the pace that the trainer keeps, when it has changed."""
        status = self.snapshot.status
        if status is not None and status.pace != self._heard:
            self.pace = self._heard = status.pace

    def send(self, command: Command) -> None:
        """Pass a command to the trainer."""
        self.owner.source.send(command)

    def action_pause(self) -> None:
        """Pause or resume."""
        self.send(Resume() if self.snapshot.state == "paused" else Pause())

    def action_update(self) -> None:
        """Make one update, then pause."""
        self.send(StepUpdate())

    def action_epoch(self) -> None:
        """Train to the end of the epoch, then pause."""
        self.send(StepEpoch())

    def action_rate_down(self) -> None:
        """A lower learning rate."""
        self.send(SetRate(factor=1 / RATE_STEP))

    def action_rate_up(self) -> None:
        """A higher learning rate."""
        self.send(SetRate(factor=RATE_STEP))

    def action_slower(self) -> None:
        """Fewer updates a second."""
        self._set_pace(lambda speed: next((p for p in reversed(PACES) if p < speed), PACES[0]))

    def action_faster(self) -> None:
        """More updates a second, in the end as many as the machine can do."""
        if self.pace != "max":
            self._set_pace(lambda speed: next((p for p in PACES if p > speed), "max"))

    def _set_pace(self, choose: Callable[[float], str | float]) -> None:
        status = self.snapshot.status
        measured = status.updates_per_second if status is not None else 0.0
        # "auto" and "max" begin at what is reached now.
        self.pace = choose(self.pace if isinstance(self.pace, int | float) else max(1.0, measured or 100.0))
        self.send(SetPace(pace=self.pace))
        self.owner.change()

    def action_restart(self) -> None:
        """Begin again from update 0."""
        self.send(Restart())

    def action_control(self) -> None:
        """Take control of the run."""
        self.send(TakeControl())

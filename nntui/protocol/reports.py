"""What a trainer tells its viewers: immutable messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from nntui.protocol.message import PROTOCOL, Arrays, Message
from nntui.statistics.base import Statistic


@dataclass(frozen=True, eq=False)
class Hello(Message):
    """The first message a viewer gets. `layers` outlines the network, `info` is what else panes need."""

    type: ClassVar[str] = "hello"
    run: str
    title: str
    pid: int
    epochs: int
    layers: tuple[dict[str, Any], ...] = ()
    run_dir: str = ""
    state: str = "running"
    info: dict[str, Any] = field(default_factory=dict)
    protocol: int = PROTOCOL


@dataclass(frozen=True, eq=False)
class Status(Message):
    """Where training is. `rate` is the scheduled learning rate; `remaining` in seconds, None when unknown.

    `state` is one of the states of `nntui runs list`; `losses` maps "train", "validation" … to values, which
    may be non-finite.
    """

    type: ClassVar[str] = "status"
    credited: ClassVar[bool] = True
    state: str
    epoch: int
    update: int
    updates_per_second: float = 0.0
    rate: float = 0.0
    pace: str | float = "auto"
    losses: dict[str, float] = field(default_factory=dict)
    remaining: float | None = None


@dataclass(frozen=True, eq=False)
class Stats(Message):
    """Statistics after `update`, by the keys of `Want`: "layers", "sample/17"; None where they mean nothing here."""

    type: ClassVar[str] = "stats"
    credited: ClassVar[bool] = True
    update: int
    epoch: int = 0
    found: dict[str, Statistic | None] = field(default_factory=dict)
    findings: tuple[dict[str, Any], ...] = ()
    """What was found when it was last looked for."""
    findings_update: int | None = None
    """When that was; None before the first time."""


@dataclass(frozen=True, eq=False)
class Event(Message):
    """One thing that happened, for the viewer's event log. `level`: "info", "warning" or "error"."""

    type: ClassVar[str] = "event"
    text: str
    level: str = "info"
    update: int | None = None

    def __post_init__(self) -> None:
        if self.level not in ("info", "warning", "error"):
            raise ValueError(f"event.level: (given {self.level!r}; allowed info, warning, error)")


@dataclass(frozen=True, eq=False)
class Control(Message):
    """Whether the viewer that gets this holds control, else who does ("" for nobody)."""

    type: ClassVar[str] = "control"
    held: bool
    holder: str
    viewers: int


@dataclass(frozen=True, eq=False)
class Ended(Message):
    """The run, or this viewer's admission to it, is over. `status` as in `fit --json`, or "refused"."""

    type: ClassVar[str] = "ended"
    status: str
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Broke(Message):
    """A breakpoint held during update number `update` (counted from 1), at a node, in a phase of its pass.

    The run pauses; until it goes on, a snapshot is the state from which that update was made.
    """

    type: ClassVar[str] = "broke"
    condition: str
    node: str
    phase: str
    update: int
    text: str = ""
    """The condition with the numbers that it asked about."""


@dataclass(frozen=True, eq=False)
class Snapshot(Message):
    """The answer to `RequestSnapshot`: the trainer's state by name, as a checkpoint holds it.

    The next update from it is the one to step through. At a breakpoint, `info` has its "condition", "node"
    and "phase".
    """

    type: ClassVar[str] = "snapshot"
    update: int
    arrays: Arrays
    info: dict[str, Any] = field(default_factory=dict)
    request: int = 0


@dataclass(frozen=True, eq=False)
class Disconnected(Message):
    """Made by the viewer itself: the connection is gone, and why."""

    type: ClassVar[str] = "disconnected"
    reason: str
    alive: bool = False
    """Whether the run has a trainer all the same, so that another connection can be hoped for."""

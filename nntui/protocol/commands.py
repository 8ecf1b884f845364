"""What a viewer asks of the trainer: immutable messages, refused where their values are impossible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from nntui.protocol.message import PROTOCOL, Command


@dataclass(frozen=True, eq=False)
class Attach(Command):
    """A viewer's first message. One that is not read-only asks for control by it."""

    type: ClassVar[str] = "attach"
    changes: ClassVar[bool] = False
    protocol: int = PROTOCOL
    read_only: bool = False
    name: str = ""


@dataclass(frozen=True, eq=False)
class Shown(Command):
    """Gives the credit for one kind of frame back ("status", "stats"): it was drawn, send the next."""

    type: ClassVar[str] = "shown"
    changes: ClassVar[bool] = False
    frame: str


@dataclass(frozen=True, eq=False)
class Want(Command):
    """The keys of the statistics that this viewer's visible panes need, in place of those before."""

    type: ClassVar[str] = "want"
    changes: ClassVar[bool] = False
    keys: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TakeControl(Command):
    """Asks for control: the last to ask has it."""

    type: ClassVar[str] = "take_control"
    changes: ClassVar[bool] = False


@dataclass(frozen=True, eq=False)
class RequestSnapshot(Command):
    """Everything a debugger needs to step its own plan: answered with `Snapshot`."""

    type: ClassVar[str] = "request_snapshot"
    changes: ClassVar[bool] = False
    request: int = 0


@dataclass(frozen=True, eq=False)
class Pause(Command):
    """Stop before the next update."""

    type: ClassVar[str] = "pause"


@dataclass(frozen=True, eq=False)
class Resume(Command):
    """Go on after a pause."""

    type: ClassVar[str] = "resume"


@dataclass(frozen=True, eq=False)
class StepUpdate(Command):
    """One update, then pause."""

    type: ClassVar[str] = "step_update"


@dataclass(frozen=True, eq=False)
class StepEpoch(Command):
    """To the end of this epoch, then pause."""

    type: ClassVar[str] = "step_epoch"


@dataclass(frozen=True, eq=False)
class SetRate(Command):
    """Multiply the learning rate by `factor`, set it to `value`, or go on as if the optimizer had had the rate `base`.

    Exactly one, positive and finite. The schedule multiplies `base`, `value` is what it comes to now.
    """

    type: ClassVar[str] = "set_rate"
    factor: float | None = None
    value: float | None = None
    base: float | None = None

    def __post_init__(self) -> None:
        given = [x for x in (self.factor, self.value, self.base) if x is not None]
        if len(given) != 1 or not _positive(given[0]):
            raise ValueError(
                f"set_rate: one positive finite number is needed (given factor={self.factor}, value={self.value}, "
                f"base={self.base})"
            )


@dataclass(frozen=True, eq=False)
class SetPace(Command):
    """ "auto", "max", or a positive number of updates per second."""

    type: ClassVar[str] = "set_pace"
    pace: str | float

    def __post_init__(self) -> None:
        allowed = self.pace in ("auto", "max") if isinstance(self.pace, str) else _positive(self.pace)
        if not allowed:
            raise ValueError(f"set_pace.pace: (given {self.pace!r}; allowed auto, max, a positive number)")


@dataclass(frozen=True, eq=False)
class EditWeight(Command):
    """Set one entry of the parameter `path` (`NAME.W` or `NAME.b`, as in "dense1.W") to a finite value."""

    type: ClassVar[str] = "edit_weight"
    path: str
    index: tuple[int, ...]
    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"edit_weight.value: (given {self.value}; allowed a finite number)")


@dataclass(frozen=True, eq=False)
class Rewind(Command):
    """Go back to the newest checkpoint at or before `update`."""

    type: ClassVar[str] = "rewind"
    update: int

    def __post_init__(self) -> None:
        if self.update < 0:
            raise ValueError(f"rewind.update: (given {self.update}; allowed 0 or more)")


@dataclass(frozen=True, eq=False)
class Restart(Command):
    """Begin again from update 0."""

    type: ClassVar[str] = "restart"


@dataclass(frozen=True, eq=False)
class Breakpoints(Command):
    """The conditions that the trainer pauses at, as a user types them, in place of those before."""

    type: ClassVar[str] = "breakpoints"
    conditions: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stop(Command):
    """Save and end the run."""

    type: ClassVar[str] = "stop"


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0

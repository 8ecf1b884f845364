"""What a trainer and its viewers say to each other: immutable messages, and the plain container they travel in.

A message is a frozen dataclass whose `type` is its one name on the wire. A field called `arrays` holds named
NumPy arrays and travels as raw bytes; every other field travels in the JSON header. Readers ignore fields
that they do not know and take the default for those that are missing, so fields can be added.
"""

from __future__ import annotations

import functools
import math
import types
import typing
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar

from numpy.typing import NDArray

PROTOCOL = 1
"""Raised when a message changes in a way that an older reader would misunderstand."""

Arrays = dict[str, NDArray[Any]]
MESSAGES: dict[str, type[Message]] = {}
"""Every message class by its name on the wire."""


class FrameError(ValueError):
    """A frame that is no message of this protocol: unknown type, or a field missing or of the wrong kind."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One unit of the wire: a JSON object and named arrays. Compared by identity: arrays have no one equality."""

    header: dict[str, Any]
    arrays: Arrays


class Message:
    """Base of all messages. Subclasses with a `type` register themselves."""

    type: ClassVar[str] = ""
    credited: ClassVar[bool] = False
    """Travels by credit: one in flight a viewer, only the newest is kept."""

    def __init_subclass__(cls) -> None:
        if "type" not in cls.__dict__:
            return
        if MESSAGES.setdefault(cls.type, cls) is not cls:
            raise TypeError(f"two messages are called {cls.type!r}")


class Command(Message):
    """What a viewer asks of the trainer."""

    changes: ClassVar[bool] = True
    """Changes the run, and so needs control."""


# From the trainer


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
    """Statistics after `update`, by key: "layers.activation_hist", or with a part, "layers.weights/dense1".

    What stands before the first "/" is what `Want` names.
    """

    type: ClassVar[str] = "stats"
    credited: ClassVar[bool] = True
    update: int
    arrays: Arrays
    epoch: int = 0
    info: dict[str, Any] = field(default_factory=dict)


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
class Prediction(Message):
    """The answer to `Predict`."""

    type: ClassVar[str] = "prediction"
    arrays: Arrays
    info: dict[str, Any] = field(default_factory=dict)
    request: int = 0


@dataclass(frozen=True, eq=False)
class Pong(Message):
    """The answer to `Ping`, given by the connection's thread even while an update runs long."""

    type: ClassVar[str] = "pong"
    token: int = 0


@dataclass(frozen=True, eq=False)
class Disconnected(Message):
    """Made by the client itself, as its last message: the connection is gone, and why."""

    type: ClassVar[str] = "disconnected"
    reason: str


# From a viewer, about the connection


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
class Ping(Command):
    """Answered with `Pong` and the same token."""

    type: ClassVar[str] = "ping"
    changes: ClassVar[bool] = False
    token: int = 0


# From a viewer, about the run


@dataclass(frozen=True, eq=False)
class RequestSnapshot(Command):
    """Everything a debugger needs to step its own plan: answered with `Snapshot`."""

    type: ClassVar[str] = "request_snapshot"
    changes: ClassVar[bool] = False
    request: int = 0


@dataclass(frozen=True, eq=False)
class Predict(Command):
    """Outputs for `arrays["inputs"]`, samples × features: answered with `Prediction`."""

    type: ClassVar[str] = "predict"
    changes: ClassVar[bool] = False
    arrays: Arrays
    request: int = 0

    def __post_init__(self) -> None:
        if "inputs" not in self.arrays:
            raise ValueError('predict.arrays: "inputs" is missing')


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
    """Multiply the learning rate by `factor`, or set it to `value`: exactly one, positive and finite."""

    type: ClassVar[str] = "set_rate"
    factor: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        given = [x for x in (self.factor, self.value) if x is not None]
        if len(given) != 1 or not _positive(given[0]):
            raise ValueError(
                f"set_rate: one positive finite number is needed (given factor={self.factor}, value={self.value})"
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
    """Set one entry of the parameter at `path` ("layers.dense1.weight") to a finite value."""

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


def to_frame(message: Message) -> Frame:
    """The container that carries `message`; shares its arrays."""
    values = {item.name: getattr(message, item.name) for item in fields(typing.cast(Any, message))}
    arrays = values.pop("arrays", {})
    return Frame({"type": message.type, **values}, arrays)


def from_frame(frame: Frame) -> Message:
    """The message in a frame; shares its arrays. Raises FrameError naming the fault."""
    name = frame.header.get("type")
    cls = MESSAGES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise FrameError(f"unknown message type {str(name)[:60]!r}")
    values: dict[str, Any] = {}
    for item, hint in _fields(cls.type):
        if item.name == "arrays":
            values["arrays"] = frame.arrays
        elif item.name in frame.header:
            values[item.name] = _accept(frame.header[item.name], hint, f"{name}.{item.name}")
        elif item.default is MISSING and item.default_factory is MISSING:
            raise FrameError(f"{name}.{item.name} is missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise FrameError(str(error)) from None


@functools.cache
def _fields(name: str) -> list[tuple[Any, Any]]:
    cls = MESSAGES[name]
    hints = typing.get_type_hints(cls)
    return [(item, hints[item.name]) for item in fields(typing.cast(Any, cls))]


def _accept(value: Any, hint: Any, where: str) -> Any:
    """`value`, out of JSON, as the annotation `hint` says: tuples from lists, floats also from whole numbers."""
    origin = typing.get_origin(hint)
    if hint is Any:
        return value
    if origin is types.UnionType:
        for part in typing.get_args(hint):
            try:
                return _accept(value, part, where)
            except FrameError:
                continue
    elif origin is tuple and isinstance(value, list | tuple):
        return tuple(_accept(item, typing.get_args(hint)[0], where) for item in value)
    elif origin is dict and isinstance(value, dict):
        return {key: _accept(item, typing.get_args(hint)[1], f"{where}.{key}") for key, item in value.items()}
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise FrameError(f"{where}: a number too large for a float") from None
    elif isinstance(hint, type) and type(value) is hint:
        return value
    expected = hint.__name__ if isinstance(hint, type) else str(hint)
    raise FrameError(f"{where}: {type(value).__name__} where {expected} is expected")


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0

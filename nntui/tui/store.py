"""What a viewer knows about a run: messages and records in, one immutable snapshot out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.protocol.message import Arrays, Message
from nntui.protocol.reports import Broke, Control, Disconnected, Ended, Event, Hello, Stats, Status
from nntui.runs.metrics import Record, number

Array = NDArray[Any]

MAX_POINTS = 8192
"""Epochs of history kept; beyond, every second of the older ones is dropped."""
MAX_LOG = 200
MAX_TRAIL = 256
"""Moments of the layers' distributions kept; beyond, every second one is dropped."""
SERIES = (
    "epoch",
    "update",
    "train.loss",
    "validation.loss",
    "train.accuracy",
    "validation.accuracy",
    "gradient_norm",
)


@dataclass(frozen=True, eq=False)
class Moment:
    """The layers' activations after an update: counts (layers × bins) over ±limits (layers)."""

    update: int
    counts: Array
    limits: Array


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything that panes draw. Arrays are read only; a new snapshot is a new object."""

    hello: Hello | None = None
    status: Status | None = None
    history: dict[str, Array] = field(default_factory=dict)
    """Columns of the epochs that were measured, by the names in SERIES; NaN where absent."""
    arrays: Arrays = field(default_factory=dict)
    """The newest statistics by key, such as "layers/table"."""
    info: dict[str, Any] = field(default_factory=dict)
    """What describes the arrays, by the key before the slash."""
    stats_update: int = -1
    trail: tuple[Moment, ...] = ()
    """The layers' activations over time, as often as they were seen."""
    findings: tuple[dict[str, Any], ...] = ()
    log: tuple[Event, ...] = ()
    control: Control | None = None
    ended: Ended | None = None
    broke: Broke | None = None
    """The breakpoint at which the run is paused."""
    connected: bool = True
    live: bool = True
    sample: int = 0
    view: int = 0
    log_scale: bool = True

    @property
    def state(self) -> str:
        """The run's state in CONTRACT's words."""
        if self.ended is not None:
            return self.ended.status
        if self.status is not None:
            return self.status.state
        return self.hello.state if self.hello is not None else "starting"

    @property
    def running(self) -> bool:
        """Whether the run can still go on."""
        return self.ended is None and self.state in ("running", "paused", "starting")

    def hello_info(self, key: str, default: Any = None) -> Any:
        """A value of the hello's info."""
        return self.hello.info.get(key, default) if self.hello is not None else default

    def last(self, name: str) -> float:
        """The newest value of a series; NaN for none."""
        column = self.history.get(name)
        return float(column[-1]) if column is not None and len(column) else float("nan")


class Store:
    """Takes messages and records of one run; hands out snapshots. One thread only."""

    def __init__(self, *, live: bool = True) -> None:
        self.changed = True
        self._rows: list[list[float]] = []
        self._columns: dict[str, Array] = {}
        self._stale = False
        self._values: dict[str, Any] = {"live": live}
        self._log: list[Event] = []
        self._trail: list[Moment] = []
        self._snapshot = Snapshot(live=live)

    def snapshot(self) -> Snapshot:
        """The present state; the same object while nothing changed."""
        if self.changed:
            if self._stale:
                table = np.array(self._rows, dtype=np.float64).reshape(-1, len(SERIES))
                self._columns = {name: table[:, k] for k, name in enumerate(SERIES)}
                self._stale = False
            self._snapshot = Snapshot(
                history=self._columns, log=tuple(self._log), trail=tuple(self._trail), **self._values
            )
            self.changed = False
        return self._snapshot

    def set(self, **values: Any) -> None:
        """Change what the viewer itself decides, such as the sample shown."""
        self._values.update(values)
        self.changed = True

    def restart(self) -> None:
        """Forget the history: the run began again, or its records were cut back."""
        self._rows.clear()
        self._trail.clear()
        self._stale = self.changed = True

    def record(self, record: Record) -> None:
        """One line of metrics.jsonl."""
        self.changed = True
        if record.get("type") == "event":
            text, update = record.get("text"), record.get("update")
            self._note(Event(text=str(text), update=update if isinstance(update, int) else None))
            return
        if record.get("type") != "epoch":
            return
        row = [number(record, name) for name in SERIES]
        update = row[1]
        # A rewind or a restart goes back in time: what lay ahead is gone.
        while update is not None and self._rows and self._rows[-1][1] >= update:
            self._rows.pop()
        self._rows.append([float("nan") if v is None else v for v in row])
        self._stale = True
        if len(self._rows) > MAX_POINTS:
            half = len(self._rows) // 2
            self._rows = self._rows[:half:2] + self._rows[half:]
        found = record.get("findings")
        self._values["findings"] = (
            tuple(f for f in found if isinstance(f, dict)) if isinstance(found, list) else ()
        )

    def message(self, message: Message) -> None:
        """One message of the trainer."""
        self.changed = True
        values = self._values
        match message:
            case Hello():
                values.update(hello=message, connected=True)
            case Status():
                values["status"] = message
                if message.state != "paused":
                    values.pop("broke", None)
            case Broke():
                values["broke"] = message
            case Stats():
                # An array without values has nothing to draw: panes are spared the case.
                some = {name: a for name, a in message.arrays.items() if a.size}
                values["arrays"] = {**values.get("arrays", {}), **some}
                values["info"] = {**values.get("info", {}), **message.info}
                values["stats_update"] = message.update
                self._remember(message)
                found = message.info.get("findings")
                if isinstance(found, list | tuple):
                    values["findings"] = tuple(f for f in found if isinstance(f, dict))
            case Event():
                self._note(message)
            case Control():
                values["control"] = message
            case Ended():
                values["ended"] = message
            case Disconnected():
                values["connected"] = False
                if "ended" not in values:  # after the end it is what was to come
                    hello = values.get("hello")
                    hint = f"; go on with: nntui fit --resume {hello.run}" if hello is not None else ""
                    self._note(Event(text=f"{message.reason}{hint}", level="warning"))

    def _remember(self, stats: Stats) -> None:
        counts, limits = stats.arrays.get("layers/activations"), stats.arrays.get("layers/activation_limits")
        if (
            counts is None
            or limits is None
            or not counts.size
            or counts.ndim != 2
            or limits.shape != counts.shape[:1]
        ):
            return
        # A rewind or a restart goes back in time, as in the records.
        while self._trail and self._trail[-1].update >= stats.update:
            self._trail.pop()
        self._trail.append(Moment(stats.update, counts, limits))
        if len(self._trail) > MAX_TRAIL:
            del self._trail[1:-1:2]

    def _note(self, event: Event) -> None:
        self._log.append(event)
        del self._log[:-MAX_LOG]

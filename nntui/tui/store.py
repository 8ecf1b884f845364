"""All that a viewer knows about a run: takes messages and records, and gives immutable snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nntui.protocol.message import Message
from nntui.protocol.reports import Control, Disconnected, Ended, Event, Hello, Stats, Status
from nntui.runs.lines import Record, number
from nntui.runs.metrics import ACTIVATIONS, STABILITY
from nntui.runs.thinning import LOSSES, Point, thinned
from nntui.statistics.base import Statistic
from nntui.statistics.histogram import Histogram
from nntui.tui.measured import MeasuredHistory, MeasuredSoFar

Array = NDArray[Any]
S = TypeVar("S", bound=Statistic)

MAX_POINTS = 8192
"""Epochs of history kept; beyond, the older half is thinned, with its lowest and highest losses kept."""
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
    "train.r2",
    "validation.r2",
    "gradient_norm",
)


_UPDATE, *_LOSSES = (SERIES.index(name) for name in ("update", *LOSSES))


def _point(row: list[float]) -> Point:
    return row[_UPDATE], [row[k] for k in _LOSSES]


@dataclass(frozen=True, eq=False)
class Moment:
    """The distribution of each layer's activations after an update, by the layer's name."""

    update: int
    layers: dict[str, Histogram]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything that panes draw. Arrays are read only; a new snapshot is a new object."""

    hello: Hello | None = None
    status: Status | None = None
    history: dict[str, Array] = field(default_factory=dict)
    """Columns of the epochs that were measured, by the names in SERIES; NaN where absent."""
    statistics: dict[type[Statistic], Statistic] = field(default_factory=dict)
    """The newest of each kind."""
    stats_update: int = -1
    """That the newest of all was told at."""
    updates: dict[type[Statistic], int] = field(default_factory=dict)
    """That each was told at: what is out of sight is told no more."""
    trail: tuple[Moment, ...] = ()
    """The layers' activations over time, from the run's records."""
    measured: MeasuredSoFar = field(default_factory=MeasuredSoFar)
    """What its instruments have measured over time, from its records."""
    findings: tuple[dict[str, Any], ...] = ()
    """What was found when it was last looked for."""
    findings_update: int | None = None
    """When that was; None where it is not known."""
    log: tuple[Event, ...] = ()
    control: Control | None = None
    ended: Ended | None = None
    connected: bool = True
    reconnecting: bool = False
    """Whether there is a trainer to which no connection has been made yet."""
    sample: int = 0
    layer: str = ""
    """The layer that was gone to; empty for none."""
    view: int = 0
    scatter: tuple[int, ...] | None = None
    """The two columns that were chosen for a scatter; None for those that tell most."""
    target: int = 0
    """Of several to predict, the one that is drawn."""
    log_scale: bool = True

    @property
    def state(self) -> str:
        """The run's state: starting, running, paused, or once it has ended the ``status`` of the JSON of ``fit``."""
        if self.ended is not None:
            return self.ended.status
        if self.status is not None:
            return self.status.state
        return self.hello.state if self.hello is not None else "starting"

    @property
    def running(self) -> bool:
        """Whether the run can still go on."""
        return self.ended is None and self.state in ("running", "paused", "starting")

    @property
    def position(self) -> tuple[int, int]:
        """Epoch and update of the newest word: the status, or a record that has overtaken it."""
        status = self.status
        if status is None:
            return 0, 0
        epochs, updates = self.history.get("epoch"), self.history.get("update")
        if status.state == "running" and updates is not None and epochs is not None and len(updates):
            update = updates[-1]
            if np.isfinite([update, epochs[-1]]).all() and update > status.update:
                return int(epochs[-1]), int(update)
        return status.epoch, status.update

    @property
    def measured_at(self) -> int | None:
        """The update that the newest losses are of, where the run stands still at another one."""
        updates = self.history.get("update")
        if self.state in ("running", "starting") or updates is None or not len(updates):
            return None
        newest = updates[-1]
        return int(newest) if np.isfinite(newest) and newest != self.position[1] else None

    def get(self, kind: type[S]) -> S | None:
        """The newest statistic of a kind; None where none has come, or it means nothing for this network."""
        found = self.statistics.get(kind)
        return found if isinstance(found, kind) else None

    def update_of(self, kind: type[Statistic]) -> int:
        """The update that the newest statistic of a kind is of."""
        return self.updates.get(kind, self.stats_update)

    def hello_info(self, key: str, default: Any = None) -> Any:
        """A value of the hello's info."""
        return self.hello.info.get(key, default) if self.hello is not None else default

    def last(self, name: str) -> float:
        """The newest value of a series; NaN for none."""
        column = self.history.get(name)
        return float(column[-1]) if column is not None and len(column) else float("nan")


class Store:
    """Takes messages and records of one run; hands out snapshots. One thread only."""

    def __init__(self) -> None:
        self.changed = True
        self._rows: list[list[float]] = []
        self._columns: dict[str, Array] = {}
        self._stale = False
        self._values: dict[str, Any] = {}
        self._log: list[Event] = []
        self._told: dict[tuple[str, int | None], int] = {}
        """How often an event was told by the trainer, less how often by the records: both tell what was changed."""
        self._trail: list[Moment] = []
        self._measured = MeasuredHistory()
        self._snapshot = Snapshot()

    def snapshot(self) -> Snapshot:
        """The present state; the same object while nothing changed."""
        if self.changed:
            if self._stale:
                table = np.array(self._rows, dtype=np.float64).reshape(-1, len(SERIES))
                self._columns = {name: table[:, k] for k, name in enumerate(SERIES)}
                self._stale = False
            self._snapshot = Snapshot(
                history=self._columns, log=tuple(self._log), trail=tuple(self._trail),
                measured=self._measured.so_far(), **self._values,
            )  # fmt: skip
            self.changed = False
        return self._snapshot

    def set(self, **values: Any) -> None:
        """Set fields of the snapshot that the viewer itself decides, such as the sample shown."""
        self._values.update(values)
        self.changed = True

    def restart(self) -> None:
        """Forget the history: the run began again, or its metrics were cut back."""
        self._rows.clear()
        self._measured.clear()
        self._log = [e for e in self._log if self._told.get((e.text, e.update), 0) > 0]
        self._told = {key: 1 for key, count in self._told.items() if count > 0}
        self._values.pop("findings_update", None)
        self._stale = self.changed = True

    def forget_trail(self) -> None:
        """Forget the record of the activations over time."""
        self._trail.clear()
        self.changed = True

    def record(self, record: Record) -> None:
        """One line of metrics.jsonl."""
        self.changed = True
        if record.get("type") == "event":
            text, update = record.get("text"), record.get("update")
            self._note(Event(text=str(text), update=update if isinstance(update, int) else None), -1)
            return
        if record.get("type") == ACTIVATIONS:
            self._remember(record)
            return
        if record.get("type") == STABILITY:
            self._measured.take(record)
        if record.get("type") != "epoch":
            return
        row = [number(record, name) for name in SERIES]
        update = row[1]
        # A rewind or a restart goes back in time: what lay ahead is gone.
        while update is not None and self._rows and self._rows[-1][1] >= update:
            self._rows.pop()
            self._measured.back_to(int(update))
        self._rows.append([float("nan") if v is None else v for v in row])
        self._stale = True
        if len(self._rows) > MAX_POINTS:
            self._rows = thinned(self._rows, _point)
        when = record.get("findings_update")
        self._find(record.get("findings", []), when if isinstance(when, int) else None)

    def _find(self, found: Any, update: int | None) -> None:
        """Take over findings, unless those known are of a later update."""
        known = self._values.get("findings_update")
        if isinstance(found, list | tuple) and (known is None or update is None or update >= known):
            self._values["findings"] = tuple(f for f in found if isinstance(f, dict))
            self._values["findings_update"] = update

    def message(self, message: Message) -> None:
        """One message of the trainer."""
        self.changed = True
        values = self._values
        match message:
            case Hello():
                if not values.get("connected", True):
                    self._note(Event(text="connected to the trainer again"), 1)
                values.update(hello=message, connected=True, reconnecting=False)
                values.pop("ended", None)  # it was resumed
            case Status():
                values["status"] = message
            case Stats():
                some = {type(s): s for s in message.found.values() if s is not None}
                values["statistics"] = {**values.get("statistics", {}), **some}
                values["updates"] = {**values.get("updates", {}), **dict.fromkeys(some, message.update)}
                values["stats_update"] = message.update
                self._find(message.findings, message.findings_update)
            case Event():
                if message.level == "info" or not self._knows(message):
                    self._note(message, 1)
            case Control():
                values["control"] = message
            case Ended():
                values["ended"] = message
            case Disconnected():
                self._disconnect(message)

    def _disconnect(self, message: Disconnected) -> None:
        values = self._values
        values.update(connected=False, reconnecting=message.alive)
        if message.alive:
            values.pop("ended", None)  # it was resumed
            self._note(Event(text=f"{message.reason}; connecting again", level="warning"), 1)
        elif "ended" not in values:  # after the end it is what was to come
            hello = values.get("hello")
            hint = f"; go on with: nntui fit --resume {hello.run}" if hello is not None else ""
            self._note(Event(text=f"{message.reason}{hint}", level="warning"), 1)

    def _remember(self, record: Record) -> None:
        update, layers = record.get("update"), record.get("layers")
        if not isinstance(update, int) or not isinstance(layers, dict):
            return
        try:
            found = {str(name): Histogram.from_json(given) for name, given in layers.items()}
        except ValueError:
            return  # written by another version, or by hand
        # A rewind or a restart goes back in time, as in the other records.
        while self._trail and self._trail[-1].update >= update:
            self._trail.pop()
        self._trail.append(Moment(update, found))
        if len(self._trail) > MAX_TRAIL:
            del self._trail[1:-1:2]

    def _knows(self, event: Event) -> bool:
        """Whether a warning was told before: a trainer tells its notes again to a viewer that comes again."""
        key = (event.text, event.update, event.level)
        return any((e.text, e.update, e.level) == key for e in self._log)

    def _note(self, event: Event, told: int) -> None:
        """``told`` is 1 by the trainer, -1 by the records; what one has told, the other does not tell again."""
        key = (event.text, event.update)
        before = self._told.get(key, 0)
        self._told[key] = before + told
        if before * told < 0:
            return
        self._log.append(event)
        for old in self._log[:-MAX_LOG]:
            self._told.pop((old.text, old.update), None)
        del self._log[:-MAX_LOG]

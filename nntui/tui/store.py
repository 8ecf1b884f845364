"""All that a viewer knows about a run: takes messages and records, and gives snapshots."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.protocol.message import Message
from nntui.protocol.reports import Control, Disconnected, Ended, Event, Hello, Stats, Status
from nntui.runs.lines import Record, number
from nntui.runs.metrics import ACTIVATIONS, STABILITY
from nntui.runs.thinning import LOSSES, Point, thinned
from nntui.statistics.histogram import Histogram
from nntui.tui.measured import MeasuredHistory
from nntui.tui.snapshot import Moment, Snapshot

Array = NDArray[Any]

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
        update = row[_UPDATE]
        # A rewind or a restart goes back in time: what lay ahead is gone.
        while update is not None and self._rows and self._rows[-1][_UPDATE] >= update:
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

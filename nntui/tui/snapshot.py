"""What panes draw of a run at one moment: everything that its viewer knows, immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nntui.protocol.reports import Control, Ended, Event, Hello, Status
from nntui.statistics.base import Statistic
from nntui.statistics.histogram import Histogram
from nntui.tui.measured import MeasuredSoFar

Array = NDArray[Any]
S = TypeVar("S", bound=Statistic)


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
    """Columns of the epochs that were measured, by the names in the store's SERIES; NaN where absent."""
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

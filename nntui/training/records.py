"""What a run writes down while it trains: the records of its loss curve, of events, and of activations over time."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from nntui.runs.directory import RunDirectory
from nntui.runs.metrics import STABILITY, MetricsError, MetricsWriter
from nntui.training.trail import Trail


class Records:
    """Appends to the records of ``run``; a context. A record that cannot be written is counted in ``lost``."""

    def __init__(self, run: RunDirectory, trail: Trail, report: Callable[[str], object]) -> None:
        self.lost = 0
        self._run = run
        self._trail: Trail | None = trail
        self._report = report
        self._thick = False
        """Whether it was said that a file cannot be thinned."""

    def __enter__(self) -> Records:
        """Raises UserError where a file cannot be opened."""
        self._metrics = MetricsWriter(self._run.metrics)
        try:
            self._activations = MetricsWriter(self._run.activations)
        except BaseException:
            self._metrics.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._activations.close()
        finally:
            self._metrics.close()

    def epoch(self, record: dict[str, Any]) -> None:
        """Write the metrics of an epoch, with the present time."""
        self._write(self._metrics, {"type": "epoch", "time": time.time(), **record})

    def event(self, update: int, text: str) -> None:
        """Write that a viewer changed something."""
        self._write(self._metrics, {"type": "event", "time": time.time(), "update": update, "text": text})

    def measured(self, update: int, values: dict[str, Any]) -> None:
        """Write what instruments measured, at the present ``update``; the update that was measured is in ``values``."""
        self._write(self._metrics, {"type": STABILITY, "time": time.time(), "update": update, **values})

    def activations(self, *, ended: bool) -> None:
        """Write the distributions of activations, where they are due."""
        if self._trail is None:
            return
        try:
            found = self._trail.record(ended=ended)
        except Exception as error:  # a fault of a picture must not end the training
            self._trail = None
            self._report(f"activations over time are no longer kept: {type(error).__name__}: {error}")
            return
        if found is not None:
            self._write(self._activations, found)

    def sync(self) -> None:
        """Flush the loss curve to the disk. Raises MetricsError."""
        self._metrics.sync()

    def _write(self, writer: MetricsWriter, record: dict[str, Any]) -> None:
        try:
            writer.write(record)
        except MetricsError as error:
            if not self.lost:
                self._report(f"{error}; training goes on, but this record is missing")
            self.lost += 1
        try:
            writer.thin()
        except MetricsError as error:
            if not self._thick:
                self._report(f"{error}; training goes on, and the file grows")
            self._thick = True

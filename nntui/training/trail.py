"""The distributions of activations over a run, as records of its metrics: the same whether anybody watches or not."""

from __future__ import annotations

import time
from typing import Any

from nntui.runs.metrics import ACTIVATIONS
from nntui.statistics.layers import distributions
from nntui.statistics.view import NetworkView

MOMENTS = 100
"""Moments of a run that are kept, about."""
FREE_SECONDS = 0.25
"""What they may cost in any case, so that short runs have them too."""
SHARE = 0.01
"""Share of a run's time that they may cost besides."""


class Trail:
    """Looks at the activations at update 0, then at ends of epochs spread over the run, and at its end."""

    def __init__(self, view: NetworkView, epochs: int) -> None:
        self._view = view
        self._every = max(1, epochs // MOMENTS)
        self._last: int | None = None
        """The epoch of the newest record."""
        self._begun = time.perf_counter()
        self._spent = 0.0

    def record(self, *, ended: bool) -> dict[str, Any] | None:
        """What to write now; None while nothing is due."""
        clock, epoch = time.perf_counter(), self._view.epoch
        if self._last is not None and epoch < self._last:
            self._last = None  # the run was rewound
        due = self._last is None or epoch - self._last >= self._every
        affordable = self._spent <= FREE_SECONDS + SHARE * (clock - self._begun)
        if self._last is not None and not ended and not (due and affordable):
            return None
        layers = {name: h.to_json() for name, h in distributions(self._view).items()}
        self._last = epoch
        self._spent += time.perf_counter() - clock
        return {
            "type": ACTIVATIONS,
            "time": time.time(),
            "epoch": epoch,
            "update": self._view.update,
            "layers": layers,
        }

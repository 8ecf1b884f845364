"""The distributions of activations over a run, as records of its metrics: the same whether anybody watches or not."""

from __future__ import annotations

import time
from typing import Any

from nntui.runs.metrics import ACTIVATIONS
from nntui.statistics.layers import distributions
from nntui.statistics.view import NetworkView

MOMENTS = 100
"""Moments of a run that are kept, about."""
FIRST = 16
"""Up to this epoch they are as close together as in the longest run, so that short runs have them too."""
REST = 8
"""After it, so many times the rows that are looked at have been trained on between two of them: 1 to 3 % of a run."""


class Trail:
    """Looks at the activations at update 0, then at ends of epochs spread over the run, and at its end.

    Which these are is a function of the run, not of the clock: the same on a slow machine, and after a resume.
    """

    def __init__(self, view: NetworkView, epochs: int) -> None:
        self._view = view
        self._every = max(1, epochs // MOMENTS)
        rest = -(-REST * len(view.sample) // max(1, len(view.train)))
        self._later = max(self._every, rest)
        self._last: int | None = None
        """The update of the newest record."""

    def _due(self, epoch: int) -> bool:
        return epoch % (self._every if epoch <= FIRST else self._later) == 0

    def record(self, *, ended: bool) -> dict[str, Any] | None:
        """What to write at the end of an epoch, or back at an earlier one; None where nothing is due."""
        epoch, update = self._view.epoch, self._view.update
        if update == self._last or not (ended or self._due(epoch)):
            return None
        layers = {name: h.to_json() for name, h in distributions(self._view).items()}
        self._last = update
        return {"type": ACTIVATIONS, "time": time.time(), "epoch": epoch, "update": update, "layers": layers}

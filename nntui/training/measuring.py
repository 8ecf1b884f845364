"""When a training's parts are evaluated: often enough for a curve, and for a share of the time at most."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from nntui_core.trainer import Trainer

RECORD_SECONDS = 0.1
"""Ends of epochs that lie at least so far apart are measured, while that is affordable."""
CURVE = 200
"""Measures of a whole training that make a curve."""
FREE_SECONDS = 0.25
"""What measuring may cost besides, so that short runs, too, have such a curve."""
SHARE = 0.05
"""Of the time, that measuring may take …"""
FIRST_SECONDS = 2.0
"""… beyond so many seconds: networks that train for minutes an epoch are not kept from it by their curve."""
FEW_PIECES = 8
"""Pieces of an evaluation that take no time to speak of."""


class Measuring:
    """Decides at ends of epochs. The last one is measured in any case, and so is what a viewer asks for."""

    def __init__(self, epochs: int) -> None:
        self._every = max(1, epochs // CURVE)
        self._begun = time.perf_counter()
        self._spent = 0.0
        self._last: float | None = None
        """When it was measured; None where the next end of an epoch is to be."""

    def ask(self) -> None:
        """Let the end of this epoch be measured, however short it is."""
        self._last = None

    def begins(self, trainer: Trainer) -> bool:
        """Whether to measure before the first update: not where that would keep it waiting for FIRST_SECONDS."""
        pieces = len(trainer.train) / trainer.network.piece
        if pieces < FEW_PIECES:
            return True
        x, y = (a[: trainer.network.piece] for a in (trainer.train.x, trainer.train.y))
        for _ in range(2):  # the first one lays out its arrays
            begun = time.perf_counter()
            trainer.network.measure(x, y)
        return (time.perf_counter() - begun) * pieces < FIRST_SECONDS

    def due(self, epoch: int) -> bool:
        """Whether to measure at the end of that epoch."""
        if self._last is None or (self._spent < FREE_SECONDS and epoch % self._every == 0):
            return True
        return time.perf_counter() - self._last >= RECORD_SECONDS and self.affordable

    @property
    def affordable(self) -> bool:
        """Whether measuring has taken no more than its share so far."""
        return self._spent <= FIRST_SECONDS + SHARE * (time.perf_counter() - self._begun)

    @contextmanager
    def spent(self) -> Iterator[None]:
        """What is done inside is measuring."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._spent += time.perf_counter() - begun

    def done(self) -> None:
        """It is measured now."""
        self._last = time.perf_counter()

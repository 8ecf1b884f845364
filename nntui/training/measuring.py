"""When a training's parts are evaluated: often enough for a curve, and for a share of the time at most."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from nntui_core.findings.moments import PASSES
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
        self._epochs = epochs
        self._every = max(1, epochs // CURVE)
        self._begun = time.perf_counter()
        self._spent = 0.0
        self._cost = 0.0
        """Seconds that the next measure will take, as far as is known."""
        self._asked = False
        self._last = -1e9
        """When it was measured."""

    def ask(self) -> None:
        """Let the end of this epoch be measured, however short it is, and whatever it costs."""
        self._asked = True

    def estimate(self, trainer: Trainer) -> None:
        """Find out what measuring will cost, from a piece of it."""
        network, train = trainer.network, trainer.train
        held = 0 if trainer.validation is None else len(trainer.validation)
        pieces = (len(train) + held) / network.piece
        if pieces < FEW_PIECES:
            return
        x, y = train.x[: network.piece], train.y[: network.piece]
        for _ in range(2):  # the first one lays out its arrays
            begun = time.perf_counter()
            network.measure(x, y)
        self._cost = (time.perf_counter() - begun) * pieces

    def begins(self) -> bool:
        """Whether to measure before the first update.

        Not where that would keep it waiting for FIRST_SECONDS, nor where the whole training is so short that it would
        be more than its share.
        """
        if self._cost <= FREE_SECONDS:
            return True
        # A measure costs a PASSES-th of an epoch.
        return self._cost < FIRST_SECONDS and SHARE * PASSES * self._epochs >= 1

    def due(self, epoch: int) -> bool:
        """Whether to measure at the end of that epoch."""
        if self._asked or (self._spent + self._cost < FREE_SECONDS and epoch % self._every == 0):
            return True
        return time.perf_counter() - self._last >= RECORD_SECONDS and self.affordable

    @property
    def affordable(self) -> bool:
        """Whether measuring once more leaves it within its share."""
        elapsed = time.perf_counter() - self._begun
        return self._spent + self._cost <= FIRST_SECONDS + SHARE * elapsed

    @contextmanager
    def spent(self, *, whole: bool = False) -> Iterator[None]:
        """A context whose time counts as measuring.

        ``whole``: all parts are measured in it, so that the next measurement is taken to cost as much.
        """
        begun = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - begun
            self._spent += took
            if whole:
                self._cost = took

    def done(self) -> None:
        """Note that the losses are measured at the present update."""
        self._asked, self._last = False, time.perf_counter()

"""Lets a run's instruments work while some viewer looks at them, in a small share of the trainer's time."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from nntui.protocol.reports import Event
from nntui.server.hub import Hub
from nntui.statistics.stability import Stability
from nntui.training.session import Session

LOOKS, PIECES = 0.02, 0.03
"""Shares of the trainer's time that the instruments take at most: looks at batches, and curvature."""
SAVED = 0.05
"""Seconds of their time that they may save up while there is nothing to do."""
LOOK_SECONDS = 0.2
"""Between looks at a batch's noise and steps."""
ASK = 3
"""Updates before which Θ is asked to be kept, before a batch is looked at without its steps."""
RECORDED = 500
"""A reading is recorded where its update is a five-hundredth beyond the last one: of a long run few thousands are."""
PAUSED_SECONDS = 0.1
"""At once while paused: no update waits for it, but a key may."""
LAST_SECONDS = 1.0
"""At the end, for a measurement of the last weights."""


class Ration:
    """Time that comes in at a rate and is spent in pieces: what a piece takes too much, the next ones wait for."""

    def __init__(self, share: float, saved: float = SAVED) -> None:
        self._share, self._saved = share, saved
        self._left = 0.0
        self._then: float | None = None
        self._last = 0.0
        """What the last piece took."""

    def begin(self, now: float) -> None:
        """Count the time since the last call: a share of it may be spent."""
        if self._then is None:
            self._then = now
        self._left = min(self._saved, self._left + self._share * (now - self._then))
        self._then = now

    def end(self) -> None:
        """Count no time until the next :meth:`begin`; what was spent too much stays owed."""
        self._then = None

    @property
    def enough(self) -> bool:
        """Whether there is time for a piece such as the last."""
        return self._left > 0 and self._left >= min(self._last, self._saved)

    def spend(self, seconds: float) -> None:
        """Count the seconds that a piece took."""
        self._left -= seconds
        self._last = seconds


class WatchedInstruments:
    """The instruments of one trainer. Nothing is computed while no viewer wants :class:`Stability`."""

    def __init__(self, hub: Hub, clock: Callable[[], float] = time.perf_counter) -> None:
        self._hub = hub
        self._clock = clock
        self._looks, self._pieces = Ration(LOOKS), Ration(PIECES)
        self._looked = (-1, -1e9)
        """Update and time of the last look at a batch."""
        self._wanted = self._failed = False
        """Whether a viewer wants it; whether it went wrong since."""
        self._asked, self._asked_at = 0, -1
        """After how many updates in a row Θ was asked to be kept, and the last of them."""
        self._recorded = {"steps": 0, "sharpness": 0}
        """The update of the last record of each kind."""
        self.news = self.waiting = False
        """Whether there is anything that was not told yet; whether there is more to do for a trainer that is paused."""

    def changed(self, session: Session) -> None:
        """Take note that the weights were changed from outside."""
        if self._wanted:
            session.view.instruments.forget()
            self._looked = (-1, -1e9)

    def go_on(self, session: Session, *, paused: bool) -> bool:
        """Measure what there is time for. Returns whether the next update is to be looked at, for its steps."""
        if not self._listen(session):
            return False
        for ration in (self._looks, self._pieces):
            ration.begin(self._clock())
        try:
            with np.errstate(all="ignore"):
                return self._work(session, paused=paused)
        except Exception as error:  # an instrument's fault must not end the training
            self._fail(session, error)
            return False

    def last(self, session: Session) -> None:
        """A last measurement, if anybody wants it and it does not take long."""
        if not self._listen(session):
            return
        instruments, deadline = session.view.instruments, self._clock() + LAST_SECONDS
        try:
            with np.errstate(all="ignore"):
                instruments.look()
                # Not recorded: the records are closed by now, and a checkpoint tells the same.
                while instruments.due and self._clock() < deadline:
                    instruments.go_on()
        except Exception as error:
            self._fail(session, error)

    def _listen(self, session: Session) -> bool:
        """Whether anybody wants it, and nothing went wrong since."""
        wanted = any(key.partition("/")[0] == Stability.KEY for key in self._hub.all_wanted())
        if self._wanted and not wanted:
            session.view.instruments.forget()
            for ration in (self._looks, self._pieces):
                ration.end()
            self._looked = (-1, -1e9)
        if wanted != self._wanted:
            self._wanted, self._failed, self.waiting = wanted, False, False
        return wanted and not self._failed

    def _work(self, session: Session, *, paused: bool) -> bool:
        trainer, instruments = session.trainer, session.view.instruments
        now = self._clock()
        if self._due(session, now, paused=paused):
            if trainer.before is None and trainer.optimizer.has_rate and not paused and self._asked < ASK:
                self._asked += trainer.update != self._asked_at
                self._asked_at = trainer.update
                trainer.keep_next()
                return True
            self._asked = 0
            self._look(session, free=paused)
        while instruments.due and (self._clock() < now + PAUSED_SECONDS if paused else self._pieces.enough):
            self._piece(session, free=paused)
        self.waiting = paused and instruments.due
        return False

    def _due(self, session: Session, now: float, *, paused: bool) -> bool:
        """Whether to look at the last update's batch."""
        update, then = self._looked
        if session.trainer.update == update:
            return False
        return paused or self._asked > 0 or (now - then >= LOOK_SECONDS and self._looks.enough)

    def _look(self, session: Session, *, free: bool) -> None:
        """At the last update's batch; ``free`` where no update waits for it."""
        begun = self._clock()
        instruments = session.view.instruments
        instruments.look()
        self._looked = (session.trainer.update, begun)
        if not free:
            self._looks.spend(self._clock() - begun)
        if instruments.steps and instruments.steps_update == session.trainer.update:
            steps = {s.parameter: s.median for s in instruments.steps}
            self._record(session, "steps", session.trainer.update, {"steps": steps})
        self.news = True

    def _piece(self, session: Session, *, free: bool) -> None:
        """One more of the curvature's measurement; ``free`` likewise."""
        begun = self._clock()
        instruments = session.view.instruments
        done = instruments.go_on()
        if not free:
            self._pieces.spend(self._clock() - begun)
        found = instruments.curvature
        if done and found is not None:
            values: dict[str, object] = {
                "sharpness": found.value,
                "threshold": found.threshold,
                "converged": found.converged,
            }
            self._record(
                session, "sharpness", found.update, values | {"rows": found.rows, "exact": found.exact}
            )
            self.news = True

    def _record(self, session: Session, kind: str, of: int, values: dict[str, object]) -> None:
        """Keep a reading of the update ``of``, unless it is hardly later than the last one that was kept.

        Of an update that may be over for long: the records are in order of when they are written.
        """
        last = self._recorded[kind]
        if of < last or of - last >= last / RECORDED:
            self._recorded[kind] = of
            session.records.measured(session.trainer.update, {"of": of, **values})

    def _fail(self, session: Session, error: Exception) -> None:
        self._failed, self.waiting = True, False
        text = f"the instruments have stopped until the pane is opened again: {type(error).__name__}: {error}"
        self._hub.publish(Event(text=text, level="error", update=session.trainer.update))

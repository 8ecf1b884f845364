"""The search on this machine: hands trials of the study to workers, until there are enough."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Protocol

from nntui.errors import UserError
from nntui.search import sampling
from nntui.search.pool import Hand, Pool
from nntui.search.storage import HEARTBEAT
from nntui.search.study import Study
from nntui.search.trials import TrialView
from nntui.signals import Signals

TICK = 0.25
"""Seconds between looks at the study while nothing is heard."""
REAP = 2.0
"""Seconds between looks for trials that others have lost."""
WISHES = 0.5
"""Seconds between looks for trials that somebody wants to be ended."""
MOST_INVALID = 50
"""Trials in a row that may not even fit together before the search gives up."""


class Listener(Protocol):
    """Callbacks for the progress of a search."""

    def said(self, words: str) -> None:
        """A message for the user, one line."""

    def ended(self, trial: TrialView, done: int, budget: int) -> None:
        """A trial of this machine has ended."""


class Coordinator:
    """Owns this machine's workers. ``workers`` 0 trains nothing: it waits until others have."""

    def __init__(
        self, study: Study, runs: Path, workers: int, listener: Listener, *, timeout: float | None = None
    ) -> None:
        self._study = study
        self._listener = listener
        self._workers = workers
        self._timeout = timeout
        self._deadline: float | None = None
        """When the last trial may be begun; counted from the first one."""
        order = study.order
        self._search: dict[str, Any] = {
            "path": str(order.path.resolve()), "text": order.text, "runs": str(runs), "part": order.part,
            "measure": order.measure, "seeds": order.keys.seeds, "every": sampling.report_every(order),
            "storage": _absolute(study), "study": order.study,
        }  # fmt: skip
        self._beaten = self._reaped = self._wished = -1e9
        self._ended = False
        """Whether somebody has ended the search for all."""
        self._invalid = 0
        self._why_invalid = ""
        self._asked: set[int] = set()
        """Trials of ours that were asked to end."""
        self.exit_code = 0

    def run(self, signals: Signals) -> None:
        """Search until there are enough trials, the time is over, or somebody ends it. Raises UserError."""

        def pause(seconds: float) -> None:
            time.sleep(seconds)
            if signals.received:
                raise KeyboardInterrupt

        self._study.ledger.pause = pause
        pool = Pool(self._workers, self._search)
        try:
            while self._goes_on(pool, signals):
                self._hear(pool, TICK)
                self._keep(pool)
                self._hand_out(pool)
            if signals.received or self._ended:
                self._interrupt(pool)
        finally:
            pool.close()
        if signals.received:
            self.exit_code = 128 + signals.received

    def _goes_on(self, pool: Pool, signals: Signals) -> bool:
        if signals.received or self._ended:
            return False
        if pool.busy:
            return True
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return False
        return self._study.tally().done < self._study.budget

    def _hand_out(self, pool: Pool) -> None:
        """Give a trial to every worker that has none."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return
        for hand in pool.hands:
            if hand.idle:
                ticket = self._study.ask()
                if ticket is None:
                    return
                if self._deadline is None and self._timeout is not None:
                    self._deadline = time.monotonic() + self._timeout
                assert hand.identity is not None
                self._study.own(ticket, hand.identity)
                hand.train(ticket)

    def _hear(self, pool: Pool, seconds: float) -> None:
        for hand, message in pool.hear(seconds):
            ticket = hand.ticket
            if "gone" in message:
                if ticket is not None:
                    self._conclude(
                        hand, {"end": "lost", "reason": f"its worker ended ({_ended(message['gone'])})"}
                    )
                pool.replace(hand)
            elif ticket is None:
                continue
            elif "run" in message:
                self._study.started(ticket, message["run"])
            elif "step" in message:
                if self._study.step(ticket, message["step"], message["value"]):
                    self._end(hand, "prune")
            elif "verdict" in message:
                self._conclude(hand, message["verdict"])

    def _end(self, hand: Hand, why: str) -> None:
        assert hand.ticket is not None
        if hand.ticket.number not in self._asked:
            self._asked.add(hand.ticket.number)
            hand.send({"stop": why})

    def _conclude(self, hand: Hand, verdict: dict[str, Any]) -> None:
        """Store a trial's result in the study, and report it."""
        assert hand.ticket is not None
        number = hand.ticket.number
        hand.ticket = None
        self._study.ledger.conclude(number, verdict)
        view = next(v for v in self._study.views() if v.number == number)
        self._listener.ended(view, self._study.tally().done, self._study.budget)
        self._invalid = self._invalid + 1 if verdict["end"] == "invalid" else 0
        self._why_invalid = verdict.get("reason", "")
        if self._invalid >= MOST_INVALID:
            raise UserError(
                f"{self._invalid} trials one after the other do not fit together; the last one: {self._why_invalid}"
            )

    def _keep(self, pool: Pool) -> None:
        """Housekeeping: heartbeats, trials of dead workers, requests to end trials."""
        now = time.monotonic()
        tickets = [h.ticket for h in pool.busy if h.ticket is not None]
        if now - self._beaten >= HEARTBEAT:
            self._beaten = now
            self._study.beat(tickets)
        if now - self._reaped >= REAP:
            self._reaped = now
            self._study.reap([t.number for t in tickets])
        if now - self._wished >= WISHES:
            self._wished = now
            self._ended = self._study.stopping
            for number in self._study.unwanted([t.number for t in tickets]):
                self._end(next(h for h in pool.busy if h.ticket and h.ticket.number == number), "stop")

    def _interrupt(self, pool: Pool) -> None:
        """End what is trained, saved; it is tried again when the search goes on."""
        for hand in pool.busy:
            hand.send({"stop": "interrupt"})
        while pool.busy:
            self._hear(pool, TICK)


def _absolute(study: Study) -> str:
    place = study.place
    if place.path is None:
        return place.given
    path = place.path.resolve()
    return f"sqlite:///{path}" if place.database else str(path)


def _ended(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def default_workers() -> int:
    """The number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1

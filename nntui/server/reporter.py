"""What a trainer's viewers are told while it trains: where it is, and the statistics that their panes want."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from nntui.protocol.reports import Event, Hello, Stats, Status
from nntui.server.hub import Hub
from nntui.server.instruments import WatchedInstruments
from nntui.server.pace import Pace
from nntui.statistics.catalogue import collect
from nntui.statistics.layers import Layers
from nntui.training.session import Session

STATUS_SECONDS = 0.1
STATS_SECONDS = 0.2
STATS_SHARE = 0.03
"""Share of the time that statistics may cost."""
LAST_WANTS = 1.0
"""Seconds at the end for a viewer to say what it wants: a short run may be over before it could."""


class Reporter:
    """Sends status and statistics, each as often as it may."""

    def __init__(self, hub: Hub, pace: Pace) -> None:
        self._hub = hub
        self._pace = pace
        self._status_at = self._stats_at = 0.0
        self._speed = 0.0
        self._speed_at = (time.perf_counter(), 0)
        self._sent: tuple[Any, ...] = ()
        self._stats_sent: tuple[int, frozenset[str]] = (-1, frozenset())
        self._warm: frozenset[str] = frozenset()
        """Statistics that were collected before: the first time, their models are built."""
        self._failed: dict[str, str] = {}
        """Statistics that could not be computed, and why: told once each."""
        self._instruments = WatchedInstruments(hub)

    def goes_on(self, session: Session) -> None:
        """Note that the training was waiting, so that this time is not counted to its speed."""
        self._speed_at = (time.perf_counter(), session.trainer.update)

    def asked(self) -> None:
        """Note that a viewer asked for something: the next status is then sent even if nothing changed."""
        self._sent = ()

    def changed(self, session: Session) -> None:
        """Note that the weights were changed from outside: statistics of the same update are then sent again."""
        self._stats_sent = (-1, frozenset())
        self._instruments.changed(session)

    @property
    def waiting(self) -> bool:
        """Whether a trainer that is paused has more to measure."""
        return self._instruments.waiting

    def last(self, session: Session) -> None:
        """Send the last status and statistics."""
        with np.errstate(all="ignore"):
            self._status(session, force=True)
            self._hub.hear_wants(LAST_WANTS)
            keys = self._hub.all_wanted()
            self._instruments.last(session)
            if keys:
                self._hub.publish(self._collect(session, keys), force=True)

    def publish(self, session: Session, now: float, *, paused: bool, due: bool = False) -> bool:
        """What is due, or all at once; nothing is computed that no viewer wants.

        Whether to come again after the very next update: with what the change of its weights needs.
        """
        if due or now - self._status_at >= STATUS_SECONDS:
            self._status_at = now
            self._measure_speed(session, now)
            self._status(session)
        again = self._instruments.go_on(session, paused=paused)
        if self._instruments.news:
            self._instruments.news = False
            self._stats_sent = (-1, frozenset())  # also where the update is the same
        if due or now >= self._stats_at:
            again |= self._stats(session, now, paused)
        return again

    def _measure_speed(self, session: Session, now: float) -> None:
        then, update = self._speed_at
        if now - then >= 0.5:
            self._speed = max(0.0, (session.trainer.update - update) / (now - then))
            self._speed_at = (now, session.trainer.update)

    def _status(self, session: Session, *, force: bool = False) -> None:
        trainer = session.trainer
        state = session.info.state
        losses = {}
        if session.history:
            _, train, validation = session.history[-1]
            losses = {"train": train} | ({"validation": validation} if validation is not None else {})
        key = (state, trainer.update, trainer.epoch, trainer.rate_factor, self._pace.setting)
        # A new state waits in line for whoever has no credit: a key that was pressed is answered at once.
        news = self._sent[:1] != (state,) or self._hub.due("status")
        if not force and (key == self._sent or not news):
            return
        self._sent = key
        speed = self._speed if state == "running" else 0.0
        left = (trainer.total_updates - trainer.update) / speed if speed else None
        rate = trainer.rate
        self._hub.hello = _with_state(self._hub.hello, state)
        self._hub.publish(
            Status(
                state=state,
                epoch=trainer.epoch,
                update=trainer.update,
                updates_per_second=speed,
                rate=rate if np.isfinite(rate) else 0.0,
                pace=self._pace.setting,
                losses=losses,
                remaining=left,
            ),
            force=force,
        )

    def _stats(self, session: Session, now: float, paused: bool) -> bool:
        keys = self._hub.wanted()
        update = session.trainer.update
        if not keys or (update, keys) == self._stats_sent:
            return False
        if Layers.KEY in keys and not paused and session.trainer.before is None:
            session.trainer.keep_next()
            return True
        start = time.perf_counter()
        self._hub.publish(self._collect(session, keys))
        self._stats_sent = (update, keys)
        cost = time.perf_counter() - start
        names = frozenset(key.partition("/")[0] for key in keys)
        self._stats_at = now + (
            max(STATS_SECONDS, cost / STATS_SHARE) if names <= self._warm else STATS_SECONDS
        )
        self._warm |= names
        return False

    def _collect(self, session: Session, keys: frozenset[str]) -> Stats:
        found, failed = collect(session.view, keys)
        for key, why in failed.items():
            name = key.partition("/")[0]
            if self._failed.get(name) != why:
                self._failed[name] = why
                text = f"the statistic {name} could not be computed: {why}"
                self._hub.publish(Event(text=text, level="error", update=session.trainer.update))
        return Stats(
            update=session.trainer.update,
            epoch=session.trainer.epoch,
            found=found,
            findings=tuple(asdict(f) for f in session.findings),
            findings_update=session.findings_update,
        )


def _with_state(hello: Hello, state: str) -> Hello:
    return hello if hello.state == state else replace(hello, state=state)

"""What a trainer does besides training: it answers its viewers, keeps their pace, and waits while paused."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from nntui.errors import FAILED, UserError
from nntui.protocol.commands import Restart, Rewind
from nntui.protocol.message import Command
from nntui.protocol.reports import Ended, Event
from nntui.server.breaks import Breaks
from nntui.server.changes import CHANGES
from nntui.server.connection import Viewer
from nntui.server.controls import OBEY, Controls
from nntui.server.faults import Faults
from nntui.server.hub import Hub
from nntui.server.pace import Pace
from nntui.server.reporter import STATUS_SECONDS, Reporter
from nntui.signals import Signals
from nntui.training.session import Session
from nntui.waiting import readable
from nntui_core.errors import NumericError

FIRST_VIEWER = 30.0
"""Seconds to wait for the viewer that started this trainer."""
ABANDONED = 600.0
"""Seconds that a paused trainer without viewers stays."""
Abandoned = Literal["ends", "goes on"]
LOOK = 0.002
"""Seconds between looks at commands and clocks while training at full speed."""


class Attendant:
    """The hooks of a session that has viewers."""

    def __init__(
        self, hub: Hub, pace: str | float, *, paused: bool = False, leash: int | None = None,
        waiting: Callable[[Session], object] = lambda session: None, abandoned: Abandoned = "ends",
    ) -> None:  # fmt: skip
        """``leash`` is a pipe that ends with the process which started this one, and brings its viewer.

        ``waiting`` is called while paused, now and then, and when it goes on. ``abandoned`` says what a paused
        training does that no viewer has watched for ABANDONED seconds.
        """
        self._hub = hub
        self._leash = leash
        self._waiting = waiting
        self._abandoned = abandoned
        self._pace = Pace(pace)
        self._controls = Controls(hub, self._pace, paused=paused)
        self._faults = Faults()
        self._changed = 0
        """How often viewers have changed something so far."""
        self._untold: list[str] = []
        """What they have changed and were not told yet, in words."""
        self._overtaken = False
        """Whether the newest checkpoint is of the present update, but without that."""
        self._signals: Signals | None = None
        self._count = self._look_at = self._looked_count = 0
        self._looked = 0.0
        self._reporter = Reporter(hub, self._pace)

    def begin(self, session: Session, signals: Signals) -> None:
        """Before the first update: wait for the first viewer. Where it died on its way, nobody wants this run."""
        self._signals = signals
        deadline = time.monotonic() + FIRST_VIEWER
        while not self._hub.ever and not self._over(session):
            if self._leash is None and time.monotonic() >= deadline:
                break
            self._hub.wait(0.1)
            self._answer(session)
            if self._leash is not None and not self._hub.ever and _ended(self._leash):
                session.stop("its viewer ended before there was a screen", FAILED)
        self._reporter.goes_on(session)
        if self._controls.paused:
            self._wait(session)

    def join(self, session: Session, signals: Signals) -> None:
        """In place of :meth:`begin`, in the middle of a training: nobody is waited for."""
        self._signals = signals
        self._reporter.goes_on(session)

    def update(self, session: Session) -> None:
        """After each update; looks around only now and then while training at full speed."""
        self._count += 1
        stepping, broke = self._controls.stepping, self._controls.breaks.active and self._broke(session)
        if broke:
            self._controls.pause()
        elif stepping:
            self._controls.stepped()
        self._controls.look_ahead(session.trainer)
        if broke or stepping or self._count >= self._look_at or self._hub.signaled:
            self._look(session)

    def epoch(self, session: Session) -> None:
        """After an epoch that was measured."""
        if self._controls.to_epoch:
            self._controls.pause()
            self._look_at = 0

    def diverging(self, session: Session, error: NumericError) -> bool:
        """At a breakpoint, wait; whether the update is worth another try, or the run was stopped meanwhile."""
        if not (self._controls.breaks.active and self._broke(session)):
            return False
        before = self._changed
        self._controls.pause()
        self._look(session)
        return self._changed != before or self._over(session)

    def _broke(self, session: Session) -> bool:
        try:
            held = self._controls.breaks.look(session.trainer)
        except Exception as error:
            self._controls.breaks = Breaks()
            self._faults.tell(session, "looking for breakpoints, which are removed", error)
            return False
        if held is None:
            return False
        session.info.state = "paused"  # so that no word of a running one comes after
        self._hub.publish(held)
        self._hub.publish(Event(text=f"breakpoint: {held.text}", level="warning", update=held.update))
        return True

    def end(self, session: Session) -> None:
        """Send the last status and statistics, and how the run ended."""
        with self._faults.contained(session, "telling the end"):
            self._reporter.last(session)
        self._hub.publish(Ended(status=session.info.state, reason=session.info.reason))

    def _look(self, session: Session) -> None:
        now = time.perf_counter()
        passed = now - self._looked
        if self._pace.setting == "max" and self._looked:
            # As many updates as take about LOOK seconds.
            done = self._count - self._looked_count
            self._look_at = self._count + max(1, min(2000, int(done * LOOK / max(passed, 1e-9))))
        self._looked_count = self._count
        self._looked = now
        if self._hub.signaled:
            self._answer(session)
        if self._controls.paused and session.trainer.status == "running":
            self._wait(session)
            return
        self._tell(session)
        if self._pace.setting != "max":
            self._slow_down(session)

    def _slow_down(self, session: Session) -> None:
        trainer = session.trainer
        while not (self._over(session) or self._controls.paused or self._controls.stepping):
            delay = self._pace.delay(time.perf_counter(), trainer.update, trainer.total_updates)
            if delay <= 0:
                return
            self._hub.wait(min(delay, STATUS_SECONDS))
            if self._hub.signaled:
                self._answer(session)
            self._tell(session)
        if self._controls.paused and trainer.status == "running":
            self._wait(session)

    def _wait(self, session: Session) -> None:
        """Paused: nothing is computed until a command, a signal, or a viewer with a question comes."""
        session.info.state = "paused"
        session.save_state()
        saved = False
        while self._controls.paused and not self._over(session):
            self._waiting(session)
            self._tell(session, due=True)
            self._hub.wait(0.0 if self._reporter.waiting else 0.5)
            if self._hub.signaled:
                self._answer(session)
                saved = False
            elif not saved:
                session.checkpoint()  # killed while paused, it loses neither updates nor what was changed
                saved = True
            if self._hub.idle > ABANDONED:
                self._leave(session)
        self._forget_break(session)
        self._pace.restart()
        self._reporter.goes_on(session)
        self._looked = 0.0
        if not self._over(session):
            session.info.state = "running"
            self._waiting(session)
            if not self._controls.stepping:
                session.save_state()

    def _leave(self, session: Session) -> None:
        """After a pause that lasted too long without a viewer: stop the run, or let it go on."""
        if self._abandoned == "ends":
            session.stop("paused for ten minutes without a viewer", FAILED)
            return
        self._controls.paused = False
        session.report("paused for ten minutes without a viewer: it goes on")

    def _over(self, session: Session) -> bool:
        return bool(session.stopped or (self._signals is not None and self._signals.received))

    # What is asked

    def _answer(self, session: Session) -> None:
        for viewer, command in self._hub.commands():
            if session.stopped:
                break
            with self._faults.contained(session, f"the command {command.type}"):
                try:
                    with np.errstate(all="ignore"):
                        self._obey(session, viewer, command)
                except UserError as error:
                    for message in error.messages:
                        self._hub.reply(viewer, Event(text=message, level="warning"))
        with self._faults.contained(session, "saving what was changed"):
            self._settle(session)
        self._reporter.asked()

    def _obey(self, session: Session, viewer: Viewer, command: Command) -> None:
        change, done = CHANGES.get(type(command)), OBEY.get(type(command))
        if change is not None:
            if isinstance(command, Restart | Rewind):
                self._settle(session)  # what was changed before it belongs to the update that is left
            self._note(session, self._change(session, partial(change, session, command)))
        elif done is not None:
            answer = done(self._controls, session, command)
            self._controls.look_ahead(session.trainer)
            self._look_at = 0
            if answer is not None:
                self._hub.reply(viewer, answer)

    def _change(self, session: Session, change: Callable[[], str]) -> str:
        """Carry out a command that changes the run; one that fails half-way is undone."""
        before = session.trainer.state()
        try:
            return change()
        except UserError:
            raise
        except Exception:
            session.recover(before)
            raise

    def _tell(self, session: Session, *, due: bool = False) -> None:
        """Send status and statistics that are due."""
        with self._faults.contained(session, "telling viewers"):
            again = self._reporter.publish(
                session, time.perf_counter(), paused=self._controls.paused, due=due
            )
            if again:
                self._look_at = self._count + 1

    def _forget_break(self, session: Session) -> None:
        with self._faults.contained(session, "keeping the state for breakpoints"):
            self._controls.breaks.forget(session.trainer)

    def _note(self, session: Session, text: str) -> None:
        """Something that a viewer changed, to be told once it is kept."""
        self._changed += 1
        self._pace.restart()
        self._reporter.changed(session)
        self._forget_break(session)
        self._overtaken |= session.changed()
        self._untold.append(text)

    def _settle(self, session: Session) -> None:
        """Tell all viewers what was changed, and keep it with the run.

        While paused it is saved first: killed afterward, the run would go on without what was told. So it is where a
        checkpoint of this update, from before the change, would be resumed from beside the record of the change. All
        that was asked for meanwhile is saved at once.
        """
        overtaken, self._overtaken = self._overtaken, False
        if self._untold and (overtaken or self._controls.paused):
            session.checkpoint()
        while self._untold:  # one that cannot be recorded does not take the others along
            text = self._untold.pop(0)
            session.record_event(text)
            self._hub.publish(Event(text=text, update=session.trainer.update))


def _ended(pipe: int) -> bool:
    """Whether the other end is closed: nothing is ever written to it."""
    return readable(pipe, 0.0)

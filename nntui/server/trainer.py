"""What a trainer does besides training: it answers its viewers, keeps their pace, and waits while paused."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nntui.errors import UserError
from nntui.server import statistics
from nntui.server.breaks import Breaks
from nntui.server.frames import (
    Breakpoints,
    Command,
    EditWeight,
    Ended,
    Event,
    Hello,
    Message,
    Pause,
    Predict,
    Prediction,
    RequestSnapshot,
    Restart,
    Resume,
    Rewind,
    SetPace,
    SetRate,
    Snapshot,
    Status,
    StepEpoch,
    StepUpdate,
    Stop,
)
from nntui.server.hub import Hub, Viewer
from nntui.server.pace import Pace
from nntui.session import Session
from nntui.signals import Signals
from nntui_core.errors import NumericError

FIRST_VIEWER = 30.0
"""Seconds to wait for the viewer that started this trainer."""
ABANDONED = 600.0
"""Seconds that a paused trainer without viewers stays."""
LOOK = 0.002
"""Seconds between looks at commands and clocks while training at full speed."""
STATUS_SECONDS = 0.1
STATS_SECONDS = 0.2
STATS_SHARE = 0.03
"""Share of the time that statistics may cost."""
LAST_WANTS = 1.0
"""Seconds at the end for a viewer to say what it wants: a short run may be over before it could."""


class Attendant:
    """The hooks of a session that has viewers."""

    def __init__(self, hub: Hub, pace: str | float, *, paused: bool) -> None:
        self._hub = hub
        self._pace = Pace(pace)
        self._paused = paused
        self._steps = 0
        """Updates left to do before pausing again; negative for none."""
        self._to_epoch = False
        self._breaks = Breaks()
        self._changed = 0
        """What viewers have changed so far."""
        self._signals: Signals | None = None
        self._count = self._look_at = self._looked_count = 0
        self._looked = self._status_at = self._stats_at = 0.0
        self._speed = 0.0
        self._speed_at = (time.perf_counter(), 0)
        self._sent: tuple[Any, ...] = ()
        self._stats_sent: tuple[int, frozenset[str]] = (-1, frozenset())
        self._warm: frozenset[str] = frozenset()
        """Statistics that were collected before: the first time, their models are built."""

    def begin(self, session: Session, signals: Signals) -> None:
        """Before the first update: wait for the first viewer."""
        self._signals = signals
        deadline = time.monotonic() + FIRST_VIEWER
        while not self._hub.ever and time.monotonic() < deadline and not self._over(session):
            self._hub.wait(0.1)
            self._answer(session)
        self._speed_at = (time.perf_counter(), session.trainer.update)
        if self._paused:
            self._wait(session)

    def update(self, session: Session) -> None:
        """After each update; looks around only now and then while training at full speed."""
        self._count += 1
        if self._breaks.active and self._broke(session):
            self._pause(session, Pause())
        elif self._steps > 0:
            self._steps -= 1
            self._paused = self._steps == 0
        elif self._count < self._look_at and not self._hub.signaled:
            return
        self._look(session)

    def epoch(self, session: Session) -> None:
        """After an epoch that was measured."""
        if self._to_epoch:
            self._to_epoch, self._paused = False, True
            self._look_at = 0

    def diverging(self, session: Session, error: NumericError) -> bool:
        """At a breakpoint, wait; whether the update is worth another try, or the run was stopped meanwhile."""
        if not (self._breaks.active and self._broke(session)):
            return False
        before = self._changed
        self._pause(session, Pause())
        self._look(session)
        return self._changed != before or self._over(session)

    def _broke(self, session: Session) -> bool:
        held = self._breaks.look(session.trainer)
        if held is None:
            return False
        session.info.state = "paused"  # so that no word of a running one comes after
        self._hub.publish(held)
        self._hub.publish(Event(text=f"breakpoint: {held.text}", level="warning", update=held.update))
        return True

    def end(self, session: Session) -> None:
        """The last status, statistics and word."""
        with np.errstate(all="ignore"):
            self._status(session, force=True)
            self._hub.hear_wants(LAST_WANTS)
            keys = self._hub.all_wanted()
            if keys:
                found = statistics.collect(session.experiment, keys, session.findings)
                self._hub.publish(found, force=True)
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
        if self._paused and session.trainer.status == "running":
            self._wait(session)
            return
        self._publish(session, now)
        if self._pace.setting != "max":
            self._slow_down(session)

    def _slow_down(self, session: Session) -> None:
        trainer = session.trainer
        while not self._over(session) and not self._paused:
            delay = self._pace.delay(time.perf_counter(), trainer.update, trainer.total_updates)
            if delay <= 0:
                return
            self._hub.wait(min(delay, STATUS_SECONDS))
            if self._hub.signaled:
                self._answer(session)
            self._publish(session, time.perf_counter())
        if self._paused and trainer.status == "running":
            self._wait(session)

    def _wait(self, session: Session) -> None:
        """Paused: nothing is computed until a command, a signal, or a viewer with a question comes."""
        session.info.state = "paused"
        session.save_state()
        saved = False
        while self._paused and not self._over(session):
            self._publish(session, time.perf_counter(), now_due=True)
            self._hub.wait(0.5)
            if self._hub.signaled:
                self._answer(session)
                saved = False
            elif not saved:
                session.checkpoint()  # killed while paused, it loses neither updates nor what was changed
                saved = True
            if self._hub.idle > ABANDONED:
                session.stop("paused for ten minutes without a viewer")
        self._breaks.forget(session.trainer)
        self._pace.restart()
        self._speed_at = (time.perf_counter(), session.trainer.update)
        self._looked = 0.0
        if not self._over(session):
            session.info.state = "running"
            if self._steps <= 0:
                session.save_state()

    def _over(self, session: Session) -> bool:
        return bool(session.stopped or (self._signals is not None and self._signals.received))

    # What is said

    def _publish(self, session: Session, now: float, *, now_due: bool = False) -> None:
        if now_due or now - self._status_at >= STATUS_SECONDS:
            self._status_at = now
            self._measure_speed(session, now)
            self._status(session)
        if now_due or now >= self._stats_at:
            self._stats(session, now)

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

    def _stats(self, session: Session, now: float) -> None:
        keys = self._hub.wanted()
        update = session.trainer.update
        if not keys or (update, keys) == self._stats_sent:
            return
        if not statistics.ready(session.experiment, keys, paused=self._paused):
            return
        start = time.perf_counter()
        found = statistics.collect(session.experiment, keys, session.findings)
        self._hub.publish(found)
        self._stats_sent = (update, keys)
        cost = time.perf_counter() - start
        names = frozenset(key.partition("/")[0] for key in keys)
        self._stats_at = now + (
            max(STATS_SECONDS, cost / STATS_SHARE) if names <= self._warm else STATS_SECONDS
        )
        self._warm |= names

    # What is asked

    def _answer(self, session: Session) -> None:
        for viewer, command in self._hub.commands():
            if session.stopped:
                break
            try:
                with np.errstate(all="ignore"):
                    self._obey(session, viewer, command)
            except UserError as error:
                for message in error.messages:
                    self._hub.reply(viewer, Event(text=message, level="warning"))
        self._sent = ()

    def _obey(self, session: Session, viewer: Viewer, command: Command) -> None:
        done = OBEY.get(type(command))
        if done is not None:
            answer = done(self, session, command)
            if answer is not None:
                self._hub.reply(viewer, answer)

    def _note(self, session: Session, text: str) -> None:
        """Something that a viewer changed: told to all, and kept with the run."""
        update = session.trainer.update
        self._changed += 1
        self._breaks.forget(session.trainer)
        session.record_event(text)
        self._hub.publish(Event(text=text, update=update))

    def _pause(self, session: Session, command: Pause) -> None:
        self._paused, self._steps, self._to_epoch = True, 0, False

    def _resume(self, session: Session, command: Resume) -> None:
        self._paused, self._steps, self._to_epoch = False, 0, False

    def _step(self, session: Session, command: StepUpdate) -> None:
        self._paused, self._steps, self._to_epoch = False, 1, False
        session.trainer.keep_before = True  # so that this update's Δw/w can be told

    def _step_epoch(self, session: Session, command: StepEpoch) -> None:
        session.measure_next_epoch()
        self._paused, self._steps, self._to_epoch = False, 0, True

    def _rate(self, session: Session, command: SetRate) -> None:
        trainer = session.trainer
        if not hasattr(trainer.optimizer, "lr"):
            raise UserError(f"{trainer.optimizer.type} has no learning rate")
        factor = command.factor
        if factor is None:
            assert command.value is not None
            factor = command.value / trainer.rate if trainer.rate else 1.0
        new = trainer.rate_factor * factor
        if not 1e-12 < new < 1e12:
            raise UserError("the learning rate cannot be changed that far")
        before = trainer.rate
        trainer.rate_factor = new
        self._note(session, f"learning rate {before:.4g} → {trainer.rate:.4g}")

    def _set_pace(self, session: Session, command: SetPace) -> None:
        self._pace.set(command.pace)
        self._look_at = 0

    def _stop(self, session: Session, command: Stop) -> None:
        session.stop("stopped by a viewer")

    def _restart(self, session: Session, command: Restart) -> None:
        session.rewind(0)
        self._pace.restart()
        self._stats_sent = (-1, frozenset())
        self._note(session, "began again from update 0")

    def _rewind(self, session: Session, command: Rewind) -> None:
        found = session.rewind(command.update)
        self._pace.restart()
        self._stats_sent = (-1, frozenset())
        self._note(session, f"went back to update {found}")

    def _edit(self, session: Session, command: EditWeight) -> None:
        parameters = session.trainer.network.parameters
        if command.path not in parameters:
            raise UserError(f"there is no parameter {command.path}")
        view = parameters.view(command.path)
        if len(command.index) != view.ndim or any(
            not 0 <= i < n for i, n in zip(command.index, view.shape, strict=True)
        ):
            raise UserError(f"{command.path} has the shape {view.shape} (given index {command.index})")
        if abs(command.value) > np.finfo(view.dtype).max:
            raise UserError(f"{command.path}: {command.value:g} is too large for {view.dtype}")
        before = float(view[command.index])
        view[command.index] = command.value
        session.trainer.edited()
        self._stats_sent = (-1, frozenset())
        where = ", ".join(map(str, command.index))
        self._note(session, f"{command.path}[{where}] {before:.4g} → {command.value:.4g}")

    def _predict(self, session: Session, command: Predict) -> Message:
        x = np.asarray(command.arrays["inputs"], dtype=np.float64)
        width = session.experiment.table.x.shape[1]
        if x.ndim != 2 or x.shape[1] != width or len(x) > 100_000:
            raise UserError(f"predict: samples × {width} inputs are needed (given {x.shape})")
        outputs = session.trainer.network.predict(session.experiment.prepare(x))
        return Prediction(arrays={"outputs": outputs}, request=command.request)

    def _snapshot(self, session: Session, command: RequestSnapshot) -> Message:
        state, at = self._breaks.snapshot(session.trainer)
        return Snapshot(update=int(state["clock"][0]), arrays=state, info=at, request=command.request)

    def _set_breakpoints(self, session: Session, command: Breakpoints) -> None:
        self._breaks.set(command.conditions, session.trainer)
        shown = ", ".join(command.conditions) if command.conditions else "none"
        self._hub.publish(Event(text=f"breakpoints: {shown}", update=session.trainer.update))


def _with_state(hello: Hello, state: str) -> Hello:
    return hello if hello.state == state else replace(hello, state=state)


OBEY: dict[type[Command], Callable[[Attendant, Session, Any], Message | None]] = {
    Pause: Attendant._pause,
    Resume: Attendant._resume,
    StepUpdate: Attendant._step,
    StepEpoch: Attendant._step_epoch,
    SetRate: Attendant._rate,
    SetPace: Attendant._set_pace,
    Stop: Attendant._stop,
    Restart: Attendant._restart,
    Rewind: Attendant._rewind,
    EditWeight: Attendant._edit,
    Predict: Attendant._predict,
    RequestSnapshot: Attendant._snapshot,
    Breakpoints: Attendant._set_breakpoints,
}

"""The progress line of ``fit``."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nntui.signals import Signals
    from nntui.training.session import Session
    from nntui_core.errors import NumericError


class Progress:
    """A line on stderr with epoch, loss, accuracy, updates a second and time left; the hooks of a session."""

    SECONDS = 0.1
    PARTS = 1000
    """Steps of the bar in an epoch: a long one is seen to move."""

    def __init__(self, session: Session, *, shown: bool) -> None:
        self._session = session
        self._shown = shown
        self._bar: Any = None
        self._next = 0.0
        self._measured: list[str] = []
        self._begun = self._before = 0.0
        self._paused_at: float | None = None

    def __enter__(self) -> Progress:
        if self._shown:
            session = self._session
            epochs = max(1, session.trainer.spec.epochs)
            self._bar = click.progressbar(
                length=epochs * self.PARTS, file=sys.stderr, show_eta=False, show_percent=False, width=0,
                item_show_func=lambda _: self._text(),
            )  # fmt: skip
            self._bar.__enter__()
            self._begun, self._before = time.monotonic(), self._done()
            report = session.report

            def on_a_line_of_its_own(message: str) -> None:
                click.echo(err=True)
                report(message)

            session.report = on_a_line_of_its_own
            self._move()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._move()
            self._bar.__exit__(*exception)

    def begin(self, session: Session, signals: Signals) -> None:
        """Called before the first update: ``fit`` waits for nobody."""

    def update(self, session: Session) -> None:
        """Redraw, at most ten times a second."""
        if self._bar is None:
            return
        clock = time.perf_counter()
        if clock >= self._next:
            self._next = clock + self.SECONDS
            self._move()

    def waiting(self, session: Session) -> None:
        """Say that a viewer has paused the training; that time does not count for the time left."""
        now = time.monotonic()
        if session.info.state == "paused":
            self._paused_at = self._paused_at or now
        elif self._paused_at is not None:
            self._begun += now - self._paused_at
            self._paused_at = None
        if self._bar is not None:
            self._bar.render_progress()

    def epoch(self, session: Session) -> None:
        """Take up what was measured."""
        if self._bar is not None:
            metrics = session.trainer.evaluate()
            shown = metrics.get("validation", metrics["train"])
            self._measured = [] if shown.accuracy is None else [f"accuracy {shown.accuracy:.1%}"]
            self._measured += [] if shown.r2 is None else [f"R² {shown.r2:.3f}"]

    def diverging(self, session: Session, error: NumericError) -> bool:
        """Nobody is there to change anything."""
        return False

    def _done(self) -> float:
        """Epochs that are done, with the part of the present one."""
        trainer = self._session.trainer
        return trainer.epoch + trainer.batch / max(1, trainer.batches)

    def _move(self) -> None:
        self._bar.update(max(0, min(self._bar.length, int(self._done() * self.PARTS)) - self._bar.pos))

    def _text(self) -> str:
        """As much as the line holds: the bar gets what is left of it."""
        trainer = self._session.trainer
        parts = [f"{trainer.epoch}/{trainer.spec.epochs}"]
        if trainer.update:
            speed = trainer.update / max(1e-9, trainer.update_seconds)
            parts += [f"loss {trainer.loss:.4g}", *self._measured, f"{speed:,.0f} updates/s"]
            parts.append("paused by a viewer" if self._paused_at is not None else self._left())
        room = shutil.get_terminal_size().columns - len("  [####]  ")
        while len(parts) > 1 and len("  ".join(parts)) > room:
            del parts[0]
        return "  ".join(parts)

    def _left(self) -> str:
        """The time left at this session's own speed."""
        done = self._done()
        share = (self._session.trainer.spec.epochs - done) / max(1e-9, done - self._before)
        minutes, seconds = divmod(round(share * (time.monotonic() - self._begun)), 60)
        hours, minutes = divmod(minutes, 60)
        return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{seconds:02} left"

"""The progress line of ``fit``."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nntui.session import Session
    from nntui.signals import Signals
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
        self._measured = ""

    def __enter__(self) -> Progress:
        if self._shown:
            epochs = max(1, self._session.trainer.spec.epochs)
            self._bar = click.progressbar(
                length=epochs * self.PARTS, file=sys.stderr, label="training", show_eta=True, width=20,
                item_show_func=lambda _: self._text(),
            )  # fmt: skip
            self._bar.__enter__()
            self._move()
            # The time left is told by this session's own speed.
            self._bar.avg, self._bar.start, self._bar.last_eta = [], time.time(), time.time()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._move()
            self._bar.__exit__(*exception)

    def begin(self, session: Session, signals: Signals) -> None:
        """Nothing is waited for."""

    def update(self, session: Session) -> None:
        """Redraw, at most ten times a second."""
        if self._bar is None:
            return
        clock = time.perf_counter()
        if clock >= self._next:
            self._next = clock + self.SECONDS
            self._move()

    def epoch(self, session: Session) -> None:
        """Take up what was measured."""
        if self._bar is not None:
            metrics = session.trainer.evaluate()
            shown = metrics.get("validation", metrics["train"])
            self._measured = "" if shown.accuracy is None else f"  accuracy {shown.accuracy:.1%}"

    def diverging(self, session: Session, error: NumericError) -> bool:
        """Nobody is there to change anything."""
        return False

    def _move(self) -> None:
        trainer = self._session.trainer
        share = trainer.epoch + trainer.batch / max(1, trainer.batches)
        self._bar.update(max(0, min(self._bar.length, int(share * self.PARTS)) - self._bar.pos))

    def _text(self) -> str:
        trainer = self._session.trainer
        parts = f"epoch {trainer.epoch}/{trainer.spec.epochs}"
        if trainer.update:
            speed = trainer.update / max(1e-9, trainer.update_seconds)
            parts += f"  loss {trainer.loss:.4g}{self._measured}  {speed:,.0f} updates/s"
        return parts

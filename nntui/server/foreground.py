"""The hooks of a training in the foreground: those of its terminal, and viewers once it has lasted a moment."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from nntui.errors import UserError
from nntui.files import reason
from nntui.training.session import Hooks

if TYPE_CHECKING:
    from nntui.server.hub import Hub
    from nntui.server.service import Service
    from nntui.signals import Signals
    from nntui.training.session import Session
    from nntui_core.errors import NumericError

OPENS = 0.5
"""Seconds of training before the socket is opened: a short run needs no viewers, and pays nothing for them."""


class TerminalHooks(Hooks, Protocol):
    """Hooks that also tell that the training waits."""

    def waiting(self, session: Session) -> None:
        """Called when a viewer has paused the training, now and then while it waits, and when it goes on."""


class Foreground:
    """A context around the training; where no socket can be opened, the training goes on without viewers."""

    def __init__(self, terminal: TerminalHooks) -> None:
        self._terminal = terminal
        self._service: Service | None = None
        self._signals: Signals | None = None
        self._opens = float("inf")

    def __enter__(self) -> Foreground:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._service is not None:
            self._service.close()

    def begin(self, session: Session, signals: Signals) -> None:
        """Begin at once: ``fit`` waits for no viewer."""
        self._terminal.begin(session, signals)
        self._signals = signals
        self._opens = time.perf_counter() + OPENS

    def update(self, session: Session) -> None:
        """After each update: tell the terminal, then the viewers."""
        self._terminal.update(session)
        if self._service is not None:
            self._service.attendant.update(session)
        elif time.perf_counter() >= self._opens:
            self._opens = float("inf")
            if session.trainer.status == "running":
                self._open(session)

    def epoch(self, session: Session) -> None:
        """Tell the terminal's hooks and the viewers'."""
        self._terminal.epoch(session)
        if self._service is not None:
            self._service.attendant.epoch(session)

    def diverging(self, session: Session, error: NumericError) -> bool:
        """Ask the viewers' hooks, as a viewer may change something."""
        return self._service is not None and self._service.attendant.diverging(session, error)

    def _open(self, session: Session) -> None:
        report = session.report
        try:
            # Loaded when first needed: most runs are over by now.
            from nntui.protocol import sockets
            from nntui.protocol.reports import Event
            from nntui.server.attendant import Attendant
            from nntui.server.service import Service

            listening = sockets.listen()
        except UserError as error:
            report(f"no viewer can attach: {'; '.join(error.messages)}")
            return
        except OSError as error:  # too many open files to load a module
            report(f"no viewer can attach: they cannot be served: {reason(error)}")
            return

        def answer(hub: Hub) -> Attendant:
            def to_both(message: str) -> None:
                report(message)
                hub.publish(Event(text=message, level="warning", update=session.trainer.update))

            session.report = to_both
            return Attendant(hub, "max", waiting=self._terminal.waiting, abandoned="goes on")

        try:
            self._service = Service(session, listening, answer)
        except OSError as error:  # too many open files, or processes: it trains on
            server, path = listening
            server.close()
            sockets.remove(path)
            report(f"no viewer can attach: they cannot be served: {reason(error)}")
            return
        if self._signals is not None:
            self._service.attendant.join(session, self._signals)

"""The thread that owns a debugging session: commands in, views out, gradient checks in between."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nntui.errors import UserError
from nntui.tui.debugger.view import View
from nntui_core.errors import NntuiError

if TYPE_CHECKING:
    from nntui.tui.debugger.session import ConditionsChanged, DebugSession

Open = Callable[[], "DebugSession"]
Post = Callable[[View], object]
Tell = Callable[["ConditionsChanged"], object]


class Worker:
    """Runs commands in the order they come; while several wait, only the last is drawn.

    ``post`` is called with each view, ``tell`` with each event, ``failed`` with what kept the session from opening
    or ended the thread; all from the thread.
    """

    def __init__(
        self, open_session: Open, post: Post, failed: Callable[[Exception], object], tell: Tell
    ) -> None:
        self._open, self._post, self._failed, self._tell = open_session, post, failed, tell
        self._queue: queue.SimpleQueue[tuple[int, str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self.asked = 0
        """Number of the last command."""
        self._thread = threading.Thread(target=self._run, name="debugger", daemon=True)

    def start(self) -> None:
        """Open the session, and draw it."""
        self._thread.start()

    def ask(self, command: str, *arguments: Any) -> None:
        """Do a command of the table, and draw."""
        self.asked += 1
        self._queue.put((self.asked, command, arguments))

    def close(self) -> None:
        """End after the command at work."""
        self._queue.put(None)

    def _run(self) -> None:
        with np.errstate(all="ignore"):
            try:
                self._serve(self._open())
            except Exception as error:  # the thread's end is the screen's business, whatever the cause
                self._failed(UserError(str(error)) if isinstance(error, NntuiError) else error)

    def _serve(self, session: DebugSession) -> None:
        serial, more = 0, True
        self._post(session.view(serial))
        while True:
            try:
                item = self._queue.get(block=not more)
            except queue.Empty:
                before = session.comparison.judgement
                more = session.idle()
                if before != session.comparison.judgement and (not more or before.checked % 8 == 0):
                    self._post(session.view(serial))
                continue
            if item is None:
                return
            serial, command, arguments = item
            session.message, session.role = "", "muted"
            try:
                session.do(command, *arguments)
            except UserError as error:
                session.message, session.role = " · ".join([*error.messages, *error.context]), "bad"
            except NntuiError as error:
                session.message, session.role = str(error), "bad"
            more = True
            for event in session.happened():
                self._tell(event)
            if self._queue.empty():
                self._post(session.view(serial))

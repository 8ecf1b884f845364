"""A run's socket, the hub of its viewers, and what answers them: opened and closed together."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from nntui.protocol import sockets
from nntui.server.attendant import Attendant
from nntui.server.hub import Hub
from nntui.statistics import outline
from nntui.training.session import Session


class Service:
    """Serves a session's viewers from its making to :meth:`close`; the socket's name stands in run.json meanwhile."""

    def __init__(
        self, session: Session, listening: tuple[socket.socket, Path], answer: Callable[[Hub], Attendant]
    ) -> None:
        """``listening`` is what :func:`sockets.listen` gave; ``answer`` makes the hooks for the hub."""
        server, self.socket = listening
        experiment = session.experiment
        self._session = session
        hello = outline.hello(session.run, experiment.settings.title, session.info.state, experiment)
        self.hub = Hub(server, hello, self.socket)
        self.attendant = answer(self.hub)
        session.info.socket = str(self.socket)
        session.save_state()

    def close(self) -> None:
        """The last words to every viewer, then the end of the socket."""
        session = self._session
        session.info.socket = ""
        session.save_state()
        try:
            self.attendant.end(session)
        finally:
            self.hub.close()
            sockets.remove(self.socket)  # not before: the hub makes a name that is missing again

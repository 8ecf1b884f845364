"""The thread that moves bytes between a trainer and its viewers."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import selectors
import socket
import threading
import time
from pathlib import Path
from typing import Protocol

from nntui.errors import UserError
from nntui.protocol import sockets
from nntui.protocol.frames import from_frame
from nntui.protocol.message import Message
from nntui.server.connection import Viewer

MAX_VIEWERS = 256
SPARE = 16
"""Descriptors that are left to the training, which opens files whenever it saves; viewers get none of these."""
TICK = 1.0
"""Seconds between looks at connections that never said who they are, and at the socket's name."""
SILENT = 5.0
"""Seconds in which a connection must say who it is."""


class Owner(Protocol):
    """What :class:`Traffic` tells of its connections: the hub."""

    news: threading.Condition
    """Its lock is held while viewers are touched; told when bytes were moved."""
    connections: list[Viewer]

    def handle(self, viewer: Viewer, message: Message) -> bool:
        """Handle one message of a viewer; False where its connection is to be closed."""

    def left(self, viewer: Viewer) -> None:
        """The connection was closed, and is to be forgotten. Called with the lock held."""


class Traffic:
    """Accepts connections on a listening socket, reads what comes, and sends what waits, until closed."""

    def __init__(self, owner: Owner, server: socket.socket, path: Path | None = None) -> None:
        """``path`` is the socket's name, made again where somebody removes it.

        Raises OSError where the system refuses what it needs; then nothing of that is left.
        """
        self.open = True
        self._owner = owner
        self._server = server
        self._path = path
        self._ticked = time.monotonic()
        with contextlib.ExitStack() as undo:
            self._wake_read, self._wake_write = os.pipe()
            for end in (self._wake_read, self._wake_write):
                undo.callback(os.close, end)
                os.set_blocking(end, False)
            if not _spared(self._wake_write):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            self._selector = selectors.DefaultSelector()
            undo.callback(self._selector.close)
            self._selector.register(server, selectors.EVENT_READ, None)
            self._selector.register(self._wake_read, selectors.EVENT_READ, None)
            self._release = undo.pop_all()
        self._thread = threading.Thread(target=self._serve, name="viewers", daemon=True)

    def start(self) -> None:
        """Begin to accept connections. Raises OSError where there can be no thread."""
        try:
            self._thread.start()
        except (
            RuntimeError
        ) as error:  # no thread can be started: Python raises RuntimeError at the limit of processes
            self._release.close()
            raise OSError(errno.EAGAIN, str(error)) from None

    def wake(self) -> None:
        """Let the thread send at once what waits."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b".")

    def close(self) -> None:
        """Close every connection, and end the thread."""
        with self._owner.news:
            self.open = False
        self.wake()
        self._thread.join(2.0)
        if not self._thread.is_alive():
            # Only now: until the thread has ended, wake() may write to this descriptor, whose number another file could get.
            self._release.close()

    def flush(self, viewer: Viewer) -> None:
        """Send as much as the connection takes now. Called with the lock held."""
        viewer.flush()
        if viewer.closing:
            self._drop(viewer)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if viewer.out else 0)
        with contextlib.suppress(KeyError, ValueError):
            if self._selector.get_key(viewer.connection).events != events:
                self._selector.modify(viewer.connection, events, viewer)

    # The thread

    def _serve(self) -> None:
        while self.open:
            for key, events in self._selector.select(TICK):
                if key.fileobj is self._server:
                    self._accept()
                elif key.fileobj == self._wake_read:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake_read, 4096)
                elif events & selectors.EVENT_READ:
                    self._receive(key.data)
            with self._owner.news:
                for viewer in list(self._owner.connections):
                    self.flush(viewer)
                self._owner.news.notify_all()
            if time.monotonic() - self._ticked >= TICK:
                self._ticked = time.monotonic()
                self._tick()
        for viewer in list(self._owner.connections):
            self._drop(viewer)

    def _tick(self) -> None:
        for viewer in list(self._owner.connections):
            if not viewer.attached and self._ticked - viewer.since > SILENT:
                self._drop(viewer)
        with contextlib.suppress(OSError):  # where that cannot be seen, at the next tick
            if self._path is not None and not self._path.exists():
                self._listen_again(self._path)

    def _listen_again(self, path: Path) -> None:
        """The socket's name was removed (a cleaner of temporary files): make it again."""
        try:
            server, _ = sockets.listen(again=path)
        except UserError:
            return  # at the next tick
        self._selector.unregister(self._server)
        self._server.close()
        self._server = server
        self._selector.register(server, selectors.EVENT_READ, None)

    def _accept(self) -> None:
        """Accept all connections that wait."""
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        owner = sockets.peer_uid(connection)
        foreign = owner is not None and owner != os.getuid()
        full = len(self._owner.connections) >= MAX_VIEWERS or not _spared(connection.fileno())
        if foreign or full:
            connection.close()
            return
        connection.setblocking(False)
        viewer = Viewer(connection)
        with self._owner.news:
            self._owner.connections.append(viewer)
        self._selector.register(connection, selectors.EVENT_READ, viewer)

    def _receive(self, viewer: Viewer) -> None:
        try:
            data = viewer.connection.recv(1 << 16)
            going_on = bool(data) and all(
                self._owner.handle(viewer, from_frame(f)) for f in viewer.decoder.feed(data)
            )
        except BlockingIOError:
            return
        except (
            Exception
        ):  # the connection, what came over it, or a fault of ours: the end of this viewer alone
            going_on = False
        if not going_on:
            self._drop(viewer)

    def _drop(self, viewer: Viewer) -> None:
        with self._owner.news:
            if viewer not in self._owner.connections:
                return
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(viewer.connection)
            viewer.connection.close()
            self._owner.left(viewer)


def _spared(descriptor: int) -> bool:
    """Whether enough are free beyond a descriptor that was just given, the lowest that was free."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft == resource.RLIM_INFINITY or descriptor < soft - SPARE

"""A viewer's end of a trainer's socket: a thread that moves bytes and calls back with messages."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from nntui.errors import UserError
from nntui.protocol import sockets
from nntui.protocol.commands import Attach
from nntui.protocol.frames import from_frame, to_frame
from nntui.protocol.message import Command, FrameError, Message
from nntui.protocol.reports import Disconnected
from nntui.protocol.wire import Decoder, WireError, encode


class Client:
    """Connects in its thread; every message goes to ``on_message``, the last one is Disconnected."""

    def __init__(
        self, path: Path, on_message: Callable[[Message], object], *, read_only: bool = False, name: str = ""
    ) -> None:
        self._path = path
        self._on_message = on_message
        self._out: deque[bytes] = deque(
            [encode(to_frame(Attach(read_only=read_only, name=name or _whoami())))]
        )
        self._lock = threading.Lock()
        self._open = True
        self._wake_read, self._wake_write = os.pipe()
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)
        self._thread = threading.Thread(target=self._run, name="trainer", daemon=True)
        self._over = False
        """Whether the thread is done with its pipe."""
        self._thread.start()

    def send(self, command: Command) -> None:
        """Queue a command; it is lost where the connection is."""
        with self._lock:
            self._out.append(encode(to_frame(command)))
        self._wake()

    def close(self) -> None:
        """End the connection; the run goes on."""
        self._open = False
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(2.0)

    def _wake(self) -> None:
        # A closed descriptor's number may belong to another file by now.
        with self._lock:
            if not self._over:
                with contextlib.suppress(OSError):
                    os.write(self._wake_write, b".")

    def _run(self) -> None:
        try:
            self._tell_end()
        finally:
            with self._lock:
                self._over = True
                os.close(self._wake_read)
                os.close(self._wake_write)

    def _tell_end(self) -> None:
        """Talk until the connection ends, and say why it did where nobody asked for it."""
        try:
            reason = self._talk()
        except UserError as error:
            reason = error.messages[0]
        except (WireError, FrameError) as error:
            reason = f"the trainer sent what cannot be read: {error}"
        except OSError as error:
            reason = f"the connection to the trainer broke: {error.strerror or error}"
        if self._open:
            self._on_message(Disconnected(reason))

    def _talk(self) -> str:
        connection = sockets.connect(self._path)
        decoder = Decoder()
        with connection, selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while self._open:
                for key, events in selector.select():
                    if key.fileobj == self._wake_read:
                        with contextlib.suppress(BlockingIOError):
                            os.read(self._wake_read, 4096)
                        selector.modify(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
                        continue
                    if events & selectors.EVENT_WRITE and not self._flush(connection):
                        selector.modify(connection, selectors.EVENT_READ)
                    if events & selectors.EVENT_READ:
                        data = connection.recv(1 << 18)
                        if not data:
                            return "the trainer has closed the connection"
                        for frame in decoder.feed(data):
                            self._on_message(from_frame(frame))
        return ""

    def _flush(self, connection: socket.socket) -> bool:
        """Send what the connection takes; whether some is left."""
        with self._lock:
            while self._out:
                data = self._out[0]
                try:
                    sent = connection.send(data)
                except BlockingIOError:
                    return True
                except OSError:
                    # The trainer has closed its end; its last words may still wait to be read.
                    self._out.clear()
                    return False
                if sent < len(data):
                    self._out[0] = data[sent:]
                    return True
                self._out.popleft()
            return False


def _whoami() -> str:
    tty = ""
    with contextlib.suppress(OSError):
        tty = os.ttyname(2)
    return f"{os.environ.get('USER', '')} {tty}".strip()

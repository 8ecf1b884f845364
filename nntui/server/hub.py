"""A trainer's viewers: who is there, who holds control, what they want, and what they ask for.

A thread of its own moves the bytes, so that neither a slow viewer nor a long update holds up the other side.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import selectors
import socket
import threading
import time
from collections import deque
from pathlib import Path

from nntui.errors import UserError
from nntui.protocol import sockets
from nntui.protocol.commands import Attach, Shown, TakeControl, Want
from nntui.protocol.frames import from_frame, to_frame
from nntui.protocol.message import PROTOCOL, Command, Message
from nntui.protocol.reports import Control, Ended, Event, Hello
from nntui.protocol.wire import WireError, encode
from nntui.server.connection import CREDITED, Viewer

MAX_COMMANDS = 1000
MAX_NOTES = 20
"""Warnings kept for viewers that come later."""
MAX_VIEWERS = 256
SPARE = 16
"""Descriptors that are left to the training, which opens files whenever it saves; viewers get none of these."""
TICK = 1.0
"""Seconds between looks at connections that never said who they are, and at the socket's name."""
SILENT = 5.0
"""Seconds in which a connection must say who it is."""


class Hub:
    """Accepts viewers on a listening socket until closed. Methods are for the trainer's thread."""

    def __init__(self, server: socket.socket, hello: Hello, path: Path | None = None) -> None:
        """``path`` is the socket's name, made again where somebody removes it.

        Raises OSError where the system refuses what it needs; then nothing of that is left.
        """
        self.hello = hello
        """What a new viewer is told first; the trainer replaces it as its state changes."""
        self.signaled = False
        """A cheap look: whether a command waits, or a viewer came or changed its wants."""
        self._server = server
        self._path = path
        self._ticked = time.monotonic()
        self._viewers: list[Viewer] = []
        self._holder: Viewer | None = None
        self._commands: deque[tuple[Viewer, Command]] = deque()
        self._news = threading.Condition(threading.RLock())
        self._ended: Ended | None = None
        self._notes: deque[Event] = deque(maxlen=MAX_NOTES)
        self._open = True
        self._idle_since = time.monotonic()
        self._ever = False
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
            self._thread = threading.Thread(target=self._serve, name="viewers", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:  # the limit of processes: Python has no better word for it
                raise OSError(errno.EAGAIN, str(error)) from None
            undo.pop_all()

    # For the trainer

    @property
    def viewers(self) -> int:
        """How many are attached."""
        return sum(v.attached for v in self._viewers)

    @property
    def ever(self) -> bool:
        """Whether one has ever been attached."""
        return self._ever

    @property
    def idle(self) -> float:
        """Seconds since the last viewer left (0 while there is one)."""
        return 0.0 if self.viewers else time.monotonic() - self._idle_since

    def wanted(self) -> frozenset[str]:
        """The union of the statistics that viewers with credit want."""
        with self._news:
            able = [v.wants or frozenset() for v in self._viewers if v.attached and "stats" in v.credit]
        return frozenset().union(*able)

    def all_wanted(self) -> frozenset[str]:
        """The union over all viewers."""
        with self._news:
            return frozenset().union(*(v.wants or frozenset() for v in self._viewers if v.attached))

    def hear_wants(self, seconds: float) -> None:
        """Wait until every viewer has said which statistics it wants, at most so long."""
        with self._news:
            self._news.wait_for(
                lambda: all(v.wants is not None for v in self._viewers if v.attached) or not self._open,
                seconds,
            )

    def due(self, kind: str) -> bool:
        """Whether some viewer could be sent a frame of this kind now."""
        return any(v.attached and kind in v.credit for v in self._viewers)

    def commands(self) -> list[tuple[Viewer, Command]]:
        """What was asked for since the last call."""
        with self._news:
            found = list(self._commands)
            self._commands.clear()
            self.signaled = False
        return found

    def wait(self, seconds: float) -> None:
        """Until something is signaled, at most so long."""
        with self._news:
            self._news.wait_for(lambda: self.signaled or not self._open, seconds)

    def publish(self, message: Message, *, force: bool = False) -> None:
        """To all viewers. Credited ones wait for credit, and only the newest of a kind; not with ``force``."""
        data: bytes | None = None
        with self._news:
            for viewer in self._viewers:
                if not viewer.attached:
                    continue
                if message.credited and not force and message.type not in viewer.credit:
                    viewer.pending[message.type] = message
                    continue
                if message.credited:
                    viewer.credit.discard(message.type)
                    viewer.pending.pop(message.type, None)
                data = data or encode(to_frame(message))
                viewer.enqueue(data)
            if isinstance(message, Ended):
                self._ended = message
            elif isinstance(message, Event) and message.level != "info":
                self._notes.append(message)
        self._wake()

    def reply(self, viewer: Viewer, message: Message) -> None:
        """To one viewer."""
        try:
            data = encode(to_frame(message))
        except WireError as error:
            data = encode(to_frame(Event(text=f"{message.type}: not sent: {error}", level="warning")))
        with self._news:
            viewer.enqueue(data)
        self._wake()

    def close(self, seconds: float = 2.0) -> None:
        """Send what still waits, for at most so long, and close every connection."""
        deadline = time.monotonic() + seconds
        with self._news:
            self._news.wait_for(
                lambda: not any(v.out for v in self._viewers), max(0.0, deadline - time.monotonic())
            )
            self._open = False
        self._wake()
        self._thread.join(2.0)
        if not self._thread.is_alive():
            # Not before: whoever wakes the thread must not write to what another file has become.
            self._selector.close()
            os.close(self._wake_read)
            os.close(self._wake_write)

    # The thread

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b".")

    def _signal(self) -> None:
        """With the lock held."""
        self.signaled = True
        self._news.notify_all()

    def _serve(self) -> None:
        while self._open:
            for key, events in self._selector.select(TICK):
                if key.fileobj is self._server:
                    self._accept()
                elif key.fileobj == self._wake_read:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake_read, 4096)
                elif events & selectors.EVENT_READ:
                    self._receive(key.data)
            with self._news:
                for viewer in list(self._viewers):
                    self._flush(viewer)
                self._news.notify_all()
            if time.monotonic() - self._ticked >= TICK:
                self._ticked = time.monotonic()
                self._tick()
        for viewer in list(self._viewers):
            self._drop(viewer)

    def _tick(self) -> None:
        for viewer in list(self._viewers):
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
        """Every connection that waits."""
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        owner = sockets.peer_uid(connection)
        foreign = owner is not None and owner != os.getuid()
        if foreign or len(self._viewers) >= MAX_VIEWERS or not _spared(connection.fileno()):
            connection.close()
            return
        connection.setblocking(False)
        viewer = Viewer(connection)
        with self._news:
            self._viewers.append(viewer)
        self._selector.register(connection, selectors.EVENT_READ, viewer)

    def _receive(self, viewer: Viewer) -> None:
        try:
            data = viewer.connection.recv(1 << 16)
            going_on = bool(data) and all(
                self._handle(viewer, from_frame(f)) for f in viewer.decoder.feed(data)
            )
        except BlockingIOError:
            return
        except (
            Exception
        ):  # the connection, what came over it, or a fault of ours: the end of this viewer alone
            going_on = False
        if not going_on:
            self._drop(viewer)

    def _handle(self, viewer: Viewer, message: Message) -> bool:
        """One message of a viewer; False where the connection cannot go on."""
        if not isinstance(message, Command):
            return False
        with self._news:
            if isinstance(message, Attach):
                return self._attach(viewer, message)
            if not viewer.attached:
                return False
            match message:
                case Want():
                    viewer.wants = frozenset(message.keys)
                    self._signal()
                case Shown():
                    self._credit(viewer, message.frame)
                case TakeControl():
                    self._give_control(viewer)
                case _:
                    self._command(viewer, message)
        return True

    def _attach(self, viewer: Viewer, message: Attach) -> bool:
        if viewer.attached:
            return False
        if message.protocol != PROTOCOL:
            reason = f"the trainer speaks protocol {PROTOCOL}, this viewer {message.protocol}; use the same version"
            viewer.enqueue(encode(to_frame(Ended(status="refused", reason=reason))))
            self._flush(viewer)
            return False
        viewer.attached, viewer.read_only = True, message.read_only
        viewer.name = message.name
        self._ever = True
        viewer.enqueue(encode(to_frame(self.hello)))
        for note in self._notes:
            viewer.enqueue(encode(to_frame(note)))
        if viewer.read_only:
            self._tell_control()
        else:
            self._give_control(viewer)
        if self._ended is not None:
            viewer.enqueue(encode(to_frame(self._ended)))
        self._signal()
        return True

    def _credit(self, viewer: Viewer, kind: str) -> None:
        if kind not in CREDITED:
            return
        message = viewer.pending.pop(kind, None)
        if message is not None:
            viewer.enqueue(encode(to_frame(message)))
        else:
            viewer.credit.add(kind)

    def _command(self, viewer: Viewer, command: Command) -> None:
        if command.changes and viewer is not self._holder:
            why = "this viewer is read-only" if viewer.read_only else "another viewer holds control"
            event = Event(text=f"not done: {why}", level="warning")
            viewer.enqueue(encode(to_frame(event)))
            return
        if len(self._commands) < MAX_COMMANDS:
            self._commands.append((viewer, command))
        self._signal()

    def _give_control(self, viewer: Viewer) -> None:
        if not viewer.read_only:
            self._holder = viewer
        self._tell_control()

    def _tell_control(self) -> None:
        holder = self._holder
        count = self.viewers
        for viewer in self._viewers:
            if viewer.attached:
                held = viewer is holder
                name = holder.name if holder is not None else ""
                viewer.enqueue(encode(to_frame(Control(held=held, holder=name, viewers=count))))

    def _flush(self, viewer: Viewer) -> None:
        """Send what the connection takes now. With the lock held."""
        viewer.flush()
        if viewer.closing:
            self._drop(viewer)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if viewer.out else 0)
        with contextlib.suppress(KeyError, ValueError):
            if self._selector.get_key(viewer.connection).events != events:
                self._selector.modify(viewer.connection, events, viewer)

    def _drop(self, viewer: Viewer) -> None:
        with self._news:
            if viewer not in self._viewers:
                return
            self._viewers.remove(viewer)
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(viewer.connection)
            viewer.connection.close()
            if not self.viewers:
                self._idle_since = time.monotonic()
            if viewer is self._holder:
                able = [v for v in self._viewers if v.attached and not v.read_only]
                self._holder = able[-1] if able else None
            self._tell_control()
            self._signal()


def _spared(descriptor: int) -> bool:
    """Whether enough are free beyond a descriptor that was just given, the lowest that was free."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft == resource.RLIM_INFINITY or descriptor < soft - SPARE

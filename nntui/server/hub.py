"""A trainer's viewers: who is there, who holds control, what they want, and what they ask for.

A thread of its own (:mod:`nntui.server.traffic`) moves the bytes, so that neither a slow viewer nor a long update
holds up the other side.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from pathlib import Path

from nntui.protocol.commands import Attach, Shown, TakeControl, Want
from nntui.protocol.frames import to_frame
from nntui.protocol.message import PROTOCOL, Command, Message
from nntui.protocol.reports import Control, Ended, Event, Hello
from nntui.protocol.wire import WireError, encode
from nntui.server.connection import CREDITED, Viewer
from nntui.server.traffic import Traffic

MAX_COMMANDS = 1000
MAX_NOTES = 20
"""Warnings kept for viewers that come later."""


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
        self.connections: list[Viewer] = []
        """All that are open, attached or not."""
        self._holder: Viewer | None = None
        self._commands: deque[tuple[Viewer, Command]] = deque()
        self.news = threading.Condition(threading.RLock())
        """Its lock is held while viewers and commands are touched."""
        self._ended: Ended | None = None
        self._notes: deque[Event] = deque(maxlen=MAX_NOTES)
        self._idle_since = time.monotonic()
        self._ever = False
        self._traffic = Traffic(self, server, path)
        self._traffic.start()

    # For the trainer

    @property
    def viewers(self) -> int:
        """How many viewers are attached."""
        return sum(v.attached for v in self.connections)

    @property
    def ever(self) -> bool:
        """Whether a viewer has ever been attached."""
        return self._ever

    @property
    def idle(self) -> float:
        """Seconds since the last viewer left (0 while there is one)."""
        return 0.0 if self.viewers else time.monotonic() - self._idle_since

    def wanted(self) -> frozenset[str]:
        """The union of the statistics that viewers with credit want."""
        with self.news:
            able = [v.wants or frozenset() for v in self.connections if v.attached and "stats" in v.credit]
        return frozenset().union(*able)

    def all_wanted(self) -> frozenset[str]:
        """The union of the statistics that all viewers want, with credit or without."""
        with self.news:
            return frozenset().union(*(v.wants or frozenset() for v in self.connections if v.attached))

    def hear_wants(self, seconds: float) -> None:
        """Wait until every viewer has said which statistics it wants, at most so long."""
        with self.news:
            self.news.wait_for(
                lambda: (
                    all(v.wants is not None for v in self.connections if v.attached) or not self._traffic.open
                ),
                seconds,
            )

    def due(self, kind: str) -> bool:
        """Whether some viewer could be sent a frame of this kind now."""
        return any(v.attached and kind in v.credit for v in self.connections)

    def commands(self) -> list[tuple[Viewer, Command]]:
        """The commands that came since the last call, each with its viewer."""
        with self.news:
            found = list(self._commands)
            self._commands.clear()
            self.signaled = False
        return found

    def wait(self, seconds: float) -> None:
        """Wait until a viewer or a command comes, at most so many seconds."""
        with self.news:
            self.news.wait_for(lambda: self.signaled or not self._traffic.open, seconds)

    def publish(self, message: Message, *, force: bool = False) -> None:
        """Send to all viewers. Messages that need credit wait for credit, and only the newest of a kind; not with ``force``."""
        data: bytes | None = None
        with self.news:
            for viewer in self.connections:
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
        self._traffic.wake()

    def reply(self, viewer: Viewer, message: Message) -> None:
        """Send to one viewer."""
        try:
            data = encode(to_frame(message))
        except WireError as error:
            data = encode(to_frame(Event(text=f"{message.type}: not sent: {error}", level="warning")))
        with self.news:
            viewer.enqueue(data)
        self._traffic.wake()

    def close(self, seconds: float = 2.0) -> None:
        """Send what still waits, for at most so long, and close every connection."""
        with self.news:
            self.news.wait_for(lambda: not any(v.out for v in self.connections), seconds)
        self._traffic.close()

    # For the thread that moves bytes

    def handle(self, viewer: Viewer, message: Message) -> bool:
        """Handle one message of a viewer; False where its connection is to be closed."""
        if not isinstance(message, Command):
            return False
        with self.news:
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

    def left(self, viewer: Viewer) -> None:
        """Forget a viewer whose connection is closed; of the others, the last one to come holds control then."""
        self.connections.remove(viewer)
        if not self.viewers:
            self._idle_since = time.monotonic()
        if viewer is self._holder:
            able = [v for v in self.connections if v.attached and not v.read_only]
            self._holder = able[-1] if able else None
        self._tell_control()
        self._signal()

    # With the lock held

    def _signal(self) -> None:
        self.signaled = True
        self.news.notify_all()

    def _attach(self, viewer: Viewer, message: Attach) -> bool:
        if viewer.attached:
            return False
        if message.protocol != PROTOCOL:
            reason = f"the trainer speaks protocol {PROTOCOL}, this viewer {message.protocol}; use the same version"
            viewer.enqueue(encode(to_frame(Ended(status="refused", reason=reason))))
            self._traffic.flush(viewer)
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
        for viewer in self.connections:
            if viewer.attached:
                held = viewer is holder
                name = holder.name if holder is not None else ""
                viewer.enqueue(encode(to_frame(Control(held=held, holder=name, viewers=count))))

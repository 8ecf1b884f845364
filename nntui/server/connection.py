"""One connection to a trainer: who it is, what it wants, and what waits to be sent to it."""

from __future__ import annotations

import socket
import time
from collections import deque
from dataclasses import dataclass, field

from nntui.protocol.message import Message
from nntui.protocol.wire import Decoder

MAX_HEADER, MAX_BODY = 1 << 16, 1 << 16
"""What a viewer may send in one frame: commands are small, and none carries arrays."""
MAX_OUT = 32 << 20
"""Bytes that may wait for a viewer that does not read, besides the largest frame (the snapshot of a large
network); beyond, it is dropped."""
CREDITED = ("status", "stats")


@dataclass(eq=False)
class Viewer:
    """Not safe between threads: the hub holds its lock."""

    connection: socket.socket
    decoder: Decoder = field(default_factory=lambda: Decoder(max_header=MAX_HEADER, max_body=MAX_BODY))
    out: deque[bytes] = field(default_factory=deque)
    waiting: int = 0
    """Bytes in ``out``."""
    largest: int = 0
    """Bytes of the largest frame since ``out`` was empty."""
    name: str = ""
    since: float = field(default_factory=time.monotonic)
    """When it connected."""
    attached: bool = False
    read_only: bool = False
    wants: frozenset[str] | None = None
    """None until it has said so."""
    credit: set[str] = field(default_factory=lambda: set(CREDITED))
    pending: dict[str, Message] = field(default_factory=dict)
    closing: bool = False
    """Whether it is to be dropped: it does not read, or is gone."""

    def enqueue(self, data: bytes) -> None:
        """Let a frame wait to be sent."""
        if not self.out:
            self.largest = 0
        self.largest = max(self.largest, len(data))
        if self.waiting + len(data) - self.largest > MAX_OUT:
            self.closing = True
            return
        self.out.append(data)
        self.waiting += len(data)

    def flush(self) -> None:
        """Send what the connection takes now."""
        try:
            while self.out:
                data = self.out[0]
                sent = self.connection.send(data)
                self.waiting -= sent
                if sent < len(data):
                    self.out[0] = data[sent:]
                    break
                self.out.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self.closing = True

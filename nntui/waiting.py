"""Waiting for one file: a pipe, a socket or a terminal. By poll: select takes no descriptor from 1024 on."""

from __future__ import annotations

import select


def readable(descriptor: int, seconds: float) -> bool:
    """Whether within so many seconds there is something to read, or the other end is closed."""
    return _ready(descriptor, select.POLLIN, seconds)


def writable(descriptor: int, seconds: float) -> bool:
    """Whether within so many seconds there is room to write, or the other end is closed."""
    return _ready(descriptor, select.POLLOUT, seconds)


def _ready(descriptor: int, what: int, seconds: float) -> bool:
    seconds = max(0.0, seconds)
    poll = select.poll()
    poll.register(descriptor, what)
    found = poll.poll(seconds * 1000)
    if found and found[0][1] & select.POLLNVAL:  # macOS: poll may know no terminals, select does
        wanted = [descriptor]
        read, write, _ = (
            select.select(wanted, [], [], seconds)
            if what == select.POLLIN
            else select.select([], wanted, [], seconds)
        )
        return bool(read or write)
    return bool(found)

"""Fails, or kills this process, at the k-th file-system or socket call.

What Python's own modules do with files goes through the functions of ``os`` here: ``open`` is replaced by the one of
``_pyio``, which is written in Python. Counted are calls on paths below one directory or ``/proc``, on the descriptors
opened there, and on sockets; imports and the terminal are not.
"""

from __future__ import annotations

import _pyio
import builtins
import errno
import fcntl
import io
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATHS = (
    "open", "mkdir", "rmdir", "unlink", "stat", "lstat", "listdir", "scandir", "chmod", "replace", "rename", "link",
    "readlink",
)  # fmt: skip
DESCRIPTORS = (
    "read", "pread", "write", "fsync", "fdatasync", "ftruncate", "fstat", "fchmod", "close",
)  # fmt: skip
SOCKETS = ("bind", "listen", "accept", "connect", "send", "recv")
KILL, TORN = "SIGKILL", "SIGKILL in a write"
FULL = "ENOSPC from there on"
FAULTS = ("EIO", "ENOSPC", FULL, "EACCES", "EMFILE", KILL, TORN)
MAPS = "/proc/self/maps"
"""Never twice of the same length: the reads of it count as one, so that the calls after it keep their numbers."""
_NEW = {"open", "scandir", "listdir", "socket", "accept"}
_SPACE = {"write", "mkdir", "fsync", "fdatasync", "replace", "link", "bind"}
_ACCESS = {
    "open", "mkdir", "rmdir", "unlink", "stat", "lstat", "listdir", "scandir", "chmod", "replace", "link", "bind",
    "connect",
}  # fmt: skip
_CHANGES = {
    "mkdir", "rmdir", "unlink", "chmod", "replace", "rename", "link", "write", "fsync", "fdatasync", "ftruncate", "fchmod",
    "flock", "bind", "listen", "accept", "connect", "send", "recv",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call that was counted."""

    name: str
    what: str
    creates: bool = False

    def like(self, other: Call) -> bool:
        """Whether it is of the other's name, and the other's ``what`` is a part of its own."""
        return self.name == other.name and other.what in self.what

    def bears(self, fault: str) -> bool:
        """Whether this call can fail so."""
        if fault in ("ENOSPC", FULL):
            return self.name in _SPACE or self.creates
        if fault == "EACCES":
            return self.name in _ACCESS
        if fault == "EMFILE":
            return self.name in _NEW
        if fault == KILL:  # before what only reads, the disk is as before the next call that changes it
            return self.creates or self.name in _CHANGES
        return fault != TORN or self.name == "write"


class Shim:
    """Counts from 1; at call ``k`` the fault strikes; with ``like``, at the k-th of those calls."""

    def __init__(self, place: Path, k: int = 0, fault: str = "", like: Call | None = None) -> None:
        self.calls: list[Call] = []
        self.struck = ""
        """The name of the call that failed first: where threads race, not always that of the undisturbed work."""
        self._roots = (str(place), "/proc/")
        self._k, self._fault, self._like = k, fault, like
        self._count = 0
        self._lock = threading.RLock()
        self._files: dict[int, str] = {}
        self._struck = False

    def meets(self, name: str, what: str, *, creates: bool = False) -> str:
        """Count a call; the fault that it is to have, or nothing."""
        with self._lock:
            call = Call(name, what, creates)
            self.calls.append(call)
            counts = self._like is None or call.like(self._like)
            self._count += counts
            here = counts and self._count == self._k
            if self._fault == FULL:
                self._struck = self._struck or here
                return FULL if self._struck and call.bears(FULL) else ""
            return self._fault if here and call.bears(self._fault) else ""

    def strike(self, fault: str, name: str, what: str) -> None:
        """Raise what the system would, or end."""
        if fault in (KILL, TORN):
            os.kill(os.getpid(), signal.SIGKILL)
        if fault:
            self.struck = self.struck or name
            number = getattr(errno, fault.split()[0])
            raise OSError(number, os.strerror(number), what)

    def inside(self, path: Any) -> str | None:
        """The path as text where it is counted."""
        if isinstance(path, int):
            return self._files.get(path)
        try:
            text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  # pathlib's own calls come through here
        except TypeError:
            return None
        return text if text.startswith(self._roots) else None

    # Stand-ins for the functions of os

    def on_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose first argument is a path."""

        def call(path: Any = ".", *rest: Any, **options: Any) -> Any:
            what = self.inside(path) if options.get("dir_fd") is None else None
            if what is None:
                return real(path, *rest, **options)
            flags = rest[0] if name == "open" and rest else options.get("flags", 0)
            self.strike(self.meets(name, what, creates=bool(flags and flags & os.O_CREAT)), name, what)
            found = real(path, *rest, **options)
            if name == "open":
                self._files[found] = what
            return found

        return call

    def on_descriptor(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose first argument is a descriptor."""

        def call(descriptor: int, *rest: Any, **options: Any) -> Any:
            what = self._files.get(descriptor)
            if what is None or (name == "read" and what == MAPS and self.calls[-1] == Call(name, what)):
                return real(descriptor, *rest, **options)
            fault = self.meets(name, what)
            if fault and name == "write" and len(rest[0]) > 1 and fault != KILL:
                half = bytes(rest[0])[: len(rest[0]) // 2]
                written: int = real(descriptor, half)
                if fault in ("ENOSPC", FULL):
                    return written  # as a full disk does: the next write tells why, if it is still full
                self.strike(fault, name, what)
            if fault and name == "close" and fault != KILL:
                real(descriptor)  # the descriptor is gone whatever close says
                del self._files[descriptor]
            self.strike(fault, name, what)
            if name == "close":
                del self._files[descriptor]
            return real(descriptor, *rest, **options)

        return call

    def sockets(self) -> type[socket.socket]:
        """A class that counts what it is asked."""
        shim = self

        class Counted(socket.socket):
            def __init__(self, *given: Any, **options: Any) -> None:
                if options.get("fileno") is None:
                    shim.strike(shim.meets("socket", "socket"), "socket", "socket")
                super().__init__(*given, **options)

        for name in SOCKETS:
            setattr(Counted, name, self._socket_method(name))
        return Counted

    def _socket_method(self, name: str) -> Callable[..., Any]:
        real = getattr(socket.socket, name)

        def call(own: socket.socket, *rest: Any, **options: Any) -> Any:
            self.strike(self.meets(name, "socket"), name, "socket")
            return real(own, *rest, **options)

        return call

    @contextmanager
    def active(self) -> Iterator[Shim]:
        """In force, in every thread of this process."""
        kept: list[tuple[Any, str, Any]] = []

        def put(owner: Any, name: str, new: Any) -> None:
            kept.append((owner, name, getattr(owner, name)))
            setattr(owner, name, new)

        counted = self.sockets()
        for name in PATHS:
            put(os, name, self.on_path(name, getattr(os, name)))
        for name in DESCRIPTORS:
            if hasattr(os, name):
                put(os, name, self.on_descriptor(name, getattr(os, name)))
        put(fcntl, "flock", self._locking(fcntl.flock))
        put(socket, "socket", counted)
        for owner in (io, builtins):
            put(owner, "open", _pyio.open)
        try:
            yield self
        finally:
            for owner, name, real in reversed(kept):
                setattr(owner, name, real)

    def _locking(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *rest: Any) -> Any:
            what = self._files.get(descriptor, "lock")
            self.strike(self.meets("flock", what), "flock", what)
            return real(descriptor, *rest)

        return call

"""Where a viewer's knowledge comes from: a live trainer, or the files of a run."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.errors import UserError
from nntui.protocol.commands import Want
from nntui.protocol.message import Command, Message
from nntui.protocol.reports import Disconnected, Ended, Event, Stats
from nntui.runs.directory import LIVE, RunDirectory
from nntui.runs.tail import MetricsReader
from nntui.statistics.base import Statistic
from nntui.tui.replay import Item, Post, Replay, Restarted

__all__ = ["FakeSource", "FileSource", "Item", "LiveSource", "Post", "Restarted", "Source", "open_run"]

if TYPE_CHECKING:
    from nntui.protocol.client import Client


class Source(ABC):
    """Posts messages and records about one run, and takes commands to it."""

    live: bool = True
    """Whether commands reach a trainer."""

    @abstractmethod
    def start(self, post: Post) -> None:
        """Begin; ``post`` is called from other threads until :meth:`close`."""

    @abstractmethod
    def send(self, command: Command) -> None:
        """Pass a command on; one that cannot be delivered is answered by an Event."""

    @abstractmethod
    def close(self) -> None:
        """Stop posting. The run itself goes on."""


class FileTail:
    """Follows a run's records in a thread of its own."""

    SECONDS = 0.1

    def __init__(self, run: RunDirectory, post: Post) -> None:
        self._readers = [MetricsReader(path) for path in (run.metrics, run.activations)]
        self._post = post
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()

    def _follow(self) -> None:
        while not self._stop.is_set():
            idle = True
            for reader in self._readers:
                try:
                    records = reader.poll()
                except UserError as error:
                    self._post(Event(text=str(error), level="error"))
                    return
                if reader.restarted:
                    self._post(Restarted(reader is self._readers[0]))
                for record in records:
                    self._post(record)
                idle = idle and not records
            if idle:
                self._stop.wait(self.SECONDS)


class LiveSource(Source):
    """A trainer's socket for what happens now, its files for what happened before.

    What is wanted after the end, when the trainer has gone, is computed here from the last checkpoint.
    """

    def __init__(self, run: RunDirectory, socket: Path, *, read_only: bool = False) -> None:
        self._run = run
        self._socket = socket
        self._read_only = read_only
        self._client: Client | None = None
        self._tail: FileTail | None = None
        self._post: Post = lambda item: None
        self._lock = threading.Lock()
        self._ended = self._gone = False
        self._wanted: frozenset[str] = frozenset()
        self._told: tuple[int, dict[str, Statistic | None]] = (-1, {})
        """The newest update with statistics, and those that were told of it."""
        self._replay: Replay | None = None

    def start(self, post: Post) -> None:
        from nntui.protocol.client import Client

        self._post = post
        self._tail = FileTail(self._run, post)
        self._tail.start()
        self._client = Client(self._socket, self._hear, read_only=self._read_only)

    def send(self, command: Command) -> None:
        if isinstance(command, Want):
            with self._lock:
                self._wanted = frozenset(command.keys)
                self._fall_back()
        if self._client is not None:
            self._client.send(command)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        if self._tail is not None:
            self._tail.close()
        with self._lock:
            self._gone = False
            if self._replay is not None:
                self._replay.close()

    def _hear(self, message: Message) -> None:
        """In the client's thread."""
        self._post(message)
        with self._lock:
            match message:
                case Stats():
                    before = self._told[1] if self._told[0] == message.update else {}
                    self._told = (message.update, {**before, **message.found})
                case Ended():
                    self._ended = True
                case Disconnected():
                    self._gone = self._ended
                    self._fall_back()

    def _fall_back(self) -> None:
        """Once the trainer has gone, ask the files for what it has not told. With the lock held."""
        missing = frozenset(k for k in self._wanted if not _tells(self._told[1], k)) if self._gone else None
        if not missing:
            return
        new = self._replay is None
        if self._replay is None:
            self._replay = Replay(self._run, self._post)
        self._replay.want(missing)
        if new:  # not before it knows what to tell
            self._replay.start()


def _tells(found: dict[str, Statistic | None], key: str) -> bool:
    """Whether these statistics have what a key such as "sample/17" names, or say that there is none."""
    name, _, argument = key.partition("/")
    if key in found:
        return True
    return any(
        v is not None and k.partition("/")[0] == name and v.answers(argument) for k, v in found.items()
    )


class FileSource(Source):
    """A run without a reachable trainer: its files, and statistics computed here from its last checkpoint."""

    live = False

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._post: Post = lambda item: None
        self._tail: FileTail | None = None
        self._replay: Replay | None = None

    def start(self, post: Post) -> None:
        self._post = post
        self._tail = FileTail(self._run, post)
        self._tail.start()
        self._replay = Replay(self._run, post, greet=True)
        self._replay.start()

    def send(self, command: Command) -> None:
        if isinstance(command, Want):
            if self._replay is not None:
                self._replay.want(frozenset(command.keys))
        elif command.changes:
            self._post(Event(text="no trainer is at work on this run: nothing can change", level="warning"))

    def close(self) -> None:
        if self._tail is not None:
            self._tail.close()
        if self._replay is not None:
            self._replay.close()


class FakeSource(Source):
    """For tests: posts what it is given, and keeps the commands it gets."""

    def __init__(self, items: tuple[Item, ...] = (), *, live: bool = True) -> None:
        self.live = live
        self.sent: list[Command] = []
        self.post: Post = lambda item: None
        self._items = items

    def start(self, post: Post) -> None:
        self.post = post
        for item in self._items:
            post(item)

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def close(self) -> None:
        return


def open_run(run: RunDirectory, *, read_only: bool = False) -> Source:
    """The live trainer of a run where its socket can be reached, else its files."""
    info = run.read()
    if run.state(info) in LIVE and info.socket and Path(info.socket).exists():
        return LiveSource(run, Path(info.socket), read_only=read_only)
    return FileSource(run)

"""Where a viewer's knowledge comes from: a live trainer, or the files of a run, whichever there is at the moment."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.errors import UserError
from nntui.protocol.commands import Want
from nntui.protocol.message import Command, Message
from nntui.protocol.reports import Disconnected, Ended, Event, Hello, Stats
from nntui.runs.directory import LIVE, RunDirectory, RunInfo
from nntui.runs.tail import MetricsReader
from nntui.statistics.base import Statistic
from nntui.tui.replay import Item, Post, Replay, Restarted

__all__ = ["FakeSource", "Item", "Post", "Restarted", "RunSource", "Source", "open_run"]

if TYPE_CHECKING:
    from nntui.protocol.client import Client

LOOK = 1.0
"""Seconds between looks at a run without a connection: whether it has a trainer by now."""


class Source(ABC):
    """Posts messages and records about one run, and takes commands to it."""

    live: bool = True
    """Whether commands reach a trainer, or did until it went."""
    read_only: bool = False
    """Whether this viewer asked never to change the run."""

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


class RunSource(Source):
    """A trainer's socket for what happens now, where there is one; the run's files for everything else.

    Without a connection it looks every second whether there is a trainer: one that was resumed, or that has made its
    socket again, is connected to. What is wanted while none is there is computed here from the last checkpoint.
    """

    def __init__(self, run: RunDirectory, socket: Path | None = None, *, read_only: bool = False) -> None:
        """``socket`` is that of a trainer which is known to listen; else run.json is asked."""
        self._run = run
        self._socket = socket
        self.read_only = read_only
        self.live = socket is not None
        self._client: Client | None = None
        self._present = object()
        """Tells the present client's messages from those of one before."""
        self._tail: FileTail | None = None
        self._post: Post = lambda item: None
        self._lock = threading.RLock()
        self._connected = self._ended = self._refused = False
        """Whether a client is at work; whether the trainer has told the end; whether it wants no such viewer."""
        self._seen = ""
        """The run's state when there was last no connection; empty while there is one."""
        self._wanted: frozenset[str] = frozenset()
        self._told: tuple[int, dict[str, Statistic | None]] = (-1, {})
        """The newest update with statistics, and those that were told of it."""
        self._replay: Replay | None = None
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="trainer's coming", daemon=True)

    def start(self, post: Post) -> None:
        self._post = post
        self._tail = FileTail(self._run, post)
        self._tail.start()
        with self._lock:
            if self._socket is not None:
                self._connect(self._socket)
            else:
                self._look()
        self._watcher.start()

    def send(self, command: Command) -> None:
        with self._lock:
            if isinstance(command, Want):
                self._wanted = frozenset(command.keys)
                self._ask_files()
            if self._connected and self._client is not None:
                self._client.send(command)
            elif command.changes and not self.live:
                self._post(
                    Event(text="no trainer is at work on this run: nothing can change", level="warning")
                )

    def close(self) -> None:
        self._stop.set()
        with self._lock:
            client, self._refused = self._client, True
            self._close_replay()
        if client is not None:
            client.close()
        if self._tail is not None:
            self._tail.close()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK):
            with self._lock:
                if not (self._connected or self._refused):
                    self._look()

    # With the lock held

    def _look(self) -> None:
        """Without a connection: connect where a trainer listens, else say what has become of the run."""
        state, info = self._state()
        if state in LIVE and info.socket and Path(info.socket).exists():
            self._connect(Path(info.socket))
        else:
            self._judge(state, info, "its trainer is starting" if state in LIVE else "its trainer is gone")

    def _state(self) -> tuple[str, RunInfo]:
        try:
            info = self._run.read()
        except UserError as error:
            return "lost", RunInfo(reason=error.messages[0])
        return self._run.state(info), info

    def _judge(self, state: str, info: RunInfo, why: str) -> None:
        """Say what the run's state means without a connection, where it has changed."""
        before, self._seen = self._seen, state
        if state == before:
            return
        if not self.live and state == "lost" and before:
            # What is shown of a run that was over stays true.
            self._post(Event(text=f"the run's files are gone: {info.reason}", level="warning"))
        elif not self.live:
            self._begin_replay()
        elif state in LIVE:
            if before not in LIVE:
                self._post(Disconnected(why, alive=True))
        elif state == "lost":
            self._post(Disconnected(why))
        elif not self._ended:
            self._ended = True
            self._post(Ended(status=state, reason=info.reason))
            self._ask_files()

    def _connect(self, socket: Path) -> None:
        from nntui.protocol.client import Client

        self._connected, present = True, object()
        self._present = present
        self._client = Client(socket, lambda message: self._hear(present, message), read_only=self.read_only)
        if self._wanted:
            self._client.send(Want(keys=tuple(sorted(self._wanted))))

    def _begin_replay(self) -> None:
        """What the files say of the run, and statistics from its newest checkpoint."""
        self._close_replay()
        self._replay = Replay(self._run, self._post, greet=True)
        self._replay.want(self._wanted)
        self._replay.start()

    def _close_replay(self) -> None:
        if self._replay is not None:
            self._replay.close()
            self._replay = None

    def _ask_files(self) -> None:
        """Without a trainer, let the files say what it has not told."""
        if not self.live:
            if self._replay is not None:
                self._replay.want(self._wanted)
            return
        if self._connected or not self._ended or self._refused:
            return
        missing = frozenset(k for k in self._wanted if not _tells(self._told[1], k))
        if not missing:
            return
        new = self._replay is None
        if self._replay is None:
            self._replay = Replay(self._run, self._post)
        self._replay.want(missing)
        if new:  # not before it knows what to tell
            self._replay.start()

    def _hear(self, client: object, message: Message) -> None:
        """In the client's thread, which waits for the lock."""
        with self._lock:
            if client is not self._present or self._stop.is_set():
                return
            match message:
                case Hello():
                    self._close_replay()
                    self.live, self._ended, self._seen = True, False, ""
                    self._told = (-1, {})
                case Stats():
                    before = self._told[1] if self._told[0] == message.update else {}
                    self._told = (message.update, {**before, **message.found})
                case Ended():
                    self._ended = True
                    self._refused = message.status == "refused"
                case Disconnected():
                    self._connected = False
                    self._gone(message)
                    return
            self._post(message)

    def _gone(self, message: Disconnected) -> None:
        """The connection is over: because the run is, or its trainer, or for a while."""
        state, info = self._state()
        if self._ended:
            self._seen = state
            self._post(message)
            self._ask_files()
        else:
            self._judge(state, info, message.reason)


def _tells(found: dict[str, Statistic | None], key: str) -> bool:
    """Whether these statistics have what a key such as "sample/17" names, or say that there is none."""
    name, _, argument = key.partition("/")
    if key in found:
        return True
    return any(
        v is not None and k.partition("/")[0] == name and v.answers(argument) for k, v in found.items()
    )


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


def open_run(run: RunDirectory, *, read_only: bool = False) -> RunSource:
    """The live trainer of a run where its socket can be reached, else its files, until there is one.

    Raises UserError.
    """
    run.read()
    return RunSource(run, read_only=read_only)

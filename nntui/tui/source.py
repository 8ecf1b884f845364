"""Where a viewer's knowledge comes from: a live trainer, or the files of a run."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.errors import UserError
from nntui.runs.directory import LIVE, RunDirectory
from nntui.runs.metrics import Record
from nntui.runs.tail import MetricsReader
from nntui.server.frames import Command, Ended, Event, Message, Stats, Status, Want

if TYPE_CHECKING:
    from nntui.experiment import Experiment
    from nntui.server.client import Client


class Restarted:
    """The run's records were cut back or begun again: what was read before is void."""


Item = Message | Record | Restarted
Post = Callable[[Item], object]
"""Called from any thread; must not block."""


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
    """Follows a run's metrics in a thread of its own."""

    SECONDS = 0.1

    def __init__(self, run: RunDirectory, post: Post) -> None:
        self._reader = MetricsReader(run.metrics)
        self._post = post
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                records = self._reader.poll()
            except UserError as error:
                self._post(Event(text=str(error), level="error"))
                return
            if self._reader.restarted:
                self._post(Restarted())
            for record in records:
                self._post(record)
            if not records:
                self._stop.wait(self.SECONDS)


class LiveSource(Source):
    """A trainer's socket for what happens now, its files for what happened before."""

    def __init__(self, run: RunDirectory, socket: Path, *, read_only: bool = False) -> None:
        self._run = run
        self._socket = socket
        self._read_only = read_only
        self._client: Client | None = None
        self._tail: FileTail | None = None

    def start(self, post: Post) -> None:
        from nntui.server.client import Client

        self._tail = FileTail(self._run, post)
        self._tail.start()
        self._client = Client(self._socket, post, read_only=self._read_only)

    def send(self, command: Command) -> None:
        if self._client is not None:
            self._client.send(command)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        if self._tail is not None:
            self._tail.close()


class FileSource(Source):
    """A run without a reachable trainer: its files, and statistics computed here from its last checkpoint."""

    live = False

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._wanted: frozenset[str] = frozenset()
        self._changed = threading.Condition()
        self._closed = False
        self._post: Post = lambda item: None
        self._tail: FileTail | None = None

    def start(self, post: Post) -> None:
        self._post = post
        self._tail = FileTail(self._run, post)
        self._tail.start()
        threading.Thread(target=self._work, name="replay", daemon=True).start()

    def send(self, command: Command) -> None:
        if isinstance(command, Want):
            with self._changed:
                self._wanted = frozenset(command.keys)
                self._changed.notify()
        elif command.changes:
            self._post(Event(text="no trainer is at work on this run: nothing can change", level="warning"))

    def close(self) -> None:
        if self._tail is not None:
            self._tail.close()
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        """Open the run, then answer each change of what is wanted."""
        from nntui.server import outline, statistics

        try:
            experiment, state = self._open()
        except UserError as error:
            for message in error.messages:
                self._post(Event(text=message, level="error"))
            self._post(Ended(status="failed", reason=error.messages[0]))
            return
        self._post(outline.hello(self._run, experiment.settings.title, state, experiment))
        info = self._run.read()
        trainer = experiment.trainer
        losses = {k: m.loss for k, m in trainer.evaluate().items()}
        self._post(Status(state=state, epoch=trainer.epoch, update=trainer.update, losses=losses))
        if state not in LIVE:
            self._post(Ended(status=state, reason=info.reason))
        done: frozenset[str] | None = None
        while True:
            with self._changed:
                self._changed.wait_for(partial(self._news, done))
                if self._closed:
                    return
                done = self._wanted
            stats: Stats = statistics.collect(experiment, done)
            stats.info["findings"] = info.findings
            self._post(stats)

    def _news(self, done: frozenset[str] | None) -> bool:
        return self._closed or self._wanted != done

    def _open(self) -> tuple[Experiment, str]:
        from nntui.trained import reopen

        experiment = reopen(self._run, lambda text: self._post(Event(text=text, level="warning")))
        trainer = experiment.trainer
        if not trainer.spec.epochs:
            return experiment, self._run.state(self._run.read())
        # The gradient of the batch that would come next, without taking the step.
        model = trainer.model = experiment.network.model(len(trainer.indices()), "train")
        trainer.fill(model)
        model.plan.run()
        return experiment, self._run.state(self._run.read())


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

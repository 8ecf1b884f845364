"""A trainer in a thread of the test, with its real socket, and a viewer that remembers what it was told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from nntui.config.load import load
from nntui.protocol import sockets
from nntui.protocol.client import Client
from nntui.protocol.commands import Shown, Want
from nntui.protocol.message import Command, Message
from nntui.server.attendant import Attendant
from nntui.server.hub import Hub
from nntui.statistics import outline
from nntui.training.experiment import build
from nntui.training.session import Session, Signals
from nntui.training.start import start

PATIENCE = 60.0
"""Seconds after which a test gives up waiting; nothing waits that long when all is well."""
M = TypeVar("M", bound=Message)


def until(holds: Callable[[], Any], what: str = "") -> Any:
    """Wait for something true, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain for {what or holds}"
        time.sleep(0.005)
    return found


class Viewer:
    """A client that keeps every message; unless ``slow``, it asks for the next frame of a kind at once."""

    def __init__(self, socket: Path, *, slow: bool = False, **options: Any) -> None:
        self.messages: list[Message] = []
        self._slow = slow
        self._client: Client | None = None
        self._client = Client(socket, self._take, **options)
        self._client.send(Want(keys=()))  # nothing so far: the end waits for nobody's

    def _take(self, message: Message) -> None:
        self.messages.append(message)
        if message.credited and not self._slow:
            self.send(Shown(frame=message.type))

    @property
    def client(self) -> Client:
        """It may call back before this viewer is made."""
        return until(lambda: self._client)

    def send(self, command: Command) -> None:
        self.client.send(command)

    def close(self) -> None:
        self.client.close()

    def all(self, kind: type[M]) -> list[M]:
        return [m for m in list(self.messages) if isinstance(m, kind)]

    def wait(self, kind: type[M], where: Callable[[M], bool] = lambda m: True) -> M:
        """The first message of that kind for which ``where`` holds."""
        found: list[M] = until(lambda: [m for m in self.all(kind) if where(m)], kind.__name__)
        return found[0]


class Running:
    """The trainer's side."""

    def __init__(self, session: Session, hub: Hub, attendant: Attendant, socket: Path) -> None:
        self.session, self.hub, self.socket = session, hub, socket
        self.signals = Signals()
        self.thread = threading.Thread(target=self._run, args=(attendant,), daemon=True)
        self.thread.start()

    def _run(self, attendant: Attendant) -> None:
        self.session.train(self.signals, attendant)
        attendant.end(self.session)
        self.hub.close(0.5)

    @property
    def trainer(self) -> Any:
        return self.session.trainer

    def viewer(self, **options: Any) -> Viewer:
        return Viewer(self.socket, **options)

    def join(self) -> None:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@contextmanager
def running(
    base: Path, config: str = "xor", *sets: str, pace: str | float = "max", paused: bool = False
) -> Iterator[Running]:
    """A trainer of a demo; it is stopped at the end, however the test ends."""
    experiment = build(load(config, sets))
    server, path = sockets.listen()
    session = start(experiment, base, lambda text: None)
    hub = Hub(server, outline.hello(session.run, config, "paused" if paused else "running", experiment), path)
    found = Running(session, hub, Attendant(hub, pace, paused=paused), path)
    try:
        yield found
    finally:
        session.stop("the test is over")
        found.thread.join(PATIENCE)
        sockets.remove(path)


def names(messages: Sequence[Message]) -> list[str]:
    """The kinds of messages in order."""
    return [m.type for m in messages]

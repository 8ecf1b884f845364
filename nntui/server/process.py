"""The trainer process: ``python -m nntui.server.process ORDER``, started by :mod:`nntui.server.launch`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntui import collector
from nntui.display import display
from nntui.errors import FAILED, UserError
from nntui.files import file_error, reason
from nntui.runs.directory import LIVE

if TYPE_CHECKING:
    from nntui.server.service import Service


def main(order: dict[str, Any]) -> int:
    """Build, say where it listens (or what is wrong), train, and go. Returns the exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ready = int(order["ready"])
    try:
        trainer = Trainer(order)
    except UserError as error:
        _tell(ready, {"faults": list(error.messages), "exit_code": error.exit_code})
        return error.exit_code
    except OSError as error:  # the machine's, not the program's: one line
        where = f"{display(str(error.filename))}: " if error.filename is not None else ""
        fault = f"the trainer could not be started: {where}{reason(error)}"
        _tell(ready, {"faults": [fault], "exit_code": FAILED})
        return FAILED
    except Exception as error:  # whatever it is, the viewer must hear of it
        _tell(
            ready, {"faults": [f"the trainer failed: {type(error).__name__}: {error}"], "exit_code": FAILED}
        )
        raise
    _tell(ready, {"run_dir": str(trainer.session.run.path.resolve()), "socket": str(trainer.service.socket)})
    return trainer.train()


def _tell(ready: int, answer: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # the viewer has gone already: the run goes on
        os.write(ready, json.dumps(answer).encode() + b"\n")
    os.close(ready)


class Trainer:
    """A session with its socket and its viewers."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Raises UserError and OSError; then nothing is left of it."""
        from nntui.blas import limit_threads
        from nntui.protocol import sockets
        from nntui.training.experiment import read
        from nntui.training.start import start

        experiment = read(order["config"], order["overrides"], seed=order["seed"], runs=Path(order["runs"]))
        limit_threads(len(experiment.network.parameters))
        self._service: Service | None = None
        server, path = sockets.listen()
        try:
            self.session = start(experiment, Path(order["runs"]), self._report)
            try:
                self._begin(order, server, path)
            except BaseException:
                self.session.run.discard()
                raise
        except BaseException:
            server.close()
            sockets.remove(path)
            raise
        for message in experiment.warnings:
            self._report(message)

    def _begin(self, order: dict[str, Any], server: socket.socket, path: Path) -> None:
        from nntui.server.attendant import Attendant
        from nntui.server.service import Service

        try:
            _log_to(self.session.run.log)
        except OSError as error:
            raise file_error(self.session.run.log, "write the log", error, exit_code=FAILED) from None
        if order["paused"]:
            self.session.info.state = "paused"
        self._service = Service(
            self.session,
            (server, path),
            lambda hub: Attendant(hub, order["pace"], paused=order["paused"], leash=order.get("leash")),
        )

    def _report(self, message: str) -> None:
        from nntui.protocol.reports import Event

        _note(display(message) + "\n")
        if self._service is not None:
            self._service.hub.publish(Event(text=message, level="warning"))

    @property
    def service(self) -> Service:
        """Its socket and viewers."""
        assert self._service is not None
        return self._service

    def train(self) -> int:
        """Train until the end, or until it is stopped."""
        from nntui.signals import Signals

        session = self.session
        try:
            with Signals(hangup=False) as signals:
                session.train(signals, self.service.attendant)
        except BaseException as error:
            _note(traceback.format_exc())
            session.exit_code = FAILED
            if session.info.state in LIVE:  # the session could not say so itself
                session.info.state, session.info.reason = "failed", f"{type(error).__name__}: {error}"
        self.service.close()
        session.run.unlock()
        return session.exit_code


def _note(words: str) -> None:
    """Into the log; where that cannot be written, as on a full disk, the training goes on without."""
    with contextlib.suppress(OSError):
        os.write(2, words.encode("utf-8", "backslashreplace"))


def _log_to(path: Path) -> None:
    """What this process says from now on goes to the run's log."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o666)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    with contextlib.suppress(OSError):  # it has two others, and those are written to
        os.close(descriptor)


if __name__ == "__main__":
    collector.loading()
    sys.exit(main(json.loads(sys.argv[1])))

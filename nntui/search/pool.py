"""The workers of this machine, as their coordinator sees them."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
from dataclasses import dataclass, field
from typing import Any

from nntui.children import python_module
from nntui.errors import FAILED, UserError
from nntui.search.study import Ticket

Message = dict[str, Any]
STILLBORN = 3
"""Workers in a row that may end before they are ready."""


@dataclass(eq=False)
class Hand:
    """One worker process."""

    process: subprocess.Popen[bytes]
    identity: dict[str, object] | None = None
    """Once it is ready."""
    ticket: Ticket | None = None
    """What it trains."""
    buffer: bytes = field(default=b"", repr=False)

    @property
    def idle(self) -> bool:
        """Whether it can take a trial."""
        return self.identity is not None and self.ticket is None

    def send(self, message: Message) -> None:
        """A message to it; that it is gone is heard otherwise."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def train(self, ticket: Ticket) -> None:
        """Let it train a trial."""
        self.ticket = ticket
        self.send({"trial": {"number": ticket.number, "id": ticket.trial._trial_id, "tables": ticket.tables}})

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()


class Pool:
    """Keeps a number of workers. ``search`` is what each is told at its start."""

    def __init__(self, count: int, search: Message) -> None:
        self._search = search
        self._selector = selectors.DefaultSelector()
        self._stillborn = 0
        self.hands: list[Hand] = []
        for _ in range(count):
            self._start()

    def _start(self) -> None:
        environment = dict(os.environ)
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[name] = "1"
        environment["NNTUI_THREADS"] = "1"
        quiet = None if environment.get("NNTUI_TRACEBACK") else subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                python_module("nntui.search.worker"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=quiet, env=environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UserError(f"a worker could not be started: {error.strerror}", exit_code=FAILED) from None
        hand = Hand(process)
        assert process.stdout is not None
        self._selector.register(process.stdout, selectors.EVENT_READ, hand)
        self.hands.append(hand)
        hand.send(self._search)

    def hear(self, seconds: float) -> list[tuple[Hand, Message]]:
        """What workers say within that time; ``{"gone": exit code}`` of one that has ended, which is replaced.

        Raises UserError where workers cannot even start.
        """
        out: list[tuple[Hand, Message]] = []
        for key, _ in self._selector.select(seconds):
            hand: Hand = key.data
            chunk = os.read(key.fd, 1 << 16)
            *lines, hand.buffer = (hand.buffer + chunk).split(b"\n")
            for line in lines:
                message = json.loads(line)
                if "ready" in message:
                    hand.identity = message["ready"]
                    self._stillborn = 0
                out.append((hand, message))
            if not chunk:
                self._remove(hand)
                out.append((hand, {"gone": hand.process.wait()}))
        return out

    def replace(self, hand: Hand) -> None:
        """Start another worker for one that has gone. Raises UserError."""
        if hand.identity is None:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                raise UserError(
                    f"workers end as soon as they are started (exit code {hand.process.returncode}); "
                    "NNTUI_TRACEBACK=1 shows why",
                    exit_code=FAILED,
                )
        self._start()

    def _remove(self, hand: Hand) -> None:
        assert hand.process.stdout is not None
        assert hand.process.stdin is not None
        self._selector.unregister(hand.process.stdout)
        self.hands.remove(hand)
        hand.process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            hand.process.stdin.close()

    @property
    def busy(self) -> list[Hand]:
        """Those that train."""
        return [h for h in self.hands if h.ticket is not None]

    def close(self) -> None:
        """Let idle workers go; those that still train are ended at once."""
        for hand in list(self.hands):
            if hand.ticket is not None:
                hand.kill()
            self._remove(hand)
            hand.process.wait()
        self._selector.close()

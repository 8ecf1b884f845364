"""Work done in a forked process, so that it can be killed, and that what it holds open ends with it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60
"""After which a child is killed: nothing takes that long."""


@dataclass(frozen=True)
class Outcome:
    """How it ended, what it gave back, and what it said on stderr."""

    signal: int
    value: Any
    said: str


class Child:
    """A child at work; ``wait`` gives its outcome."""

    def __init__(self, work: Callable[[], Any], said: Path) -> None:
        """``work`` returns JSON; stderr goes to the file ``said``."""
        self._said = said
        self._read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._read)
            self._run(work, write)
        os.close(write)

    def _run(self, work: Callable[[], Any], write: int) -> None:
        try:
            signal.alarm(SECONDS)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            log = os.open(self._said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(log, 2)
            sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
            value = work()
            sys.stderr.flush()
            os.write(write, json.dumps(value).encode())
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(97)

    def wait(self) -> Outcome:
        """Its end."""
        data = b""
        while chunk := os.read(self._read, 1 << 16):
            data += chunk
        os.close(self._read)
        _, status = os.waitpid(self.pid, 0)
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        text = self._said.read_text(errors="replace") if self._said.exists() else ""
        return Outcome(number, json.loads(data) if data else None, text)

"""The program's processes, forked from one that has imported it already: started in a tenth of the time.

What a start itself can meet is tried elsewhere, with real starts (``tests/faults/kills.py``, ``tests/cli``).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

from nntui.server.launch import Launched

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.server.loaded"])


def begin() -> None:
    """Start the parent; to be called before the directory of temporary files is another one. It ends with this process."""
    forkserver.ensure_running()


class Warm:
    """A child at work, asked as a ``subprocess.Popen`` is; stdout and stderr go to the file ``said``."""

    def __init__(self, work: Callable[..., None], said: Path, *given: Any) -> None:
        self._said = said
        self._process = _context.Process(target=_begin, args=(work, str(said), str(said.parent), *given))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit code once it has ended, negative for a signal."""
        return self._process.exitcode

    @property
    def returncode(self) -> int | None:
        """As :meth:`poll`."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """To it, while it is there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Until its end."""
        self._process.join(timeout)
        code = self.poll()
        assert code is not None, "it does not end"
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it said, at its end."""
        self.wait(timeout)
        return self._said.read_text(), ""


def _begin(work: Callable[..., None], said: str, temporary: str, *given: Any) -> None:
    os.setsid()
    log = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.environ["TMPDIR"] = tempfile.tempdir = temporary
    work(*given)


def _trainer(order: dict[str, Any], ready: Connection, leash: Connection) -> None:
    from nntui.server.process import main

    order |= {"ready": os.dup(ready.fileno()), "leash": os.dup(leash.fileno())}
    ready.close()
    leash.close()
    sys.exit(main(order))


def _command(words: Sequence[str]) -> None:
    from nntui.cli import main

    sys.argv = ["nntui", *words]
    main()


def warm_trainer(base: Path, config: str, overrides: Sequence[str], pace: float) -> Launched:
    """As ``nntui.server.launch.launch``."""
    read, write = _context.Pipe(duplex=False)
    held, leash = _context.Pipe(duplex=False)
    order = {
        "config": config, "overrides": list(overrides), "seed": 1, "runs": str(base / "runs"), "pace": pace, "paused": False,
    }  # fmt: skip
    process = Warm(_trainer, base / "trainer.log", order, write, held)
    ready, end = os.dup(read.fileno()), os.dup(leash.fileno())
    for pipe in (read, write, held, leash):
        pipe.close()
    return Launched(cast(Any, process), ready, end)


def warm_command(base: Path, *words: str | Path) -> Warm:
    """As ``nntui WORDS``."""
    return Warm(_command, base / "command.log", [str(word) for word in words])

"""A process that advises on a run, as its screen sees it: lines come in, and it is gone when the screen is."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from nntui.children import python_module

Line = dict[str, Any]
"""What :mod:`nntui.checks.process` says."""


class Job:
    """``post`` is called with each line, from another thread; the last is "ended" or "failed", unless it was closed."""

    def __init__(self, order: Line, post: Callable[[Line], object]) -> None:
        self._order, self._post = order, post
        self._closed = False
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin; where no process can be started, that is posted."""
        environment = {**os.environ}
        # One thread: the trainer is to have the other cores.
        for name in ("NNTUI_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            environment.setdefault(name, "1")
        try:
            self.process = subprocess.Popen(
                [*python_module("nntui.checks.process"), json.dumps(self._order)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        except OSError as error:
            self._post({"at": "failed", "messages": [f"it could not be started: {error.strerror}"]})
            return
        threading.Thread(target=self._read, args=(self.process,), name="advice", daemon=True).start()

    def close(self) -> None:
        """End it at once, whatever it is doing."""
        self._closed = True
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        over = False
        for text in process.stdout:
            try:
                line = json.loads(text)
            except ValueError:
                break  # it was ended in the middle of a line
            over = over or line.get("at") in ("ended", "failed")
            if not self._closed:
                self._post(line)
        code = process.wait()
        if not over and not self._closed:
            self._post({"at": "failed", "messages": [f"it ended with exit code {code}"]})

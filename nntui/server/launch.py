"""Starting a trainer in a process of its own. Cheap to import: the viewer does it first of all."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntui.children import python_module
from nntui.errors import FAILED, UserError
from nntui.waiting import readable


@dataclass(frozen=True)
class Ready:
    """A trainer that listens."""

    run_dir: Path
    socket: Path


class Launched:
    """A trainer that was started; :meth:`wait_ready` tells what became of it."""

    def __init__(self, process: subprocess.Popen[bytes], ready: int, leash: int) -> None:
        self.process = process
        self._ready = ready
        self._leash = leash
        """Open as long as this process lives: a trainer whose starter died before anyone attached ends."""

    def wait_ready(self, seconds: float) -> Ready:
        """Where it listens. Raises UserError with the faults it found, or where it says nothing in time.

        Broken off (Ctrl-C before there is a screen), it ends the trainer too: nobody has seen it yet.
        """
        try:
            return self._wait_ready(seconds)
        except KeyboardInterrupt:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            raise

    def _wait_ready(self, seconds: float) -> Ready:
        data = b""
        deadline = time.monotonic() + seconds
        while b"\n" not in data:
            heard = readable(self._ready, deadline - time.monotonic())
            chunk = os.read(self._ready, 1 << 16) if heard else b""
            if not chunk:
                break
            data += chunk
        os.close(self._ready)
        if b"\n" not in data:
            code = self.process.poll()
            ended = (
                f"it ended with exit code {code}" if code is not None else f"no response after {seconds:g} s"
            )
            if code is None:
                with contextlib.suppress(ProcessLookupError):
                    self.process.terminate()
            raise UserError(f"the trainer could not be started: {ended}", exit_code=FAILED)
        answer = json.loads(data)
        if "faults" in answer:
            self.process.wait()
            raise UserError(answer["faults"], exit_code=answer["exit_code"])
        return Ready(Path(answer["run_dir"]), Path(answer["socket"]))


def launch(
    config: str,
    overrides: Sequence[str],
    seed: int | None,
    runs: Path,
    pace: str | float,
    paused: bool,
) -> Launched:
    """Start a trainer for the configuration, in a session of its own: it outlives this terminal."""
    read, write = os.pipe()
    held, leash = os.pipe()
    order = {
        "config": config,
        "overrides": list(overrides),
        "seed": seed,
        "runs": str(runs),
        "pace": pace,
        "paused": paused,
        "ready": write,
        "leash": held,
    }
    environment = {**os.environ}
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        environment.setdefault(name, environment.get("NNTUI_THREADS", "1"))
    try:
        process = subprocess.Popen(
            [*python_module("nntui.server.process"), json.dumps(order)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[write, held],
            env=environment,
        )
    except OSError as error:
        os.close(read)
        os.close(leash)
        raise UserError(f"the trainer could not be started: {error.strerror}", exit_code=FAILED) from None
    finally:
        os.close(write)
        os.close(held)
    return Launched(process, read, leash)

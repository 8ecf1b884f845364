"""Ending a live run from outside: the signal that Ctrl-C sends, and waiting until the run has ended."""

from __future__ import annotations

import os
import signal
import time

from nntui.display import display
from nntui.errors import FAILED, UserError
from nntui.runs import identity
from nntui.runs.directory import LIVE
from nntui.runs.find import Found

INSIST = 5.0
"""Seconds after which a trainer that ignores SIGINT (one started under nohup) gets SIGTERM, which it obeys."""
PATIENCE = 60.0
"""Seconds that an update and the checkpoint after it may take."""


def stop(found: Found) -> str:
    """End the run; returns its state then. Raises UserError where it is not live, not reachable, or goes on."""
    run, name = found.run, display(found.run.name)
    if found.state not in LIVE:
        raise UserError(f"{name}: this run is {found.state}: there is nothing to stop")
    try:
        process = identity.Identity.from_json(found.info.process)
    except ValueError:
        raise UserError(f"{name}: this run is just beginning; try again in a moment") from None
    if identity.alive(process) is None:
        raise UserError(
            f"{name}: its trainer (process {process.pid}) runs on {display(process.host)}, or in another container; "
            "stop it there"
        )
    begun = time.monotonic()
    left = [signal.SIGINT, signal.SIGTERM]
    while identity.alive(process):
        if left and time.monotonic() - begun >= INSIST * (2 - len(left)):
            try:
                os.kill(process.pid, left.pop(0))
            except ProcessLookupError:
                break
            except PermissionError:
                raise UserError(f"{name}: its trainer belongs to another user", exit_code=FAILED) from None
        if time.monotonic() - begun > PATIENCE:
            raise UserError(f"{name}: still at work after {PATIENCE:g} s; try again", exit_code=FAILED)
        time.sleep(0.02)
    return run.state(run.read())

"""A terminal that a shell's job control gives to this program and takes away again."""

from __future__ import annotations

import os
import time

from textual.drivers.linux_driver import LinuxDriver

LATE = 0.5
"""Seconds by which another thread may be late with a signal that came together with CONT."""


def in_front(terminal: int) -> bool:
    """Whether the terminal is this program's, and not its shell's; true where that cannot be told."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True


class JobDriver(LinuxDriver):
    """Textual's driver, whose handler of CONT stops the process again where the terminal is not its own.

    A shell's ``kill`` sends a stopped job TERM and CONT together, and two threads may take one each: the handler of CONT
    must not stop the process before the one of TERM has run.
    """

    def resume_application_mode(self) -> None:
        if not in_front(self.fileno):
            time.sleep(LATE)  # handlers of other signals run after it
        super().resume_application_mode()

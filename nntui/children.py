"""How the program starts another process of its own, and hears from it over a pipe."""

from __future__ import annotations

import select
import sys


def python_module(name: str) -> list[str]:
    """The command of this interpreter that runs a module.

    With -P: ``-m`` alone would import from the working directory first, where a file of the user's may be called as a
    module is (random.py, statistics.py, numpy.py).
    """
    return [sys.executable, "-P", "-m", name]


def readable(pipe: int, seconds: float) -> bool:
    """Whether within so many seconds there is something to read from a pipe, or its other end is closed.

    By poll: select takes no descriptor from 1024 on.
    """
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))

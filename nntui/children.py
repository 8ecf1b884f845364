"""How the program starts another process of its own."""

from __future__ import annotations

import sys


def python_module(name: str) -> list[str]:
    """The command of this interpreter that runs a module.

    With -P: ``-m`` alone would import from the working directory first, where a file of the user's may be called as a
    module is (random.py, statistics.py, numpy.py).
    """
    return [sys.executable, "-P", "-m", name]

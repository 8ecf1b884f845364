"""The cases of the statistics: for each a check of its numbers and orientation against plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nntui.statistics.base import Statistic

CASES: dict[type[Statistic], Callable[[Path], None]] = {}


def case(kind: type[Statistic]) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def keep(test: Callable[[Path], None]) -> Callable[[Path], None]:
        CASES[kind] = test
        return test

    return keep

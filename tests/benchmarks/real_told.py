"""What each process of ``tests.benchmarks.real`` tells of itself. Needs nothing but Python."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Any


class Clock:
    """Seconds since everything was imported."""

    def __init__(self, imports: float) -> None:
        self._imports = imports
        self._resident = _status("VmRSS")
        self.restart()

    def restart(self) -> None:
        """Count from now on."""
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The wall's clock."""
        return time.perf_counter() - self._begun

    def whole(self) -> dict[str, float]:
        """What the process took in all: seconds, and bytes."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "imports": self._imports, "work": self.seconds, "cpu": used.ru_utime + used.ru_stime,
            "peak": _status("VmHWM"), "beyond": _status("VmHWM") - self._resident,
        }  # fmt: skip


def told(clock: Clock, found: dict[str, Any]) -> None:
    """The last line that the process prints."""
    print(json.dumps({**clock.whole(), **found}))


def _status(name: str) -> float:
    """Bytes, as Linux tells them of this process."""
    with Path("/proc/self/status").open(encoding="ascii") as file:
        return 1024.0 * next(int(line.split()[1]) for line in file if line.startswith(name))

"""What the stability pane costs: `python -m tests.benchmarks.instruments [CONFIG …]` prints the share of a trainer's time
that its instruments take while a viewer looks at them, at full speed, and what they take while nobody does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from nntui.blas import limit_threads
from nntui.protocol.commands import Want
from nntui.protocol.reports import Stats
from nntui.statistics.stability import Stability
from nntui.training.instruments import TrainerInstruments
from tests.server.running import running

CONFIGS = ("xor", "digits", "edge_of_stability", "mini_vgg")
BEFORE, WARMING, SECONDS = 3.0, 2.0, 20.0


class Clock:
    """Sums the time that instruments take."""

    def __init__(self) -> None:
        self.spent = 0.0
        for name in ("look", "go_on"):
            self._watch(name)

    def _watch(self, name: str) -> None:
        original = getattr(TrainerInstruments, name)

        def timed(instruments: TrainerInstruments) -> object:
            begun = time.perf_counter()
            try:
                return original(instruments)
            finally:
                self.spent += time.perf_counter() - begun

        setattr(TrainerInstruments, name, timed)


def measure(config: str, clock: Clock) -> str:
    """One line of figures."""
    with tempfile.TemporaryDirectory() as base, running(Path(base), config, "train.epochs=100000000") as run:
        viewer = run.viewer(read_only=True)
        time.sleep(BEFORE)
        hidden = clock.spent
        viewer.send(Want(keys=("stability",)))
        time.sleep(WARMING)
        clock.spent, begun = 0.0, time.perf_counter()
        time.sleep(SECONDS)
        share = clock.spent / (time.perf_counter() - begun)
        found = [s for m in viewer.all(Stats) if isinstance(s := m.found.get("stability"), Stability)]
        curves = {s.curvature.update: s.curvature for s in found if s.curvature is not None}
        products = [c.products for c in curves.values()]
        some = (
            f"{len(curves)} λmax of {min(products)} to {max(products)} products"
            if products
            else "no λmax yet"
        )
        rows = f"{c.rows} of {c.size} rows" if (c := next(iter(curves.values()), None)) else ""
    clock.spent = 0.0
    return (
        f"{config:20} hidden {hidden:.3f} s   seen {100 * share:.1f} % of {SECONDS:.0f} s   {some}   {rows}"
    )


def main() -> None:
    """The demos, or what is named."""
    limit_threads(1)
    clock = Clock()
    for config in sys.argv[1:] or CONFIGS:
        sys.stdout.write(f"{measure(config, clock)}\n")
        sys.stdout.flush()
    sys.stdout.write(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")


if __name__ == "__main__":
    main()

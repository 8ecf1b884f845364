"""What watching costs: `python -m tests.benchmarks.pace [--rounds N]`.

Trains digits with `nntui run --pace max` in a pseudo-terminal and with `nntui fit`, in turn, and prints updates a
second between the first and the last record of each run, and the medians' ratio run / fit.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from nntui.runs.find import listed
from nntui.runs.metrics import read_metrics
from tests.server import running
from tests.server.terminal import Terminal

EPOCHS = 1500


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    wish = parser.parse_args()
    running.PATIENCE = 300.0
    words = ["digits", "--set", f"train.epochs={EPOCHS}"]
    found: dict[str, list[float]] = {"fit": [], "run": []}
    for _ in range(wish.rounds):
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, "-m", "nntui", "fit", *words, "--quiet", "--runs", place]
            subprocess.run(command, check=True)
            found["fit"].append(speed(Path(place)))
        with (
            tempfile.TemporaryDirectory() as place,
            Terminal("run", *words, "--pace", "max", runs=Path(place)) as terminal,
        ):
            terminal.shows("completed")
            found["run"].append(speed(Path(place)))
            terminal.signal(signal.SIGTERM)
            terminal.wait()
        print(f"fit {found['fit'][-1]:.0f}   run {found['run'][-1]:.0f} updates/s", flush=True)
    fit, run = (statistics.median(found[k]) for k in ("fit", "run"))
    print(f"medians: fit {fit:.0f}, run {run:.0f} updates/s; run / fit {run / fit:.3f}")


def speed(runs: Path) -> float:
    """Updates a second between the first and the last record."""
    records, _ = read_metrics(listed(runs)[0].run.metrics)
    epochs = [r for r in records if r["type"] == "epoch" and r["update"]]
    first, last = epochs[0], epochs[-1]
    return float((last["update"] - first["update"]) / (last["time"] - first["time"]))


if __name__ == "__main__":
    main()

"""How fast the engine is beside its peers: `python -m tests.benchmarks.engine [--rounds N] [CASE …]`.

Prints, all measured in one run in turn (so that the machine's moods hit everyone): microseconds an update, the
ratio peer / nntui (above 1: nntui is faster), the share of an update spent outside the layers' products, bytes
that an update allocates and keeps, and the time from the start of `nntui fit` to its first update.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

from threadpoolctl import threadpool_info

from tests.benchmarks import peers
from tests.benchmarks.peers import Case, Run

from nntui_core.ops.convolution import Conv2d  # isort: skip - after peers, which sets threads and kernels
from nntui_core.ops.linear import Affine  # isort: skip

CASES = (
    Case("2-8-2, batch 4", (2, 8, 2), 4, 400),
    Case("64-32-10, batch 32", (64, 32, 10), 32, 300),
    Case("784-128-10, batch 64", (784, 128, 10), 64, 60),
    Case("784-256-128-10, batch 64", (784, 256, 128, 10), 64, 30),
    Case("784-1024-1024-10, batch 128", (784, 1024, 1024, 10), 128, 6),
    Case("mini VGG 8×8, batch 32", (64, 10), 32, 20, image=(1, 8, 8), channels=(16, 16, 32, 32)),
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("cases", nargs="*", help="only cases whose name begins so")
    wish = parser.parse_args()
    chosen = [c for c in CASES if not wish.cases or any(c.name.startswith(w) for w in wish.cases)]
    rows = [measure(case, wish.rounds) for case in chosen]
    others = peers.names(rows)
    print(
        f"kernels: {', '.join(found['architecture'] for found in threadpool_info() if 'architecture' in found)}\n"
    )
    head = ["network", "nntui µs", *others, "outside products", "allocated"]
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for case, row in zip(chosen, rows, strict=True):
        outside, held = inside(case)
        cells = [case.name, f"{statistics.median(row['nntui']):.0f}"]
        cells += [_against(row, name) if name in row else "–" for name in others]
        print(f"| {' | '.join([*cells, f'{outside:.0%}', f'{held} B'])} |", flush=True)
    print(f"\nfit, start to first update: {first_update():.2f} s; python alone {bare():.2f} s")


def _against(row: dict[str, list[float]], name: str) -> str:
    """Its median, and the median of the ratios within each round, which the machine's moods move least."""
    ratios = [theirs / ours for theirs, ours in zip(row[name], row["nntui"], strict=True)]
    return f"{statistics.median(row[name]):.0f} ({statistics.median(ratios):.2f}×)"


def measure(case: Case, rounds: int) -> dict[str, list[float]]:
    """Microseconds of the processor an update of each, in every round; within a round they go in turn."""
    everyone: dict[str, Run] = {"nntui": peers.nntui(case), **peers.peers(case)}
    for run in everyone.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in everyone}
    for _ in range(rounds):
        for name, run in everyone.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return {name: [seconds / case.batches * 1e6 for seconds in t] for name, t in times.items()}


@contextmanager
def timed_layers() -> Iterator[list[float]]:
    """Adds up the time inside the ops of dense and convolutional layers; for plans that are made meanwhile."""
    spent = [0.0]

    def wrap(function: Any) -> Any:
        def timed(*args: Any) -> None:
            start = time.process_time()
            function(*args)
            spent[0] += time.process_time() - start

        return timed

    with ExitStack() as stack:
        for op, way in product((Affine, Conv2d), ("forward", "vjp")):
            stack.enter_context(mock.patch.object(op, way, wrap(getattr(op, way))))
        yield spent


def inside(case: Case) -> tuple[float, int]:
    """Share of an update outside the layers' products, and bytes that an update leaves allocated at its peak."""
    with timed_layers() as spent:
        trainer = peers.trainer_of(case)
        shares = []
        for _ in range(7):
            spent[0] = 0.0
            start = time.process_time()
            for _ in range(case.batches):
                trainer.advance()
            shares.append(1 - spent[0] / (time.process_time() - start))
    while trainer.advance():  # the next epoch's order is drawn
        pass
    trainer.advance()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    trainer.advance()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return statistics.median(shares), peak


def first_update() -> float:
    """Seconds of a whole `nntui fit` of one update."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "nntui", "fit", "xor", "--epochs", "1", "--quiet", "--runs", place]
        return _best(command)


def bare() -> float:
    """Seconds of Python doing nothing."""
    return _best([sys.executable, "-c", ""])


def _best(command: list[str]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()

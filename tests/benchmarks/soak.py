"""Whether a long training stays as small as it is: `python -m tests.benchmarks.soak [--minutes 60]`; exit 1 where not.

A run that has a long history already (its records are as large as they get) is resumed by `fit` at full speed, a viewer on
a pseudo-terminal watches it and goes from pane to pane, others come and go. Every second the resident memory, descriptors
and threads of trainer and viewer and the sizes of the run's files are taken. The first quarter, at most two minutes, is
for warming up. A slope is the middle one of all pairs of moments (Theil and Sen).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from nntui.runs.checkpoint import HISTORY
from nntui.runs.directory import RunDirectory
from nntui.runs.find import listed
from nntui.runs.metrics import MOST
from tests.benchmarks.leftovers import none_left
from tests.benchmarks.screen import Terminal

DEMO = "spirals"
EPOCHS = 2000
"""Of the history."""
RECORDS = 40_000
WARM = 120.0
VISIT = 20.0
"""Seconds between two viewers that come, and between two panes."""
GROWTH = 2.0
"""MB that memory may grow while it is watched, beside PER_HOUR."""
PER_HOUR = 2.0
MB = 1 << 20


@dataclass
class Watched:
    """A process, and what was seen of it: moment, resident bytes, descriptors, threads."""

    name: str
    process: psutil.Process
    seen: list[tuple[float, int, int, int]] = field(default_factory=list)

    def look(self) -> None:
        """One moment."""
        with self.process.oneshot():
            self.seen.append(
                (
                    time.monotonic(),
                    self.process.memory_info().rss,
                    self.process.num_fds(),
                    self.process.num_threads(),
                )
            )

    def verdict(self, warm: float) -> tuple[str, bool]:
        """A row of the table, and whether it holds."""
        kept = [s for s in self.seen if s[0] >= self.seen[0][0] + warm]
        every = max(1, len(kept) // 400)
        points = [(t, rss) for t, rss, *_ in kept[::every]]
        slope = statistics.median(
            (b[1] - a[1]) / (b[0] - a[0]) for k, a in enumerate(points) for b in points[k + 1 :]
        )
        hours = (points[-1][0] - points[0][0]) / 3600
        grown = slope * hours * 3600 / MB
        limit = GROWTH + PER_HOUR * hours
        quarter = max(1, len(kept) // 4)
        more = [
            statistics.median(s[k] for s in kept[-quarter:]) - statistics.median(s[k] for s in kept[:quarter])
            for k in (2, 3)
        ]
        holds = grown <= limit and max(more) <= 0
        return (
            f"| {self.name} | {points[0][1] / MB:.1f} | {points[-1][1] / MB:.1f} | {max(r for _, r in points) / MB:.1f} "
            f"| {slope * 3600 / MB:+.2f} | {grown:+.2f} of {limit:.2f} | {kept[0][2]} → {kept[-1][2]} "
            f"| {kept[0][3]} → {kept[-1][3]} | {'yes' if holds else 'NO'} |"
        ), holds


def prepared(base: Path) -> RunDirectory:
    """A run with the records of days."""
    subprocess.run(
        [sys.executable, "-m", "nntui", "fit", DEMO, "--epochs", str(EPOCHS), "--quiet", "--runs", str(base)], check=True
    )  # fmt: skip
    run = listed(base)[0].run
    records = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    measured = [r for r in records if r["type"] == "epoch"]
    last = measured[-1]
    with run.metrics.open("w") as stream:
        for k in range(RECORDS):
            record = measured[k * len(measured) // RECORDS] | {
                "epoch": k * last["epoch"] // RECORDS, "update": k * last["update"] // RECORDS,
            }  # fmt: skip
            stream.write(json.dumps(record, separators=(",", ":")) + "\n")
            if stream.tell() > 0.97 * MOST:
                break  # the next minutes meet a thinning
        stream.write(json.dumps(last, separators=(",", ":")) + "\n")
    return run


def files(run: RunDirectory) -> dict[str, int]:
    """Bytes by file, all checkpoints together, and their number."""
    checkpoints = list(run.checkpoints.iterdir())
    sizes = {p.name: p.stat().st_size for p in run.path.iterdir() if p.is_file()}
    total = 0
    for path in checkpoints:
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue  # it was thinned
    return sizes | {"checkpoints": total, "number of checkpoints": len(checkpoints)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=5.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ns-") as place, none_left():
        os.environ["TMPDIR"] = tempfile.tempdir = place
        base = Path(place) / "runs"
        run = prepared(base)
        words = ("--resume", run.name, "--epochs", str(10**9), "--quiet", "--runs", str(base))
        trainer = subprocess.Popen([sys.executable, "-m", "nntui", "fit", *words])
        try:
            return _soak(run, trainer, base, 60 * chosen.minutes)
        finally:
            trainer.terminate()
            trainer.wait()


def _soak(run: RunDirectory, trainer: subprocess.Popen[bytes], base: Path, seconds: float) -> int:
    while run.read().state != "running" or not run.read().socket:
        time.sleep(0.1)
    viewer = Terminal(("attach", run.name, "--runs", str(base)))
    viewer.read(10.0, b"training")
    watched = [
        Watched("trainer", psutil.Process(trainer.pid)), Watched("viewer", psutil.Process(viewer.pid)),
    ]  # fmt: skip
    largest: dict[str, int] = {}
    begun = visited = time.monotonic()
    first, bytes_before = run.read().updates, viewer.bytes
    thinnings, before = 0, 0
    visitors = 0
    while (clock := time.monotonic()) < begun + seconds:
        if clock >= visited + VISIT:
            visited = clock
            visitors += 1
            viewer.press(str(visitors % 5 + 1).encode())
            visitor = Terminal(("attach", run.name, "--runs", str(base), "--read-only"))
            visitor.read(3.0, b"training")
            visitor.close()
        viewer.read(1.0)
        for one in watched:
            one.look()
        now = files(run)
        largest = {name: max(size, largest.get(name, 0)) for name, size in now.items()}
        thinnings += now["metrics.jsonl"] < before
        before = now["metrics.jsonl"]
    passed = time.monotonic() - begun
    print(
        f"{DEMO}, {passed / 60:.1f} minutes, {run.read().updates - first:,} updates, {visitors} other viewers,"
    )
    print(
        f"{(viewer.bytes - bytes_before) / passed / 1000:.1f} kB/s to the screen, load {os.getloadavg()[0]:.1f}\n"
    )
    print(
        "| process | MB after warming up | at the end | most | MB an hour | growth, MB | descriptors | threads | flat |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    verdicts = [one.verdict(min(WARM, seconds / 4)) for one in watched]
    for row, _ in verdicts:
        print(row)
    bounded = largest["metrics.jsonl"] <= MOST + 4096 and largest["number of checkpoints"] <= HISTORY + 5
    print("\n| file | largest, kB |\n|---|---|")
    for name, size in sorted(largest.items()):
        print(f"| {name} | {size if name.startswith('number') else round(size / 1000, 1)} |")
    print(f"\nrecords thinned {thinnings} times, files bounded: {'yes' if bounded else 'NO'}")
    viewer.close()
    return 0 if bounded and all(holds for _, holds in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())

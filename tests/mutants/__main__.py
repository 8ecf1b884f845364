"""Plants small faults in the code that makes pictures and verdicts, one at a time, and says which ones no test notices.

    python -m tests.mutants                                  # 100 faults in all that is shown
    python -m tests.mutants nntui/statistics --number 50 --seed 7 --jobs 8
    python -m tests.mutants nntui/tui/store.py --nearest     # with the tests of its room alone
    python -m tests.mutants --again survivors.txt            # those of an earlier list once more

Each fault is planted in a copy of the tree; the tests of its room run first, then, without --nearest, all tests of
what is shown. A fault lives when all of them pass. Each survivor is told with its place, on the error output how far
it is; at the end, or where it is interrupted, the share that died by room.
"""

import argparse
import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from .changes import changes

ROOT = Path(__file__).parents[2]
SHOWN = (
    "nntui/statistics",
    "core/nntui_core/probe.py",
    "core/nntui_core/seen.py",
    "core/nntui_core/measures.py",
    "core/nntui_core/findings",
    "nntui/tui/store.py",
    "nntui/tui/snapshot.py",
    "nntui/tui/render",
)
"""What is mutated where no place is given: all that makes a number, a picture or a verdict."""

NEAREST = {
    "nntui/statistics": ["tests/statistics"],
    "core/nntui_core/probe.py": ["tests/core/test_probe.py", "tests/statistics"],
    "core/nntui_core/seen.py": ["tests/core/test_seen.py"],
    "core/nntui_core/measures.py": ["tests/core/test_seen.py", "tests/core/test_measuring_a_network.py"],
    "core/nntui_core/findings": [
        "tests/core/test_findings_limits.py",
        "tests/core/test_findings_suspects.py",
        "tests/core/test_findings_steps.py",
        "tests/core/test_findings_moments.py",
        "tests/core/test_findings_samples.py",
        "tests/core/test_findings_measures.py",
        "tests/core/test_findings_units.py",
        "tests/core/test_findings_flow.py",
        "tests/core/test_findings_order.py",
        "tests/core/test_findings_causes.py",
        "tests/core/test_findings_outcome.py",
        "tests/core/test_findings_reference.py",
        "tests/training/test_findings_runs.py",
    ],
    "nntui/tui/store.py": ["tests/tui/test_store.py", "tests/tui/test_trail.py"],
    "nntui/tui/snapshot.py": ["tests/tui/test_store.py", "tests/tui/test_trail.py"],
    "nntui/tui/render": ["tests/tui/render"],
}
"""The tests of a room, tried first."""

REST = [
    "tests/statistics",
    "tests/tui/render",
    "tests/tui/test_store.py",
    "tests/tui/test_findings_pane.py",
    "tests/tui/test_layers_pane.py",
    "tests/tui/test_network_pane.py",
    "tests/tui/test_places.py",
    "tests/tui/test_run_snapshots.py",
    "tests/tui/test_debug_truth.py",
    "tests/core/test_rules.py",
    "tests/core/test_findings_limits.py",
    "tests/core/test_findings_causes.py",
    "tests/training/test_findings_runs.py",
    "tests/corpus/test_corpus.py",
    "tests/tui/test_run_panes.py",
]
LIMIT = 400.0
"""Seconds after which a run of tests is ended; such a fault is counted as noticed."""


RUNNING: set[int] = set()
"""Groups of processes of the tests that run now: ended where this is interrupted."""


@dataclass(frozen=True)
class Mutant:
    """Fault number `index` among the `changes` of a file."""

    file: str
    index: int
    line: int
    old: str
    new: str

    @property
    def room(self) -> str:
        return next((room for room in NEAREST if self.file.startswith(room)), self.file)


def planted(mutant: Mutant) -> str:
    """The text of the mutant's file with the fault in it."""
    tree = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    changes(tree)[mutant.index].apply()
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def listed(path: Path) -> list[Mutant]:
    """Those of a list that this tool printed, in the files as they are now: each at the place nearest to its line."""
    out = []
    for text in path.read_text(encoding="utf-8").splitlines():
        if not text.startswith("lived  "):
            continue
        place, old, new = (
            text.removeprefix("lived  ").split("  ", 1)[0],
            *text.split("  ", 2)[2].split("  →  "),
        )
        file, _, line = place.rpartition(":")
        every = enumerate(changes(ast.parse((ROOT / file).read_text(encoding="utf-8"))))
        same = [Mutant(file, k, c.line, c.old, c.new) for k, c in every if (c.old, c.new) == (old, new)]
        if same:
            out.append(min(same, key=lambda mutant: abs(mutant.line - int(line))))
        else:
            print(f"is no more  {place}  {old}  →  {new}", flush=True)
    return out


def chosen(places: list[str], number: int, seed: int) -> list[Mutant]:
    """`number` random faults of the files below `places`."""
    files = [
        path
        for place in places
        for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    every = []
    for path in sorted(files):
        file = path.relative_to(ROOT).as_posix()
        for index, change in enumerate(changes(ast.parse(path.read_text(encoding="utf-8")))):
            every.append(Mutant(file, index, change.line, change.old, change.new))
    return random.Random(seed).sample(every, min(number, len(every)))


def copied(place: Path) -> Path:
    """A copy of what the tests need, in which a fault can be planted."""
    for name in ("nntui", "core", "tests", "demos", "docs"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy(path, place)
    return place


def noticed(mutant: Mutant, tree: Path, rest: list[str]) -> bool:
    """Whether a test of its room, or of the `rest`, fails with this fault in `tree`, which is as it was afterwards."""
    path = tree / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(planted(mutant), encoding="utf-8")
    try:
        return not all(passes(tree, tests) for tests in (NEAREST.get(mutant.room, REST), rest) if tests)
    finally:
        path.write_text(whole, encoding="utf-8")


def passes(tree: Path, tests: list[str]) -> bool:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tree), str(tree / "core"), os.environ.get("PYTHONPATH", "")]),
    }
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]
    with subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        RUNNING.add(process.pid)
        try:
            return process.wait(LIMIT) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return False
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            RUNNING.discard(process.pid)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument(
        "places", nargs="*", default=list(SHOWN), help="files or folders, from the top of the repository"
    )
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--nearest", action="store_true", help="run the tests of a fault's own room alone")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="begin no further fault after this time"
    )
    parser.add_argument(
        "--again", type=Path, metavar="FILE", help="the survivors of this output instead of random faults"
    )
    given = parser.parse_args()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)
    faults = chosen(given.places, given.number, given.seed) if given.again is None else listed(given.again)
    ends = time.monotonic() + 60 * given.minutes
    with tempfile.TemporaryDirectory(prefix="nntui-mutants-") as place:
        trees: SimpleQueue[Path] = SimpleQueue()
        for job in range(given.jobs):
            trees.put(copied(Path(place, str(job))))
        first = trees.get()
        rest = [] if given.nearest else REST
        if not passes(first, rest or sorted({test for m in faults for test in NEAREST.get(m.room, REST)})):
            print("the tests fail without any fault: nothing can be judged", file=sys.stderr)
            return 1
        trees.put(first)

        def judge(mutant: Mutant) -> tuple[Mutant, bool] | None:
            tree = trees.get()
            try:
                return None if time.monotonic() > ends else (mutant, noticed(mutant, tree, rest))
            finally:
                trees.put(tree)

        judged: list[tuple[Mutant, bool]] = []
        with ThreadPoolExecutor(given.jobs) as pool:
            try:
                for answer in pool.map(judge, faults):
                    if answer is not None:
                        judged.append(answer)
                        told(judged, len(faults))
            except KeyboardInterrupt:
                ends = 0.0
                for group in tuple(RUNNING):
                    os.killpg(group, signal.SIGKILL)
                pool.shutdown(cancel_futures=True)
                print(f"interrupted after {len(judged)} of {len(faults)}", file=sys.stderr)
    print(summary(judged))
    return 0


def told(judged: list[tuple[Mutant, bool]], count: int) -> None:
    """The newest one, where it lived, and how far it is."""
    mutant, died = judged[-1]
    if not died:
        print(f"lived  {mutant.file}:{mutant.line}  {mutant.old}  →  {mutant.new}", flush=True)
    lived = sum(not was for _, was in judged)
    print(f"{len(judged)} of {count}, {lived} lived", file=sys.stderr, flush=True)


def summary(judged: list[tuple[Mutant, bool]]) -> str:
    """The share that died by room, as a table."""
    rooms = sorted({mutant.room for mutant, _ in judged})
    lines = ["", "| room | faults | noticed |", "|---|---|---|"]
    for name, inside in [*((room, {room}) for room in rooms), ("all", set(rooms))]:
        those = [died for mutant, died in judged if mutant.room in inside]
        lines.append(f"| {name} | {len(those)} | {sum(those) / max(1, len(those)):.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

"""Plants small faults in the code that makes pictures and verdicts, one at a time, and says which ones no test notices.

    python -m tests.mutants                                  # 100 faults in all that is shown
    python -m tests.mutants nntui/statistics --number 50 --seed 7 --jobs 8

Each fault is planted in a copy of the tree; the tests of its room run first, then all tests of what is shown. A fault
lives when all of them pass. At the end: the share that died by room, and each survivor with its place.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from .changes import changes

ROOT = Path(__file__).parents[2]
SHOWN = (
    "nntui/statistics",
    "core/nntui_core/probe.py",
    "core/nntui_core/findings",
    "nntui/tui/store.py",
    "nntui/tui/render",
)
"""What is mutated where no place is given: all that makes a number, a picture or a verdict."""

NEAREST = {
    "nntui/statistics": ["tests/statistics"],
    "core/nntui_core/probe.py": ["tests/core/test_probe.py", "tests/statistics"],
    "core/nntui_core/findings": [
        "tests/core/test_findings_units.py",
        "tests/core/test_findings_flow.py",
        "tests/core/test_findings_outcome.py",
        "tests/training/test_findings_runs.py",
    ],
    "nntui/tui/store.py": ["tests/tui/test_store.py"],
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
    "tests/tui/test_run_panes.py",
    "tests/tui/test_run_snapshots.py",
    "tests/tui/test_debug_truth.py",
    "tests/core/test_rules.py",
    "tests/training/test_findings_runs.py",
]
LIMIT = 400.0
"""Seconds after which a run of tests is ended; such a fault is counted as noticed."""


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


def noticed(mutant: Mutant, tree: Path) -> bool:
    """Whether a test fails with this fault planted in `tree`, which is as it was afterwards."""
    path = tree / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(planted(mutant), encoding="utf-8")
    try:
        return not passes(tree, NEAREST.get(mutant.room, REST)) or not passes(tree, REST)
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
        try:
            return process.wait(LIMIT) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            return False


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
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="begin no further fault after this time"
    )
    given = parser.parse_args()
    ends = time.monotonic() + 60 * given.minutes
    died: Counter[str] = Counter()
    lived: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="nntui-mutants-") as place:
        trees: SimpleQueue[Path] = SimpleQueue()
        for job in range(given.jobs):
            trees.put(copied(Path(place, str(job))))
        first = trees.get()
        if not passes(first, REST):
            print("the tests fail without any fault: nothing can be judged", file=sys.stderr)
            return 1
        trees.put(first)

        def judge(mutant: Mutant) -> tuple[Mutant, bool] | None:
            if time.monotonic() > ends:
                return None
            tree = trees.get()
            try:
                return mutant, noticed(mutant, tree)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(given.jobs) as pool:
            for judged in pool.map(judge, chosen(given.places, given.number, given.seed)):
                if judged is None:
                    continue
                mutant, was = judged
                if was:
                    died[mutant.room] += 1
                else:
                    lived.append(mutant)
                    print(f"lived  {mutant.file}:{mutant.line}  {mutant.old}  →  {mutant.new}", flush=True)
    print("\n| room | faults | noticed |\n|---|---|---|")
    alive = Counter(mutant.room for mutant in lived)
    for room in sorted(died | alive):
        print(f"| {room} | {died[room] + alive[room]} | {died[room] / (died[room] + alive[room]):.0%} |")
    total = sum(died.values()) + len(lived)
    print(f"| all | {total} | {sum(died.values()) / max(1, total):.0%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

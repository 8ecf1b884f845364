"""Real work, from the file to the end of the run, beside PyTorch and scikit-learn: ``python -m tests.benchmarks.real``.

Pictures of 28×28 are made from the 1,797 scans of the digits: enlarged, shifted, with noise; 70,000 of them as MNIST
has (``--pictures`` makes fewer), as IDX, NPZ and CSV. Each case is trained by everyone in a process of its own, on the
same files and the same processors, in turn; ratios (peer / nntui, above 1 nntui is better) are taken within a round.
``--peers PYTHON`` names an interpreter that has PyTorch, scikit-learn and pandas, where this one has not; who is not
installed is left out. After ``--budget`` seconds nothing more begins, and what was measured is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.real_cases import CASES, Case, shortened, write

HERE = Path(__file__).parent
Told = dict[str, Any]
"""What a process told of itself."""
Round = dict[str, Told]
"""By who."""


def machine() -> str:
    """The processor, as Linux names it."""
    with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
        lines = dict(
            line.partition(":")[::2]
            for line in file
            if line.startswith(("model name", "cpu family", "model\t"))
        )
    found = {key.strip(): value.strip() for key, value in lines.items()}
    return f"{found.get('model name', 'unknown')} (family {found.get('cpu family')}, model {found.get('model')})"  # fmt: skip


class Bench:
    """Runs cases, one process after the other."""

    def __init__(self, place: Path, peers: str, threads: int, until: float) -> None:
        self._place, self._peers, self._threads, self._until = place, peers, threads, until
        counts = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NNTUI_THREADS")
        # Compiled once, as an installed program is.
        compiled = {"PYTHONPYCACHEPREFIX": str(place / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
        kernels = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # as a user of this processor has them
        own = {name: value for name, value in os.environ.items() if name not in kernels}
        self._environment = own | compiled | dict.fromkeys(counts, str(threads))
        self._missing: set[str] = set()

    def round(self, case: Case, turn: int) -> Round:
        """Everyone once, another one first in each turn."""
        (self._place / "case.toml").write_text(case.toml())
        if case.loads:
            names = ["nntui", "loadtxt", "pandas"]
        else:
            names = ["nntui", "torch"] if case.channels else ["nntui", "torch", "sklearn"]
        names = names[turn % len(names) :] + names[: turn % len(names)]
        out = {}
        for name in names:
            if name not in self._missing and (found := self._run(case, name)) is not None:
                out[name] = found
        return out

    def _run(self, case: Case, name: str) -> Told | None:
        left = self._until - time.monotonic()
        if left < 5 + (case.seconds or 0):
            return None
        told = json.dumps(case.given())
        if name == "nntui":
            order = [sys.executable, "-m", "tests.benchmarks.real_ours", told, str(self._place / "case.toml")]
        else:
            order = [
                self._peers,
                str(HERE / "real_peers.py"),
                name,
                told,
                str(self._place),
                str(self._threads),
            ]
        load, begun = os.getloadavg()[0], time.perf_counter()
        try:
            done = subprocess.run(
                order,
                capture_output=True,
                text=True,
                env=self._environment,
                timeout=left,
                cwd=HERE.parents[1],
            )
        except subprocess.TimeoutExpired:
            print(f"{case.key} {name}: not done when the time was over", file=sys.stderr)
            return None
        process = time.perf_counter() - begun
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:]
            print(f"{case.key} {name}: {' '.join(last)}", file=sys.stderr)
            if "ModuleNotFoundError" in done.stderr:
                self._missing.add(name)
                return None
            if name == "nntui":
                raise SystemExit(done.stderr)
            return None
        found: Told = json.loads(done.stdout.splitlines()[-1]) | {"process": process, "machine_load": load}
        print(f"{case.key} {name}: {process:.1f} s, load {load:.1f}", file=sys.stderr)
        return found


# Tables

SECONDS = ("process", "work", "load", "updates", "evaluation", "looks", "saves")


def tables(rounds: dict[str, list[Round]]) -> Iterator[str]:
    """Markdown, line by line: the medians, then the ratios."""
    yield "| case | by | rounds | process s | work s | load s | updates s | of training | evaluation s | findings s | saves s | µs an update | CPU s | peak MB |"  # fmt: skip
    yield "|" + "---|" * 14
    for case in CASES:
        for name in ("nntui", "torch", "sklearn", "loadtxt", "pandas"):
            told = [r[name] for r in rounds[case.key] if name in r]
            if told:
                yield _row(case, name, told)
    yield ""
    yield "| case | peer / nntui | process | work | CPU | updates | load | peak memory | beyond imports |"
    yield "|" + "---|" * 9
    for case in CASES:
        for name in ("torch", "sklearn", "loadtxt", "pandas"):
            pairs = [(r["nntui"], r[name]) for r in rounds[case.key] if name in r and "nntui" in r]
            if pairs:
                yield _ratios(case, name, pairs)
    for case in CASES:
        for r in rounds[case.key]:
            ours = r.get("nntui", {})
            if "us_last" in ours:
                yield f"\n{case.name}: {ours['us_first']:.1f} µs of processor time an update in the first 40 epochs, {ours['us_last']:.1f} in the last"  # fmt: skip


def _row(case: Case, name: str, told: list[Told]) -> str:
    def middle(key: str) -> float | None:
        values = [t[key] for t in told if key in t]
        return median(values) if values else None

    cells = [case.name, name, str(len(told))]
    seconds = {key: middle(key) for key in SECONDS}
    share = [t["updates"] / t["training"] for t in told if "training" in t]
    for key in SECONDS:
        value = seconds[key]
        cells.append("–" if value is None else f"{value:.2f}")
        if key == "updates":
            cells.append(f"{median(share):.0%}" if share else "–")
    each = [1e6 * t["updates"] / t["count"] for t in told if t.get("count")]
    cells.append(f"{median(each):,.0f}" if each else "–")
    cells += [f"{middle('cpu'):.2f}", f"{(middle('peak') or 0) / 1e6:,.0f}"]
    return "| " + " | ".join(cells) + " |"


def _ratios(case: Case, name: str, pairs: list[tuple[Told, Told]]) -> str:
    def each(t: Told) -> float | None:
        return t["updates"] / t["count"] if t.get("count") else None

    timed = case.seconds is None  # else everyone took as long
    columns = [
        [(o["process"], p["process"]) for o, p in pairs if timed],
        [(o["work"], p["work"]) for o, p in pairs if timed],
        [(o["cpu"], p["cpu"]) for o, p in pairs if timed],
        [(each(o), each(p)) for o, p in pairs],
        [(o["load"], p["load"]) for o, p in pairs],
        [(o["peak"], p["peak"]) for o, p in pairs],
        [(o["beyond"], p["beyond"]) for o, p in pairs],
    ]
    cells = [case.name, name]
    for column in columns:
        found = sorted(theirs / ours for ours, theirs in column if ours and theirs)
        spread = f" ({found[0]:.2f}–{found[-1]:.2f})" if len(found) > 1 else ""
        cells.append(f"{median(found):.2f}×{spread}" if found else "–")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[c.key for c in CASES], help="these cases")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of everyone, on as many processors")
    parser.add_argument("--pictures", type=int, default=70_000)
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="that the 50 M parameters are trained for"
    )
    parser.add_argument(
        "--budget", type=float, default=86_400.0, metavar="SECONDS", help="begin nothing more after them"
    )
    parser.add_argument(
        "--peers", default=sys.executable, metavar="PYTHON", help="an interpreter that has them"
    )
    parser.add_argument("--files", type=Path, help="a folder that keeps the files from one call to the next")
    parser.add_argument("--out", type=Path, help="write the tables here too, after each case")
    given = parser.parse_args()
    until = time.monotonic() + given.budget
    cases = [shortened(c, given.seconds) for c in CASES if not given.only or c.key in given.only]
    with tempfile.TemporaryDirectory() as folder:
        place = (given.files or Path(folder)).absolute()
        place.mkdir(parents=True, exist_ok=True)
        write(place, cases, given.pictures)
        processors = sorted(os.sched_getaffinity(0))[-given.threads :]
        os.sched_setaffinity(0, processors)  # one for everyone: some have threads that no variable turns off
        bench = Bench(place, given.peers, given.threads, until)
        rounds: dict[str, list[Round]] = defaultdict(list)
        loads = []
        for turn in range(given.rounds):
            for case in cases:
                loads.append(os.getloadavg()[0])
                rounds[case.key].append(bench.round(case, turn))
                told = next((t for r in rounds.values() for x in r for n, t in x.items() if n == "torch"), {})
                lines = [
                    f"{machine()}, {os.cpu_count()} processors, pinned to {processors}; {given.threads} thread each; "
                    f"Python {sys.version.split()[0]}, PyTorch {told.get('version', '–')}; {given.pictures:,} pictures; "
                    f"load of the machine {min(loads):.1f} to {max(loads):.1f}; {datetime.now(UTC):%Y-%m-%d}",
                    "",
                    *tables(rounds),
                ]  # fmt: skip
                if given.out:
                    given.out.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

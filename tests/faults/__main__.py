"""Every fault at every call: ``python -m tests.faults --jobs N``. Prints what failed, and the table of docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.faults.parallel import each
from tests.faults.shim import FAULTS
from tests.faults.trying import Bench, Case, everything


def main() -> int:
    """Returns 1 where a case does not survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    parser.add_argument("--every", type=int, default=1, help="only each N-th case")
    parser.add_argument("--first", type=int, default=0, help="of those, begin with this one (0 to N-1)")
    parser.add_argument("--at", type=int, help="only the faults at this call")
    parser.add_argument("--fault", choices=FAULTS, help="only this fault")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    chosen = parser.parse_args()
    begun = time.monotonic()
    with Bench() as bench:
        found = everything(bench, chosen.only)
        tried = [
            case
            for cases in found.values()
            for case in [c for c in cases if chosen.at in (None, c.k) and chosen.fault in (None, c.fault)][
                chosen.first :: chosen.every
            ]
        ]
        bad: dict[int, list[str]] = {}
        for number, wrong in each(lambda n: bench.trial(tried[n]), range(len(tried)), chosen.jobs):
            if wrong:
                bad[number] = wrong
                print(f"{tried[number]}:", *wrong, sep="\n    ", file=sys.stderr, flush=True)
        left = bench.left()
    print("| work | calls | " + " | ".join(FAULTS) + " | survived |")
    print("|---" * (len(FAULTS) + 3) + "|")
    for name, cases in found.items():
        mine = [n for n, case in enumerate(tried) if case.scenario.name == name]
        print(_row(name, len({c.k for c in cases}), [tried[n] for n in mine], sum(n in bad for n in mine)))
    print(f"\n{len(tried)} cases, {time.monotonic() - begun:.0f} s")
    if bad:
        print(f"{len(bad)} did not survive; each again with:")
        print(*(f"    {_again(tried[n])}" for n in sorted(bad)), sep="\n")
    if left:
        print(f"left over: {', '.join(left)}")
    return 1 if bad or left or not tried else 0


def _row(name: str, calls: int, tried: list[Case], bad: int) -> str:
    counts = [sum(c.fault == fault for c in tried) for fault in FAULTS]
    return (
        f"| {name} | {calls} | " + " | ".join(map(str, counts)) + f" | {len(tried) - bad} of {len(tried)} |"
    )


def _again(case: Case) -> str:
    """The command that tries it again; where threads race, a call may have another number then."""
    return shlex.join(
        [
            "python",
            "-m",
            "tests.faults",
            "--only",
            case.scenario.name,
            "--at",
            str(case.k),
            "--fault",
            case.fault,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

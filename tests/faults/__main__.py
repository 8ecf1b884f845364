"""Every fault at every call: ``python -m tests.faults`` (minutes). Prints what failed, and the table of docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.faults.shim import FAULTS
from tests.faults.trying import Bench, Case, everything


def main() -> int:
    """Returns 1 where a case does not survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    parser.add_argument("--every", type=int, default=1, help="only each N-th case")
    chosen = parser.parse_args()
    begun = time.monotonic()
    failed: list[Case] = []
    rows = []
    with Bench() as bench:
        for name, cases in everything(bench).items():
            if chosen.only not in name:
                continue
            tried = cases[:: chosen.every]
            bad = [case for case in tried if not _survives(bench, case)]
            failed += bad
            rows.append(_row(name, len({c.k for c in cases}), tried, bad))
    print("| work | calls | " + " | ".join(FAULTS) + " | survived |")
    print("|---" * (len(FAULTS) + 3) + "|")
    print("\n".join(rows))
    print(f"\n{time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


def _survives(bench: Bench, case: Case) -> bool:
    wrong = bench.trial(case)
    if wrong:
        print(f"{case}:", *wrong, sep="\n    ", file=sys.stderr, flush=True)
    return not wrong


def _row(name: str, calls: int, tried: list[Case], bad: list[Case]) -> str:
    counts = [sum(c.fault == fault for c in tried) for fault in FAULTS]
    return (
        f"| {name} | {calls} | "
        + " | ".join(map(str, counts))
        + f" | {len(tried) - len(bad)} of {len(tried)} |"
    )


if __name__ == "__main__":
    sys.exit(main())

"""How well findings, or checks, name the planted faults: ``python -m tests.corpus.score [--checks] [--half tune|held]``.

Named: of the fault runs whose kind some finding names, those with such an alarm (a finding of severity warning or
error). Clean: sound runs without an alarm. Wrong: alarms of fault runs that the table does not accept, over all
their alarms. Helps: the first cure that can be set makes the judged value better by at least a tenth of the gap to
the sound set-up, on four of five seeds (on the share of seeds nearest to it where fewer are run).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import ceil, isfinite
from pathlib import Path
from typing import Any

from tests.corpus.faults import FAULTS
from tests.corpus.planting import Fault
from tests.corpus.setups import Setup
from tests.corpus.whole import all_setups

ALARMS = ("warning", "error")
GAP = 0.1
"""Share of the gap to the sound set-up that a cure must close."""
SEEDS_THAT_AGREE = 0.8


@dataclass(frozen=True)
class Run:
    """What one run came to."""

    findings: tuple[dict[str, Any], ...]
    value: float
    """The judged value, the higher the better: accuracy, else r2, of the held-out part, else of the training part."""
    loss: float
    fault: str = ""
    """Why it could not be run."""

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """Findings that are more than a note."""
        return [f for f in self.findings if f.get("severity", "warning") in ALARMS]


def run(setup: Setup, seed: int, sets: tuple[str, ...] = ()) -> Run:
    """Train with ``nntui fit`` in this process."""
    from click.testing import CliRunner

    from nntui.cli import group

    with tempfile.TemporaryDirectory() as directory:
        path = setup.write(Path(directory))
        words = ["fit", str(path), "--json", "--quiet", "--seed", str(seed), "--runs", f"{directory}/runs"]
        done = CliRunner().invoke(group, [*words, *(w for s in sets for w in ("--set", s))])
    try:
        result = json.loads(done.stdout)
    except ValueError:
        return Run((), float("nan"), float("nan"), str(done.exception or done.stderr or done.output)[-300:])
    part = result["validation"] or result["train"] or {}
    loss = part.get("loss")
    value = part.get("accuracy", part.get("r2"))
    if value is None and loss is not None:
        value = -loss
    bad = result["status"] == "diverged" or value is None or not isfinite(value)
    worst = 0.0 if "accuracy" in part else -1e9
    return Run(
        tuple(result["findings"]), worst if bad else value, float("inf") if bad or loss is None else loss
    )


def checked(setup: Setup, seed: int) -> tuple[dict[str, Any], ...]:
    """The warnings and failures of ``nntui check``, in the form of findings."""
    from nntui.checks import Subject, run_checks
    from nntui.training.experiment import read

    severity = {"warn": "warning", "fail": "error"}
    with tempfile.TemporaryDirectory() as directory:
        subject = Subject(read(setup.write(Path(directory)), seed=seed))
    return tuple(
        {"id": r.id, "severity": severity[r.status], "cures": [{"set": v} for v in r.sets]}
        for r in run_checks(subject)
        if r.status in severity
    )


def _checked(job: tuple[str, int]) -> tuple[dict[str, Any], ...]:
    name, seed = job
    return checked(next(s for s in all_setups() if s.name == name), seed)


def _one(job: tuple[str, int, tuple[str, ...]]) -> Run:
    name, seed, sets = job
    return run(next(s for s in all_setups() if s.name == name), seed, sets)


def first_cure(found: list[dict[str, Any]]) -> str:
    """The first cure of the gravest alarm that can be set; empty where there is none."""
    cures = [c["set"] for f in found for c in f.get("cures", ()) if c.get("set")]
    return cures[0] if cures else ""


def helps(setup: Setup, faulty: Run, cured: Run, sound: Run) -> bool:
    """Whether the cure closes a tenth of the gap, by the loss where it is the same loss, else by the score."""
    assert setup.sound is not None
    if cured.fault:
        return False
    same = setup.config["objective"]["loss"] == setup.sound.config["objective"]["loss"]
    if same and faulty.loss > sound.loss and setup.fault != "targets_out_of_range":
        if not isfinite(faulty.loss):
            return isfinite(cured.loss)
        return faulty.loss - cured.loss >= GAP * (faulty.loss - sound.loss)
    return cured.value - faulty.value >= GAP * (sound.value - faulty.value) and cured.value > faulty.value


def hurts(faulty: Run, sound: Run) -> bool:
    """Whether the fault makes the run worse at all, so that a cure could help."""
    return faulty.loss > 1.1 * sound.loss or faulty.value < sound.value - 0.02


class Score:
    """The runs of one half, and the tables that follow from them."""

    def __init__(self, setups: list[Setup], seeds: list[int], workers: int, *, checks: bool = False) -> None:
        """``checks`` scores checks instead of findings."""
        self.checks = checks
        self.setups = setups
        self.seeds = seeds
        self.workers = workers
        self.runs: dict[tuple[str, int], Run] = {}
        self.cures: dict[tuple[str, int], tuple[str, bool | None]] = {}

    def measure(self, *, cures: bool) -> None:
        """Run everything."""
        names = {s.name for s in self.setups}
        if cures:
            names |= {s.sound.name for s in self.setups if s.sound}
        jobs = [(name, seed, ()) for name in sorted(names) for seed in self.seeds]
        with ProcessPoolExecutor(self.workers) as pool:
            if self.checks and not cures:
                self.runs = {(name, seed): Run((), float("nan"), float("nan")) for name, seed, _ in jobs}
            else:
                for (name, seed, _), found in zip(jobs, pool.map(_one, jobs, chunksize=4), strict=True):
                    self.runs[name, seed] = found
            if self.checks:
                pairs = [(s.name, seed) for s in self.setups for seed in self.seeds]
                for pair, alarms in zip(pairs, pool.map(_checked, pairs, chunksize=2), strict=True):
                    self.runs[pair] = replace(self.runs[pair], findings=alarms)
            if cures:
                self._cure(pool)

    def _cure(self, pool: ProcessPoolExecutor) -> None:
        jobs: list[tuple[str, int, tuple[str, ...]]] = []
        for setup in self.faulty():
            for seed in self.seeds:
                cure = first_cure(self.runs[setup.name, seed].alarms)
                if cure and setup.sound and self._hurts(setup, seed):
                    jobs.append((setup.name, seed, (cure,)))
        known = {s.name: s for s in self.setups}
        for (name, seed, sets), found in zip(jobs, pool.map(_one, jobs, chunksize=4), strict=True):
            sound = known[name].sound
            assert sound is not None
            good = helps(known[name], self.runs[name, seed], found, self.runs[sound.name, seed])
            self.cures[name, seed] = (sets[0], good)

    def _hurts(self, setup: Setup, seed: int) -> bool:
        assert setup.sound is not None
        return hurts(self.runs[setup.name, seed], self.runs[setup.sound.name, seed])

    def faulty(self) -> list[Setup]:
        """The set-ups with a fault."""
        return [s for s in self.setups if s.fault]

    def accepted(self, entry: Fault) -> tuple[frozenset[str], frozenset[str]]:
        """Ids that name the fault, and ids that are true of it besides."""
        return (entry.checks, frozenset()) if self.checks else (entry.findings, entry.tolerated)

    def report(self) -> str:
        """The tables as text."""
        lines: list[str] = []
        raised: Counter[str] = Counter()
        right: Counter[str] = Counter()
        expected: Counter[str] = Counter()
        caught: Counter[str] = Counter()
        missed: defaultdict[str, list[str]] = defaultdict(list)
        wrong: defaultdict[str, list[str]] = defaultdict(list)
        named = total = bad = alarms = 0
        for setup in self.faulty():
            names, besides = self.accepted(FAULTS[setup.fault])
            for seed in self.seeds:
                ids = [f["id"] for f in self.runs[setup.name, seed].alarms]
                alarms += len(ids)
                for name in ids:
                    raised[name] += 1
                    if name in names | besides:
                        right[name] += 1
                    else:
                        bad += 1
                        wrong[f"{setup.name}: {name}"].append(str(seed))
                if not names:
                    continue
                total += 1
                hit = names.intersection(ids)
                named += bool(hit)
                for name in names if len(names) == 1 else hit:
                    expected[name] += 1
                    caught[name] += name in hit
                if not hit:
                    missed[setup.name].append(f"{seed} ({', '.join(ids) or 'nothing'})")
        sound = [s for s in self.setups if not s.fault]
        noisy: defaultdict[str, list[str]] = defaultdict(list)
        clean = 0
        for setup in sound:
            for seed in self.seeds:
                ids = [f["id"] for f in self.runs[setup.name, seed].alarms]
                clean += not ids
                for name in ids:
                    raised[name] += 1
                    noisy[f"{setup.name}: {name}"].append(str(seed))
        lines.append(
            f"{'check' if self.checks else 'finding':<22} {'raised':>6} {'precision':>9} {'recall':>7}"
        )
        for name in sorted({*raised, *expected}):
            precision = f"{right[name] / raised[name]:.2f}" if raised[name] else "–"
            recall = f"{caught[name] / expected[name]:.2f}" if expected[name] else "–"
            lines.append(f"{name:<22} {raised[name]:>6} {precision:>9} {recall:>7}")
        runs = len(sound) * len(self.seeds)
        lines.append(f"\nnamed  {named}/{total} = {named / max(1, total):.1%}   (to reach 95 %)")
        lines.append(f"clean  {clean}/{runs} = {clean / max(1, runs):.1%}   (to reach 98 %)")
        lines.append(f"wrong  {bad}/{alarms} = {bad / max(1, alarms):.1%}   (at most 2 %)")
        lines += self._cure_lines()
        for title, table in (("missed", missed), ("wrong", wrong), ("alarms of sound runs", noisy)):
            lines.append(f"\n{title}:" if table else f"\n{title}: none")
            lines += [f"  {name}: seeds {', '.join(seeds)}" for name, seeds in table.items()]
        faults = {n: r.fault for (n, _), r in self.runs.items() if r.fault}
        lines += [f"not run: {name}: {why}" for name, why in faults.items()]
        return "\n".join(lines)

    def _cure_lines(self) -> list[str]:
        by_setup: defaultdict[str, list[bool]] = defaultdict(list)
        for (name, _), (_, good) in self.cures.items():
            by_setup[name].append(bool(good))
        if not by_setup:
            return []
        good = {n: sum(v) >= ceil(SEEDS_THAT_AGREE * len(v)) for n, v in by_setup.items()}
        count = sum(good.values())
        lines = [f"helps  {count}/{len(good)} = {count / len(good):.1%}   (to reach 90 %)"]
        lines += [
            f"  does not help: {n}: {sorted({c for (m, _), (c, g) in self.cures.items() if m == n and not g})}"
            for n, ok in good.items()
            if not ok
        ]
        return lines

    def values(self) -> str:
        """Every run's judged value and alarms, to see that sound ones are good and that faults hurt."""
        lines = []
        for setup in self.setups:
            cells = []
            for seed in self.seeds:
                found = self.runs[setup.name, seed]
                cells.append(
                    f"{found.value:.3g}/{found.loss:.3g} [{' '.join(f['id'] for f in found.alarms)}]"
                )
            if setup.sound and (setup.sound.name, self.seeds[0]) in self.runs:
                cells.append(f"sound {self.runs[setup.sound.name, self.seeds[0]].value:.3g}")
            lines.append(f"{setup.name:<42} {'  '.join(cells)}")
        return "\n".join(lines)


def seeds_of(text: str) -> list[int]:
    """``0-4`` or ``0,3``."""
    low, dash, high = text.partition("-")
    return list(range(int(low), int(high) + 1)) if dash else [int(v) for v in text.split(",")]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--half", choices=("tune", "held"), help="only this half")
    parser.add_argument("--seeds", default="0-4", type=seeds_of)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="names that contain this")
    parser.add_argument("--values", action="store_true", help="print every run's value and alarms")
    parser.add_argument("--no-cures", action="store_true", help="do not try the first cures")
    parser.add_argument("--checks", action="store_true", help="score nntui check instead of the findings")
    given = parser.parse_args(arguments)
    setups = [s for s in all_setups() if given.half in (None, s.half) and given.only in s.name]
    score = Score(setups, given.seeds, given.workers, checks=given.checks)
    score.measure(cures=not given.no_cures)
    if given.values:
        print(score.values(), end="\n\n")
    print(score.report())


if __name__ == "__main__":
    main(sys.argv[1:])

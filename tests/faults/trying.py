"""One case: a scenario in a fresh place, in a forked process, with a fault at its k-th call; and what is wrong after."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.child import Child, Outcome
from tests.faults.judging import judge
from tests.faults.scenarios import SCENARIOS, Scenario, Told, reference
from tests.faults.shim import FAULTS, Call, Shim


@dataclass(frozen=True)
class Case:
    """A fault at the k-th call, counted from 1; or, where it is ``named``, at the k-th that is like the call.

    Where threads race, the k-th of all calls may be another one than when they were counted; a named one is always
    what it says.
    """

    scenario: Scenario
    k: int
    call: Call
    fault: str
    named: bool = False

    def __str__(self) -> str:
        return f"{self.scenario.name}: {self.fault} at call {self.k}, {self.call.name} {Path(self.call.what).name}"


@contextlib.contextmanager
def _temporary(place: Path) -> Iterator[None]:
    """Sockets live below ``place``."""
    before, tempfile.tempdir = tempfile.tempdir, str(place / "tmp")
    try:
        yield
    finally:
        tempfile.tempdir = before


def _open() -> set[str]:
    gc.collect()
    return set(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else set()  # noqa: PTH208


class Bench:
    """Where cases are tried; a context."""

    def __enter__(self) -> Bench:
        # Short: the path of a socket has about a hundred bytes.
        self._base = Path(tempfile.mkdtemp(prefix="nf-"))
        self._count = 0
        self._whole = self._place(None)
        self._reference = reference(self._whole)
        self._templates: dict[str, Path] = {}
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self._base, ignore_errors=True)

    def _place(self, template: Path | None) -> Path:
        self._count += 1
        place = self._base / f"{os.getpid()}.{self._count}"  # trials in forked processes do not meet
        if template is None:
            place.mkdir()
            (place / "tmp").mkdir()
        else:
            shutil.copytree(template, place)
        return place

    def _template(self, scenario: Scenario) -> Path:
        if scenario.name not in self._templates:
            place = self._place(None)
            scenario.prepare(place)
            self._templates[scenario.name] = place
        return self._templates[scenario.name]

    def left(self) -> list[str]:
        """Places that a trial has not cleared away."""
        kept = {path.name for path in self._templates.values()} | {self._whole.name}
        return sorted(path.name for path in self._base.iterdir() if path.name not in kept)

    def calls(self, scenario: Scenario) -> list[Call]:
        """The calls that the scenario makes when nothing fails."""
        place = self._place(self._template(scenario))
        outcome = self._run(scenario, place, 0, "")
        assert outcome.value is not None, outcome.said
        assert outcome.value["code"] == 0, outcome.said
        shutil.rmtree(place)
        return [Call(*c) for c in outcome.value["calls"]]

    def cases(self, scenario: Scenario) -> list[Case]:
        """Every fault at every call that can have it."""
        return [
            Case(scenario, k, call, fault)
            for k, call in enumerate(self.calls(scenario), 1)
            for fault in FAULTS
            if call.bears(fault)
        ]

    def trial(self, case: Case) -> list[str]:
        """What is wrong after it; nothing when all is well."""
        template = self._template(case.scenario)
        place = self._place(template)
        outcome = self._run(case.scenario, place, case.k, case.fault, case.call if case.named else None)
        try:
            with _temporary(place), contextlib.redirect_stderr(io.StringIO()):
                return judge(case.scenario, place, template, case.fault, outcome, self._reference)
        except Exception:  # what cannot be judged has not survived
            return [f"it could not be judged: {traceback.format_exc()}"]
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _run(self, scenario: Scenario, place: Path, k: int, fault: str, like: Call | None = None) -> Outcome:
        return Child(
            lambda: _work(scenario.ready(place), place, Shim(place, k, fault, like)), place / "said"
        ).wait()


def _work(work: Callable[[], Told], place: Path, shim: Shim) -> dict[str, Any]:
    with _temporary(place):
        before = _open()
        with shim.active():
            told = work()
        links = [Path(f"/proc/self/fd/{number}") for number in _open() - before]
        still = [str(link.readlink()) for link in links if link.is_symlink()]
        calls = [] if shim.struck else [(c.name, c.what, c.creates) for c in shim.calls]
        return {**told, "open": still, "calls": calls, "struck": shim.struck}


def everything(bench: Bench, only: str = "") -> dict[str, list[Case]]:
    """By scenario whose name holds ``only``, every case."""
    return {scenario.name: bench.cases(scenario) for scenario in SCENARIOS if only in scenario.name}

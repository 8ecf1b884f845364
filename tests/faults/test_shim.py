"""A sample of the faults at a sample of the calls; ``python -m tests.faults`` tries all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.shim import FAULTS, Call, Shim
from tests.faults.trying import Bench, Case

SAMPLE = 3
"""Cases of each scenario, drawn anew with each number of calls."""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Where cases are tried."""
    with Bench() as made:
        yield made


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_a_sample_survives(bench: Bench, scenario: Scenario) -> None:
    cases = bench.cases(scenario)
    assert {case.fault for case in cases} == set(FAULTS)
    draw = random.Random(f"{scenario.name} {len(cases)}")
    wrong = {str(case): found for case in draw.sample(cases, SAMPLE) if (found := bench.trial(case))}
    assert not wrong


VIEWER, RESUME = "run, with a viewer", "resume"
LAST = -1
NAMED = (
    # The libraries cannot be looked at: that costs the limit of threads alone.
    (VIEWER, 1, Call("open", "/proc/self/maps"), "EMFILE"),
    (VIEWER, 1, Call("read", "/proc/self/maps"), "EIO"),
    # There can be no socket: one line that the viewer shows, and no name is left.
    (VIEWER, 1, Call("mkdir", "/nntui-"), "EIO"),
    (VIEWER, 1, Call("stat", "/nntui-"), "EIO"),
    (VIEWER, 1, Call("socket", "socket"), "EIO"),
    (VIEWER, 1, Call("bind", "socket"), "EIO"),
    (VIEWER, 1, Call("chmod", ".sock"), "EIO"),
    (VIEWER, 1, Call("chmod", ".sock"), "EACCES"),
    (VIEWER, 1, Call("listen", "socket"), "EIO"),
    # Nor a run.
    (VIEWER, 1, Call("mkdir", "/runs"), "EIO"),
    (VIEWER, 1, Call("mkdir", "/runs/moons-"), "EACCES"),
    (VIEWER, 1, Call("open", "/trainer.log"), "EMFILE"),
    # The only viewer is lost before it has a screen.
    (VIEWER, 1, Call("accept", "socket"), "EIO"),
    (VIEWER, 1, Call("recv", "socket"), "EIO"),
    # The socket cannot be removed.
    (VIEWER, 1, Call("unlink", ".sock"), "EIO"),
    # Killed while the last run.json is written, when the one before says already that the run is completed.
    (VIEWER, LAST, Call("fsync", "/.run.json."), "SIGKILL"),
    (VIEWER, LAST, Call("replace", "/.run.json."), "SIGKILL"),
    # What an earlier trainer left can be neither listed nor removed.
    (RESUME, 3, Call("listdir", "/checkpoints"), "EIO"),
    (RESUME, 1, Call("unlink", ".npz."), "EIO"),
)
"""Cases that did not survive once, or are their neighbors: scenario, which of such calls, the call, the fault."""


@pytest.mark.parametrize(
    ("name", "k", "call", "fault"),
    NAMED,
    ids=lambda part: part.name + part.what.replace("/", " ") if isinstance(part, Call) else str(part),
)
def test_what_did_not_survive_once_survives(bench: Bench, name: str, k: int, call: Call, fault: str) -> None:
    scenario = next(s for s in SCENARIOS if s.name == name)
    alike = sum(c.like(call) for c in bench.calls(scenario))
    assert alike >= k
    assert call.bears(fault)
    assert bench.trial(Case(scenario, alike if k == LAST else k, call, fault, named=True)) == []


def test_the_shim_fails_at_the_call_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Shim(tmp_path).active() as counting:
        path.write_bytes(b"whole")
    names = [call.name for call in counting.calls]
    assert (names[0], names[-2:]) == ("open", ["write", "close"])
    with Shim(tmp_path, len(names) - 1, "EIO").active(), pytest.raises(OSError, match="Input/output"):
        path.write_bytes(b"another")
    assert path.read_bytes() == b"ano"  # half of what was to be written
    with Shim(tmp_path, 1, "EMFILE").active(), pytest.raises(OSError, match="Too many open files"):
        path.read_bytes()

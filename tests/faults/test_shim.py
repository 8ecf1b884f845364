"""A sample of the faults at a sample of the calls; ``python -m tests.faults`` tries all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.shim import FAULTS, Shim
from tests.faults.trying import Bench

SAMPLE = 5
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

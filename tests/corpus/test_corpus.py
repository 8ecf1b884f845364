"""The corpus is what docs/findings.md says of it: halves, kinds, and set-ups that are accepted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nntui.checks import CHECKS
from nntui.config.load import load
from nntui_core.findings import RULES
from tests.corpus.faults import FAULTS
from tests.corpus.setups import Setup
from tests.corpus.whole import all_setups

IDS = (
    "dead_units saturated_units vanishing_gradient exploding_gradient update_ratio_low update_ratio_high symmetric_units "
    "constant_output overfitting plateau non_finite imbalanced_classes no_signal"
)
"""The ids of findings that scripts rely on."""
FINDINGS = set(IDS.split())


def test_the_findings_are_those_of_the_contract() -> None:
    assert {"non_finite", *(rule.id for rule in RULES)} == FINDINGS


def test_there_are_two_halves_and_each_kind_is_in_both() -> None:
    setups = all_setups()
    assert len({s.name for s in setups}) == len(setups) >= 120
    assert sum(not s.fault for s in setups) >= 60 <= sum(bool(s.fault) for s in setups)
    counted = Counter((s.fault, s.half) for s in setups)
    assert all(counted[kind, "tune"] >= counted[kind, "held"] > 0 for kind in FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_kind_is_named_by_something_that_exists(kind: str) -> None:
    entry = FAULTS[kind]
    assert entry.findings | entry.tolerated <= FINDINGS
    assert entry.checks
    assert entry.checks <= {check.id for check in CHECKS}


@pytest.mark.parametrize("setup", all_setups()[::7], ids=lambda s: s.name)
def test_a_set_up_is_accepted(setup: Setup, tmp_path: Path) -> None:
    load(setup.write(tmp_path))

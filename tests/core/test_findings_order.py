"""Findings in order: which is the cause of which, the gravest first; and when they are looked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nntui_core.findings import RULES, Finding
from nntui_core.findings.moments import epoch_due
from nntui_core.findings.rules import ordered


def test_ends_of_epochs_that_are_looked_at_do_not_depend_on_how_many_there_are() -> None:
    due = [e for e in range(1, 2001) if epoch_due(e)]
    assert due[:18] == [*range(1, 18), 18]
    assert len(due) < 100
    gaps = np.diff(due) / np.array(due[:-1])
    assert gaps[20:].max() < 0.09


def test_the_documentation_has_every_rule_as_it_is() -> None:
    text = (Path(__file__).parents[2] / "docs" / "findings.md").read_text(encoding="utf-8")
    for rule in RULES:
        line = next(line for line in text.splitlines() if line.startswith(f"| `{rule.id}` |"))
        assert rule.definition.replace("|", "\\|") in line
        assert f"{'>' if rule.above else '<'} {rule.limit:g}, {rule.clears:g}" in line
        assert rule.source.replace("|", "\\|") in line


def test_what_a_finding_may_follow_from_are_findings() -> None:
    ids = {rule.id for rule in RULES}
    assert all(set(rule.follows) <= ids - {rule.id} for rule in RULES)


def finding(name: str, layer: str = "", severity: str = "error", update: int = 1) -> Finding:
    return Finding(name, layer, 1.0, 0.5, "", "", severity, update)  # type: ignore[arg-type]


def causes(*found: Finding) -> list[tuple[str, str, str, str]]:
    return [(f.id, f.layer, f.severity, f.cause) for f in ordered(list(found))]


def test_layers_behind_the_first_dead_one_and_what_follows_are_notes_under_it() -> None:
    told = causes(
        *[finding("dead_units", f"d{k}") for k in range(18)],
        finding("vanishing_gradient", "d0"),
        finding("plateau"),
    )
    assert told[0] == ("dead_units", "d0", "error", "")
    assert {row[2:] for row in told[1:]} == {("note", "dead_units")}
    assert len(told) == 20


def test_of_a_chain_of_causes_the_first_is_named() -> None:
    told = causes(
        finding("symmetric_units", "a"), finding("dead_units", "a"), finding("vanishing_gradient", "a")
    )
    assert [cause for *_, cause in told] == ["", "symmetric_units", "symmetric_units"]


def test_of_a_large_gradient_and_a_large_update_the_first_one_is_the_cause() -> None:
    gradient, update = (
        (lambda at: finding("exploding_gradient", update=at)),
        (lambda at: finding("update_ratio_high", update=at)),
    )
    assert causes(gradient(1), update(1))[1][::3] == ("update_ratio_high", "exploding_gradient")
    assert causes(gradient(2), update(1))[1][::3] == ("exploding_gradient", "update_ratio_high")
    assert causes(gradient(2), update(4))[1][::3] == ("update_ratio_high", "exploding_gradient")


def test_a_note_causes_nothing_and_errors_come_first() -> None:
    told = causes(
        finding("dead_units", "a", "note"),
        finding("overfitting", severity="warning"),
        finding("constant_output"),
    )
    assert told == [
        ("constant_output", "", "error", ""), ("overfitting", "", "warning", ""), ("dead_units", "a", "note", ""),
    ]  # fmt: skip

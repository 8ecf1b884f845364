"""The lines under a training's result."""

from __future__ import annotations

from typing import Any

import pytest

from nntui.cli import summary
from nntui.cli.summary import summarize


def finding(name: str, **more: Any) -> dict[str, Any]:
    base = {
        "id": name,
        "layer": "",
        "message": f"{name} is bad",
        "cure": "mend it",
        "severity": "error",
        "cause": "",
    }
    return base | {"cures": [{"set": "a.b=[1, 2]", "text": "mend it"}]} | more


def result(*findings: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": "r", "status": "completed", "reason": "", "epochs": 1, "updates": 2, "parameters": 3, "seconds": 1.0,
        "updates_per_second": 2.0, "train": None, "validation": None, "test": None, "findings": list(findings),
    }  # fmt: skip


def lines(capsys: pytest.CaptureFixture[str], *findings: dict[str, Any]) -> list[str]:
    summarize(result(*findings))
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("finding", "note"))]


def test_a_cause_is_told_with_its_cure_and_what_follows_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = lines(
        capsys, finding("dead_units", layer="hidden"), finding("plateau", cause="dead_units", severity="note"),
        finding("constant_output", cause="dead_units", severity="note"),
    )  # fmt: skip
    assert told == [
        "finding     hidden: dead_units is bad (2 more follow from it) → mend it (--set 'a.b=[1, 2]')"
    ]


def test_a_note_is_called_one_and_a_cure_without_a_key_is_words(capsys: pytest.CaptureFixture[str]) -> None:
    note = finding("dead_units", severity="note", cures=[{"set": None, "text": "mend it"}])
    assert lines(capsys, note) == ["note        dead_units is bad → mend it"]


def test_findings_of_an_earlier_release_have_fewer_keys(capsys: pytest.CaptureFixture[str]) -> None:
    old = {k: v for k, v in finding("plateau").items() if k not in ("severity", "cause", "cures")}
    assert lines(capsys, old) == ["finding     plateau is bad → mend it"]


def test_a_long_loss_curve_is_drawn_from_its_beginning_to_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    count = 20 * summary.POINTS
    history = [(k, 1.0 if k < count // 2 else 3.0, None) for k in range(count + 1)]
    summary.plot_losses(history, to_stderr=False)
    lines = capsys.readouterr().out.splitlines()
    # Braille in a row of the picture, by column: the higher half of the curve is the later one.
    drawn = [[0x2800 < ord(c) < 0x2900 for c in line.ljust(80)] for line in lines]
    rows = [k for k, row in enumerate(drawn) if sum(row) > 20]
    first, last = drawn[rows[0]], drawn[rows[-1]]
    begin, step, end = last.index(True), first.index(True), 79 - last[::-1].index(True)
    assert abs(end - step) <= 2
    assert abs((step - begin) - (79 - step)) <= 6  # it is in the middle
    assert sum(last) > 25

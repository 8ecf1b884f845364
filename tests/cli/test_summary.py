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


def test_every_number_stands_behind_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"precision": 0.25, "recall": 0.5, "f1": 1 / 3, "count": 6}
    none = {"precision": None, "recall": None, "f1": None, "count": 0}
    held = {"loss": 0.75, "accuracy": 0.625, "baseline_accuracy": 0.5, "macro_f1": 0.375}
    summarize(
        result()
        | {
            "reason": "all done",
            "train": held | {"loss": 0.5},
            "test": held | {"classes": {"cat": one, "ox": none}},
        }
    )
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "run         r",
        "status      completed: all done",
        "epochs      1   updates 2   parameters 3",
        "time        1.00 s   2 updates/s",
        "train       loss 0.5   accuracy 62.50% (most frequent class 50.00%)   macro F1 0.375",
        "test        loss 0.75   accuracy 62.50% (most frequent class 50.00%)   macro F1 0.375",
        "test:            precision  recall      F1   count",
        "            cat     0.2500  0.5000  0.3333       6",
        "            ox           –       –       –       0",
    ]
    summarize(result() | {"train": {"loss": 1.0, "r2": 0.25, "rmse": 3.0, "mae": 2.0}})
    assert "train       loss 1   R² 0.25   RMSE 3   MAE 2" in capsys.readouterr().out


def test_classes_are_told_on_what_is_held_out_last(capsys: pytest.CaptureFixture[str]) -> None:
    part = {"loss": 1.0, "classes": {"a": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "count": 1}}}
    for parts in (("train",), ("train", "validation"), ("train", "validation", "test")):
        summarize(result() | dict.fromkeys(parts, part))
        assert f"\n{parts[-1]}:" in capsys.readouterr().out


def test_training_is_drawn_as_training(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    summary.plot_losses([(k, 1.0, 3.0) for k in range(50)], to_stderr=False)
    lines = [
        line
        for line in capsys.readouterr().out.splitlines()
        if "train" not in line and "validation" not in line
    ]
    plus = [k for k, line in enumerate(lines) if line.count("+") > 10]
    braille = [k for k, line in enumerate(lines) if sum(0x2800 < ord(c) < 0x2900 for c in line) > 10]
    assert max(plus) < min(braille)  # higher, as its losses are


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

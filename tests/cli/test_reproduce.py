"""`nntui reproduce`: the table, the JSON, the picture and the exit codes."""

from __future__ import annotations

import json
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nntui import papers
from nntui.cli import group, program
from nntui.papers.paper import Curve, Figure, Measured, Paper


class Quick(Paper):
    """Gives what it is told."""

    name: ClassVar[str] = "quick"
    paper: ClassVar[str] = "Quick & Slow 2026, On Figures"
    claim: ClassVar[str] = "one is one"
    figures: ClassVar[tuple[Figure, ...]] = (Figure.near("one", 1.0, 0.1),)
    axes: ClassVar[tuple[str, str]] = ("t", "height")
    gives: ClassVar[float] = 1.05

    def run(self, seed: int) -> Measured:
        return Measured({"one": self.gives}, (Curve("line", np.arange(9.0), np.arange(9.0)),))


class Wrong(Quick):
    """One that fails."""

    name: ClassVar[str] = "wrong"
    gives: ClassVar[float] = float("nan")


@pytest.fixture(autouse=True)
def two_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "papers", lambda: (Quick(), Wrong()))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["reproduce", *arguments], standalone_mode=False)


def test_one_that_passes() -> None:
    done = run("quick")
    assert done.return_value == 0
    assert "Quick & Slow 2026" in done.output
    assert "PASS  one" in done.output
    assert "1 ± 0.1" in done.output
    assert "1.05  1.05  1.05" in done.output


def test_without_a_name_all_run_and_one_that_fails_makes_it_4() -> None:
    done = run("--json")
    assert done.return_value == 4
    found = json.loads(done.stdout)["papers"]
    assert [p["name"] for p in found] == ["quick", "wrong"]
    assert [p["passed"] for p in found] == [True, False]
    assert found[1]["value"] is None
    assert found[0]["value"] == 1.05
    assert found[0]["seeds"] == [0, 1, 2]
    assert found[0]["seconds"] >= 0
    assert "FAIL" in run("wrong").output


def test_the_picture_goes_beside_the_document() -> None:
    assert "height" in run("quick", "--plot").stdout
    both = run("quick", "--plot", "--json")
    json.loads(both.stdout)
    assert "height" in both.stderr


def test_the_list_runs_nothing() -> None:
    done = run("--list")
    assert done.return_value == 0
    assert "one is one" in done.output
    assert "PASS" not in done.output
    assert len(json.loads(run("--list", "--json").stdout)["papers"]) == 2


def test_an_unknown_name_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert program(["reproduce", "quik"]) == 2
    assert 'no paper of this name (allowed: quick, wrong); did you mean "quick"?' in capsys.readouterr().err

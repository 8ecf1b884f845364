"""`nntui check`: text, JSON, exit codes, reports for others, proofs, and Ctrl-C."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nntui.checks import CHECKS
from nntui.checks.check import Result
from nntui.checks.prove import proof
from nntui.checks.verdict import Verdict
from nntui.config.load import load
from nntui.config.settings import Settings
from tests.checks.conftest import config
from tests.cli.conftest import Cli, finish, start

IDS = [c.id for c in CHECKS]
KEYS = {"id", "status", "value", "limit", "message", "fix", "sets", "source"}
HIGH = 'optimizer={type="sgd", lr=300.0}'
WARNS = "train.order=given"


@pytest.fixture
def moons(tmp_path: Path) -> Path:
    """A sound configuration as a file."""
    import tomlkit

    path = tmp_path / "moons.toml"
    path.write_text(tomlkit.dumps(config()), encoding="utf-8")
    return path


def by_id(document: dict[str, Any]) -> dict[str, Any]:
    """The checks of a document."""
    return {c["id"]: c for c in document["checks"]}


def test_a_sound_configuration_passes(cli: Cli, moons: Path) -> None:
    done = cli("check", moons, "--json")
    assert done.code == 0
    assert done.json["passed"] is True
    assert [c["id"] for c in done.json["checks"]] == IDS
    for one in done.json["checks"]:
        assert set(one) >= KEYS
        assert one["status"] in ("pass", "skip")
        assert one["limit"] is None or isinstance(one["limit"], float) or len(one["limit"]) == 2
        assert (one["fix"], one["sets"]) == ("", [])
    text = cli("check", moons)
    assert text.code == 0
    assert "✓ learning rate" in text.out
    assert "14 of 14 passed" in text.out


def test_a_failed_check_exits_4_with_a_setting_that_can_be_set(cli: Cli, moons: Path) -> None:
    done = cli("check", moons, "--set", HIGH, "--json")
    assert done.code == 4
    assert done.json["passed"] is False
    found = by_id(done.json)["learning_rate"]
    assert found["status"] == "fail"
    (setting,) = found["sets"]
    mended = cli("check", moons, "--set", HIGH, "--set", setting, "--json")
    assert mended.code == 0
    text = cli("check", moons, "--set", HIGH)
    assert text.code == 4
    assert "✗ learning rate" in text.out
    assert f"--set {setting}" in text.out


def test_a_warning_exits_4_only_when_strict(cli: Cli, moons: Path) -> None:
    warns = ("--set", "layers=[{type=\"dense\", units=8, activation=\"relu\"}, {type=\"dropout\", rate=0.8}, "
             "{type=\"dense\", units=1, activation=\"sigmoid\"}]")  # fmt: skip
    done = cli("check", moons, *warns, "--json")
    assert (done.code, done.json["passed"]) == (0, True)
    assert by_id(done.json)["schedule"]["status"] == "warn"
    strict = cli("check", moons, *warns, "--json", "--strict")
    assert (strict.code, strict.json["passed"]) == (4, False)


def test_explain_needs_no_configuration(cli: Cli) -> None:
    for check in CHECKS:
        done = cli("check", "--explain", check.id)
        assert done.code == 0
        assert all(word in done.out for word in ("definition", "limit", "why", "cure", "source"))
    document = cli("check", "--explain", "initial_loss", "--json").json
    assert set(document) == {"id", "definition", "limit", "why", "cure", "source"}
    wrong = cli("check", "--explain", "inital_loss")
    assert (wrong.code, wrong.out) == (2, "")
    assert 'did you mean "initial_loss"?' in wrong.err


def test_without_a_configuration(cli: Cli) -> None:
    done = cli("check")
    assert (done.code, done.out) == (2, "")
    assert "name a CONFIG" in done.err


def test_a_fault_of_the_file_is_told_as_fit_tells_it(cli: Cli, moons: Path) -> None:
    done = cli("check", moons, "--set", "optimizer.lr=-1", "--json")
    assert (done.code, done.out) == (2, "")
    assert "optimizer.lr" in done.err


def test_junit_is_well_formed_and_counts(cli: Cli, moons: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    assert cli("check", moons, "--set", HIGH, "--set", 'title="<&\\u0001 ]]>"', "--junit", path).code == 4
    (suite,) = ElementTree.parse(path).getroot()
    cases = suite.findall("testcase")
    assert [c.get("name") for c in cases] == IDS
    failed = [c.get("name") for c in cases if c.find("failure") is not None]
    skipped = [c.get("name") for c in cases if c.find("skipped") is not None]
    assert failed == ["learning_rate"]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("14", "1", str(len(skipped)))
    assert suite.get("name") == "<&\\x01 ]]>"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.text is not None
    assert "--set optimizer.lr=" in failure.text


def test_a_warning_is_a_failure_in_junit_only_when_strict(cli: Cli, moons: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    warns = ("--set", "data.validation=0.6")
    cli("check", moons, *warns, "--junit", path)
    assert ElementTree.parse(path).getroot().get("failures") == "0"
    cli("check", moons, *warns, "--junit", path, "--strict")
    assert ElementTree.parse(path).getroot().get("failures") == "1"


def test_gradescope_gives_a_point_a_check(cli: Cli, moons: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert cli("check", moons, "--set", HIGH, "--gradescope", path).code == 4
    tests = {t["name"]: t for t in json.loads(path.read_text(encoding="utf-8"))["tests"]}
    assert list(tests) == IDS
    assert (
        tests["learning_rate"]["score"],
        tests["learning_rate"]["max_score"],
        tests["learning_rate"]["status"],
    ) == (0, 1, "failed")
    assert (tests["data"]["score"], tests["data"]["max_score"], tests["data"]["status"]) == (1, 1, "passed")
    assert (tests["overfit_subset"]["score"], tests["overfit_subset"]["max_score"]) == (0, 0)


def test_a_report_that_cannot_be_written_exits_1_and_still_prints(
    cli: Cli, moons: Path, tmp_path: Path
) -> None:
    done = cli("check", moons, "--json", "--junit", tmp_path / "none" / "out.xml")
    assert done.code == 1
    assert "cannot write the report" in done.err
    assert done.json["passed"] is True


def test_prove_trains_without_and_with_the_fix(cli: Cli, moons: Path) -> None:
    done = cli("check", moons, "--set", HIGH, "--prove", "--json")
    assert done.code == 4
    proof = by_id(done.json)["learning_rate"]["proof"]
    assert set(proof) == {"before", "after", "monitor", "seconds", "seeds", "helps"}
    assert (proof["monitor"], proof["seeds"], proof["helps"]) == ("validation.accuracy", [0, 1, 2], True)
    assert proof["after"] > proof["before"] + 0.2
    assert all("proof" not in c for c in done.json["checks"] if c["status"] == "pass")


def test_a_fix_that_changes_nothing_says_so(moons: Path) -> None:
    def settings(sets: Sequence[str]) -> Settings:
        return load(moons, sets)

    found = proof(settings, Result("data", "fail", 1.0, None, "", sets=("title=other",)), lambda: None)
    assert found.before == found.after
    assert not found.helps
    assert found.text.startswith("no change: look elsewhere")
    bad = proof(settings, Result("data", "fail", 1.0, None, "", sets=("data.nothing=1",)), lambda: None)
    assert not bad.helps
    assert "nothing" in bad.text


def test_ascii_where_the_terminal_has_nothing_else(
    cli: Cli, moons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    done = cli("check", moons, "--set", HIGH)
    assert done.out.isascii()
    assert "ok learning rate" not in done.out
    assert "XX learning rate" in done.out


def test_ctrl_c_ends_with_what_was_found_so_far(moons: Path) -> None:
    long = ("--set", "layers=[{type=\"dense\", units=600, activation=\"relu\"}, {type=\"dense\", units=600, activation=\"relu\"}, "
            "{type=\"dense\", units=1, activation=\"sigmoid\"}]")  # fmt: skip
    process = start("check", moons, *long)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "regularization" in line:  # the next one takes seconds
            process.send_signal(signal.SIGINT)
            break
    done = finish(process)
    assert done.code == 130
    assert "ended by SIGINT before the rest" in done.out
    assert "overfit subset" not in done.out


def test_what_was_interrupted_has_not_passed() -> None:
    verdict = Verdict("t", [Result("data", "pass", 1.0, None, "fine")], interrupted="SIGINT")
    document = verdict.to_json(strict=False)
    assert (document["passed"], document["status"], len(document["checks"])) == (False, "interrupted", 1)


def test_every_command_says_how_it_is_used(cli: Cli) -> None:
    for name in ("check", "lr"):
        done = cli(name, "--help")
        assert done.code == 0
        assert "Example" in done.out

"""``nntui fit``: options, JSON, results on stdout, messages on stderr, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import NNTUI, Cli
from tests.moons import moons

KEYS = {
    "run": str, "run_dir": str, "status": str, "reason": str, "epochs": int, "updates": int, "seconds": float,
    "updates_per_second": float, "parameters": int, "train": dict, "validation": dict | None, "test": dict | None,
    "findings": list,
}  # fmt: skip
CLASSES = moons(
    "samples = 60\nvalidation = 0.2\ntest = 0.2",
    "epochs = 4\nbatch_size = 16",
    optimizer='type = "adam"\nlr = 0.05',
)


@pytest.fixture
def moons(tmp_path: Path) -> Path:
    path = tmp_path / "moons.toml"
    path.write_text(CLASSES)
    return path


def test_json_has_every_key_of_the_contract(cli: Cli, moons: Path) -> None:
    result = cli("fit", moons, "--json").json
    assert set(result) == set(KEYS)
    for key, kind in KEYS.items():
        assert isinstance(result[key], kind), key
    assert result["status"] == "completed"
    assert (result["epochs"], result["updates"], result["parameters"]) == (4, 4 * 3, 2 * 4 + 4 + 4 + 1)
    assert Path(result["run_dir"]).is_absolute()
    assert Path(result["run_dir"]).name == result["run"]
    for part in ("train", "validation", "test"):
        assert set(result[part]) == {"loss", "accuracy", "macro_f1", "baseline_accuracy", "classes"}
    kept = json.loads(Path(result["run_dir"], "run.json").read_text())
    assert 0 < kept["update_seconds"] < kept["seconds"] == result["seconds"]
    assert result["updates_per_second"] == pytest.approx(12 / kept["update_seconds"])


def test_numbers_have_no_accuracy_and_absent_parts_are_null(cli: Cli) -> None:
    result = cli("fit", "sine", "--epochs", 2, "--set", "data.validation=0", "--json").json
    assert set(result["train"]) == {"loss", "r2", "rmse", "mae"}
    assert result["validation"] is None
    assert result["test"] is None


def test_results_on_stdout_and_nothing_on_stderr_without_a_terminal(cli: Cli, moons: Path) -> None:
    done = cli("fit", moons)
    assert done.err == ""
    assert re.search(r"^status +completed: 4 epochs done$", done.out, re.MULTILINE)
    assert "⣀" not in done.out
    assert cli("fit", moons, "--quiet").out == ""
    assert "loss" in cli("fit", moons, "--quiet", "--plot").out
    both = cli("fit", moons, "--json", "--plot")
    assert both.json["status"] == "completed"
    assert "epoch" in both.err


def test_warnings_are_messages(cli: Cli, moons: Path) -> None:
    done = cli("fit", moons, "--set", "train.batch_size=1000", "--json")
    assert "larger than the data" in done.err
    assert done.json["updates"] == 4


def test_set_seed_and_epochs_are_in_force_and_kept(cli: Cli, moons: Path) -> None:
    result = cli("fit", moons, "--set", "layers.0.units=8", "--seed", 7, "--epochs", 2, "--json").json
    assert (result["parameters"], result["epochs"]) == (2 * 8 + 8 + 8 + 1, 2)
    again = cli("fit", Path(result["run_dir"]) / "config.toml", "--json").json
    assert again["train"] == result["train"]
    assert again["run"] != result["run"]
    other = cli("fit", moons, "--set", "layers.0.units=8", "--seed", 8, "--epochs", 2, "--json").json
    assert other["train"] != result["train"]


def test_runs_is_taken_before_and_after_the_command_and_from_the_environment(
    cli: Cli, moons: Path, tmp_path: Path, runs: Path
) -> None:
    for place, arguments in (
        (tmp_path / "a", ("--runs", tmp_path / "a", "fit", moons)),
        (tmp_path / "b", ("fit", moons, "--runs", tmp_path / "b")),
        (runs, ("fit", moons)),
    ):
        assert Path(cli(*arguments, "--json").json["run_dir"]).parent == place


def test_no_epochs_only_evaluates(cli: Cli, moons: Path) -> None:
    result = cli("fit", moons, "--epochs", 0, "--json").json
    assert (result["status"], result["updates"]) == ("completed", 0)
    assert result["train"]["loss"] > 0


def test_stopped_by_its_own_rule_is_0(cli: Cli, moons: Path) -> None:
    done = cli("fit", moons, "--set", "train.stop={below=9}", "--json")
    assert (done.code, done.json["status"], done.json["epochs"]) == (0, "stopped_early", 1)


def test_diverged_is_3_with_json(cli: Cli) -> None:
    done = cli("fit", "sine", "--set", 'optimizer={type="sgd", lr=1e30}', "--json")
    assert done.code == 3
    result = done.json
    assert result["status"] == "diverged"
    assert "non_finite" in [f["id"] for f in result["findings"]]
    keys = {
        "id",
        "layer",
        "value",
        "limit",
        "message",
        "cure",
        "severity",
        "update",
        "epoch",
        "cause",
        "cures",
    }
    for finding in result["findings"]:
        assert set(finding) == keys
        assert finding["severity"] in ("note", "warning", "error")
        assert all(set(cure) == {"set", "text"} for cure in finding["cures"])
    assert result["findings"][0]["id"] == "non_finite"
    resumed = cli("fit", "--resume", result["run"], "--json")
    assert (resumed.code, resumed.json["status"]) == (3, "diverged")


def test_faults_are_2_without_json(cli: Cli, moons: Path, runs: Path) -> None:
    moons.write_text(CLASSES.replace('"tanh"', '"tahn"'))
    done = cli("fit", moons, "--json")
    assert (done.code, done.out) == (2, "")
    assert 'did you mean "tanh"?' in done.err
    assert not runs.exists()


def test_a_place_for_runs_that_cannot_be_used(cli: Cli, moons: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below", "/proc/nntui"):
        done = cli("fit", moons, "--runs", place, "--json")
        assert (done.code, done.out) == (2, "")
        assert "--runs" in done.err


def test_config_of_another_directory_reads_its_own_data(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    rows = "".join(f"{a},{b},{'yes' if a > b else 'no'}\n" for a in range(4) for b in range(4))
    (away / "a.csv").write_text("u,v,c\n" + rows)
    config = CLASSES.replace('source = "moons"\nsamples = 60', 'source = "csv"\npath = "a.csv"\ntarget = "c"')
    (away / "c.toml").write_text(config.replace("validation = 0.2\ntest = 0.2", ""))
    result = cli("fit", away / "c.toml", "--json").json
    monkeypatch.chdir(tmp_path)
    assert cli("fit", "--resume", result["run"], "--epochs", 6, "--json").json["epochs"] == 6


@pytest.mark.parametrize("color", [{}, {"NO_COLOR": "1"}])
def test_on_a_terminal_progress_summary_and_curve(runs: Path, moons: Path, color: dict[str, str]) -> None:
    import os

    environment = (
        {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | color | {"TERM": "xterm-256color"}
    )
    child = pexpect.spawn(
        NNTUI[0], [*NNTUI[1:], "fit", str(moons), "--epochs", "300"], env=environment, dimensions=(30, 120),
        encoding="utf-8", timeout=60,
    )  # fmt: skip
    out = child.read()
    child.wait()
    assert child.exitstatus == 0
    for part in (
        r"loss [0-9.]+",
        r"accuracy [0-9.]+%",
        r"[0-9,]+ updates/s",
        r"300/300",
        r"\d:\d\d left",
        "train",
        "validation",
        "⣀",
    ):
        assert re.search(part, out), part
    if color:
        assert "\x1b[3" not in out
        assert "\x1b[4" not in out


def test_quiet_on_a_terminal_is_silent(runs: Path, moons: Path) -> None:
    child = pexpect.spawn(NNTUI[0], [*NNTUI[1:], "fit", str(moons), "--quiet"], encoding="utf-8", timeout=60)
    assert child.read() == ""
    child.wait()
    assert child.exitstatus == 0


def test_records_of_the_run(cli: Cli, moons: Path) -> None:
    result = cli("fit", moons, "--json").json
    place = Path(result["run_dir"])
    state = json.loads((place / "run.json").read_text())
    assert (state["state"], state["updates"], state["seed"]) == ("completed", 12, 0)
    records = [json.loads(line) for line in (place / "metrics.jsonl").read_text().splitlines()]
    assert [r["epoch"] for r in records] == [0, 1, 2, 3, 4]
    assert records[-1]["train"] == {k: result["train"][k] for k in ("loss", "accuracy", "macro_f1")}
    assert [p.name for p in sorted((place / "checkpoints").iterdir())] == ["0000000000.npz", "0000000012.npz"]

"""``nntui sweep`` from end to end: results, faults, and what becomes of what is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from nntui.runs.directory import RunDirectory
from nntui.search import order
from nntui.search.storage import Place
from nntui.search.study import Study
from tests.cli.conftest import Cli, finish, start
from tests.search.orders import SWEEP, TINY, written
from tests.server.running import until

LONG = TINY.replace("epochs = 4", "epochs = 100000").replace("lr = 0.05 ", "lr = 1e-3 ")
"""Trains for as long as anybody wants to watch."""


def study_of(file: Path, runs: Path, **options: Any) -> Study:
    """What the command keeps, as another process sees it."""
    runs.mkdir(exist_ok=True)
    return Study(order.load(file, **options), Place(str(runs / "tiny.journal")), lambda words: None)


def training(study: Study) -> list[int]:
    """Processes that train a trial whose run has begun."""
    found = []
    for trial in study.ledger.trials():
        if trial.state.name == "RUNNING" and trial.user_attrs.get("runs"):
            found.append(trial.user_attrs["owner"]["pid"])
    return found


def test_the_document_the_runs_and_the_best_configuration(cli: Cli, runs: Path, tmp_path: Path) -> None:
    file, out = written(tmp_path), tmp_path / "best.toml"
    done = cli("sweep", file, "--workers", 2, "--json", "--out", out)
    assert done.code == 0, done.err
    result = done.json
    assert result["study"] == "tiny"
    assert result["storage"] == str(runs / "tiny.journal")
    assert result["monitor"] == "validation.loss"
    assert [t["number"] for t in result["trials"]] == [0, 1, 2, 3]
    assert {t["state"] for t in result["trials"]} <= {"complete", "pruned"}
    complete = [t for t in result["trials"] if t["state"] == "complete"]
    assert result["best"] == min(complete, key=lambda t: t["value"])
    assert result["importance"] is None
    for trial in complete:
        assert 1e-3 <= trial["params"]["optimizer.lr"] <= 1e-1
        assert trial["params"]["layers.*.units"] in (2, 3)
        (run,) = trial["runs"]
        text = RunDirectory(runs / run).config.read_text()
        assert "sweep" not in text.replace("tiny", "").split("title")[0]
        assert f"units = {trial['params']['layers.*.units']}" in text
    assert len(cli("runs", "list", "--json").json) == 4

    text = out.read_text()
    assert "# how wide" in text
    assert "# how fast" in text
    again = cli("fit", out, "--json").json
    assert again["validation"]["loss"] == result["best"]["value"], "a trial is what fit reports"
    assert "4/4" in done.err

    more = cli("sweep", file, "--trials", 6, "--workers", 1, "--json").json
    assert len(more["trials"]) == 6
    assert more["trials"][:4] == result["trials"], "the same command goes on"
    assert cli("sweep", file, "--trials", 6, "--workers", 0, "--json").json == more, (
        "and ends where all is done"
    )


def test_what_does_not_fit_is_found_before_training(cli: Cli, runs: Path, tmp_path: Path) -> None:
    sweep = """
[sweep]
sampler = "grid"
[sweep.space]
"layers.1.units" = [1, 3]
"optimizer.type" = ["adam", "newton"]
"""
    result = cli("sweep", written(tmp_path, TINY + sweep), "--workers", 2, "--json").json
    states = {(t["params"]["layers.1.units"], t["params"]["optimizer.type"]): t for t in result["trials"]}
    assert len(states) == 4
    assert states[1, "adam"]["state"] == "complete"
    for key in ((3, "adam"), (1, "newton"), (3, "newton")):
        assert states[key]["state"] == "failed"
        assert states[key]["runs"] == []
    assert "layers.1.units: the data has 2 classes (given 3; allowed 1)" in states[3, "adam"]["reason"]
    assert "train.batch_size: newton sees all samples at once" in states[1, "newton"]["reason"]


def test_nothing_that_has_a_value_is_a_failure(cli: Cli, runs: Path, tmp_path: Path) -> None:
    sweep = '[sweep]\nsampler = "grid"\n[sweep.space]\n"layers.1.units" = [2, 3]\n'
    done = cli(
        "sweep", written(tmp_path, TINY + sweep), "--workers", 1, "--json", "--out", tmp_path / "b.toml"
    )
    assert done.code == 1
    assert done.json["best"] is None
    assert not (tmp_path / "b.toml").exists()


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        ("", ":1: there is no [sweep]"),
        ("[sweep]\ntrials = 3\n", ":29: sweep.space: is required"),
        ("[sweep]\nsamler = 3\n[sweep.space]\n", ":30: sweep.samler: unknown key"),
        ('[sweep]\nsampler = "tpee"\n[sweep.space]\n', ':30: sweep.sampler: not a known name (given \'tpee\''),
        ("[sweep]\ntrials = 0\n[sweep.space]\n", ":30: sweep.trials: not allowed (given 0; allowed more than 0)"),
        ('[sweep.space]\n"optimizer.lr" = {low = 2, high = 1}\n', ":30: sweep.space.optimizer.lr: low is above high"),
        ('[sweep]\nmonitor = "validation.r2"\n[sweep.space]\n"optimizer.lr" = [1]\n',
         ":30: sweep.monitor: this is not measured here"),
        ('[sweep]\nsampler = "grid"\n[sweep.space]\n"optimizer.lr" = { low = 1, high = 2, points = 1000000000 }\n',
         ":30: sweep.sampler: too many points for a grid (given 1e+09"),
        ('[sweep]\nstorage = "mysql://u:secret@h/d"\n[sweep.space]\n"optimizer.lr" = [1]\n',
         ":30: sweep.storage: not a known storage (given mysql://u:***@h/d"),
        ('[sweep]\nstorage = "postgresql://u:secret@127.0.0.1:1/d"\n[sweep.space]\n"optimizer.lr" = [1]\n',
         ":30: sweep.storage: cannot open the storage (given postgresql://u:***@127.0.0.1:1/d)"),
    ],
)  # fmt: skip
def test_faults_have_file_line_and_key(cli: Cli, runs: Path, tmp_path: Path, sweep: str, words: str) -> None:
    file = written(tmp_path, f"{TINY.rstrip()}\n\n{sweep}")
    done = cli("sweep", file, "--json")
    assert done.code == 2
    assert f"error: {file}{words}" in done.err
    assert "secret" not in done.err
    assert not list(runs.glob("*/run.json"))


def test_a_race_has_nothing_to_search(cli: Cli, runs: Path, tmp_path: Path) -> None:
    done = cli("sweep", written(tmp_path, '[race]\nsurface = "beale"\n' + SWEEP))
    assert done.code == 2
    assert "race: this file describes a race over a surface, and nothing to train; use nntui race" in done.err


def test_a_monitor_needs_rows_that_are_held_out(cli: Cli, runs: Path, tmp_path: Path) -> None:
    file = written(tmp_path, TINY.replace("validation = 0.25\n", "") + SWEEP)
    done = cli("sweep", file)
    assert done.code == 2
    assert "sweep.monitor: monitors validation.loss, but nothing is held out" in done.err


def test_other_commands_leave_the_table_alone(cli: Cli, runs: Path, tmp_path: Path) -> None:
    sweep = SWEEP.replace("trials = 4", 'storage = "postgresql://u:secret@h/d"')
    done = cli("fit", written(tmp_path, TINY + sweep), "--json")
    assert done.code == 0
    run = Path(done.json["run_dir"])
    assert not [p for p in run.rglob("*") if p.is_file() and b"secret" in p.read_bytes()]
    assert cli("fit", "--resume", "latest", "--epochs", 6, "--json").json["epochs"] == 6


def test_out_in_another_directory_finds_the_data(cli: Cli, runs: Path, tmp_path: Path) -> None:
    rows = "\n".join(f"{k / 20},{(k * 7 % 20) / 20},{'ab'[k % 2]}" for k in range(20))
    (tmp_path / "a.csv").write_text(f"x,y,kind\n{rows}\n")
    text = TINY.replace('source = "moons"\nsamples = 40', 'source = "csv"\npath = "a.csv"\ntarget = "kind"')
    (tmp_path / "below").mkdir()
    out = tmp_path / "below" / "best.toml"
    done = cli(
        "sweep", written(tmp_path, text + SWEEP), "--trials", 1, "--workers", 1, "--json", "--out", out
    )
    assert done.code == 0, done.err
    assert cli("fit", out, "--json").json["validation"]["loss"] == done.json["best"]["value"]


def test_ctrl_c_keeps_the_study_and_the_same_command_goes_on(runs: Path, tmp_path: Path) -> None:
    file = written(tmp_path, LONG + SWEEP)
    study = study_of(file, runs)
    process = start("sweep", file, "--workers", 2, "--json")
    until(lambda: len(training(study)) == 2)
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 130
    result = done.json
    assert [t["state"] for t in result["trials"]] == ["failed", "failed"]
    assert "the search was ended" in result["trials"][0]["reason"]
    for trial in result["trials"]:
        assert RunDirectory(runs / trial["runs"][0]).read().state == "interrupted"
    assert study.tally().waiting == 2

    resumed = start("sweep", file, "--workers", 1, "--json")
    until(lambda: len(training(study)) == 1)
    resumed.send_signal(signal.SIGINT)
    again = finish(resumed).json["trials"]
    # Which of two workers gave its trial back first is the system's affair.
    assert again[2]["params"] in [trial["params"] for trial in result["trials"]]


def test_killed_workers_lose_nothing_and_repeat_nothing(runs: Path, tmp_path: Path) -> None:
    text = TINY.replace("epochs = 4", "epochs = 250") + SWEEP.replace(
        "trials = 4", 'trials = 8\npruner = "none"'
    )
    file = written(tmp_path, text)
    study = study_of(file, runs)
    process = start("sweep", file, "--workers", 2, "--json")
    for _ in range(2):
        until(lambda: training(study) or process.poll() is not None)
        for pid in training(study)[:1]:
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: pid not in training(study))
    result = finish(process).json
    states = Counter(t["state"] for t in result["trials"])
    assert states["complete"] == 8
    lost = [t for t in result["trials"] if t["state"] == "failed"]
    assert lost
    assert all("signal 9" in t["reason"] for t in lost)
    complete = [json.dumps(t["params"]) for t in result["trials"] if t["state"] == "complete"]
    assert all(complete.count(json.dumps(t["params"])) == 1 for t in lost), "each once more, and once only"


def test_workers_of_a_killed_search_finish_their_trials_and_keep_them(runs: Path, tmp_path: Path) -> None:
    text = TINY.replace("epochs = 4", "epochs = 1500") + SWEEP.replace(
        "trials = 4", 'trials = 3\npruner = "none"'
    )
    file = written(tmp_path, text)
    study = study_of(file, runs)
    process = start("sweep", file, "--workers", 2, "--json", stdout=subprocess.DEVNULL)
    until(lambda: len(training(study)) == 2)
    workers = [psutil.Process(pid) for pid in training(study)]
    process.kill()
    process.communicate()
    psutil.wait_procs(workers, timeout=60)
    assert [v.state for v in study.views()] == ["complete", "complete"]
    result = finish(start("sweep", file, "--workers", 1, "--json")).json
    assert [t["state"] for t in result["trials"]] == ["complete"] * 3


def test_a_trial_and_the_whole_search_can_be_ended_from_elsewhere(runs: Path, tmp_path: Path) -> None:
    file = written(tmp_path, LONG + SWEEP)
    study = study_of(file, runs)
    process = start("sweep", file, "--workers", 1, "--json")
    until(lambda: training(study))
    study.stop_trial(0)
    until(lambda: study.views()[0].state == "failed")
    assert "stopped by hand" in study.views()[0].reason
    until(lambda: training(study))
    study.stop_all()
    done = finish(process)
    assert done.code == 1, "no trial has a value"
    assert done.json["trials"][1]["state"] == "failed"
    assert study.tally().waiting == 1


def test_no_trial_begins_after_the_time(cli: Cli, runs: Path, tmp_path: Path) -> None:
    file = written(tmp_path, TINY.replace("epochs = 4", "epochs = 300") + SWEEP)
    done = cli("sweep", file, "--workers", 1, "--trials", 1000, "--timeout", 1, "--json")
    assert done.code == 0
    assert 1 <= len(done.json["trials"]) < 1000
    assert {t["state"] for t in done.json["trials"]} <= {"complete", "pruned"}


def test_without_optuna_it_says_how_to_install_it(
    cli: Cli, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nntui.search import storage

    def missing(name: str) -> str:
        raise storage.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(storage.metadata, "version", missing)
    done = cli("sweep", written(tmp_path))
    assert done.code == 2
    assert "nntui sweep needs Optuna: pip install 'nntui[sweep]'" in done.err

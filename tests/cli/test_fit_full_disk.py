"""A disk that fills up while a training writes: what is lost, what is kept, and what is said."""

from __future__ import annotations

import errno
import json
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from nntui.runs import checkpoint
from tests.cli.conftest import Cli, finish, start
from tests.cli.trainings import (
    PLAIN,
    only_run,
    trained,
    wait_for,
    write,
)


def test_a_full_disk_is_said_once_and_training_goes_on(runs: Path, tmp_path: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=30) + "checkpoint_seconds = 0\n")
    limit = 12_000  # run.json and some records fit, the records of 30 epochs and the checkpoints do not
    process = start(
        "fit", config, "--json", preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    done = finish(process)
    assert done.code == 1
    said = done.err.splitlines()
    assert sum("this is not saved" in line for line in said) == 1
    assert sum("this record is missing" in line for line in said) <= 1  # a slow machine writes more of them
    result = done.json
    assert (result["status"], result["epochs"]) == ("failed", 30)
    assert "not saved" in result["reason"]
    assert result["train"]["accuracy"] > 0.9
    lines = (only_run(runs) / "metrics.jsonl").read_bytes()
    assert lines.endswith(b"\n")
    assert all(json.loads(line) for line in lines.splitlines())


def test_the_disk_fills_up_while_training(cli: Cli, runs: Path, tmp_path: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=100_000) + "checkpoint_seconds = 0.1\n")
    process = start("fit", config, "--json")
    wait_for(lambda: trained(runs), process)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (2_000, 2_000))
    assert process.stderr is not None
    said = process.stderr.readline()
    assert "training goes on" in said
    process.send_signal(signal.SIGTERM)
    done = finish(process)
    assert done.code == 143
    assert done.err.count("training goes on") <= 2  # a record, and a checkpoint: each once
    run = only_run(runs)
    assert not list(run.rglob("*.tmp"))
    resumed = cli("fit", "--resume", run.name, "--epochs", 1, "--json")
    assert resumed.code == 0
    assert resumed.json["updates"] > 0


def test_a_full_disk_costs_the_history_and_not_the_newest_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Path, cli: Cli
) -> None:
    """Room for three checkpoints: the fourth finds none until the oldest give way."""
    write_one = checkpoint.atomic_write

    def bounded(path: Path, writer: Any, *, check: Any = None) -> None:
        if len(checkpoint.updates(path.parent)) >= 3:
            raise OSError(errno.ENOSPC, "full")
        write_one(path, writer, check=check)

    monkeypatch.setattr(checkpoint, "atomic_write", bounded)
    config = write(tmp_path, PLAIN.format(epochs=6) + "checkpoint_seconds = 0\n")
    done = cli("fit", config, "--json")
    assert (done.code, done.json["status"]) == (0, "completed")
    assert "removed to make room" in done.err
    left = checkpoint.updates(only_run(runs) / "checkpoints")
    assert left[-1] == done.json["updates"]
    assert cli("predict", "latest", "--data", "--json").json["update"] == done.json["updates"]


def test_a_later_save_that_succeeds_makes_the_run_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    calls = iter(range(1000))
    save = checkpoint.save

    def failing(*given: Any) -> Any:
        if next(calls) in (1, 2):
            raise checkpoint.CheckpointError("the disk is away")
        return save(*given)

    monkeypatch.setattr(checkpoint, "save", failing)
    config = write(tmp_path, PLAIN.format(epochs=6) + "checkpoint_seconds = 0\n")
    done = cli("fit", config, "--json")
    assert (done.code, done.json["status"]) == (0, "completed")
    assert "this is not saved" in done.err
    assert cli("runs", "list", "--json").json[0]["state"] == "completed"


def test_weights_older_than_what_the_run_reports_are_told(tmp_path: Path, cli: Cli, runs: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=3) + "checkpoint_seconds = 0\n")
    updates = cli("fit", config, "--json").json["updates"]
    newest = sorted((only_run(runs) / "checkpoints").iterdir())
    for path in newest[1:]:
        path.unlink()
    for words in (("predict", "latest", "--data", "--json"), ("export", "latest", tmp_path / "w.npz")):
        done = cli(*words)
        assert done.code == 0
        assert f"is of update 0, but the run reports update {updates}" in done.err
    assert cli("predict", "latest", "--data", "--json").json["update"] == 0
    assert cli("predict", "latest", "--data", "--json").json["epoch"] == 0
    assert "update 0" in cli("debug", "latest", "--json").err

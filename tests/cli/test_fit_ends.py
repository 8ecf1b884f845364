"""How a training ends before its time: signals, a stop from outside, too little memory."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_the_update_and_saves(
    cli: Cli, runs: Path, tmp_path: Path, number: signal.Signals
) -> None:
    config = write(tmp_path, PLAIN.format(epochs=100_000) + "checkpoint_seconds = 0.2\n")
    process = start("fit", config, "--json")
    wait_for(lambda: trained(runs), process)
    process.send_signal(number)
    done = finish(process)
    assert done.code == 128 + number
    assert done.err == ""
    result = done.json
    assert result["status"] == "interrupted"
    assert number.name in result["reason"]
    run = only_run(runs)
    assert checkpoint.updates(run / "checkpoints")[-1] == result["updates"]
    assert json.loads((run / "run.json").read_text())["state"] == "interrupted"
    part = result["train"]
    again = cli("fit", "--resume", run.name, "--epochs", result["epochs"], "--json").json
    assert again["train"] == part or again["updates"] > result["updates"]


def test_a_signal_before_there_is_a_run(runs: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "rows.csv"
    rows = "a,b,c\n" + "".join(f"{k % 7},{k % 5},{k % 2}\n" for k in range(400_000))
    fifo.write_text(rows)
    config = write(
        tmp_path,
        PLAIN.format(epochs=5).replace(
            'source = "digits"', 'source = "csv"\npath = "rows.csv"\ntarget = "c"'
        ),
    )
    process = start("fit", config, "--json")
    maps = Path(f"/proc/{process.pid}/maps")
    if not maps.exists():
        process.kill()
        pytest.skip("needs /proc")
    wait_for(lambda: "_pydantic_core" in maps.read_text(), process)
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 130
    result = done.json
    assert (result["status"], result["run"], result["train"]) == ("interrupted", None, None)


def test_a_second_interrupt_ends_at_once_with_json(
    cli: Cli, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(trainer: object) -> bool:
        for _ in range(1000):
            os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("not interrupted")

    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr("nntui_core.trainer.Trainer.advance", endless)
    done = cli("fit", write(tmp_path, PLAIN.format(epochs=3)), "--json")
    assert (done.code, done.json["status"], done.json["updates"]) == (130, "interrupted", 0)
    assert json.loads((only_run(runs) / "run.json").read_text())["state"] == "interrupted"
    assert signal.signal(signal.SIGINT, inherited) is signal.default_int_handler


def test_used_up_memory_is_said(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("nntui_core.trainer.Trainer.advance", full)
    done = cli("fit", write(tmp_path, PLAIN.format(epochs=2)), "--json")
    assert (done.code, done.json["status"]) == (1, "failed")
    assert "memory" in done.err
    assert os.environ["NNTUI_RUNS"] in done.json["run_dir"]


def test_stop_ends_a_live_run_as_ctrl_c_would(cli: Cli, runs: Path, tmp_path: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=100_000) + "checkpoint_seconds = 0.1\n")
    process = start("fit", config, "--json")
    wait_for(lambda: trained(runs), process)
    stopped = cli("runs", "stop", "latest", "--json")
    assert (stopped.code, stopped.json["state"]) == (0, "interrupted")
    done = finish(process)
    assert (done.code, done.json["status"]) == (130, "interrupted")
    assert "SIGINT" in done.json["reason"]

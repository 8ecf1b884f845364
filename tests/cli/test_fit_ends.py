"""How a training ends before its time, and how it goes on: signals, kills, full disks, damaged checkpoints."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui_core.trainer import Trainer
from tests.cli.conftest import Cli, finish, start

HEAD = """
[data]
source = "digits"
validation = 0.2
[objective]
loss = "cross_entropy"
l2 = 1e-4
"""
LAYERS = """
[[layers]]
type = "dense"
units = 24
activation = "relu"
{middle}
[[layers]]
type = "dense"
units = 10
activation = "softmax"
"""
PLAIN = (
    HEAD + LAYERS.format(middle="") + '[optimizer]\ntype = "adam"\nlr = 0.002\n[train]\nepochs = {epochs}\n'
)
FEATURES = {
    "momentum, dropout, batch norm, clipping": HEAD
    + LAYERS.format(middle='[[layers]]\ntype = "batchnorm"\n[[layers]]\ntype = "dropout"\nrate = 0.3')
    + '[optimizer]\ntype = "nesterov"\nlr = 0.02\n[schedule]\ntype = "cosine"\nevery = "update"\n'
    "[train]\nepochs = 14\nclip_norm = 1.0\ncheckpoint_seconds = 0\n",
    "amsgrad, curriculum, noise, early stopping": HEAD
    + LAYERS.format(middle="")
    + '[optimizer]\ntype = "amsgrad"\nlr = 0.005\n[train]\nepochs = 14\ncheckpoint_seconds = 0\n'
    'early_stopping = { patience = 2, monitor = "validation.accuracy" }\ngradient_noise = { eta = 1e-3 }\n'
    'order = { type = "curriculum", epochs = 6 }\n',
    "lbfgs": (HEAD + LAYERS.format(middle="") + '[optimizer]\ntype = "lbfgs"\n')
    .replace("[data]", 'dtype = "float64"\n[data]')
    .replace('"relu"', '"tanh"')
    + '[train]\nepochs = 25\nbatch_size = "full"\ncheckpoint_seconds = 0\n',
}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "digits.toml"
    path.write_text(text)
    return path


def only_run(runs: Path) -> Path:
    (run,) = runs.iterdir()
    return run


def wait_for(what: Any, process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.005)


def trained(runs: Path) -> bool:
    """Whether a checkpoint after update 0 is there."""
    return runs.exists() and any(len(checkpoint.updates(r / "checkpoints")) > 1 for r in runs.iterdir())


def final(run: str | Path) -> dict[str, Any]:
    """The newest checkpoint's arrays."""
    directory = Path(run) / "checkpoints"
    return checkpoint.read(checkpoint.path_of(directory, checkpoint.updates(directory)[-1]))[0]


def assert_same(a: str | Path, b: str | Path) -> None:
    first, second = final(a), final(b)
    assert set(first) == set(second)
    for name, array in first.items():
        assert np.array_equal(array, second[name], equal_nan=True), name


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


@pytest.mark.parametrize("text", FEATURES.values(), ids=FEATURES)
def test_killed_at_random_moments_and_resumed_equals_uninterrupted(
    cli: Cli, runs: Path, tmp_path: Path, text: str
) -> None:
    config = write(tmp_path, text)
    whole = cli("fit", config, "--json", "--runs", tmp_path / "whole").json
    process = start("fit", config, "--json")
    wait_for(lambda: trained(runs), process)
    draw = random.Random(text)
    time.sleep(draw.uniform(0, 0.05))
    process.kill()
    process.wait()
    run = only_run(runs)
    killed = cli("runs", "show", run.name, "--json").json
    assert killed["state"] in ("lost", whole["status"])
    for _ in range(2):  # and killed again while resuming
        before = checkpoint.updates(run / "checkpoints")[-1]
        process = start("fit", "--resume", run.name, "--json")
        wait_for(
            lambda p=process, b=before: (
                checkpoint.updates(run / "checkpoints")[-1] > b or p.poll() is not None
            )
        )
        time.sleep(draw.uniform(0, 0.02))
        process.kill()
        process.wait()
    result = cli("fit", "--resume", run.name, "--json").json
    for key in ("status", "reason", "epochs", "updates", "train", "validation"):
        assert result[key] == whole[key], key
    assert_same(run, whole["run_dir"])


def test_resuming_what_is_done_prints_its_result_and_writes_nothing(
    cli: Cli, runs: Path, tmp_path: Path
) -> None:
    first = cli("fit", write(tmp_path, PLAIN.format(epochs=2)), "--json").json
    run = Path(first["run_dir"])
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*")}
    again = cli("fit", "--resume", run.name, "--json")
    assert (again.code, again.json) == (0, first)
    assert cli("fit", "--resume", run.name, "--epochs", 1, "--json").json == first
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*")} == before


def test_more_epochs_equal_a_longer_run(cli: Cli, tmp_path: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=2))
    run = cli("fit", config, "--json").json["run"]
    longer = cli("fit", config, "--resume", run, "--epochs", 4, "--json").json
    whole = cli("fit", config, "--epochs", 4, "--json").json
    assert longer["run"] == run
    for key in ("status", "epochs", "updates", "train", "validation"):
        assert longer[key] == whole[key]
    assert_same(longer["run_dir"], whole["run_dir"])
    assert "epochs = 4" in (Path(longer["run_dir"]) / "config.toml").read_text()


def test_a_differing_configuration_or_changed_data_is_a_fault(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("a,b,c\n" + "".join(f"{k % 7},{k % 5},{k % 2}\n" for k in range(60)))
    text = PLAIN.format(epochs=2).replace(
        'source = "digits"', 'source = "csv"\npath = "rows.csv"\ntarget = "c"'
    )
    config = write(tmp_path, text.replace("units = 10", "units = 2"))
    run = cli("fit", config, "--json").json["run"]
    for arguments in (("--set", "layers.0.units=9"), ("--seed", 5), ("--set", "optimizer.lr=1")):
        done = cli("fit", config, "--resume", run, "--epochs", 4, *arguments, "--json")
        assert (done.code, done.out) == (2, "")
        assert "differs" in done.err
    assert cli("fit", "xor", "--resume", run).code == 2
    data.write_text(data.read_text().replace("6,4,0", "6,4,1"))
    done = cli("fit", "--resume", run, "--epochs", 4, "--json")
    assert (done.code, done.out) == (2, "")
    assert "the data has changed" in done.err


def test_damaged_checkpoints_fall_back_and_say_so(cli: Cli, tmp_path: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=6) + "checkpoint_seconds = 0\n")
    whole = cli("fit", config, "--json").json
    files = sorted((Path(whole["run_dir"]) / "checkpoints").iterdir())
    size = files[-1].stat().st_size
    with files[-1].open("r+b") as stream:
        stream.seek(size // 2)
        stream.write(b"\0\1\2\3" * 8)
    files[-2].write_bytes(files[-2].read_bytes()[: size // 3])
    done = cli("fit", "--resume", "latest", "--json")
    assert done.code == 0
    assert done.err.count("trying the one before") == 2
    assert {k: done.json[k] for k in ("train", "validation", "updates")} == {
        k: whole[k] for k in ("train", "validation", "updates")
    }
    for path in files[0].parent.iterdir():
        path.write_bytes(b"")
    done = cli("fit", "--resume", "latest", "--json")
    assert "there is no usable checkpoint" in done.err
    assert (done.code, done.out) == (2, "")


def copied_while_it_trains(source: str, target: str) -> None:
    """Temporary files and older checkpoints come and go meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def test_one_trainer_a_run(cli: Cli, runs: Path, tmp_path: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=100_000) + "checkpoint_seconds = 0.2\n")
    process = start("fit", config, "--json")
    wait_for(lambda: trained(runs), process)
    name = only_run(runs).name
    assert [r["state"] for r in cli("runs", "list", "--json").json] == ["running"]
    shutil.copytree(runs / name, tmp_path / "copy", copy_function=copied_while_it_trains)
    assert cli("runs", "show", tmp_path / "copy", "--json").json["state"] == "lost"
    for arguments in (("fit", "--resume", name, "--json"), ("runs", "rm", name)):
        done = cli(*arguments)
        assert (done.code, done.out) == (2, "")
    process.kill()
    process.wait()
    assert [r["state"] for r in cli("runs", "list", "--json").json] == ["lost"]
    assert cli("runs", "rm", name).code == 0
    assert not any(runs.iterdir())


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


def test_used_up_memory_is_said(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("nntui_core.trainer.Trainer.advance", full)
    done = cli("fit", write(tmp_path, PLAIN.format(epochs=2)), "--json")
    assert (done.code, done.json["status"]) == (1, "failed")
    assert "memory" in done.err
    assert os.environ["NNTUI_RUNS"] in done.json["run_dir"]


@pytest.mark.parametrize("text", list(FEATURES.values())[:2], ids=list(FEATURES)[:2])
def test_a_long_epoch_is_saved_in_its_middle_and_resumed_there(
    cli: Cli, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    config = write(tmp_path, text.replace("epochs = 14", "epochs = 2"))
    whole = cli("fit", config, "--json", "--runs", tmp_path / "whole").json
    monkeypatch.setattr("nntui.training.session.WITHIN_EPOCH_SECONDS", 0.0)
    advance = Trainer.advance

    def dying(trainer: Trainer) -> bool:
        if trainer.update == 9:
            raise RuntimeError("as good as killed")
        return advance(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "advance", dying)
        assert cli("fit", config, "--json").code == 1
    run = only_run(runs)
    assert checkpoint.updates(run / "checkpoints") == list(range(10))
    assert json.loads((run / "run.json").read_text())["state"] == "failed"
    assert cli("fit", "--resume", "latest", "--json").json["train"] == whole["train"]
    assert_same(run, whole["run_dir"])


def test_stop_ends_a_live_run_as_ctrl_c_would(cli: Cli, runs: Path, tmp_path: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=100_000) + "checkpoint_seconds = 0.1\n")
    process = start("fit", config, "--json")
    wait_for(lambda: trained(runs), process)
    stopped = cli("runs", "stop", "latest", "--json")
    assert (stopped.code, stopped.json["state"]) == (0, "interrupted")
    done = finish(process)
    assert (done.code, done.json["status"]) == (130, "interrupted")
    assert "SIGINT" in done.json["reason"]


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


def test_a_rewind_that_was_killed_is_finished_by_the_resume(tmp_path: Path, cli: Cli, runs: Path) -> None:
    config = write(tmp_path, PLAIN.format(epochs=6) + "checkpoint_seconds = 0\n")
    whole = cli("fit", config, "--json").json
    run = only_run(runs)
    per_epoch = whole["updates"] // 6
    state = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(state | {"state": "running", "rewinding": 2 * per_epoch}))
    (run / "checkpoints" / f"{3 * per_epoch:010d}.npz").unlink()  # it had begun to remove the later ones
    done = cli("fit", "--resume", "latest", "--json")
    assert (done.code, done.json["updates"]) == (0, whole["updates"])
    assert done.json["train"] == whole["train"]
    assert json.loads((run / "run.json").read_text())["rewinding"] is None


def test_a_resume_clears_away_what_the_last_writes_of_a_completed_run_left(cli: Cli, runs: Path) -> None:
    first = cli("fit", "xor", "--json").json
    run = RunDirectory(runs / first["run"])
    left = [run.path / ".run.json.123-0123abcd.tmp", run.checkpoints / ".0000000002.npz.123-0123abcd.tmp"]
    for path in left:
        path.write_bytes(b"half")
    trainer = RunDirectory(run.path)
    trainer.lock()  # its trainer is in its last writes
    assert cli("fit", "--resume", first["run"], "--json").json == first
    assert all(path.exists() for path in left)
    trainer.unlock()
    assert cli("fit", "--resume", first["run"], "--json").json == first
    assert not any(path.exists() for path in left)
    assert run.locked() is False


def test_a_run_stopped_early_is_not_trained_on_when_resumed(cli: Cli, runs: Path) -> None:
    rule = 'train.stop={ monitor = "train.loss", below = 0.6 }'
    first = cli("fit", "xor", "--set", rule, "--json").json
    assert first["status"] == "stopped_early"
    for more in ((), ("--epochs", 5000)):
        done = cli("fit", "--resume", first["run"], "--json", *more)
        assert done.code == 0
        assert (done.json["status"], done.json["updates"]) == ("stopped_early", first["updates"])
        assert done.json["train"] == first["train"]
    assert checkpoint.updates(only_run(runs) / "checkpoints")[-1] == first["updates"]

"""How a training goes on: resumed it equals one that was not interrupted, or says why it cannot be."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import time
from pathlib import Path

import pytest

from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui_core.trainer import Trainer
from tests.cli.conftest import Cli, start
from tests.cli.trainings import (
    FEATURES,
    PLAIN,
    assert_same,
    only_run,
    trained,
    wait_for,
    write,
)


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

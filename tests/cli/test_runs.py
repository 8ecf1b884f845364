"""``nntui runs``, and how RUN is understood: names, prefixes, latest, places; foreign and damaged directories."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from nntui.runs import identity
from nntui.runs.directory import RunDirectory
from tests.cli.conftest import Cli

KEYS = {"run", "run_dir", "state", "title", "epochs", "loss", "started"}


@pytest.fixture
def two(cli: Cli) -> tuple[Path, Path]:
    """An older and a newer run."""
    first = cli("fit", "xor", "--epochs", 2, "--json").json
    second = cli(
        "fit", "xor", "--epochs", 3, "--set", "optimizer.lr=0.2", "--set", "title='b [red]'", "--json"
    ).json
    return Path(first["run_dir"]), Path(second["run_dir"])


def change(run: Path, **values: object) -> None:
    path = run / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_list_is_newest_first_and_leaves_out_what_is_no_run(
    cli: Cli, runs: Path, two: tuple[Path, Path]
) -> None:
    (runs / "notes").mkdir()
    (runs / "file").write_text("")
    (runs / "damaged").mkdir()
    (runs / "damaged" / "run.json").write_text("{")
    (runs / "link").symlink_to(two[0])
    (runs / "loop").symlink_to("loop")
    change(two[1], updates=99)  # of full batches there are as many as epochs
    rows = cli("runs", "list", "--json").json
    assert [r["run"] for r in rows] == ["damaged", two[1].name, two[0].name]
    assert all(set(r) == KEYS for r in rows)
    assert (rows[0]["state"], rows[0]["epochs"], rows[0]["loss"]) == ("damaged", 0, None)
    assert (rows[1]["state"], rows[1]["epochs"], rows[1]["title"]) == ("completed", 3, "b [red]")
    assert [line.split()[0] for line in cli("runs", "list").out.splitlines()] == [r["run"] for r in rows]
    assert cli("runs", "rm", "damaged").code == 0
    assert not (runs / "damaged").exists()
    assert (runs / "notes").exists()


def test_newest_is_by_time_whatever_the_zone(cli: Cli, two: tuple[Path, Path]) -> None:
    change(two[0], started="2026-11-26T10:00:00.000+00:00")
    change(two[1], started="2026-11-26T11:30:00.000+05:00")  # earlier, though its text is later
    assert [r["run"] for r in cli("runs", "list", "--json").json] == [two[0].name, two[1].name]
    assert cli("runs", "show", "latest", "--json").json["run"] == two[0].name


@pytest.mark.parametrize("how", ["missing", "torn", "foreign"])
def test_a_run_whose_state_is_damaged_tells_what_is_left_and_can_be_resumed(
    cli: Cli, two: tuple[Path, Path], how: str
) -> None:
    whole = cli("runs", "show", two[1].name, "--json").json
    expected = cli("predict", two[1].name, "--data", "--json").json["outputs"]
    state = two[1] / "run.json"
    if how == "missing":
        state.unlink()
    else:
        state.write_text({"torn": "{", "foreign": '{"state": "well"}'}[how])
    shown = cli("runs", "show", two[1].name, "--json").json
    assert (shown["state"], shown["epochs"], shown["loss"]) == ("damaged", 3, whole["loss"])
    predicted = cli("predict", two[1].name, "--data", "--json")
    assert predicted.json["outputs"] == expected
    assert "run.json" in predicted.err
    done = cli("fit", "--resume", two[1].name, "--epochs", 5, "--json")
    assert (done.code, done.json["status"], done.json["epochs"]) == (0, "completed", 5)
    assert "run.json" in done.err
    again = cli("runs", "show", two[1].name, "--json").json
    assert (again["state"], again["title"]) == ("completed", "b [red]")


def test_the_best_checkpoint_is_not_told_as_the_best_of_the_run(cli: Cli, two: tuple[Path, Path]) -> None:
    """Of an early stopping the best update is seldom one that a checkpoint of its own was saved at."""
    change(two[0], best_update=114, best_value=0.29, best={"validation": {"loss": 0.26}})
    shown = cli("runs", "show", two[0].name, "--json").json
    assert shown["best"] == {"validation": {"loss": 0.26}}
    assert shown["best_checkpoint"] == {"update": 114, "value": 0.29}
    assert "best_update" not in shown
    change(two[0], best_update=None, best_value=None)
    assert cli("runs", "show", two[0].name, "--json").json["best_checkpoint"] is None


def test_what_is_not_live_cannot_be_stopped(cli: Cli, two: tuple[Path, Path]) -> None:
    done = cli("runs", "stop", two[0].name)
    assert (done.code, "nothing to stop" in done.err) == (2, True)


def test_no_runs_is_an_empty_list(cli: Cli, tmp_path: Path) -> None:
    done = cli("runs", "list", "--json")
    assert (done.code, done.json) == (0, [])
    (tmp_path / "file").write_text("")
    assert cli("runs", "--runs", tmp_path / "file", "list").code == 2
    assert cli("predict", "latest", "--data").code == 2


def test_a_run_is_named_in_five_ways(
    cli: Cli, runs: Path, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = two
    monkeypatch.chdir(runs.parent)
    (runs.parent / "link").symlink_to(old)
    moved = runs.parent / "elsewhere"
    shutil.copytree(old, moved)
    for given, name in (
        ("latest", new.name), (new.name, new.name), (old.name[:-1], old.name), (old, old.name),
        (f"runs/{old.name}", old.name), (f"runs/{old.name}/", old.name), ("link", old.name), (moved, "elsewhere"),
    ):  # fmt: skip
        assert cli("runs", "show", given, "--json").json["run"] == name
    assert cli("predict", moved, "--input", "[0, 1]", "--json").json["classes"] == ["0", "1"]
    assert cli("fit", "--resume", moved, "--epochs", 4, "--json").json["run_dir"] == str(moved)
    for given in ("", "y", "nothing", ".", "..", "/", "runs", old.name + "x"):
        done = cli("runs", "show", given, "--json")
        assert (done.code, done.out) == (2, "")


def test_an_ambiguous_prefix_is_refused_with_the_names(cli: Cli, two: tuple[Path, Path], runs: Path) -> None:
    shutil.copytree(two[0], runs / (two[0].name + "-copy"))
    for command in ("show", "rm"):
        done = cli("runs", command, two[0].name[:-1])
        assert done.code == 2
        assert two[0].name in done.err
    assert cli("runs", "show", two[0].name, "--json").json["run"] == two[0].name  # a whole name is no prefix


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 3}', '{"state": "odd"}', "\0", '{"state": NaN}'])
def test_damaged_state_is_told_by_name(cli: Cli, two: tuple[Path, Path], text: str) -> None:
    (two[0] / "run.json").write_text(text)
    shown = cli("runs", "show", two[0].name, "--json").json
    assert (shown["state"], shown["epochs"]) == ("damaged", 2)
    assert "run.json" in shown["reason"]
    done = cli("predict", two[0].name, "--data", "--json")
    assert done.code == 0
    assert "run.json" in done.err


def test_foreign_values_of_the_state_are_not_believed(cli: Cli, two: tuple[Path, Path]) -> None:
    change(
        two[0], title=5, epochs="many", loss=[1], findings={}, process=[], seconds="\x1b[31m", best_update="x"
    )
    row = cli("runs", "show", two[0].name, "--json").json
    assert (row["epochs"], row["loss"], row["state"]) == (0, None, "completed")
    change(two[0], best={"train": 5, "validation": {"loss": "low", "accuracy": 0.5}})
    rows = cli("runs", "compare", two[0].name, two[1].name, "--json").json["runs"]
    assert (rows[0]["train"], rows[0]["validation"]) == (None, {"accuracy": 0.5})


@pytest.mark.parametrize("seconds", [None, "gone"])
def test_a_run_without_its_seconds_is_resumed(cli: Cli, two: tuple[Path, Path], seconds: Any) -> None:
    for key in ("seconds", "update_seconds"):
        change(two[0], **{key: seconds})
    done = cli("fit", "--resume", two[0].name, "--epochs", 5, "--json")
    assert (done.code, done.json["epochs"]) == (0, 5)
    assert done.json["seconds"] > 0


def test_lost_is_told_by_host_boot_and_start(cli: Cli, two: tuple[Path, Path]) -> None:
    me = identity.current().to_json()
    for process, state in (
        (me, "running"),
        (me | {"start": float(str(me["start"])) - 100}, "lost"),
        (me | {"boot": "another"}, "lost"),
        (me | {"pid": 2**30}, "lost"),
        (me | {"pid": 0}, "lost"),
        (me | {"host": "another"}, "lost"),
        (me | {"namespace": "pid:[1]"}, "lost"),
        ({}, "lost"),
    ):
        change(two[0], state="running", process=process)
        assert cli("runs", "show", two[0].name, "--json").json["state"] == state
    change(two[0], state="running", process=me | {"host": "another"})
    elsewhere = RunDirectory(two[0])
    elsewhere.lock()
    assert cli("runs", "show", two[0].name, "--json").json["state"] == "running"
    elsewhere.unlock()
    change(two[0], state="paused", process=me)
    done = cli("runs", "rm", two[0].name)
    assert done.code == 2
    assert "paused" in done.err
    assert two[0].exists()


def test_rm_removes_the_run_and_nothing_it_points_to(
    cli: Cli, runs: Path, two: tuple[Path, Path], tmp_path: Path
) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "file").write_text("")
    (two[0] / "link").symlink_to(keep)
    assert cli("runs", "rm", two[0].name, "--json").json == {"removed": two[0].name}
    assert not two[0].exists()
    assert (keep / "file").exists()
    assert cli("runs", "rm", two[0].name).code == 2
    assert cli("runs", "rm", keep).code == 2
    assert (keep / "file").exists()


@pytest.mark.parametrize("kind", ["directory", "link"])
def test_rm_removes_a_run_whose_lock_is_no_file(cli: Cli, two: tuple[Path, Path], kind: str) -> None:
    lock = two[0] / "lock"
    lock.unlink()
    if kind == "directory":
        lock.mkdir()
    else:
        lock.symlink_to("/nowhere")
    assert cli("runs", "rm", two[0].name).code == 0
    assert not two[0].exists()


def test_compare_tells_settings_and_results_apart(cli: Cli, two: tuple[Path, Path]) -> None:
    found = cli("runs", "compare", two[0].name, "latest", "--json").json
    assert [r["run"] for r in found["runs"]] == [t.name for t in two]
    assert found["settings"]["optimizer.lr"][1] == 0.2
    assert found["settings"]["train.epochs"] == [2, 3]
    assert set(found["settings"]) == {"title", "optimizer.lr", "train.epochs"}
    assert all(set(r) == KEYS | {"train", "validation", "test"} for r in found["runs"])
    assert found["runs"][0]["train"]["loss"] == found["runs"][0]["loss"]
    text = cli("runs", "compare", two[0].name, "latest").out
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("optimizer.lr")] == ["0.2"]
    assert cli("runs", "compare", "latest").code == 2
    assert cli("runs", "compare", "latest", "nothing").code == 2


def test_names_from_files_are_shown_escaped(cli: Cli, runs: Path, two: tuple[Path, Path]) -> None:
    evil = runs / "\x1b[31mevil\n\u202e"
    shutil.copytree(two[0], evil)
    change(evil, reason="\x1b]0;title\a", title="\x1b[2J")
    for command in (("runs", "list"), ("runs", "show", evil.name), ("runs", "compare", evil.name, "latest")):
        done = cli(*command)
        assert done.code == 0
        assert not {"\x1b", "\a", "\u202e"} & set(done.out + done.err)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission(cli: Cli, two: tuple[Path, Path]) -> None:
    two[0].chmod(0o500)
    done = cli("fit", "--resume", two[0].name, "--epochs", 9, "--json")
    two[0].chmod(0o700)
    assert done.code in (1, 2)
    assert "permission denied" in done.err

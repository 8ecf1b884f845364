"""``nntui predict``: from JSON, a CSV file, and the run's own data; with what the run kept alone."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.runs import checkpoint
from nntui.training.experiment import build
from tests.cli.conftest import NNTUI, Cli

NET = """
[data]
source = "csv"
path = "rows.csv"
target = "kind"
validation = 0.25
[[preprocess]]
type = "standardize"
[[layers]]
type = "dense"
units = 3
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "sgd"
lr = 0.1
[train]
epochs = 3
"""


def rows(seed: int = 0) -> str:
    draw = np.random.default_rng(seed).normal(size=(48, 2)) * [3, 0.1] + [10, -1]
    return "u,kind,v\n" + "".join(
        f"{u:.3f},{'10' if u > 10 else '9' if v > -1 else '-1'},{v:.3f}\n" for u, v in draw
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text(rows())
    (tmp_path / "net.toml").write_text(NET)
    return tmp_path


def by_hand(run: Path, x: Any) -> Any:
    """Softmax of the rows, standardized by the training part, through the checkpoint's weights."""
    directory = run / "checkpoints"
    arrays, _ = checkpoint.read(checkpoint.path_of(directory, checkpoint.updates(directory)[-1]))
    experiment = build(load(run / "config.toml"))
    train = experiment.table.x[experiment.split.train]
    scaled = (np.array(x) - train.mean(axis=0)) / train.std(axis=0)
    z = scaled @ arrays["param/dense1.W"] + arrays["param/dense1.b"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_outputs_stand_in_the_order_of_the_classes(cli: Cli, place: Path) -> None:
    run = Path(cli("fit", place / "net.toml", "--json").json["run_dir"])
    x = [[12.5, -1.0], [7, -0.9], [7, -1.2]]
    found = cli("predict", "latest", "--input", str(x), "--json").json
    assert found["classes"] == ["-1", "9", "10"]
    np.testing.assert_allclose(found["outputs"], by_hand(run, x), atol=1e-6)
    assert found["labels"] == [found["classes"][int(np.argmax(row))] for row in found["outputs"]]
    one = cli("predict", run, "--input", "[12.5, -1.0]", "--json").json
    np.testing.assert_allclose(one["outputs"][0], found["outputs"][0], rtol=1e-6)
    text = cli("predict", "latest", "--input", str(x))
    assert [line.split()[-1] for line in text.out.splitlines()] == found["labels"]


def test_csv_with_and_without_the_target_and_in_any_order(
    cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("fit", place / "net.toml")
    own = cli("predict", "latest", "--data", "--json").json
    assert len(own["outputs"]) == 48
    monkeypatch.chdir(place)
    assert cli("predict", "latest", "--csv", "rows.csv", "--json").json == own
    lines = [line.split(",") for line in rows().splitlines()]
    Path("other.csv").write_text(
        "\n".join(f"{v},{u},x" if k else "v,u,extra" for k, (u, _, v) in enumerate(lines))
    )
    assert cli("predict", "latest", "--csv", "other.csv", "--json").json == own
    Path("bad.csv").write_text("u,kind\n1,2\n")
    done = cli("predict", "latest", "--csv", "bad.csv", "--json")
    assert (done.code, done.out) == (2, "")
    assert "bad.csv:1: column v" in done.err
    Path("bad.csv").write_text("u,v\n1,two\nnan,1\n")
    done = cli("predict", "latest", "--csv", "bad.csv")
    assert done.code == 2
    assert "bad.csv:2: column v" in done.err
    assert "bad.csv:3: column u" in done.err
    assert cli("predict", "latest", "--csv", "none.csv").code == 2


def test_what_was_fitted_is_kept_when_the_data_changes_or_goes(cli: Cli, place: Path) -> None:
    cli("fit", place / "net.toml")
    ask = ("predict", "latest", "--input", "[9.5, -1.1]", "--json")
    before = cli(*ask).json
    (place / "rows.csv").write_text(rows(seed=5).replace("10\n", "11\n"))
    assert cli(*ask).json == before
    done = cli("predict", "latest", "--data", "--json")
    assert (done.code, done.out) == (2, "")
    assert "the data has changed" in done.err
    (place / "rows.csv").unlink()
    assert cli(*ask).json == before
    assert cli("predict", "latest", "--data").code == 2


@pytest.mark.parametrize(
    "text",
    [
        "", "[1", "[1]", "[1, 2, 3]", "[]", "[[]]", "[[1, 2], [3]]", "[[[1, 2]]]", '["1", "2"]', "[true, false]",
        "[null, 1]", "[NaN, 1]", "[1e999, 1]", "[1" + "0" * 400 + ", 1]", '{"u": 1}', "5", '"x"', "[1, 2], [3, 4]",
        "[" * 5000, "[1, 1e300]", "\x1b[31m[1, 2]", "[[1, 2], 3]",
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_refused(cli: Cli, place: Path, text: str) -> None:
    cli("fit", place / "net.toml", "--epochs", 0)
    done = cli("predict", "latest", "--input", text, "--json")
    assert (done.code, done.out) == (2, "")
    assert "\x1b" not in done.err
    assert len(done.err.splitlines()) == 1


def test_exactly_one_source_is_needed(cli: Cli, place: Path) -> None:
    cli("fit", place / "net.toml", "--epochs", 0)
    for arguments in ((), ("--data", "--input", "[1, 2]"), ("--csv", "x", "--data")):
        assert cli("predict", "latest", *arguments).code == 2
    assert cli("predict", "nothing", "--data").code == 2


def test_json_has_no_raw_characters_that_steer_a_terminal(cli: Cli, place: Path) -> None:
    steering = "\x7f\x9b\u202e\u2028\U000e0001"
    (place / "rows.csv").write_text(
        rows().replace("u,kind", f"u{steering},kind").replace(",10,", f",é{steering},")
    )
    done = cli("fit", place / "net.toml", "--set", f"title=x{steering}", "--json")
    assert done.json["train"]["classes"].keys() == {"-1", "9", f"é{steering}"}
    shown = [done, cli("predict", "latest", "--data", "--json"), cli("runs", "list", "--json")]
    assert f"é{steering}" in shown[1].json["classes"]
    assert shown[2].json[0]["title"] == f"x{steering}"
    assert "é" in done.out
    assert not any(character in found.out for found in shown for character in steering)


def test_the_table_that_is_read_is_not_written_over(cli: Cli, place: Path) -> None:
    cli("fit", place / "net.toml", "--quiet")
    before = (place / "rows.csv").read_text()
    (place / "again.csv").symlink_to("rows.csv")
    for out in ("rows.csv", "again.csv"):
        done = cli("predict", "latest", "--csv", place / "rows.csv", "--out", place / out)
        assert done.code == 2
        assert "--out: this is the file that is read" in done.err
    assert (place / "rows.csv").read_text() == before


def test_early_stopping_predicts_with_the_best_weights(cli: Cli) -> None:
    rule = 'train.early_stopping={patience=3, monitor="validation.loss"}'
    run = cli(
        "fit", "spirals", "--set", rule, "--set", "optimizer.lr=0.3", "--epochs", 60,
        "--set", "data.validation=0.4", "--json",
    ).json  # fmt: skip
    assert run["status"] == "stopped_early"
    found = cli("predict", "latest", "--data", "--json").json
    experiment = build(load(Path(run["run_dir"]) / "config.toml"))
    rows_ = experiment.split.validation
    right = [found["labels"][k] == found["classes"][experiment.table.y[k]] for k in rows_]
    assert math.isclose(np.mean(right), run["validation"]["accuracy"])
    epochs = [json.loads(line) for line in (Path(run["run_dir"]) / "metrics.jsonl").read_text().splitlines()]
    best = min((e for e in epochs if e["type"] == "epoch"), key=lambda e: e["validation"]["loss"])
    assert (found["epoch"], found["update"]) == (best["epoch"], best["update"])
    assert found["update"] < run["updates"]
    directory = Path(run["run_dir"]) / "checkpoints"
    last = checkpoint.read(checkpoint.path_of(directory, checkpoint.updates(directory)[-1]))[0]
    flat = np.concatenate([last[k].ravel() for k in last if k.startswith("param/")])
    assert not np.array_equal(flat, last["best/theta"])


def test_early_stopping_lists_and_compares_the_best_weights(cli: Cli) -> None:
    rule = 'train.early_stopping={patience=3, monitor="validation.loss"}'
    arguments = ("fit", "spirals", "--set", rule, "--set", "optimizer.lr=0.3", "--set", "data.validation=0.4")
    run = cli(*arguments, "--epochs", 60, "--json").json
    assert run["status"] == "stopped_early"
    row = cli("runs", "list", "--json").json[0]
    assert row["loss"] == run["train"]["loss"]
    first = cli("runs", "compare", run["run"], run["run"], "--json").json["runs"][0]
    for part in ("train", "validation"):
        assert first[part] == {k: v for k, v in run[part].items() if k != "classes"}
    last = json.loads((Path(run["run_dir"]) / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["train"] != run["train"]


def test_a_diverged_run_predicts_null_without_a_word_of_numpy(runs: Path, cli: Cli) -> None:
    settings = (
        "--set",
        "optimizer={type='sgd', lr=1e30}",
        "--set",
        "layers.0.activation=relu",
        "--epochs",
        "3",
    )
    fit = cli("fit", "sine", *settings, "--json")
    assert fit.code == 3
    (ratio,) = (f["message"] for f in fit.json["findings"] if f["id"] == "update_ratio_high")
    assert "e+" in ratio
    assert " times their size" in ratio
    done = subprocess.run(
        [*NNTUI, "predict", "latest", "--input", "[3]", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["outputs"] == [[None]]
    assert done.stderr == ""


def test_outputs_that_are_not_finite_decide_nothing(cli: Cli) -> None:
    settings = (
        "--set",
        "optimizer={type='sgd', lr=1e30}",
        "--set",
        "layers.0.activation=relu",
        "--epochs",
        "3",
    )
    loss = ("--set", "objective.loss=mse", "--set", "layers.*.activation=relu")
    assert cli("fit", "spirals", *settings, *loss).code == 3
    found = cli("predict", "latest", "--input", "[[3, 1]]", "--json").json
    assert (found["outputs"], found["labels"]) == ([[None]], [None])
    assert cli("predict", "latest", "--input", "[[3, 1]]").out == "inf  –\n"


def test_numbers_have_neither_classes_nor_labels(cli: Cli) -> None:
    cli("fit", "sine", "--epochs", 1)
    found = cli("predict", "latest", "--input", "[[0.5], [1]]", "--json").json
    assert set(found) == {"update", "epoch", "outputs"}
    assert np.shape(found["outputs"]) == (2, 1)


def test_raw_rows_are_refused_by_the_decimal_point_of_the_run(cli: Cli, tmp_path: Path) -> None:
    """2.5 is no number where the file has 1,5."""
    (tmp_path / "d.csv").write_text("a;y\n" + "".join(f"{k},5;{2 * k},25\n" for k in range(9)))
    (tmp_path / "d.toml").write_text(
        '[data]\nsource = "csv"\npath = "d.csv"\ntarget = "y"\ntask = "regression"\ndelimiter = ";"\ndecimal = ","\n'
        '[[layers]]\ntype = "dense"\nunits = 1\n[objective]\nloss = "mse"\n[optimizer]\ntype = "sgd"\n[train]\nepochs = 1\n'
    )
    assert cli("fit", tmp_path / "d.toml", "--quiet").code == 0
    (tmp_path / "new.csv").write_text("a\n0,5\n2.5\n")
    told = cli("predict", "latest", "--csv", tmp_path / "new.csv")
    assert told.code == 2
    assert "new.csv:3: column a: not numbers (given '2.5'; allowed numbers, as in the training)" in told.err

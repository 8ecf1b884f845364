"""The metrics of `fit --json` and `runs compare`, against what `predict` gives and plain NumPy."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.training.experiment import read
from tests.cli.conftest import Cli

HEAD = """
[data]
source = "csv"
path = "rows.csv"
{data}
validation = 0.25
test = 0.2
[[layers]]
type = "dense"
units = {units}
activation = "{activation}"
[objective]
loss = "{loss}"
[optimizer]
type = "adam"
lr = 0.1
[train]
epochs = 6
"""


def write(place: Path, table: str, **words: Any) -> Path:
    (place / "rows.csv").write_text(table)
    path = place / "net.toml"
    path.write_text(HEAD.format(**words))
    return path


def table() -> str:
    draw = np.random.default_rng(1).normal(size=(80, 2))
    return "u,v,kind,cost,low,high\n" + "".join(
        f"{u:.4f},{v:.4f},{'abc'[int(u > 0.8) + int(v > 0)]},{5000 + 900 * u - 200 * v:.1f},{int(u < 0)},{int(v > 1)}\n"
        for u, v in draw
    )


def outputs(cli: Cli, config: Path, run: str) -> tuple[Any, Any, Any]:
    """The experiment, and the run's outputs on its own rows, in their order."""
    found = cli("predict", run, "--data", "--json").json
    return read(config), np.array(found["outputs"]), found


def test_classes(cli: Cli, tmp_path: Path) -> None:
    config = write(
        tmp_path, table(), data='target = "kind"\ndrop = ["cost", "low", "high"]\nclasses = ["a", "b", "c", "d"]',
        units=4, activation="softmax", loss="cross_entropy",
    )  # fmt: skip
    fit = cli("fit", config, "--json").json
    experiment, p, _ = outputs(cli, config, fit["run"])
    y, most = experiment.table.y, np.bincount(experiment.table.y[experiment.split.train]).argmax()
    for part in ("train", "validation", "test"):
        rows = getattr(experiment.split, part)
        said, true, found = p[rows].argmax(axis=1), y[rows], fit[part]
        assert set(found) == {"loss", "accuracy", "macro_f1", "baseline_accuracy", "classes"}
        assert found["accuracy"] == pytest.approx((said == true).mean())
        assert found["baseline_accuracy"] == pytest.approx((true == most).mean())
        assert list(found["classes"]) == ["a", "b", "c", "d"]
        assert found["classes"]["d"] == {"precision": None, "recall": None, "f1": None, "count": 0}
        scores = []
        for k, name in enumerate("abc"):
            hits, each = ((said == k) & (true == k)).sum(), found["classes"][name]
            assert each["count"] == (true == k).sum()
            assert each["recall"] == pytest.approx(hits / (true == k).sum())
            assert each["precision"] == pytest.approx(hits / max(1, (said == k).sum()))
            scores.append(2 * hits / ((said == k).sum() + (true == k).sum()))
            assert each["f1"] == pytest.approx(scores[-1])
        assert found["macro_f1"] == pytest.approx(np.mean(scores))
    text = cli("fit", config).out
    assert "macro F1" in text
    assert "most frequent class" in text
    lines = [line.split() for line in text.splitlines()]
    at = next(k for k, line in enumerate(lines) if line[0] == "test:")
    assert [line[0] for line in lines[at + 1 : at + 5]] == ["a", "b", "c", "d"]
    assert lines[at + 4] == ["d", "–", "–", "–", "0"]


@pytest.mark.parametrize("scale", ["none", "standardize"])
def test_numbers_are_told_in_their_units(cli: Cli, tmp_path: Path, scale: str) -> None:
    config = write(
        tmp_path, table(), data=f'target = "cost"\ndrop = ["kind", "low", "high"]\nscale_target = "{scale}"',
        units=1, activation="linear", loss="mse",
    )  # fmt: skip
    fit = cli("fit", config, "--json").json
    experiment, p, _ = outputs(cli, config, fit["run"])
    for part in ("train", "validation", "test"):
        rows = getattr(experiment.split, part)
        y, found = experiment.table.y[rows], fit[part]
        e = p[rows] - y
        assert set(found) == {"loss", "r2", "rmse", "mae"}
        assert found["rmse"] == pytest.approx(np.sqrt((e**2).mean()), rel=1e-4)
        assert found["mae"] == pytest.approx(np.abs(e).mean(), rel=1e-4)
        assert found["r2"] == pytest.approx(1 - (e**2).sum() / ((y - y.mean()) ** 2).sum(), rel=1e-4)
    assert "RMSE" in cli("fit", config).out


def test_several_labels(cli: Cli, tmp_path: Path) -> None:
    config = write(
        tmp_path, table(), data='target = ["low", "high"]\ntask = "multilabel"\ndrop = ["cost", "kind"]',
        units=2, activation="sigmoid", loss="binary_cross_entropy",
    )  # fmt: skip
    fit = cli("fit", config, "--json").json
    experiment, p, _ = outputs(cli, config, fit["run"])
    rows = experiment.split.validation
    said, true, found = p[rows] >= 0.5, experiment.table.y[rows] >= 0.5, fit["validation"]
    assert found["accuracy"] == pytest.approx((said == true).mean())
    most = experiment.table.y[experiment.split.train].mean(axis=0) >= 0.5
    assert found["baseline_accuracy"] == pytest.approx((true == most).mean())
    assert list(found["classes"]) == ["low", "high"]
    assert found["classes"]["high"]["count"] == true[:, 1].sum()
    assert found["classes"]["low"]["recall"] == pytest.approx((said & true)[:, 0].sum() / true[:, 0].sum())


@pytest.mark.parametrize("monitor", ["validation.f1", "validation.accuracy"])
def test_monitors_of_classes_keep_the_best_weights(cli: Cli, tmp_path: Path, monitor: str) -> None:
    config = write(
        tmp_path, table(), data='target = "kind"\ndrop = ["cost", "low", "high"]',
        units=3, activation="softmax", loss="cross_entropy",
    )  # fmt: skip
    rule = f'train.early_stopping={{patience=3, monitor="{monitor}"}}'
    fit = cli("fit", config, "--set", rule, "--epochs", 80, "--json").json
    key = {"f1": "macro_f1"}.get(monitor.partition(".")[2], "accuracy")
    history = cli_records(Path(fit["run_dir"]), "validation", key)
    assert fit["status"] == "stopped_early"
    assert fit["validation"][key] == pytest.approx(max(history))


def test_r2_may_be_monitored_and_stops(cli: Cli, tmp_path: Path) -> None:
    config = write(
        tmp_path, table(), data='target = "cost"\ndrop = ["kind", "low", "high"]\nscale_target = "standardize"',
        units=1, activation="linear", loss="mse",
    )  # fmt: skip
    rule = 'train.stop={monitor="validation.r2", above=0.9}'
    fit = cli("fit", config, "--set", rule, "--epochs", 300, "--json").json
    assert fit["status"] == "stopped_early"
    assert fit["validation"]["r2"] > 0.9
    history = cli_records(Path(fit["run_dir"]), "validation", "r2")
    assert all(v <= 0.9 for v in history[:-1])
    done = cli("fit", config, "--set", 'train.stop={monitor="validation.f1", above=0.9}')
    assert done.code == 2
    assert "there is no f1" in done.err
    assert '"validation.r2"' in done.err


def cli_records(run: Path, part: str, key: str) -> list[float]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [r[part][key] for r in map(json.loads, lines) if r["type"] == "epoch" and part in r]


def test_compare_prints_one_row_a_run(cli: Cli, tmp_path: Path) -> None:
    config = write(
        tmp_path, table(), data='target = "kind"\ndrop = ["cost", "low", "high"]',
        units=3, activation="softmax", loss="cross_entropy",
    )  # fmt: skip
    fits = [cli("fit", config, "--set", f"optimizer.lr={lr}", "--json").json for lr in (0.01, 0.1)]
    names = [fit["run"] for fit in fits]
    rows = list(csv.DictReader(io.StringIO(cli("runs", "compare", *names, "--csv").out)))
    assert [row["run"] for row in rows] == names
    assert [row["optimizer.lr"] for row in rows] == ["0.01", "0.1"]
    for row, fit in zip(rows, fits, strict=True):
        for part in ("train", "validation", "test"):
            for key in ("loss", "accuracy", "macro_f1", "baseline_accuracy"):
                assert float(row[f"{part}.{key}"]) == pytest.approx(fit[part][key])
            assert row[f"{part}.r2"] == ""
    shown = cli("runs", "compare", *names, "--json").json["runs"][1]["validation"]
    assert shown == {
        k: fits[1]["validation"][k] for k in ("loss", "accuracy", "macro_f1", "baseline_accuracy")
    }
    text = cli("runs", "compare", *names).out
    assert "validation baseline_accuracy" in text
    line = next(line.split() for line in text.splitlines() if line.startswith("test accuracy"))
    assert line[2:] == [f"{fit['test']['accuracy']:.4g}" for fit in fits]
    assert cli("runs", "compare", *names, "--csv", "--json").code == 2


def test_the_test_part_is_that_of_the_best_weights_and_none_where_there_is_none(
    cli: Cli, tmp_path: Path
) -> None:
    config = write(
        tmp_path, table(), data='target = "cost"\ndrop = ["kind", "low", "high"]', units=1,
        activation="linear", loss="mse",
    )  # fmt: skip
    stop = "train.early_stopping={ patience = 1, monitor = 'validation.loss' }"
    jolting = ("--set", "optimizer.lr=900.0", "--epochs", "60")
    best = cli("fit", config, "--set", stop, *jolting, "--json").json
    none = cli("fit", config, "--set", "data.test=0", "--json").json
    shown = cli("runs", "compare", best["run"], none["run"], "--json").json["runs"]
    assert best["status"] == "stopped_early"
    assert shown[0]["test"] == {k: pytest.approx(best["test"][k]) for k in ("loss", "r2", "rmse", "mae")}
    assert shown[1]["test"] is none["test"] is None
    rows = list(csv.DictReader(io.StringIO(cli("runs", "compare", best["run"], none["run"], "--csv").out)))
    assert float(rows[0]["test.rmse"]) == pytest.approx(best["test"]["rmse"])
    assert rows[1]["test.rmse"] == ""

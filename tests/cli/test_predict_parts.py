"""`predict`: a part with its truth, CSV files out, the standard input, several labels a row."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.training.experiment import read
from tests.cli.conftest import Cli
from tests.cli.test_metrics import table, write

KIND: dict[str, Any] = {
    "data": 'target = "kind"\ndrop = ["cost", "low", "high"]', "units": 3, "activation": "softmax",
    "loss": "cross_entropy",
}  # fmt: skip
COST: dict[str, Any] = {
    "data": 'target = "cost"\ndrop = ["kind", "low", "high"]\nscale_target = "standardize"', "units": 1,
    "activation": "linear", "loss": "mse",
}  # fmt: skip
SEVERAL: dict[str, Any] = {
    "data": 'target = ["low", "high"]\ntask = "multilabel"\ndrop = ["cost", "kind"]', "units": 2,
    "activation": "sigmoid", "loss": "binary_cross_entropy",
}  # fmt: skip


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Let the standard input be these bytes."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def lines(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_part_has_the_rows_of_the_split_their_truth_and_the_accuracy_of_fit(
    cli: Cli, tmp_path: Path, part: str
) -> None:
    config = write(tmp_path, table(), **KIND)
    fit = cli("fit", config, "--json").json
    out = tmp_path / "out.csv"
    found = cli("predict", "latest", "--data", "--part", part, "--out", out, "--json").json
    experiment = read(config)
    rows = getattr(experiment.split, part)
    assert found["rows"] == rows.tolist()
    assert found["truth"] == ["abc"[k] for k in experiment.table.y[rows]]
    right = np.mean([a == b for a, b in zip(found["truth"], found["labels"], strict=True)])
    assert right == pytest.approx(fit[part]["accuracy"])
    whole = cli("predict", "latest", "--data", "--json").json
    assert [whole["labels"][k] for k in rows] == found["labels"]
    written = lines(out)
    assert list(written[0]) == ["row", "truth", "prediction", "output.a", "output.b", "output.c"]
    assert [int(r["row"]) for r in written] == found["rows"]
    assert [r["truth"] for r in written] == found["truth"]
    assert [r["prediction"] for r in written] == found["labels"]
    np.testing.assert_allclose(
        [[float(r[f"output.{c}"]) for c in "abc"] for r in written], found["outputs"], rtol=1e-6
    )


def test_numbers_are_written_in_their_units(cli: Cli, tmp_path: Path) -> None:
    config = write(tmp_path, table(), **COST)
    cli("fit", config, "--epochs", 200)
    out = tmp_path / "out.csv"
    done = cli("predict", "latest", "--data", "--part", "test", "--out", out)
    assert (done.code, done.out) == (0, "")
    assert f"16 rows written to {out}" in done.err
    experiment, written = read(config), lines(out)
    assert list(written[0]) == ["row", "truth", "prediction"]
    truth = [float(r["truth"]) for r in written]
    assert truth == experiment.table.y[experiment.split.test, 0].tolist()
    np.testing.assert_allclose([float(r["prediction"]) for r in written], truth, rtol=0.02)


def test_several_labels_are_a_list_a_row(cli: Cli, tmp_path: Path) -> None:
    config = write(tmp_path, table(), **SEVERAL)
    cli("fit", config, "--epochs", 100)
    out = tmp_path / "out.csv"
    found = cli("predict", "latest", "--data", "--part", "train", "--out", out, "--json").json
    assert found["classes"] == ["low", "high"]
    decided = [[n for n, p in zip(("low", "high"), row, strict=True) if p >= 0.5] for row in found["outputs"]]
    assert found["labels"] == decided
    assert any(len(row) != 1 for row in decided)
    y = read(config).table.y[found["rows"]]
    assert found["truth"] == [[n for n, v in zip(("low", "high"), row, strict=True) if v] for row in y]
    written = lines(out)
    assert list(written[0]) == [
        "row", "truth.low", "truth.high", "prediction.low", "prediction.high", "output.low", "output.high",
    ]  # fmt: skip
    assert [int(r["truth.high"]) for r in written] == y[:, 1].tolist()
    assert [int(r["prediction.low"]) for r in written] == [int("low" in row) for row in decided]
    text = cli("predict", "latest", "--data").out
    assert any(line.endswith("–") for line in text.splitlines())


def test_one_output_is_for_the_second_class(cli: Cli, tmp_path: Path) -> None:
    cli("fit", "xor", "--epochs", 1)
    out = tmp_path / "out.csv"
    cli("predict", "latest", "--input", "[[0, 1], [1, 1]]", "--out", out)
    written = lines(out)
    assert list(written[0]) == ["row", "prediction", "output.1"]
    assert [r["prediction"] for r in written] == [str(int(float(r["output.1"]) >= 0.5)) for r in written]


def test_a_table_from_the_standard_input(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("fit", write(tmp_path, table(), **KIND))
    own = cli("predict", "latest", "--data", "--json").json
    feed(monkeypatch, table().encode())
    assert cli("predict", "latest", "--csv", "-", "--json").json == own
    for data, told in (
        (b"", "<stdin>: the file is empty"),
        (b"u\n1\n", "<stdin>:1: column v"),
        (b"u,v\n1,2\n3,x\n", "<stdin>:3: column v"),
        (b"\xff\xfeu\0", "<stdin>: the text is UTF-16"),
    ):
        feed(monkeypatch, data)
        done = cli("predict", "latest", "--csv", "-", "--json")
        assert (done.code, done.out) == (2, "")
        assert told in done.err
        assert len(done.err.splitlines()) == 1


def test_what_cannot_be_asked_for(cli: Cli, tmp_path: Path) -> None:
    cli("fit", "xor", "--epochs", 0)
    for arguments, told in (
        (("--data", "--part", "test"), "data.test is 0"),
        (("--input", "[0, 1]", "--part", "train"), "give --data with it"),
        (("--data", "--out", tmp_path / "a.txt"), "ends with .csv"),
        (("--data", "--out", tmp_path / "none" / "a.csv"), "no such file or directory"),
    ):
        done = cli("predict", "latest", *arguments)
        assert (done.code, done.out) == (2, "")
        assert told in done.err
    assert not list(tmp_path.glob("a*"))

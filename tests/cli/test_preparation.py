"""From a table to what the network reads: faults by column, parts without copies, targets in their units, the task."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nntui.data.npz import Npz
from nntui.data.table import Columns, Table
from nntui.runs.directory import RunDirectory
from nntui.training.experiment import Experiment
from nntui.training.trained import learned
from tests.cli.conftest import Cli
from tests.config.helpers import made, messages

BASE = """\
[data]
source = "csv"
path = "t.csv"
target = "y"
{data}
{steps}
[[layers]]
type = "dense"
units = {units}
activation = "{activation}"
[objective]
loss = "{loss}"
[optimizer]
type = "adam"
lr = 0.05
[train]
epochs = 3
"""
GAPS = "age,sex,fare,y\n" + "".join(
    f"{'' if k % 5 == 0 else k % 7},{'male' if k % 3 else 'female'},{k},{'ab'[k % 2]}\n" for k in range(40)
)
IMPUTE, ONEHOT, SCALE = (f'[[preprocess]]\ntype = "{t}"\n' for t in ("impute", "onehot", "standardize"))


def config(
    steps: str = "",
    *,
    data: str = "",
    units: int = 1,
    activation: str = "sigmoid",
    loss: str = "binary_cross_entropy",
) -> str:
    return BASE.format(steps=steps, data=data, units=units, activation=activation, loss=loss)


def number(**keys: str) -> str:
    return config(activation="linear", loss="mse", **keys)  # type: ignore[arg-type]


def experiment(directory: Path, table: str, text: str) -> Experiment:
    (directory / "t.csv").write_text(table)
    return made(text, directory=directory)


def test_columns_that_a_network_cannot_read_are_told_once_each(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GAPS.replace("\n3,male", "\n3x,male", 1))
    found = messages(config(), directory=tmp_path)
    assert found == [
        "t.csv:19: column age: 1 text cell among 31 numbers (given '3x'); correct it, add it to data.na, or leave the "
        "column out (data.drop)",
        't.csv:1: column sex: 40 text cells: female, male: add a onehot step ([[preprocess]] type = "onehot"), or leave it '
        "out (data.drop)",
    ]
    (tmp_path / "t.csv").write_text(GAPS)
    found = messages(config(ONEHOT), directory=tmp_path)
    assert found == [
        "t.csv:2: column age: 8 cells are missing, this is the first: add an impute step ([[preprocess]] type = "
        '"impute"), fill in or remove the rows, or leave the column out (data.drop)'
    ]
    some = IMPUTE + 'columns = ["fare"]\n' + ONEHOT
    assert "column age: 8 cells are missing" in messages(config(some), directory=tmp_path)[0]


def test_steps_out_of_order_and_of_unknown_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GAPS)
    found = messages(config(SCALE + ONEHOT + IMPUTE), directory=tmp_path)
    assert [m.split(": ")[1] for m in found[:2]] == ["preprocess.1", "preprocess.2"]
    assert "onehot must come before standardize: first impute, then onehot, then the others" in found[0]
    (found_one,) = messages(config(IMPUTE + ONEHOT + SCALE + 'columns = ["fares"]\n'), directory=tmp_path)
    assert found_one.startswith("t.toml:12: preprocess.2.columns: ")
    assert "no such column at this step (given fares; allowed age, sex=female, sex=male, fare" in found_one


def test_everything_is_fitted_on_the_training_part_alone(tmp_path: Path) -> None:
    steps = IMPUTE + "indicator = true\n" + ONEHOT + SCALE
    found = experiment(tmp_path, GAPS, config(steps, data="validation = 0.3\ntest = 0.2"))
    raw, rows = found.table.x, found.split.train
    age = raw[rows, 0]
    median = np.nanmedian(age)
    filled = np.where(np.isnan(raw[:, 0]), median, raw[:, 0])
    assert found.preparation.after.names == ("age", "sex=female", "sex=male", "fare", "age_missing")
    wanted = np.column_stack([
        (filled - filled[rows].mean()) / filled[rows].std(), raw[:, 1] == 0, raw[:, 1] == 1,
        (raw[:, 2] - raw[rows, 2].mean()) / raw[rows, 2].std(), np.isnan(raw[:, 0]),
    ])  # fmt: skip
    np.testing.assert_allclose(found.prepare(raw), wanted, rtol=1e-5, atol=1e-6)
    trainer = found.trainer
    assert trainer.validation is not None
    assert found.test is not None
    for part, which in (
        (trainer.train, rows),
        (trainer.validation, found.split.validation),
        (found.test, found.split.test),
    ):
        np.testing.assert_allclose(part.x, wanted[which], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(part.y[:, 0], found.table.y[which])


def test_what_is_kept_with_a_run_prepares_raw_rows_alike(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GAPS)
    (tmp_path / "t.toml").write_text(config(IMPUTE + "indicator = true\n" + ONEHOT + SCALE))
    run = RunDirectory(Path(cli("fit", tmp_path / "t.toml", "--json").json["run_dir"]))
    trained = learned(run, pytest.fail)
    found = experiment(tmp_path, GAPS, (tmp_path / "t.toml").read_text())
    np.testing.assert_array_equal(trained.preparation.apply(found.table.x), found.prepare(found.table.x))
    assert trained.preparation.after == found.preparation.after
    assert trained.columns == found.table.columns
    assert Columns.from_json(found.table.columns.to_json()) == found.table.columns
    own = cli("predict", "latest", "--data", "--json").json
    assert cli("predict", "latest", "--csv", tmp_path / "t.csv", "--json").json == own
    row = cli("predict", "latest", "--input", '[null, "other", 3]', "--json")
    assert row.code == 0
    assert "age: 1 cell is missing, filled in" in row.err
    assert "--input: sex: 1 cell has a value that the training part did not have" in row.err


def test_a_gap_that_nothing_fills_is_refused_by_name(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GAPS.replace("\n,", "\n3,"))
    (tmp_path / "t.toml").write_text(config(ONEHOT))
    cli("fit", tmp_path / "t.toml")
    (tmp_path / "new.csv").write_text("age,sex,fare\n1,male,2\n,NA,x\n")
    done = cli("predict", "latest", "--csv", tmp_path / "new.csv")
    assert done.code == 2
    assert "new.csv:3: column age: 1 cell is missing, and the run has no impute step for it" in done.err
    assert "new.csv:3: column fare: not numbers (given 'x'; allowed numbers" in done.err
    assert "sex: 1 cell is missing: 0 in all of its columns" in done.err


def test_whole_numbers_with_a_loss_of_numbers_and_one_output_are_numbers(cli: Cli, tmp_path: Path) -> None:
    rows = "a,y\n" + "".join(f"{k},{k % 5}\n" for k in range(30))
    found = experiment(tmp_path, rows, number())
    assert (found.table.task, found.table.classes) == ("regression", None)
    np.testing.assert_array_equal(found.table.y[:, 0], np.arange(30) % 5)
    assert any("y has 5 distinct whole numbers; with mse and one output" in w for w in found.warnings)
    (tmp_path / "t.toml").write_text(number())
    assert "data.task" in cli("fit", tmp_path / "t.toml").err
    two = rows.replace(",2", ",0").replace(",3", ",0").replace(",4", ",1")
    assert experiment(tmp_path, two, number()).table.classes == ("0", "1")
    assert (
        experiment(tmp_path, rows, config(units=5, activation="linear", loss="mse")).table.classes is not None
    )
    (tmp_path / "t.csv").write_text(rows)
    (refused,) = messages(config(units=3, activation="softmax", loss="cross_entropy"), directory=tmp_path)
    assert 'where they are quantities, set data.task = "regression"' in refused


def test_scaled_targets_are_learned_in_deviations_and_told_in_units(cli: Cli, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=80)
    rows = "a,y\n" + "".join(f"{v},{5000 + 300 * v}\n" for v in a)
    text = number(data='scale_target = "standardize"\nvalidation = 0.25').replace(
        "epochs = 3", "epochs = 150"
    )
    (tmp_path / "t.toml").write_text(text)
    found = experiment(tmp_path, rows, text)
    y, train = found.table.y, found.split.train
    assert found.scaling is not None
    np.testing.assert_allclose(
        found.trainer.train.y, (y[train] - y[train].mean()) / y[train].std(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        found.outputs(found.table.x[:3]),
        found.scaling.back(found.network.predict(found.prepare(found.table.x[:3]))),
    )
    result = cli("fit", tmp_path / "t.toml", "--json").json
    assert result["validation"]["loss"] < 0.01
    told = cli("predict", "latest", "--input", "[[0], [1]]", "--json").json["outputs"]
    np.testing.assert_allclose(np.ravel(told), [5000, 5300], atol=40)
    (tmp_path / "t.csv").write_text(GAPS)
    (refused,) = messages(config(IMPUTE + ONEHOT, data='scale_target = "standardize"'), directory=tmp_path)
    assert refused.startswith("t.toml:5: data.scale_target: the targets are classes")


def test_an_autoencoder_has_its_prepared_inputs_for_targets(tmp_path: Path) -> None:
    rows = "a,b\n" + "".join(f"{k},{3 * k % 7}\n" for k in range(20))
    text = config(SCALE, data="validation = 0.2", units=2, activation="linear", loss="mse").replace(
        '"y"', '"inputs"'
    )
    found = experiment(tmp_path, rows, text)
    np.testing.assert_array_equal(found.trainer.train.y, found.trainer.train.x)
    np.testing.assert_allclose(found.table.y, found.prepare(found.table.x), rtol=1e-6)
    assert found.table.targets == ("a", "b")


def test_one_class_more_than_there_is(tmp_path: Path) -> None:
    rows = "a,y\n" + "1,u\n2,v\n" * 10
    text = config(data='classes = ["u", "v", "w"]', units=3, activation="softmax", loss="cross_entropy")
    found = experiment(tmp_path, rows, text)
    assert found.table.classes == ("u", "v", "w")


def test_numbers_in_the_network_s_type_are_not_copied(tmp_path: Path) -> None:
    found = experiment(tmp_path, "a,b,y\n" + "1,2,0\n2,2,1\n" * 20, config())
    assert np.shares_memory(found.trainer.train.x, found.table.stored)
    parted = experiment(tmp_path, "a,b,y\n" + "1,2,0\n2,2,1\n" * 20, config(data="validation = 0.2"))
    assert parted.trainer.validation is not None
    assert parted.trainer.train.x.base is parted.trainer.validation.x.base


def test_bytes_stay_bytes_and_no_table_in_double_precision_is_made(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (4000, 30, 30), dtype=np.uint8)
    np.savez(tmp_path / "t.npz", x=x, y=np.arange(4000) % 3)
    text = config('[[preprocess]]\ntype = "minmax"\n', units=3, activation="softmax", loss="cross_entropy")
    text = (
        text.replace('source = "csv"', 'source = "npz"')
        .replace("t.csv", "t.npz")
        .replace('target = "y"\n', "validation = 0.2\n")
    )
    tracemalloc.start()
    try:
        found = made(text, directory=tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The bytes, the network's float32, and blocks; a float64 table alone would be 8.
    assert peak < (1 + 4 + 2) * x.size + (48 << 20)
    assert found.table.stored.dtype == np.uint8
    low, high = x.min(axis=0).ravel() / 255, x.max(axis=0).ravel() / 255
    rows = found.split.train
    flat = x.reshape(4000, -1)[rows] / 255
    np.testing.assert_allclose(found.trainer.train.x, (flat - low) / (high - low), atol=0.02)


def test_many_distinct_labels_are_numbered_at_once(tmp_path: Path) -> None:
    y = np.random.default_rng(0).permutation(40_000)
    np.savez(tmp_path / "t.npz", x=np.zeros((40_000, 1), np.float32), y=y)
    table = Npz(path="t.npz").load(0, tmp_path)
    assert table.classes is not None
    assert table.auto
    np.testing.assert_array_equal(table.y, y)
    np.testing.assert_array_equal(table.as_numbers().y[:, 0], y)


def test_the_digest_is_of_what_is_stored_and_notices_each_change() -> None:
    def digest(x: np.ndarray, **keys: object) -> str:
        return Table(x, np.arange(len(x)), None, ("a", "b"), ("y",), "t", **keys).digest  # type: ignore[arg-type]

    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    assert (
        digest(x)
        == digest(np.asfortranarray(x))
        == digest(np.arange(18.0, dtype=np.float32).reshape(6, 3)[:, :2] * 0 + x)
    )
    changed = x.copy()
    changed[5, 1] += 1
    codes = {"categories": {"a": ("u", "v")}}
    assert len({digest(x), digest(changed), digest(x[:5]), digest(x, **codes)}) == 4


def test_parquet_gives_what_csv_gives(cli: Cli, tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (tmp_path / "t.csv").write_text(GAPS)
    rows = [line.split(",") for line in GAPS.splitlines()[1:]]
    columns = list(zip(*rows, strict=True))
    parquet.write_table(
        pa.table({
            "age": [int(v) if v else None for v in columns[0]], "sex": pa.array(columns[1]).dictionary_encode(),
            "fare": [int(v) for v in columns[2]], "y": list(columns[3]), "__index_level_0__": list(range(40)),
        }), tmp_path / "t.parquet",
    )  # fmt: skip
    text = config(IMPUTE + ONEHOT)
    first = experiment(tmp_path, GAPS, text)
    second = made(text.replace("t.csv", "t.parquet"), directory=tmp_path)
    np.testing.assert_array_equal(first.table.x, second.table.x)
    assert first.table.columns == second.table.columns
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    assert "not a Parquet file" in messages(text.replace("t.csv", "bad.parquet"), directory=tmp_path)[0]
    assert cli("init", tmp_path / "t.parquet").code == 0
    assert cli("fit", tmp_path / "t.toml", "--epochs", 1).code == 0

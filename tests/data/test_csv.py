"""CSV tables: what is read, which labels are classes, and faults with file, line and column."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntui.config.load import load
from nntui.data.csv import Csv
from nntui.data.table import Table
from nntui.errors import UserError
from nntui.training.experiment import build


def read(directory: Path, text: str | bytes, target: Any = "y", task: Any = "auto", **keys: Any) -> Table:
    (directory / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Csv(path="t.csv", target=target, task=task, **keys).load(0, directory)


@pytest.mark.parametrize(
    "text", [
        "a,b,y\n1,.5,u\n-2,3e0,v\n", "\ufeffa,b,y\r\n1,.5,u\r\n-2,3e0,v\r\n", "a,b,y\n\n1,.5,u\n\n-2,3e0,v",
        '"a"," b","y"\n"1"," .5 ",u\n-2,"3e0","v"\n', "a,b,y\r1,.5,u\r-2,3e0,v\r",
    ],
)  # fmt: skip
def test_spellings_of_one_table(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text)
    np.testing.assert_array_equal(table.x, [[1, 0.5], [-2, 3]])
    assert table.y.tolist() == [0, 1]
    assert (table.classes, table.features, table.targets) == (("u", "v"), ("a", "b"), ("y",))


LABELS: dict[str, tuple[list[str], tuple[str, ...] | None]] = {
    "text": (["b", "a", "b"], ("a", "b")),
    "whole numbers, in numerical order": (["10", "9", "-1"], ("-1", "9", "10")),
    "one class in several spellings": (["1", "1.0", "01", "-0", "0", "1e3", "1000"], ("0", "1", "1000")),
    "numbers beyond double precision": (["9007199254740993", "9007199254740992"], (
        "9007199254740992", "9007199254740993",
    )),
    "fractions are numbers": (["1", "2.5"], None),
    "text among numbers": (["10", "9", "x"], ("10", "9", "x")),
    "escape sequences and markup": (["\x1b[31mred", "[b]x[/b]", "\u202e"], ("\x1b[31mred", "[b]x[/b]", "\u202e")),
    "commas, quotes and line ends": (['"a, ""b"""', '"c\nd"'], ('a, "b"', "c\nd")),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_which_labels_are_classes(tmp_path: Path, name: str) -> None:
    labels, classes = LABELS[name]
    table = read(tmp_path, "a,y\n" + "".join(f"{k},{label}\n" for k, label in enumerate(labels)))
    assert table.classes == classes
    assert table.y.dtype == (np.float64 if classes is None else np.int64)


def test_the_task_decides_over_the_labels(tmp_path: Path) -> None:
    whole, parts = "a,y\n1,1\n2,2\n", "a,y\n1,1.5\n2,10\n3,9\n"
    assert read(tmp_path, whole, task="regression").y.tolist() == [[1], [2]]
    assert read(tmp_path, parts, task="classification").classes == ("1.5", "9", "10")
    assert read(tmp_path, "a,b,c\n1,2,3\n", target=("c", "a")).y.tolist() == [[3, 1]]
    assert read(tmp_path, "a,b,c\n1,2,3\n", target=("c",)).classes == ("3",)


FAULTS = {
    "empty": ("", "t.csv: the file is empty"),
    "only line ends": ("\n\n", "t.csv: the file is empty"),
    "only a header": ("a,y\n", "t.csv:1: there are no samples"),
    "no header": ("1,2\n3,4\n", "t.csv:1: the header line is missing"),
    "a name twice": ("a,a,y\n1,2,3\n", "t.csv:1: column a: the name is there twice"),
    "a name of control characters twice": (
        "a\x1b,a\x1b,y\n1,2,3\n",
        "t.csv:1: column a\\e: the name is there",
    ),
    "no name at all": (",,\n1,2,3\n", "t.csv:1: no column has a name"),
    "another target": (
        "a,yy\n1,2\n",
        't.csv:1: column y: there is no such column for data.target (given y; allowed a, yy); did you mean "yy"?',
    ),
    "semicolons": (
        "a;y\n1;2\n",
        "t.csv:1: column y: there is no such column for data.target (given y; allowed a;y); th",
    ),
    "too few cells": ("a,b,y\n\n1,2\n", "t.csv:3: column y: the cell is missing (given 2 cells; allowed 3"),
    "too many cells": (
        "a,y\n1,2,3\n",
        "t.csv:2: column 3: the header has no such column (given 3 cells; allowed 2",
    ),
    "not finite": ("a,y\n1e400,2\n", "t.csv:2: column a: not finite (allowed a finite number)"),
    "a label that is not finite": ("a,y\n1,inf\n2,3\n", "t.csv:2: column y: not finite"),
    "no label at all": ("a,y\n1,  \n2,NA\n", "t.csv:2: column y: every row lacks it"),
    "a NUL": ("a,y\n1,\0\n", "t.csv:2: a NUL character"),
    "a NUL far down": ("a,y\n" + "1,2\n" * 600_000 + "3,\0\n", "t.csv:600002: a NUL character"),
    "Latin-1": (b"a,y\n1,caf\xe9\n", "t.csv:2: not UTF-8 text"),
    "an open quote": ('a,y\n1,2\n1,"x\n2,z\n', "t.csv:3: not CSV: the file ends inside quotes"),
    "text after a quote": ('a,y\n1,"x"z\n', "t.csv:2: not CSV: something follows a closing quote"),
    "a huge cell": (f"a,y\n1,{'x' * 200000}\n", "t.csv:2: not CSV: a cell has more than 131072 characters"),
    "no input": ("y\n1\n2\n", "data.target: no column is left as an input (given ['y']"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_names_line_and_column(tmp_path: Path, name: str) -> None:
    text, start = FAULTS[name]
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    (found,) = caught.value.messages
    assert found.replace(f"{tmp_path}/", "").startswith(start)
    assert found.isprintable()


def test_columns_that_are_not_there_are_told_together_with_what_is_near(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, "Age,b,y\n1,2,3\n", columns=("age", "b"), drop=("zz",), dates=("zz",))
    found = [m.replace(f"{tmp_path}/", "") for m in caught.value.messages]
    assert found == [
        't.csv:1: column age: there is no such column for data.columns (given age; allowed Age, b, y); did you mean "Age"?',
        "t.csv:1: column zz: there is no such column for data.drop (given zz; allowed Age, b, y)",
        "t.csv:1: column zz: there is no such column for data.dates (given zz; allowed Age, b, y)",
    ]


def test_a_column_is_either_an_input_or_dropped_and_read_once(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b,y\n1,2,3\n4,5,6\n", columns=("a", "b"), drop=("a",)).features == ("b",)
    assert read(tmp_path, "a,b,y\n1,2,3\n4,5,6\n", columns=("b", "b")).features == ("b",)


@pytest.mark.parametrize(
    ("keys", "key"), [({"delimiter": "."}, "delimiter"), ({"decimal": ","}, "decimal"), ({"thousands": "."}, "thousands")]
)  # fmt: skip
def test_a_character_with_two_jobs_is_told_at_the_key_that_was_given(
    tmp_path: Path, keys: dict[str, Any], key: str
) -> None:
    with pytest.raises(UserError, match=f"data.{key}: this character separates other things already"):
        read(tmp_path, "a,y\n1,2\n", **keys)


def test_every_ragged_row_is_told_up_to_twenty(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, "a,b,y\nq,1,1\n1,2\n1,,x\n1,2,3,4\n")
    assert [m.split(": ")[0].split(":")[1] for m in caught.value.messages] == ["3", "5"]
    with pytest.raises(UserError) as caught:
        read(tmp_path, "a,b,y\n" + "q,1\n" * 1000)
    assert len(caught.value.messages) == 22
    assert "is data.delimiter right?" in caught.value.messages[-2]
    assert caught.value.messages[-1].endswith("and 980 more faults")


def test_a_table_beyond_the_limit_is_refused_while_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntui.data.reader.MAX_TABLE", 10)
    with pytest.raises(UserError, match=r"t\.csv: the table takes more than 10 bytes as numbers"):
        read(tmp_path, "a,y\n" + "1,2\n" * 100)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8).filter(
    str.strip
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(1, 4), st.integers(1, 6))
def test_what_is_written_is_read(tmp_path: Path, data: st.DataObject, columns: int, count: int) -> None:
    names = data.draw(st.lists(TEXT, min_size=columns + 1, max_size=columns + 1, unique_by=str.strip))
    rows = data.draw(
        st.lists(st.lists(NUMBERS, min_size=columns, max_size=columns), min_size=count, max_size=count)
    )
    labels = data.draw(st.lists(TEXT.map(lambda t: f"label {t}"), min_size=count, max_size=count))
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([f"c {n}" for n in names])
        writer.writerows([*row, label] for row, label in zip(rows, labels, strict=True))
    table = Csv(path="t.csv", target=f"c {names[-1]}".strip()).load(0, tmp_path)
    np.testing.assert_array_equal(table.x, rows)
    assert table.classes is not None
    assert [table.classes[k] for k in table.y] == [label.strip() for label in labels]
    assert list(table.classes) == sorted(table.classes)


@pytest.mark.parametrize(
    ("values", "more", "told"),
    [
        ((16777216, 16777217, 3, 4), "", True),
        ((16777216, 16777218, 3, 4), "", False),
        ((16777216, 16777217, 3, 4), 'dtype = "float64"', False),
        ((16777216.5, 16777217.5, 3, 4), "", False),  # no names: a measurement's last digits
        ((1, 2, 3, 4), "", False),
    ],
)
def test_whole_numbers_that_become_one_are_told(
    tmp_path: Path, values: tuple[float, ...], more: str, told: bool
) -> None:
    rows = "".join(f"{value},{k % 2}\n" for k, value in enumerate(values))
    (tmp_path / "ids.csv").write_text(f"id,y\n{rows}")
    (tmp_path / "ids.toml").write_text(
        f'{more}\n[data]\nsource = "csv"\npath = "ids.csv"\ntarget = "y"\n[[layers]]\ntype = "dense"\nunits = 1\n'
        'activation = "sigmoid"\n[objective]\nloss = "binary_cross_entropy"\n[optimizer]\ntype = "adam"\n[train]\nepochs = 1\n'
    )
    found = [w for w in build(load(tmp_path / "ids.toml")).warnings if "become one" in w]
    assert bool(found) == told
    if told:
        assert "dtype: id: whole numbers too large for float32 (given 16777216 and 16777217" in found[0]


@pytest.mark.parametrize("nan", ["nan", "-nan", "+NaN"])
@pytest.mark.parametrize("beside", ["3", " ", "NA"])
def test_a_nan_with_a_sign_is_missing_whatever_else_the_column_has(
    tmp_path: Path, nan: str, beside: str
) -> None:
    (tmp_path / "t.csv").write_text(f"a,y\n1,0.5\n{nan},1.5\n{beside},2.5\n")
    table = Csv(path="t.csv", target="y").load(0, tmp_path)
    assert not table.categories
    np.testing.assert_array_equal(table.stored[:2], [[1], [np.nan]])


def test_text_is_what_is_no_number_as_the_file_writes_them(tmp_path: Path) -> None:
    """1,5 is one where the decimal point is a comma, and 2.5 is not."""
    (tmp_path / "t.csv").write_text("a;y\n1,5;0,5\n2;2.5\n3,5;1,5\n2.5;1\n")
    keys: dict[str, Any] = {"path": "t.csv", "delimiter": ";", "decimal": ","}
    with pytest.raises(UserError, match=r"t\.csv:3: column y: 1 text cells \(given 2\.5; allowed numbers\)"):
        Csv(target="y", task="regression", **keys).load(0, tmp_path)
    (note,) = Csv(target="inputs", drop=("y",), **keys).load(0, tmp_path).notes
    assert "t.csv:5: column a: 1 of its cells is text (such as '2.5')" in note

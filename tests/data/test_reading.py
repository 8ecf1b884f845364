"""Tables as they come: columns by name, categories, gaps, dialects, encodings, dates, packed files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.data import reader
from nntui.errors import UserError
from tests.data.reading import NAN, read, refused


def test_a_column_of_text_is_a_category_and_empty_cells_are_gaps(tmp_path: Path) -> None:
    table = read(tmp_path, "age,sex,y\n3,male,1.5\n,female,2\n5,NA,3\nnan, male ,4\n")
    np.testing.assert_array_equal(table.x, [[3, 1], [NAN, 0], [5, NAN], [NAN, 1]])
    assert table.categories == {"sex": ("female", "male")}
    assert table.columns.categories == table.categories
    np.testing.assert_array_equal(table.y, [[1.5], [2], [3], [4]])


def test_columns_drop_and_the_order_of_inputs(tmp_path: Path) -> None:
    text = "id,a,b,c,y\n7,1,2,3,0\n8,4,5,6,1\n"
    assert read(tmp_path, text, drop=("id",)).features == ("a", "b", "c")
    table = read(tmp_path, text, columns=("c", "a"))
    assert table.features == ("c", "a")
    np.testing.assert_array_equal(table.x, [[3, 1], [6, 4]])
    assert refused(tmp_path, text, columns=("c", "aa")) == [
        't.csv:1: column aa: there is no such column for data.columns (given aa; allowed id, a, b, c, y); did you mean "a"?'
    ]
    assert refused(tmp_path, text, drop=("y",))[0].startswith("data.target: this column is in data.drop, too")
    assert refused(tmp_path, text, drop=("id", "a", "b", "c"))[0].startswith("data.target: no column is left")


DIALECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "semicolons and decimal commas": ("a;b;y\n1,5;x;0\n2;z;1\n", {"delimiter": ";", "decimal": ","}),
    "tabs": ("a\tb\ty\n1.5\tx\t0\n2\tz\t1\n", {"delimiter": "\t"}),
    "any number of spaces": (" a  b y\n1.5   x 0 \n  2 z  1\n", {"delimiter": " "}),
    "bars and lines before": ("title\n# more\na|b|y\n1.5|x|0\n2|z|1\n", {"delimiter": "|", "skip": 2}),
    "UTF-16": ("a,b,y\n1.5,x,0\n2,z,1\n", {"encoding": "utf-16"}),
    "Windows": ("a,b,y\n1.5,x,0\n2,z,1\n", {"encoding": "cp1252"}),
    "R's row names": ('"a","b","y"\n"1",1.5,"x",0\n"2",2,"z",1\n', {}),
    "a column without a name": (",a,b,y\n0,1.5,x,0\n1,2,z,1\n", {}),
    "the header once more": ("a,b,y\n1.5,x,0\na,b,y\n2,z,1\n", {}),
    "thousands in quotes": ('a,b,y\n1.5,x,0\n"2",z,1\n', {"thousands": ","}),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_one_table_in_many_dialects(tmp_path: Path, name: str) -> None:
    text, keys = DIALECTS[name]
    table = read(tmp_path, text.encode(keys.get("encoding", "utf-8")), **keys)
    np.testing.assert_array_equal(table.x, [[1.5, 0], [2, 1]])
    assert (table.features, table.categories, table.y.tolist()) == (("a", "b"), {"b": ("x", "z")}, [0, 1])
    said = {"R's row names": "column 1 has no name", "a column without a name": "column 1 has no name",
            "the header once more": "t.csv:3: the header line once more, left out"}  # fmt: skip
    assert any(said.get(name, "") in note for note in (*table.notes, ""))
    assert bool(table.notes) == (name in said)


@pytest.mark.parametrize("number", ["-999", "0", "1e3"])
def test_a_number_may_stand_for_nothing(tmp_path: Path, number: str) -> None:
    table = read(tmp_path, f"a,b,y\n{number},1,0.5\n2, {number} ,1\n4,-1,2\n", na=(number,))
    np.testing.assert_array_equal(table.x, [[NAN, 1], [2, NAN], [4, -1]])
    # What is not a number does not, where only that one is listed.
    assert read(tmp_path, f"a,y\nnan,0.5\n{number},1\n", na=(number,)).categories == {"a": ("nan",)}


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    table = read(tmp_path, "1,2,a\n3,4,b\n", "column3", header=False)
    assert (table.features, table.classes, len(table)) == (("column1", "column2"), ("a", "b"), 2)


def test_numbers_with_groups_and_other_words_for_missing(tmp_path: Path) -> None:
    table = read(
        tmp_path, 'a,y\n"1,234.5",1.5\n"-1,234,567",2\n12,3\n"12,34",4\n', thousands=",", na=("", "12,34")
    )
    np.testing.assert_array_equal(table.x, [[1234.5], [-1234567], [12], [NAN]])
    table = read(tmp_path, "a,y\n?,1.5\n2,2\nNA,3\n", na=("?", "NA"))
    np.testing.assert_array_equal(table.x, [[NAN], [2], [NAN]])
    table = read(tmp_path, "a,y\n?,1.5\n2,2\nNA,3\n", na=("?",))
    assert table.categories == {"a": ("2", "NA")}


def test_packed_files_and_damaged_ones(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,y\n1,2.5\n3,4\n")
    np.testing.assert_array_equal(read(tmp_path, packed, name="t.csv.gz").x, [[1], [3]])
    with pytest.raises(UserError, match="the gzip data is cut off"):
        read(tmp_path, packed[:-9])
    with pytest.raises(UserError, match="the gzip data is damaged"):
        read(tmp_path, packed[:12] + b"\xff\xff" + packed[14:])


def test_other_encodings_are_refused_with_their_cure(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, "a,y\n1,café\n".encode("cp1252"))
    assert found.startswith(
        't.csv:2: not UTF-8 text; it may be Windows or Latin-1: set data.encoding = "cp1252"'
    )
    (found,) = refused(tmp_path, "a,y\n1,2\n".encode("utf-16"))
    assert 'set data.encoding = "utf-16"' in found
    (found,) = refused(tmp_path, b"\xff\xfea,y\n1,2\n\x00", encoding="utf-16")
    assert "utf-16" in found
    text = "a,y\n1,café\n2,thé\n"
    assert read(tmp_path, text.encode("cp1252"), encoding="cp1252").classes == ("café", "thé")


DATES = {
    "ISO": ("2024-02-29", "1969-12-31"), "American": ("02/29/2024", "12/31/1969"), "German": ("29.02.2024", "31.12.1969"),
    "in words": ("29 Feb 2024", "31 Dec 1969"), "day first": ("29/02/2024", "31/12/1969"),
    "digits": ("20240229", "19691231"),
}  # fmt: skip


@pytest.mark.parametrize("name", DATES)
def test_dates_become_days(tmp_path: Path, name: str) -> None:
    first, second = DATES[name]
    table = read(tmp_path, f"d,y\n{first},1.5\n{second},2\n,3\n", dates=("d",))
    np.testing.assert_array_equal(table.x, [[19782], [-1], [NAN]])
    assert not table.categories


def test_dates_with_times_ambiguous_ones_and_other_text(tmp_path: Path) -> None:
    table = read(tmp_path, "d,y\n1970-01-02T12:00:00,1.5\n1970-01-01T00:00:00+01:00,2\n", dates=("d",))
    np.testing.assert_allclose(table.x, [[1.5], [-1 / 24]])
    table = read(tmp_path, "d,y\n01/02/1970,1.5\n", dates=("d",))
    assert table.x.tolist() == [[1]]
    assert "month/day/year" in table.notes[0]
    (found,) = refused(tmp_path, "d,y\n1970-01-02,1.5\nsoon,2\n", dates=("d",))
    assert found.startswith(
        "t.csv:3: column d: the cells are not all dates of one form (given 'soon'; allowed such as"
    )


def test_rows_without_a_label_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    table = read(tmp_path, "a,y\n1,\n2,u\n3,v\n4,NA\n")
    assert (table.x.tolist(), table.classes) == ([[2], [3]], ("u", "v"))
    assert "2 rows have no y and are left out, the first in line 2" in table.notes[0]
    assert table.line is not None
    assert [table.line(k) for k in (0, 1)] == [3, 4]
    table = read(tmp_path, "a,y\n1,u\n2,\n3,v\n")
    assert table.notes[0].endswith("1 row has no y and is left out, in line 3")


def test_listed_classes_also_those_that_no_row_has(tmp_path: Path) -> None:
    table = read(tmp_path, "a,y\n1,u\n2,w\n", classes=("w", "u", "v"))
    assert (table.classes, table.y.tolist()) == (("u", "v", "w"), [0, 2])
    assert read(tmp_path, "a,y\n1,2\n2,10\n", classes=("10", "2", "3")).classes == ("2", "3", "10")
    (found,) = refused(tmp_path, "a,y\n1,u\n2,x\n", classes=("u", "v"))
    assert found == "t.csv:3: column y: labels that data.classes does not list (given x; allowed u, v)"
    (found,) = refused(tmp_path, "a,y\n1,u\n", classes=("u", "u"))
    assert found.startswith("data.classes: each class is named once")


def test_several_targets_several_labels_and_the_inputs_themselves(tmp_path: Path) -> None:
    text = "a,b,c\n1,0,1\n2,0.5,0\n"
    table = read(tmp_path, text, ("b", "c"))
    assert (table.task, table.y.tolist(), table.targets) == ("regression", [[0, 1], [0.5, 0]], ("b", "c"))
    table = read(tmp_path, text, ("b", "c"), task="multilabel")
    assert (table.task, table.classes, table.columns.labels) == ("multilabel", None, ("b", "c"))
    (found,) = refused(tmp_path, text, ("a", "b"), task="multilabel")
    assert found == "t.csv:3: column a: not a label (given 2; allowed 0 to 1)"
    table = read(tmp_path, text, "inputs")
    assert (table.features, table.reconstructs, table.y.shape) == (("a", "b", "c"), True, (2, 0))
    (found,) = refused(tmp_path, "a,y\n1,x\n2,3\n", task="regression")
    assert found.startswith("t.csv:2: column y: 1 text cells (given x; allowed numbers)")


def test_another_delimiter_is_named_as_the_cure(tmp_path: Path) -> None:
    assert refused(tmp_path, "a;y\n1;2\n")[0].endswith(
        'the columns seem to be separated by ";": set data.delimiter = ";"'
    )
    for key, value in (("delimiter", ",,"), ("decimal", ",")):
        assert refused(tmp_path, "a,y\n1,2\n", **{key: value})[0].startswith(f"data.{key}: ")


def test_text_after_numbers_keeps_the_spelling_of_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BLOCK", 64)
    monkeypatch.setattr(reader, "CELLS", 32)
    rows = "".join(f"{k:03d},{k % 2}\n" for k in range(200)) + "x,1\n"
    table = read(tmp_path, "a,y\n" + rows)
    assert table.categories["a"] == (*(f"{k:03d}" for k in range(200)), "x")
    np.testing.assert_array_equal(table.x[:, 0], np.arange(201))
    assert table.notes[0].startswith(f"{tmp_path}/t.csv:202: column a: 1 of its cells is text (such as 'x')")


def test_a_header_with_a_line_end_of_its_own_loses_no_row(tmp_path: Path) -> None:
    table = read(tmp_path, b'"a\rb",y\n1,2.5\n3,4\n')
    np.testing.assert_array_equal(table.x, [[1], [3]])

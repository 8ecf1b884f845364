"""Large tables are read in blocks: the same table as record by record, in little more memory than it takes."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntui.data import reader
from nntui.data.frame import Pile
from nntui.data.wholenumbers import whole_numbers
from nntui.errors import UserError
from tests.data.reading import NAN, read, refused


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(",;|"), st.sampled_from(["\n", "\r\n"]), st.integers(20, 60))
def test_blocks_with_text_are_what_their_records_are(
    tmp_path: Path, data: st.DataObject, delimiter: str, newline: str, block: int
) -> None:
    """The same table, notes and faults, whether a block is read at once or each record by Python's reader."""
    word = st.sampled_from(["red", " blue ", "x y", "é", "", "NA", "a\rb", '"q"', "\ufeffz", "n1"])
    number = st.sampled_from(["1", "2.5", " 3 ", "-4e2", "", "nan", "-nan", "\u0661", "1_0", "inf", "n0"])
    usual = st.sampled_from(["0", "1.5"])
    rows = data.draw(
        st.lists(st.tuples(usual | number, st.just("red") | word, usual).map(list), min_size=4, max_size=30)
    )
    for change in data.draw(
        st.lists(st.sampled_from(["header", "long", "short", "empty", "space"]), max_size=1)
    ):
        row = data.draw(st.integers(0, len(rows) - 1))
        new = {"header": ["n0", "n1", "y"], "long": ["1"] * 4, "short": ["1"], "empty": [""], "space": [" "]}
        rows[row] = new[change]
    end = data.draw(st.sampled_from(["", newline, f"{newline}  ", f"{newline} {newline}"]))
    text = newline.join(delimiter.join(row) for row in [["n0", "n1", "y"], *rows]) + end
    both(tmp_path, text, block, delimiter=delimiter)


def test_a_line_of_blanks_before_what_is_no_block_does_not_count(tmp_path: Path) -> None:
    """Neither reader may take a row twice where the other begins behind it."""
    text = 'n0,n1,y\n \n0,red,0\n0,red,0\n0,"q",0'
    both(tmp_path, text, 20)
    table = read(tmp_path, text)
    assert table.stored.tolist() == [[0, 1], [0, 1], [0, 0]]


def both(directory: Path, text: str, block: int, **keys: Any) -> Any:
    """What is read of a table, or the messages that refuse it, the same in blocks as record by record."""
    found: list[Any] = []
    for at_once in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reader, "BLOCK", block)
            if not at_once:
                patch.setattr(reader._Reader, "_blocks", lambda self: False)
            try:
                table = read(directory, text, **keys)
                found.append(
                    (table.digest, table.stored.dtype, table.notes, dict(table.categories), table.classes)
                )
            except UserError as error:
                found.append(error.messages)
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("block", [12, 1 << 18])
def test_a_line_of_blanks_is_no_sample_but_in_a_table_of_one_column(tmp_path: Path, block: int) -> None:
    plain = both(tmp_path, "a,b,y\n1,2,0.5\n3,4,1.5\n5,6,2.5\n", block)
    for text in (
        "a,b,y\n1,2,0.5\n3,4,1.5\n5,6,2.5\n  ",
        "a,b,y\n1,2,0.5\n3,4,1.5\n5,6,2.5\n \t \n",
        "a,b,y\n \n1,2,0.5\n3,4,1.5\n   \n\n5,6,2.5",
    ):
        assert both(tmp_path, text, block) == plain
    gap = both(tmp_path, "a\tb\ty\n1\t2\t0.5\n\t\t1.5\n", block, delimiter="\t")
    assert both(tmp_path, "a\tb\ty\n1\t2\t0.5\n  \n\t\t1.5\n  ", block, delimiter="\t") == gap
    table = read(tmp_path, "a\n1\n \n3\n  ", target="inputs")
    np.testing.assert_array_equal(table.x, [[1], [NAN], [3], [NAN]])
    both(tmp_path, "a\n1\n \n3\n  ", block, target="inputs")
    (fault,) = both(tmp_path, "a,b,y\n1,2,0.5\n  \n3,4\n", block)
    assert fault.startswith(f"{tmp_path}/t.csv:4: column y: the cell is missing")


def test_the_line_of_a_sample_counts_those_of_blanks(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,y\n1,2,0.5\n  \n3,4,1.5\n")
    assert [table.line(row) for row in (0, 1)] == [2, 4]


def test_a_missing_number_with_a_sign_is_as_one_without(tmp_path: Path) -> None:
    tables = [
        both(tmp_path, f"a,b,y\n1,{cell},0.5\n3,4,1.5\n", 1 << 18) for cell in ("nan", "-nan", "+NaN", "")
    ]
    assert tables == [tables[0]] * 4


@pytest.mark.parametrize("gap", [None, 0, 57, 199])
def test_blocks_and_records_give_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gap: int | None
) -> None:
    monkeypatch.setattr(reader, "BLOCK", 100)
    monkeypatch.setattr(reader, "CELLS", 48)
    numbers = np.random.default_rng(0).normal(size=(200, 3))
    cells = [[repr(float(v)) for v in row] for row in numbers]
    if gap is not None:
        cells[gap][1], numbers[gap, 1] = "", NAN
    table = read(tmp_path, "a,b,y\n" + "".join(",".join(r) + "\n" for r in cells))
    np.testing.assert_array_equal(table.x, numbers[:, :2])
    np.testing.assert_array_equal(table.y, numbers[:, 2:])
    assert table.stored.dtype == np.float64
    whole = read(tmp_path, "a,b,y\n" + "1,2,0.5\n" * 50)
    assert whole.stored.dtype == np.float32


def test_a_ragged_row_far_down_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK", 100)
    text = "a,b,y\n" + "1,2,3\n" * 100
    (found,) = refused(tmp_path, text + "1,2\n" + "1,2,3\n" * 100)
    assert found.startswith(
        "t.csv:102: column y: the cell is missing (given 2 cells; allowed 3, as in the header)"
    )


def test_wide_tables_and_many_categories_are_read(tmp_path: Path) -> None:
    wide = ",".join(f"c{k}" for k in range(10_000)) + ",y\n"
    table = read(tmp_path, wide + ",".join(["1"] * 10_000) + ",0\n" + ",".join(["2.5"] * 10_000) + ",1\n")
    assert (len(table.features), table.x[1, 9_999]) == (10_000, 2.5)
    many = "a,y\n" + "".join(f"v{k},{k % 2}\n" for k in range(100_000))
    assert len(read(tmp_path, many).categories["a"]) == 100_000


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 4), st.sampled_from(",;\t| "), st.sampled_from(["\n", "\r\n"]))
def test_blocks_of_digits_are_read_as_numpy_reads_them_or_left(
    data: st.DataObject, width: int, delimiter: str, newline: str
) -> None:
    plain = st.integers(0, 999_999).map(str) | st.sampled_from(["0", "007", "000255"])
    strange = st.sampled_from(
        ["", " 1", "1 ", "-1", "+1", "1.5", "1e3", "x", "1234567", "1_0", "\u0661", "/", ":", "\x00"]
    )
    rows = data.draw(st.lists(st.lists(plain, min_size=width, max_size=width), min_size=1, max_size=6))
    clean = newline == "\n"
    if data.draw(st.booleans()):
        row = data.draw(st.sampled_from(rows))
        row[data.draw(st.integers(0, width - 1))] = data.draw(strange)
        clean = False
    if data.draw(st.booleans()):
        row = data.draw(st.sampled_from(rows))
        row[:] = [*row, "1"] if data.draw(st.booleans()) else row[:-1]
        clean = False
    text = "".join(delimiter.join(row) + newline for row in rows).encode()
    found = whole_numbers(text, width, ord(delimiter))
    assert (found is not None) == clean
    if found is not None:
        assert found.dtype == np.float32
        np.testing.assert_array_equal(
            found, np.loadtxt(io.StringIO(text.decode()), delimiter=delimiter, ndmin=2)
        )
        assert whole_numbers(text[:-1], width, ord(delimiter)) is None


@pytest.mark.parametrize("grows", [1, 100, Pile.GROWS])
def test_blocks_that_are_piled_up_are_one_array(monkeypatch: pytest.MonkeyPatch, grows: int) -> None:
    monkeypatch.setattr(Pile, "GROWS", grows)
    rng = np.random.default_rng(0)
    parts = [
        rng.integers(0, 255, (n, 3)).astype(kind) for n, kind in ((1, "f4"), (7, "f8"), (30, "f4"), (2, "f8"))
    ]
    single, double = Pile(3), Pile(3)
    for part in parts:
        single.add(part)
        double.add(part)
    double.add(np.array([[0.1, NAN, 1e300]]))
    double.add(parts[0])
    assert (single.rows, single.bytes, double.bytes) == (40, 40 * 3 * 4, 42 * 3 * 8)
    assert (single.array().dtype, double.array().dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(single.array(), np.concatenate(parts))
    np.testing.assert_array_equal(double.array(), np.concatenate([*parts, [[0.1, NAN, 1e300]], parts[0]]))


def test_reading_a_table_takes_little_more_than_the_table(tmp_path: Path) -> None:
    cells = np.random.default_rng(0).normal(size=(60_000, 10))
    text = "".join(",".join(map(repr, row)) + "\n" for row in cells.tolist())
    tracemalloc.start()
    try:
        table = read(tmp_path, ",".join([*"abcdefghi", "y"]) + "\n" + text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    own = table.stored.nbytes + table.y.nbytes
    assert own < peak < len(text) + 2.5 * own  # the test's text, the table, and y beside it


CELL = st.one_of(
    st.sampled_from(["", "NA", "nan", "red", "blue", "x y", 'a "b"', "1,5"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr), st.integers(-(10**6), 10**6).map(str),
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.data(), st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-16", "cp1252"]), st.integers(1, 12)
)
def test_random_tables_are_read_as_python_reads_them(
    tmp_path: Path, data: st.DataObject, delimiter: str, encoding: Any, count: int
) -> None:
    import csv

    width = data.draw(st.integers(1, 4))
    rows = [data.draw(st.lists(CELL, min_size=width, max_size=width)) for _ in range(count)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([*(f"n{k}" for k in range(width)), "y"])
    writer.writerows([*row, k % 2] for k, row in enumerate(rows))
    table = read(tmp_path, out.getvalue().encode(encoding), delimiter=delimiter, encoding=encoding)
    missing = {"", "NA", "nan"}
    for k, name in enumerate(table.features):
        column = [row[k] for row in rows]
        texts = table.categories.get(name)
        for cell, value in zip(column, table.x[:, k], strict=True):
            if cell in missing:
                assert np.isnan(value)
            else:
                assert (texts[int(value)] == cell) if texts else value == float(cell)
        if texts:
            assert list(texts) == sorted(set(column) - missing)

"""NumPy archives: what is read, and that headers are checked before anything is believed."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nntui.data.npz import SPAN, Npz
from nntui.data.table import Table
from nntui.errors import UserError

X, Y = np.arange(8.0).reshape(4, 2), np.array([5, 3, 5, 3])


def read(directory: Path, task: Any = "auto", x: str = "x", y: str = "y", **arrays: Any) -> Table:
    np.savez(directory / "t.npz", **({"x": X, "y": Y} | arrays))
    return Npz(path="t.npz", x=x, y=y, task=task).load(0, directory)


LABELS: dict[str, tuple[Any, tuple[str, ...] | None]] = {
    "whole numbers": (np.array([5, -3, 5, 20]), ("-3", "5", "20")),
    "a column": (np.array([[5], [3], [5], [3]]), ("3", "5")),
    "big-endian": (np.array([5, 3, 5, 3], dtype=">i2"), ("3", "5")),
    "beyond 63 bits": (
        np.array([2**64 - 1, 0, 1, 2**63], dtype=np.uint64),
        ("0", "1", str(2**63), str(2**64 - 1)),
    ),
    "truth values": (np.array([True, False, True, False]), ("0", "1")),
    "text": (np.array(["b", "a", "b", "\x1b[1m"]), ("\x1b[1m", "a", "b")),
    "numbers as text": (np.array(["10", "9", "10", "9"]), ("9", "10")),
    "fractions": (np.array([1.0, 2.0, 3.0, 4.0]), None),
    "several": (np.ones((4, 3)), None),
}


@pytest.mark.parametrize("name", LABELS)
def test_which_labels_are_classes(tmp_path: Path, name: str) -> None:
    labels, classes = LABELS[name]
    table = read(tmp_path, y="t", t=labels)
    assert table.classes == classes
    if classes is None:
        np.testing.assert_array_equal(table.y, labels.reshape(4, -1))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([100, -100, 3, 3], np.int8),
        np.array([2**64 - 1, 2**64 - 3, 2**64 - 3, 2**64 - 2], np.uint64),
        np.array([-(2**63), -(2**63) + 1, -(2**63) + 1, -(2**63) + 9]),
        np.array([0, SPAN - 1, 7, 7]),
        np.array([0, SPAN, 7, 7]),
        np.array([2**63 - 1, -(2**63), 0, 0]),
    ],
)
def test_whole_numbers_however_far_apart_are_classes(tmp_path: Path, labels: Any) -> None:
    table = read(tmp_path, task="classification", y="t", t=labels)
    values, index = np.unique(labels, return_inverse=True)
    assert table.classes == tuple(str(int(v)) for v in values)
    np.testing.assert_array_equal(table.y, index)


def test_the_task_decides_over_the_type(tmp_path: Path) -> None:
    assert read(tmp_path, task="regression").y.tolist() == [[5], [3], [5], [3]]
    table = read(tmp_path, task="classification", y="t", t=Y.astype(float))
    assert (table.classes, table.y.tolist()) == (("3", "5"), [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("shape", "image"), [((4, 6), None), ((4, 2, 3), (1, 2, 3)), ((4, 3, 2, 1), (3, 2, 1))]
)
@pytest.mark.parametrize("dtype", [">f4", "<f2", "u1", ">i8", "f8"])
def test_shapes_and_types_of_inputs(tmp_path: Path, shape: Any, image: Any, dtype: str) -> None:
    x = np.asfortranarray(np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    table = read(tmp_path, **{"x": "in", "in": x})
    np.testing.assert_array_equal(table.x, x.reshape(4, -1) / (255 if dtype == "u1" else 1))
    assert table.x.dtype == np.float64
    assert table.image == image


def npy(descr: str, shape: str, data: bytes) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


def archive(x: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("x.npy", x)
        file.writestr("y.npy", npy("'<i8'", "(4,)", Y.astype("<i8").tobytes()))
    return buffer.getvalue()


GOOD = archive(npy("'<f8'", "(4, 2)", X.tobytes()))
DAMAGED: dict[str, tuple[bytes, str]] = {
    "no archive": (b"hello", "t.npz: not a NumPy .npz archive"),
    "empty": (b"", "t.npz: not a NumPy .npz archive"),
    "cut off": (GOOD[:-30], "t.npz: not a NumPy .npz archive"),
    "a flipped bit": (GOOD[:150] + bytes([GOOD[150] ^ 1]) + GOOD[151:], "t.npz: "),
    "more promised than stored": (
        archive(npy("'<f8'", "(4, 99999999999)", X.tobytes())),
        "t.npz: x: the file is damag",
    ),
    "less promised than stored": (
        archive(npy("'<f8'", "(4, 1)", X.tobytes())),
        "t.npz: x: the file is damaged",
    ),
    "a negative shape": (archive(npy("'<f8'", "(-4, -2)", X.tobytes())), "t.npz: x: the file is damaged"),
    "a shape of truth": (archive(npy("'<f8'", "(True, 8)", X.tobytes())), "t.npz: x: the file is damaged"),
    "a shape beyond 64 bits": (archive(npy("'<f8'", f"(0, {2**70})", b"")), "t.npz: x: the file is damaged"),
    "a pickle": (
        archive(npy("'|O'", "(4, 2)", b"cos\nsystem\n(S'false'\ntR.")),
        "t.npz: x: wrong type (given object",
    ),
    "code in the header": (
        archive(npy("__import__('os')", "(4,)", b"")),
        "t.npz: x: cannot be read: the file is damaged",
    ),
    "no magic": (archive(b"\x93NU"), "t.npz: x: cannot be read: the file is damaged"),
    "a header of 2 GB": (
        archive(b"\x93NUMPY\2\0\xff\xff\xff\x7f{"),
        "t.npz: x: cannot be read: the file is damaged",
    ),
    "a bomb": (
        archive(npy("'|i1'", "(4, 9000000)", bytes(36_000_000)), zipfile.ZIP_DEFLATED),
        "t.npz: x: rows of featu",
    ),
    "complex": (
        archive(npy("'<c16'", "(2, 2)", X.tobytes())),
        "t.npz: x: wrong type (given complex128; allowed num",
    ),
    "not finite": (
        archive(npy("'<f8'", "(4, 2)", np.where(X == 5, np.inf, X).tobytes())),
        "t.npz: x: row 2, column 1 is not finite (given inf; 1 such entries)",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_or_lying_archive_is_refused(tmp_path: Path, name: str) -> None:
    data, start = DAMAGED[name]
    (tmp_path / "t.npz").write_bytes(data)
    with pytest.raises(UserError) as caught:
        Npz(path="t.npz").load(0, tmp_path)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(start)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "one dimension": ({"x": "a", "a": np.ones(4)}, "t.npz: a: rows of features, or pictures, are needed (given shape (4,)"),
    "no features": ({"x": "a", "a": np.ones((4, 0))}, "t.npz: a: rows of features"),
    "fewer labels": ({"y": "a", "a": Y[:3]}, "t.npz: a: one label a row of x is needed (given shape (3,); allowed 4"),
    "several classes a row": ({"y": "a", "a": np.ones((4, 2), int)}, "t.npz: a: classes need one entry a row"),
    "a missing array": ({"x": "inputs", "input": X}, 'data.x: t.npz has no such array (given inputs; allowed x, y, input); d'),
    "labels as inputs": ({"y": "x"}, "data.y: this is data.x, too (given x; allowed another array)"),
    "fractions as classes": (
        {"task": "classification", "y": "a", "a": np.array([1, 2, 3, 0.5])},
        "t.npz: a: not a class (given 0.5; allowed whole numbers)",
    ),
    "text as numbers": (
        {"task": "regression", "y": "a", "a": np.array(["u"] * 4)},
        "data.task: a holds text, which is classes",
    ),
    "objects": ({"x": "a", "a": np.array([[1], [None]], dtype=object)}, "t.npz: a: wrong type (given object"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_what_is_needed(tmp_path: Path, name: str) -> None:
    arrays, start = FAULTS[name]
    with pytest.raises(UserError) as caught:
        read(tmp_path, **arrays)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(start)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(1, 5), st.booleans())
def test_what_is_saved_is_read(tmp_path: Path, data: st.DataObject, count: int, packed: bool) -> None:
    real = hnp.integer_dtypes() | hnp.unsigned_integer_dtypes() | hnp.floating_dtypes(sizes=(16, 32, 64))
    shapes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)
    finite = {"allow_nan": False, "allow_infinity": False}
    dtype = data.draw(real)
    elements = hnp.from_dtype(dtype, **finite) if dtype.kind == "f" else None
    x = data.draw(hnp.arrays(dtype, shapes.map(lambda s: (count, *s)), elements=elements))
    y = data.draw(hnp.arrays(hnp.integer_dtypes(), (count,)))
    (np.savez_compressed if packed else np.savez)(tmp_path / "t.npz", x=x, y=y)
    table = Npz(path="t.npz").load(0, tmp_path)
    scale = 255 if dtype == np.uint8 else 1
    np.testing.assert_array_equal(table.x, x.reshape(count, -1).astype(np.float64) / scale)
    assert table.classes is not None
    assert [int(table.classes[k]) for k in table.y] == [int(v) for v in y]

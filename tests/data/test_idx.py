"""IDX files, plain and gzip: headers checked against sizes."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nntui.data import idx
from nntui.data.idx import Idx
from nntui.data.table import Table
from nntui.errors import UserError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
IMAGES = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
LABELS = np.array([7, 2, 7], dtype=np.uint8)


def packed(array: Any, shape: tuple[int, ...] | None = None) -> bytes:
    array = np.asarray(array)
    sizes = array.shape if shape is None else shape
    head = bytes([0, 0, CODES[array.dtype.str[1:]], len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def read(directory: Path, images: bytes, labels: bytes = packed(LABELS)) -> Table:
    (directory / "images").write_bytes(images)
    (directory / "labels").write_bytes(labels)
    return Idx(images="images", labels="labels").load(0, directory)


@pytest.mark.parametrize("zipped", [False, True])
def test_pictures_and_labels(tmp_path: Path, zipped: bool) -> None:
    pack = gzip.compress if zipped else bytes
    table = read(tmp_path, pack(packed(IMAGES)), pack(packed(LABELS)))
    np.testing.assert_array_equal(table.x, IMAGES.reshape(3, 4) / 255)
    assert (table.classes, table.y.tolist(), table.image) == (("2", "7"), [1, 0, 1], (1, 2, 2))


def test_gzip_in_several_parts(tmp_path: Path) -> None:
    data = packed(IMAGES)
    assert len(read(tmp_path, gzip.compress(data[:9]) + gzip.compress(data[9:]))) == 3


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(sorted(CODES)), st.booleans())
def test_what_is_written_is_read(tmp_path: Path, data: st.DataObject, kind: str, zipped: bool) -> None:
    elements = {"allow_nan": False, "allow_infinity": False} if kind[0] == "f" else None
    array = data.draw(hnp.arrays(np.dtype(kind), hnp.array_shapes(max_dims=4, max_side=4), elements=elements))
    (tmp_path / "t").write_bytes(gzip.compress(packed(array)) if zipped else packed(array))
    found = idx.read(tmp_path, "t", "images")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype.newbyteorder(">")


FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "images: not an IDX file (given nothing"),
    "text": (b"hello world", "images: not an IDX file (given 68 65 6c 6c as its first bytes"),
    "an unknown type": (b"\0\0\x55\3" + packed(IMAGES)[4:], "images: not an IDX file"),
    "no dimensions": (b"\0\0\x08\0x", "images: not an IDX file"),
    "a header cut off": (packed(IMAGES)[:9], "images: the header is cut off"),
    "too little": (
        packed(IMAGES)[:-1],
        "images: the file is damaged or cut off: its header promises (3, 2, 2), 12 bytes (g",
    ),
    "too much": (packed(IMAGES) + b"x", "images: the file is damaged or cut off"),
    "a lying header": (packed(IMAGES, (2**32 - 1,) * 3), "images: the header promises"),
    "a bomb": (gzip.compress(packed(IMAGES) + bytes(64 << 20)), "images: the file is damaged or cut off"),
    "gzip cut off": (gzip.compress(packed(IMAGES))[:-9], "images: the gzip data is cut off"),
    "gzip damaged": (gzip.compress(packed(IMAGES))[:-8] + bytes(8), "images: the gzip data is damaged"),
    "two dimensions": (
        packed(IMAGES[0]),
        "data.images: pictures × rows × columns are needed (given shape (2, 2); allowed",
    ),
    "no pictures": (
        packed(IMAGES[:0]),
        "data.images: pictures × rows × columns are needed (given shape (0, 2, 2)",
    ),
    "no width": (packed(np.zeros((3, 0, 2), np.uint8)), "data.images: pictures × rows × columns are needed"),
    "not finite": (packed(np.full((3, 2, 2), np.nan)), "data.images: a value is not finite"),
    "another count": (
        packed(IMAGES[:2]),
        "data.labels: one label a picture is needed (given shape (3,); allowed 2 labels)",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_damaged_or_lying_file_is_refused(tmp_path: Path, name: str) -> None:
    data, start = FAULTS[name]
    with pytest.raises(UserError) as caught:
        read(tmp_path, data)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(start)


def test_labels_that_are_no_whole_numbers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="allowed whole numbers"):
        read(tmp_path, packed(IMAGES), packed(LABELS.astype("f4")))
    table = read(tmp_path, packed(IMAGES), packed(np.array([-1, 300, -1], dtype="i2")))
    assert table.classes == ("-1", "300")

"""Checkpoints: whole or not at all, verified, thinned evenly."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.errors import UserError
from nntui.files import atomic_write, remove_stale
from nntui.runs import checkpoint
from nntui.runs.checkpoint import CheckpointError, newest_valid, path_of, read, save, thin, thinned, updates

ARRAYS = {
    "param/dense1.W": np.arange(12.0).reshape(3, 4),
    "clock": np.array([1, 2, 3]),
    "none": np.zeros((0, 3), dtype=np.float32),
}


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    path = save(tmp_path, 7, ARRAYS, {"epoch": 2, "reason": "ü \x1b"})
    arrays, meta = read(path)
    assert meta == {"epoch": 2, "reason": "ü \x1b"}
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert [p.name for p in tmp_path.iterdir()] == ["0000000007.npz"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    directory = tmp_path_factory.mktemp("c")
    path = save(directory, 1, ARRAYS, {})
    whole = path.read_bytes()
    how = data.draw(st.sampled_from(["cut", "flip", "empty", "junk"]))
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(
        {
            "cut": whole[:at],
            "flip": whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :],
            "empty": b"",
            "junk": os.urandom(200),
        }[how]
    )
    try:
        arrays, _ = read(path)
    except CheckpointError:
        return
    for name, array in ARRAYS.items():  # a byte that carries no meaning, such as a date
        np.testing.assert_array_equal(arrays[name], array)


def test_headers_that_lie_and_pickles_are_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    def with_member(content: bytes) -> Path:
        path = path_of(tmp_path, 1)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.npy", content)
        return path

    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(huge, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    for content in (huge.getvalue(), pickled.getvalue(), b"\x93NUMPY\x01\x00\xff\xff"):
        with pytest.raises(CheckpointError, match="damaged"):
            read(with_member(content))


def test_the_newest_valid_one_is_found_and_the_others_are_named(tmp_path: Path) -> None:
    for update in (0, 5, 9):
        save(tmp_path, update, ARRAYS, {"epoch": update})
    path_of(tmp_path, 9).write_bytes(b"x")
    path_of(tmp_path, 11).symlink_to(path_of(tmp_path, 5))
    said: list[str] = []
    update, _, meta = newest_valid(tmp_path, said.append)
    assert (update, meta["epoch"], len(said)) == (5, 5, 2)
    checkpoint.set_aside(tmp_path, 5)
    assert updates(tmp_path) == [0, 5]
    with pytest.raises(UserError, match="no usable"):
        newest_valid(tmp_path / "none", print)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def fail(stream: object) -> None:
        raise OSError(28, "full")

    with pytest.raises(OSError, match="full"):
        atomic_write(path, fail)
    with pytest.raises(ValueError, match="bad"):
        atomic_write(
            path, lambda s: s.write(b"new"), check=lambda p: (_ for _ in ()).throw(ValueError("bad"))
        )
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
    (tmp_path / ".f.123-0123abcd.tmp").write_text("left by a kill")
    remove_stale(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


@given(st.sets(st.integers(0, 10**6), max_size=300), st.integers(0, 10**6))
def test_thinned_keeps_at_most_64_with_the_first_the_two_newest_and_the_best(
    have: set[int], best: int
) -> None:
    ordered = sorted(have)
    left = sorted(have - set(thinned(ordered, best)))
    assert len(left) <= 64
    assert left[:1] == ordered[:1]
    assert left[-2:] == ordered[-2:]
    assert best in left or best not in have


def test_a_long_history_stays_evenly_spread(tmp_path: Path) -> None:
    left: list[int] = []
    for update in range(0, 5000, 10):
        left.append(update)
        gone = thinned(left, keep=130)
        left = [u for u in left if u not in gone]
    gaps = np.diff(left)
    assert len(left) == 64
    assert 130 in left
    assert gaps.max() <= 4 * np.median(gaps)
    for update in range(70):
        path_of(tmp_path, update).write_bytes(b"")
    thin(tmp_path, 13)
    assert len(updates(tmp_path)) == 64
    assert 13 in updates(tmp_path)

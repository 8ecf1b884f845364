"""What is no plain data file, or too large, is refused before it is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nntui.data import files
from nntui.data.files import open_data
from nntui.errors import SettingError


def test_pipes_and_directories_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "place.csv").mkdir()
    for name, why in {"pipe.csv": "this is not a plain file", "place.csv": "this is a directory"}.items():
        with pytest.raises(SettingError, match=rf"data.path: cannot read .*/{name}: {why}"):
            open_data(tmp_path, name, "data", "path")


def test_a_file_of_the_greatest_size_is_read_and_no_larger_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    (tmp_path / "a.csv").write_bytes(b"0123456789")
    path, stream = open_data(tmp_path, "a.csv", "data", "path")
    with stream:
        assert (path, stream.read()) == (tmp_path / "a.csv", b"0123456789")
    (tmp_path / "b.csv").write_bytes(b"0123456789a")
    with pytest.raises(SettingError, match=r"too large \(given 11 bytes; allowed up to 10\)"):
        open_data(tmp_path, "b.csv", "data", "path")

"""Small files of a run are read up to a size that they never have."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.files import TooLargeError, read_bounded
from nntui.runs.directory import MAX_STATE
from nntui.runs.find import listed
from tests.cli.conftest import Cli


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_bounded(path, 10) == b"0123456789"
    with pytest.raises(TooLargeError, match="larger than the 9 bytes"):
        read_bounded(path, 9)


def test_a_state_that_is_too_large_is_damaged(cli: Cli, runs: Path) -> None:
    assert cli("fit", "xor", "--epochs", "1", "--quiet").code == 0
    (run,) = listed(runs)
    with (run.run.path / "run.json").open("ab") as stream:
        stream.write(b" " * MAX_STATE)
    assert [found.state for found in listed(runs)] == ["damaged"]

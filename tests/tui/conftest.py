"""What several files of these tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.runs.directory import RunDirectory
from tests.tui.advising import CONFIG, invoked


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A finished run whose weights began far too large."""
    place = tmp_path_factory.mktemp("advice")
    (place / "large.toml").write_text(CONFIG)
    result = invoked("fit", str(place / "large.toml"), "--runs", str(place / "runs"))
    found = RunDirectory(Path(result["run_dir"]))
    assert {f["layer"] for f in result["findings"] if f["id"] == "saturated_units"} == {"hidden"}
    return found

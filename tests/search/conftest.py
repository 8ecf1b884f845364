"""The storages that searches are tried on."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["journal", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of each kind of storage on one machine."""
    return str(tmp_path / "s.journal") if request.param == "journal" else f"sqlite:///{tmp_path}/s.db"

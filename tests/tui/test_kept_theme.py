"""The theme that was chosen is there again, and what goes wrong with that is said in the log and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nntui.tui.caps import Caps
from nntui.tui.kept_theme import MOST, theme_file
from tests.tui.fakes import Viewer, items, watching


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration directory of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "nntui" / "theme"


def log(v: Viewer) -> str:
    return " ".join(event.text for event in v.app.store.snapshot().log)


async def test_a_theme_is_kept_for_the_next_time(config: Path) -> None:
    assert theme_file() == config
    async with watching(items()) as v:
        assert v.app.theme == "nntui-dark"
        assert not config.exists()
        v.app.theme = "nntui-light"
        await v.pilot.pause()
    assert config.read_text() == "nntui-light\n"
    async with watching(items()) as v:
        assert v.app.theme == "nntui-light"
        assert "theme" not in log(v)


@pytest.mark.parametrize("colors", ["none", "16"])
async def test_terminals_without_its_colors_keep_their_own(config: Path, colors: str) -> None:
    config.parent.mkdir()
    config.write_text("nntui-light")
    async with watching(items(), caps=Caps(colors=colors)) as v:
        assert v.app.theme == "nntui-ansi"
    assert config.read_text() == "nntui-light"


@pytest.mark.parametrize("given", [b"no such theme", b"\xff\x00\x1b[31m", b"x" * 5000, b""])
async def test_a_name_that_means_nothing_is_told_in_the_log(config: Path, given: bytes) -> None:
    config.parent.mkdir()
    config.write_bytes(given)
    async with watching(items()) as v:
        assert v.app.theme == "nntui-dark"
        assert ("not known" in log(v)) == bool(given)
        assert len(log(v)) < 2 * MOST + len(str(config))
        assert "\x1b" not in log(v)


async def test_a_directory_that_cannot_be_written_is_told_in_the_log(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", os.devnull)
    async with watching(items()) as v:
        v.app.theme = "nntui-light"
        await v.pilot.pause()
        assert v.app.theme == "nntui-light"
        assert "cannot keep the theme: a part of this path is a file" in log(v)


async def test_a_file_that_cannot_be_read_is_told_in_the_log(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, *args: object) -> None:
        raise PermissionError(13, "no")

    config.parent.mkdir()
    config.write_text("nntui-light")
    monkeypatch.setattr(Path, "open", refused)
    async with watching(items()) as v:
        assert v.app.theme == "nntui-dark"
        assert "cannot read the theme: permission denied" in log(v)

"""The lists of panes against the files beside them, so that the import contracts cover each."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from nntui.tui import panes as run_panes
from nntui.tui.debugger import panes as debugger_panes
from nntui.tui.panes import base
from nntui.tui.race import panes as race_panes
from nntui.tui.sweep import panes as sweep_panes

SHARED = {"__init__", "base"}


ROOMS = {"run": run_panes, "debugger": debugger_panes, "race": race_panes, "sweep": sweep_panes}


@pytest.mark.parametrize("place", ROOMS.values(), ids=ROOMS)
def test_every_file_of_panes_is_listed_once(place: object) -> None:
    directory = Path(place.__file__).parent  # type: ignore[attr-defined]
    files = {path.stem for path in directory.glob("*.py")} - SHARED
    listed = [entry.partition(":")[0].rpartition(".")[2] for entry in place.PANES.values()]  # type: ignore[attr-defined]
    assert sorted(listed) == sorted(files)
    for name, cls in place.pane_classes().items():  # type: ignore[attr-defined]
        assert name == cls.ID


def test_the_import_contracts_name_every_room_of_panes() -> None:
    """By all its files, so that a new pane is under them from its first line on."""
    root = Path(__file__).parents[2]
    rooms = sorted(
        ".".join(path.parent.relative_to(root).parts)
        for path in (root / "nntui/tui").rglob("panes/__init__.py")
    )
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (apart,) = (c for c in contracts if c["type"] == "independence" and "panes" in str(c["modules"]))
    (drawn,) = (c for c in contracts if "nntui.tui.panes" in c.get("source_modules", ()))
    assert sorted(apart["modules"]) == [f"{room}.*" for room in rooms]
    assert sorted(drawn["source_modules"]) == rooms


def test_wide_panes_say_how_many_lines_they_take() -> None:
    for cls in run_panes.pane_classes().values():
        if cls.WIDE:
            assert cls.lines is not base.Pane.lines
    assert import_module("nntui.tui.panes.base").Pane.WIDE is False

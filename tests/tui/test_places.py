"""The lists of panes against the files beside them, so that the import contracts cover each."""

from importlib import import_module
from pathlib import Path

import pytest

from nntui.tui import panes as run_panes
from nntui.tui.debugger import panes as debugger_panes
from nntui.tui.panes import base

SHARED = {"__init__", "base"}


@pytest.mark.parametrize("place", [run_panes, debugger_panes], ids=["run", "debugger"])
def test_every_file_of_panes_is_listed_once(place: object) -> None:
    directory = Path(place.__file__).parent  # type: ignore[attr-defined]
    files = {path.stem for path in directory.glob("*.py")} - SHARED
    listed = [entry.partition(":")[0].rpartition(".")[2] for entry in place.PANES.values()]  # type: ignore[attr-defined]
    assert sorted(listed) == sorted(files)
    for name, cls in place.pane_classes().items():  # type: ignore[attr-defined]
        assert name == cls.ID


def test_wide_panes_say_how_many_lines_they_take() -> None:
    for cls in run_panes.pane_classes().values():
        if cls.WIDE:
            assert cls.lines is not base.Pane.lines
    assert import_module("nntui.tui.panes.base").Pane.WIDE is False

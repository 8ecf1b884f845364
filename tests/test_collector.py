"""Cycles are sought seldom while the program loads, and as ever once it works."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nntui import collector


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_thresholds_are_those_of_before_once_all_is_loaded() -> None:
    gc.set_threshold(701, 11, 12)
    collector.loading()
    assert gc.get_threshold() == (collector.LOADING, 11, 12)
    collector.loaded()
    assert gc.get_threshold() == (701, 11, 12)
    assert gc.get_freeze_count()


def test_who_did_not_ask_keeps_what_is_set() -> None:
    gc.set_threshold(701, 11, 12)
    collector.loaded()
    assert (gc.get_threshold(), gc.get_freeze_count()) == ((701, 11, 12), 0)


def test_a_training_seeks_cycles_as_usual(tmp_path: Path) -> None:
    code = (
        "import gc, sys\nusual = gc.get_threshold()\nfrom nntui import collector\ncollector.loading()\n"
        "from nntui.cli import program\nassert gc.get_threshold() != usual\nassert program(['fit', 'xor', '--quiet', '--epochs', '1', '--runs', sys.argv[1]]) == 0\n"
        "assert gc.get_threshold() == usual, gc.get_threshold()"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)

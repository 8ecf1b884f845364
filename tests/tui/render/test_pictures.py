"""What every renderer draws of fixed inputs is what was looked at and approved: see `tests.tui.render.pictures`."""

from __future__ import annotations

import difflib

import pytest

from nntui.tui.render.picture import Span, Style
from tests.tui.render.pictures.every import APPROVED, EVERY
from tests.tui.render.pictures.kept import as_text


@pytest.mark.parametrize("name", EVERY)
def test_pictures_are_the_approved_ones(name: str) -> None:
    approved = (APPROVED / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    now = as_text(EVERY[name]()).splitlines()
    difference = list(difflib.unified_diff(approved, now, "approved", "now", lineterm="", n=4))
    assert not difference, "\n".join(
        [*difference[:80], "if this is wanted: python -m tests.tui.render.pictures"]
    )


def test_no_approved_file_is_left_over() -> None:
    assert {path.stem for path in APPROVED.glob("*")} == set(EVERY)


def test_text_and_each_part_of_a_style_is_kept() -> None:
    looks = Style(fg="scale:-3", bg="class1:2", bold=True, dim=True, underline=True, reverse=True)
    picture = ((Span("ab", looks), Span("█", Style(fg="ink:4"))), (Span("c"),), (Span("d"),))
    assert as_text([("two", picture), ("one", ["5"])]) == (
        "== two\n|ab█|\n|c|\n|d|\n0: 2 s-3/c1:2 bold dim underline reverse, 1 i4\n\n== one\n5\n"
    )

import re

from hypothesis import given
from hypothesis import strategies as st

from nntui.tui.render.ascii import ascii_text
from nntui.tui.render.picture import (
    Grid,
    Span,
    Style,
    beside,
    crop,
    fit,
    join,
    pad,
    plain,
    row_width,
    stack,
    text,
    together,
    width_of,
    wrap,
)

RED = Style(fg="bad")
words = st.text(st.sampled_from("ab 漢é─é字\u0301"), max_size=12)


@given(words, st.integers(0, 20), st.sampled_from(["left", "right", "center"]))
def test_fit_is_exactly_as_wide_as_asked(s, width, align):
    assert row_width(fit(s, width, align)) == width


@given(words, st.integers(0, 12), st.integers(0, 12))
def test_crop_is_exactly_as_wide_as_asked(s, start, width):
    assert row_width(crop(text(s), start, width)) == width


def test_fit_aligns_and_cuts():
    assert plain((fit("ab", 5, "right"), fit("ab", 6, "center"), fit("abcdef", 4))) == "   ab\n  ab\nabc…"
    assert fit("", 0) == ()
    assert fit("abc", 0) == ()


def test_fit_never_splits_a_wide_character():
    assert plain((fit("漢字", 3),)) == "漢…"
    assert plain((fit("漢字", 2),)) == "…"
    assert plain((crop(text("漢字"), 1, 3),)) == " 字"


def test_a_cut_keeps_the_style_of_what_it_cuts():
    assert fit(join(text("ab"), text("cdef", RED)), 4) == (Span("ab"), Span("c…", RED))


def test_combining_marks_take_no_cell():
    assert width_of("e\u0301") == 1
    assert width_of("漢") == 2


def test_join_merges_neighbors_of_one_style():
    assert join(text("a", RED), text("b", RED), text("c")) == (Span("ab", RED), Span("c"))


def test_pictures_below_and_beside_each_other():
    a, b = (text("one"), text("2")), (text("three"),)
    assert plain(stack(a, b)) == "one\n2\nthree"
    assert {row_width(r) for r in stack(a, b)} == {5}
    assert plain(beside(a, b, 2)) == "one  three\n2"
    assert {row_width(r) for r in beside(a, b, 2)} == {10}


def test_pad_fills_and_cuts():
    picture = pad((text("abc"), text("d"), text("e")), 2, 2)
    assert plain(picture) == "ab\nd"
    assert plain(pad((text("a"),), 3, 3)) == "a\n\n"
    assert [row_width(r) for r in pad((), 3, 2)] == [3, 3]


def test_grid_ignores_what_is_outside_and_keeps_wide_characters_whole():
    grid = Grid(4, 2)
    grid.put(9, 0, "x")
    grid.put(0, -1, "x")
    grid.write(0, 0, "漢b", RED)
    grid.write(3, 1, "漢")
    assert grid.picture()[0] == (Span("漢b", RED), Span(" "))
    assert [row_width(r) for r in grid.picture()] == [4, 4]


def test_a_range_in_ascii_is_no_number():
    assert ascii_text("−1…0.5, 1e-9…1, 0…−.5") == "-1~0.5, 1e-9~1, 0~-.5"
    assert ascii_text("layer_1… and 12 more…") == "layer_1. and 12 more."
    assert ascii_text("−0.3 … 0.5") == "-0.3...0.5"


def test_a_wide_sign_has_no_place_in_the_last_cell():
    grid = Grid(3, 1)
    grid.write(1, 0, "漢")
    assert plain(grid.picture()) == " 漢"
    grid = Grid(3, 1)
    grid.write(2, 0, "漢")
    assert row_width(grid.picture()[0]) == 3
    assert "漢" not in plain(grid.picture())


def test_what_is_together_is_not_parted_and_its_spaces_are_spaces():
    pairs = ", ".join(together(f"{k} → {k * k}") for k in range(12))
    for width in range(12, 40):
        lines = [plain((row,)) for row in wrap(text(pairs), width, 2)]
        assert all(line.count("→") == len(re.findall(r"\d+ → \d+", line)) for line in lines), width
        assert all("\u00a0" not in line for line in lines)
    assert [plain((row,)).rstrip() for row in wrap(text("a b"), 1)] == ["a", "b"]

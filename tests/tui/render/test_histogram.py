from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nntui.statistics.histogram import Histogram, histogram
from nntui.tui.render.ascii import ascii_text, to_ascii
from nntui.tui.render.histogram import beyond, distribution, logbar
from nntui.tui.render.history import history, span_of
from nntui.tui.render.picture import plain, row_width, text

floats = st.floats(width=32)


def made(low, high, counts, zeros=None, **more) -> Histogram:
    numbers = {"below": 0, "above": 0, "nan": 0, "infinite": 0} | more
    return Histogram(low, high, np.array(counts), zeros, **numbers)


def cells(row):
    """Characters with their colors."""
    return [(c, span.style.fg) for span in row for c in span.text]


def test_bars_are_as_high_as_the_root_of_their_counts():
    row = distribution(made(0, 5, [1, 4, 16, 64, 0]), 5)
    assert cells(row) == [*((c, "positive") for c in "▁▂▄█"), ("▁", "zero")]
    assert plain((distribution(made(0, 5, [1, 4, 16, 64, 0]), 5, ascii=True),)) == ".:=@_"


def test_a_single_count_among_many_is_seen():
    assert cells(distribution(made(0, 1, [1, 1_000_000]), 2)) == [("▁", "positive"), ("█", "positive")]


def test_negative_values_are_left_of_zero_in_their_color():
    row = distribution(made(-1, 3, [9, 9, 9, 9]), 8)
    assert [color for _, color in cells(row)] == ["negative"] * 2 + ["positive"] * 6
    # However short the negative side is, it has a cell, and so has the positive one.
    assert cells(distribution(made(-0.1, 3, [1] + [0] * 30), 4))[0] == ("█", "negative")
    assert cells(distribution(made(-3, 0.1, [0] * 30 + [1]), 4))[-1] == ("█", "positive")
    assert [color for _, color in cells(distribution(made(-1, 0, [1, 1]), 3))] == ["negative"] * 3
    assert [color for _, color in cells(distribution(made(0, 1, [1, 1]), 3))] == ["positive"] * 3
    # Ends of the largest floats: their difference overflows, their halves' does not.
    row = distribution(made(-1.7e308, 1.7e308, [1, 1]), 4)
    assert [color for _, color in cells(row)] == ["negative"] * 2 + ["positive"] * 2
    for low, high in ((-2, 4), (-3, 3), (-4, 2)):
        counts = [9] * -low + [1] * high
        row = cells(distribution(made(low, high, counts), 6))
        assert row == [("█", "negative")] * -low + [("▃", "positive")] * high
    uneven = distribution(made(-1, 5, [4, 1, 1, 1, 1, 1]), 12)
    assert [color for _, color in cells(uneven)] == ["negative"] * 2 + ["positive"] * 10


def test_zeros_are_a_bar_of_their_own_between_the_signs():
    row = distribution(made(0, 2, [4, 0], zeros=16), 3)
    assert cells(row) == [("█", "accent"), ("▄", "positive"), ("▁", "zero")]
    row = distribution(made(-1, 1, [1, 1], zeros=4), 5)
    assert [color for _, color in cells(row)] == ["negative"] * 2 + ["accent"] + ["positive"] * 2
    assert cells(distribution(made(0, 1, [4], zeros=0), 2))[0] == ("▁", "zero")


def test_bins_are_merged_by_their_sum():
    # 1 + 3 beside zeros of 16: half as high; a mean would be less.
    assert plain((distribution(made(0, 2, [1, 3], zeros=16), 2),)) == "█▄"


@pytest.mark.parametrize("width", [0, 1, 2, 7, 40])
@pytest.mark.parametrize("zeros", [None, 3])
def test_any_width_is_filled(width, zeros):
    for counts in ([0], [1, 2, 3], [5] * 48):
        for low, high in ((0, 1), (-1, 0), (-1, 2)):
            assert row_width(distribution(made(low, high, counts, zeros), width)) == width


def test_what_lies_beyond_is_counted_beside_the_bars():
    left, right = beyond(made(0, 1, [1], below=3, above=12, nan=2, infinite=1))
    assert plain((left,)) == "3‹"
    assert plain((right,)) == "›12 2 nan 1 inf"
    assert {color for _, color in cells(right)} == {"warn", "bad", None}
    assert beyond(made(0, 1, [1])) == ((), ())
    assert plain((beyond(made(0, 1, [1], nan=5))[1],)) == "5 nan"


@pytest.mark.parametrize(
    ("value", "bar"),
    [
        (1.0, "█████████"), (1e-3, "██████"), (1e-9, "▏"), (1e-10, ""), (1e5, "█████████"), (0.0, ""),
        (float("nan"), ""), (float("inf"), "█████████"), *((10 ** (-9 + 4 + k / 8), "████" + c) for k, c in enumerate(
            ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉"))),
    ],
)  # fmt: skip
def test_a_bar_grows_by_as_much_for_each_power_of_ten(value, bar):
    assert plain((logbar(value, 1e-9, 1.0, 9),)).rstrip() == bar
    assert row_width(logbar(value, 1e-9, 1.0, 9)) == 9
    assert plain((logbar(10**-4.4, 1e-9, 1.0, 9, ascii=True),)).rstrip() == "#####"


def test_history_has_positive_values_above_and_negative_ones_below():
    picture = history([0, 9], [made(-1, 1, [1, 0]), made(-1, 1, [0, 1])], 4, 4)
    colors = [[(s.style.fg or "", s.style.bg or "") for s in row for _ in s.text] for row in picture]
    assert any("scale:-" in c for c in colors[-1][0])
    assert not any("scale:-" in c for c in colors[-1][3])
    assert "scale:8" in colors[0][3]
    assert plain(history([], [], 5, 2)).strip() == ""


def test_history_is_drawn_over_the_range_of_all_moments_and_by_updates():
    small, large = made(0, 1, [5]), made(-1, 4, [0, 1, 0, 0, 0])
    assert span_of([small, large]) == (-1, 4)
    # The first moment lasts until update 75 of 100: three of four columns.
    picture = history([0, 75, 100], [made(0, 4, [1, 0]), made(0, 4, [0, 1]), made(0, 4, [0, 1])], 5, 2)
    top = [s.style.bg or s.style.fg for s in picture[0] for _ in s.text]
    assert top == ["scale:0"] * 3 + ["scale:8"] * 2


def test_history_keeps_the_signs_apart():
    # Four values a column: one for what lies below 0, though it is a fifth of the range.
    (column,) = zip(*history([0], [made(-1, 4, [1, 0, 0, 0, 0])], 1, 2), strict=True)
    assert [(s.style.fg, s.style.bg) for s in column] == [(None, "scale:0"), ("scale:0", "scale:-8")]
    (column,) = zip(*history([0], [made(-4, 1, [0, 0, 0, 0, 1])], 1, 2), strict=True)
    assert [(s.style.fg, s.style.bg) for s in column] == [("scale:8", "scale:0"), (None, "scale:0")]
    (column,) = zip(*history([0], [made(-4, 0, [1, 0, 0, 0])], 1, 2), strict=True)
    assert [(s.style.fg, s.style.bg) for s in column] == [(None, "scale:0"), ("scale:0", "scale:-8")]


def test_history_shows_zeros_at_zero_and_what_is_no_number():
    picture = history([0], [made(0, 4, [0, 0, 0, 0], zeros=7)], 1, 2)
    # Two values a cell, the upper one first: only the lowest of four is at zero.
    assert [(row[0].style.fg, row[0].style.bg) for row in picture] == [
        (None, "scale:0"),
        ("scale:0", "scale:8"),
    ]
    bad = history([0], [made(0, 4, [1, 0], nan=1)], 2, 1)
    assert {s.style.bg or s.style.fg for s in bad[0]} == {"bad"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(arrays(np.float32, 5, elements=floats), min_size=1, max_size=9),
    st.integers(1, 40),
    st.integers(1, 9),
    st.booleans(),
)
def test_any_data_fills_its_size(data, width, height, plainly):
    moments = [histogram(a, SimpleNamespace(type="relu")) for a in data]
    picture = history(list(range(len(data))), moments, width, height, ascii=plainly)
    assert [row_width(r) for r in picture] == [width] * height
    assert all(row_width(distribution(h, width, plainly)) == width for h in moments)


def test_to_ascii_keeps_every_cell():
    picture = (text("─╭▶−2.5 ∂f/∂q · ✓ ŷ² ⣀⠉⣿⠀ 漢 …"),)
    plain_picture = to_ascii(picture)
    assert row_width(plain_picture[0]) == row_width(picture[0])
    assert plain(plain_picture) == "-+>-2.5 df/dq . v y2 .':  ?? ."


def test_ascii_text_leaves_ascii_alone():
    assert ascii_text("a b|c") == "a b|c"
    assert ascii_text("é½") == "e1"

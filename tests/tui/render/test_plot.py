from itertools import product
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.tui.render.dots import Dots
from nntui.tui.render.picture import Grid, Style, plain, row_width
from nntui.tui.render.plot import Series, _bounds, legend, plot
from nntui.tui.render.ticks import linear, logarithmic, nice_step

EXPECTED = """\
     1 ┤⠑⠢⢄⡀
       │   ⠈⠑⠢⢄⡀
       │       ⠈⠒⠤⣀
   0.5 ┤           ⠉⠒⠤⡀
       │              ⠈⠑⠢⢄⡀
     0 ┤                  ⠈⠑⠢⢄
       └┬──────────┬──────────
        0          5     epoch""".splitlines()


def roles(picture):
    return {span.style.fg for row in picture for span in row}


def test_a_falling_line_with_axes():
    picture = plot([Series([0, 10], [1, 0])], 30, 8, x_label="epoch")
    assert plain(picture).splitlines() == EXPECTED
    assert {"train", "muted", "zero"} <= roles(picture)


def test_ascii_is_ascii():
    picture = plot([Series([0, 1, 2], [3, 1, 2]), Series([0, 1], [1, 1], points=True)], 40, 10, ascii=True)
    body = plain(picture).translate({ord(c): None for c in "│┤└┬─"})
    assert body.isascii()
    assert "o" in body


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(width=32, allow_subnormal=False), max_size=30),
    st.integers(1, 60),
    st.integers(1, 14),
    st.booleans(),
    st.booleans(),
)
def test_any_values_fill_any_size(values, width, height, log, dashed):
    picture = plot(
        [Series(np.arange(len(values)), values, dashed=dashed)], width, height, log=log, x_label="t"
    )
    assert [row_width(r) for r in picture] == [width] * height


@pytest.mark.parametrize("values", [[1e308, -1e308], [5e-324, 1e308], [0, 0], [-3, -3], [1e-320, 2e-320]])
def test_extreme_values(values):
    for log in (False, True):
        picture = plot([Series([0, 1], values)], 40, 8, log=log)
        assert "train" in roles(picture)
        assert [row_width(r) for r in picture] == [40] * 8


def test_nothing_to_draw_says_so():
    for series in ([], [Series([], [])], [Series([1, 2], [nan, inf])]):
        assert plain(plot(series, 30, 3)).strip() == "no values yet"


def test_one_value_is_a_point():
    assert "•" in plain(plot([Series([1], [0.5])], 40, 6))


def test_a_gap_stays_a_gap():
    whole = plain(plot([Series(range(5), [1, 1, 1, 1, 1])], 20, 2))
    broken = plain(plot([Series(range(5), [1, 1, nan, 1, 1])], 20, 2))
    assert whole.replace(" ", "").strip() == whole.strip()
    assert " " in broken.strip()


def test_a_value_between_gaps_is_seen():
    both = plot([Series(range(6), [nan, 1, nan, nan, 1, 1])], 20, 2)
    columns = [k for k, c in enumerate(max(plain(both).splitlines(), key=len)) if c != " "]
    assert min(columns) < 6
    assert max(columns) == 19


def test_dashes_leave_cells_out():
    x = np.arange(50)
    solid, dashed = (plain(plot([Series(x, x * 0 + 1, dashed=d)], 20, 1)) for d in (False, True))
    assert len(solid.replace(" ", "")) == 20
    assert dashed != solid


def test_zero_on_a_log_axis_lies_on_the_lower_edge():
    lines = plain(plot([Series([0, 1, 2], [100, 0, 100])], 40, 12, log=True)).splitlines()
    assert any(c not in " │┤" for c in lines[9][8:])


@pytest.mark.parametrize("high", [0.09999999999999999, 9.999999999999999e-4])
def test_a_logarithm_that_is_rounded_up(high):
    """The largest value is the one below a power of ten, beside a 0."""
    values = [0.0, high]
    rows = [plain((row,)) for row in plot([Series([0, 1], values, "train")], 60, 14, log=True)]
    low, top = _bounds(np.array(values), True)
    assert low <= high <= top
    assert any("┤" in row for row in rows)


def test_a_log_axis_without_positive_values_is_linear():
    assert plain(plot([Series([0, 1], [-1, -2])], 40, 8, log=True)) == plain(
        plot([Series([0, 1], [-1, -2])], 40, 8)
    )


def test_a_long_series_keeps_its_spikes():
    y = np.zeros(100_000)
    y[50_000] = 1
    lines = plain(plot([Series(np.arange(100_000), y)], 60, 10)).splitlines()
    assert lines[0][8:].strip()


def test_decimation_draws_the_same_picture():
    rng = np.random.default_rng(0)
    y = np.cumsum(rng.standard_normal(5000))
    y[700:1500] = nan
    x = np.arange(5000.0)
    short_of_it = plot([Series(x, y)], 60, 10)
    # One step back in x keeps a series from being decimated, and does not show.
    whole = plot([Series(np.append(x, 0.0), np.append(y, nan))], 60, 10)
    different = sum(a != b for a, b in zip(plain(short_of_it), plain(whole), strict=True))
    assert different <= 0.02 * 60 * 10


def test_later_series_are_on_top_and_dashes_show_what_lies_below():
    two = [Series([0, 1], [1, 1], "train"), Series([0, 1], [1, 1], "validation")]
    assert "train" not in roles(plot(two, 20, 2))
    two[1] = Series([0, 1], [1, 1], "validation", dashed=True)
    cells = [s.style.fg for row in plot(two, 20, 1) for s in row for _ in s.text]
    assert cells == (["validation"] * 2 + ["train"] * 2) * 5


def test_the_limits_can_be_given():
    lines = plain(plot([Series([0, 1], [0, 1])], 40, 8, x_limits=(0, 100), y_limits=(-1, 1))).splitlines()
    assert lines[-1].split() == ["0", "50", "100"]
    assert lines[0].startswith("     1")


def test_legend():
    series = [Series([], [], "train", "train"), Series([], [], "validation", "val", dashed=True)]
    assert plain((legend(series),)) == "── train  ╌╌ val"


def test_ticks_are_round():
    assert linear(0, 1, 5) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert linear(1, 3, 10, whole=True) == [1, 2, 3]
    assert logarithmic(1e-4, 1, 4) == pytest.approx([1e-4, 1e-3, 1e-2, 0.1, 1])
    assert logarithmic(0.1, 1, 4) == pytest.approx([0.1, 0.2, 0.5, 1])
    assert logarithmic(1e-300, 1, 4)[0] < 1e-100
    # A low axis has two numbers, not one: a loss from 5 to 0.05 in five rows.
    assert logarithmic(0.05, 5, 2) == pytest.approx([0.1, 1])
    assert logarithmic(0.5, 5, 1) == pytest.approx([0.5, 5])
    for low, decades, most in product((1e-7, 0.05, 3.0), (0.5, 1, 2.5, 9, 40), (1, 2, 5)):
        found = logarithmic(low, low * 10**decades, most)
        assert 2 <= len(found) <= max(most + 1, 3), (low, decades, most)
        assert low * 0.999 <= found[0] < found[-1] <= low * 10**decades * 1.001
    assert nice_step(0, 3) == 1


def test_dots_join_two_points_without_a_hole():
    dots = Dots(4, 2)
    dots.lines(0, 0, 7, 7, Style(fg="train"))
    grid = Grid(4, 2)
    dots.draw(grid, 0, 0)
    assert plain(grid.picture()) == "⠑⢄\n  ⠑⢄"
    dots.points([-1, 99], [0, 0], Style())


def cells(picture, sign="•"):
    """Columns and rows of a character."""
    return {
        (x, y) for y, line in enumerate(plain(picture).splitlines()) for x, c in enumerate(line) if c == sign
    }


def test_points_are_where_their_values_are():
    # 8 cells for the labels, 2 lines for the axis: 32 × 8 cells for 0 … 10 and 0 … 1.
    picture = plot([Series([0, 10, 5, 0], [0, 1, 0.5, 1], points=True)], 40, 10)
    assert cells(picture) == {(8, 7), (39, 0), (8 + 16, 4), (8, 0)}
    assert cells(plot([Series([0, 5], [0, 1], points=True)], 40, 10, x_limits=(0, 10), y_limits=(0, 2))) == {
        (8, 7),
        (24, 4),
    }
    # What lies beyond the limits of x is left out, beyond those of y it lies on the edge.
    beyond = plot([Series([-5, 5, 99], [1, 9, 1], points=True)], 40, 10, x_limits=(0, 10), y_limits=(0, 2))
    assert cells(beyond) == {(24, 0)}


def test_a_log_axis_places_values_and_labels_alike():
    picture = plot([Series([0, 1, 2, 3], [1, 10, 100, 1000], points=True)], 40, 14, log=True)
    assert cells(picture) == {(8, 11), (18, 7), (29, 4), (39, 0)}
    labels = {line[:6].strip(): y for y, line in enumerate(plain(picture).splitlines()) if "┤" in line}
    assert labels["1"] == 11
    assert labels["10"] == 7
    assert labels["100"] == 4
    assert labels["1000"] == 0
    assert plain(picture).splitlines()[12].startswith("       └┬")


def test_ticks_stand_where_their_values_are():
    lines = plain(plot([Series([0, 50], [0, 4], points=True)], 60, 10, x_label="x")).splitlines()
    frame = 60 - 8
    for k, label in enumerate(["0", "10", "20", "30"]):
        column = 8 + round(k * 10 / 50 * (2 * frame - 1)) // 2
        assert lines[8][column] == "┬"
        start = max(8, column - len(label) // 2)
        assert lines[9][start : start + len(label)] == label
    assert lines[9].endswith("x")
    rows = {line[:6].strip(): y for y, line in enumerate(lines) if "┤" in line}
    assert rows["0"] == 7
    assert rows["4"] == 0


@pytest.mark.parametrize("height", range(5, 22))
@pytest.mark.parametrize("log", [False, True])
def test_a_value_is_drawn_in_the_line_of_its_label(height, log):
    """As a curve and as a point: a label is not rounded another way than what it is beside."""
    limits = (0.005, 1.0) if log else (-0.1, 0.93)
    labels = {
        line[:6].strip(): y
        for y, line in enumerate(
            plain(plot([Series([0], [limits[0]])], 40, height, log=log, y_limits=limits)).splitlines()
        )
        if "┤" in line
    }
    assert len(labels) > 1
    for name, y in labels.items():
        value = float(name.replace("−", "-"))
        for points in (False, True):
            picture = plot([Series([0, 1], [value] * 2, points=points)], 40, height, log=log, y_limits=limits)
            drawn = {
                k for k, line in enumerate(plain(picture).splitlines()[: height - 2]) if line[8:].strip()
            }
            assert drawn == {y}, (name, points)


@pytest.mark.parametrize("width", range(30, 90, 7))
def test_a_value_is_drawn_above_its_label(width):
    lines = plain(plot([Series([0, 50], [0, 4])], width, 8)).splitlines()
    ticks = [k - 8 for k, c in enumerate(lines[6]) if c == "┬"]
    values = [int(word) for word in lines[7].split()]
    for value, column in zip(values, ticks, strict=True):
        point = plot([Series([value], [1], points=True)], width, 8, x_limits=(0, 50))
        assert {x - 8 for x, _ in cells(point)} == {column}


def test_a_linear_axis_has_two_numbers_where_there_are_two():
    assert linear(0.02, 0.09, 2) == pytest.approx([0.02, 0.04, 0.06, 0.08])
    assert linear(2000, 16000, 2) == pytest.approx([5000, 10000, 15000])
    assert linear(0, 3, 1, whole=True) == [0, 2]
    assert linear(1, 1, 4, whole=True) == [1]
    lines = plain(plot([Series([7], [0.0274]), Series([7], [0.0806])], 36, 8)).splitlines()
    assert sum("┤" in line for line in lines) >= 2


@pytest.mark.parametrize("width", [24, 37, 80])
def test_values_that_float32_cannot_tell_apart_are_one_and_no_two_labels_are_the_same(width):
    value = np.float32(0.0397)
    for other in (value, np.nextafter(value, np.float32(1)), value * np.float32(1 + 1e-5)):
        picture = plot([Series([1], [value]), Series([1], [other], "validation")], width, 12)
        labels = [line[:10].split()[0] for line in plain(picture).splitlines() if "┤" in line]
        assert len(labels) == len(set(labels)) >= 2


def test_an_x_axis_has_two_numbers_also_where_its_label_leaves_room_for_one():
    for width in range(30, 50):
        axis = plain(
            plot([Series([-0.97, 1.3], [0, 1], points=True)], width, 8, x_label="true")
        ).splitlines()[-1]
        assert len(axis.split()) >= 3, (width, axis)


def test_a_number_at_the_end_of_the_x_axis_stands_behind_the_label_rather_than_not():
    axis = plain(plot([Series([0, 1], [0, 1])], 60, 8, x_label="epoch")).splitlines()
    assert axis[-1].split() == ["0", "epoch", "1"]
    assert axis[-2].endswith("┬")
    assert plain(plot([Series([0, 2], [0, 1])], 60, 8, x_label="epoch")).splitlines()[-1].split() == [
        "0",
        "1",
        "epoch",
    ]


def test_small_plots_leave_axes_out():
    assert "│" not in plain(plot([Series([0, 1], [0, 1])], 23, 8))
    assert "│" in plain(plot([Series([0, 1], [0, 1])], 24, 3))
    assert "│" not in plain(plot([Series([0, 1], [0, 1])], 24, 2))
    assert "└" in plain(plot([Series([0, 1], [0, 1])], 24, 5))
    assert "└" not in plain(plot([Series([0, 1], [0, 1])], 24, 4))


def test_limits_are_rounded_outwards_and_a_constant_has_room():
    rows = plain(plot([Series([0, 1], [0.13, 9.7], points=True)], 40, 10)).splitlines()
    assert rows[0][:6].strip() == "10"
    assert cells(plot([Series([0, 1], [5, 5], points=True)], 40, 10)) == {(8, 4), (39, 4)}
    log = plot([Series([0, 1], [3, 70], points=True)], 40, 14, log=True)
    labels = [line[:6].strip() for line in plain(log).splitlines() if "┤" in line]
    assert float(labels[0]) >= 70
    assert float(labels[-1]) <= 3


def test_the_legend_names_what_has_a_label():
    series = [
        Series((), (), "train", "train"),
        Series((), (), "validation", "val", dashed=True),
        Series((), ()),
    ]
    assert plain((legend([*series, Series((), (), "muted", "data", points=True)]),)).split() == (
        ["──", "train", "╌╌", "val", "•", "data"]
    )
    assert plain((legend(series, ascii=True),)).split() == ["--", "train", "..", "val"]


def test_an_x_axis_of_limits_that_do_not_begin_at_zero():
    picture = plot([Series([30, 40, 50], [0, 1, 2], points=True)], 40, 10)
    assert cells(picture) == {(8, 7), (24, 4), (39, 0)}
    negative = plot([Series([-10, 10], [-4, 4], points=True)], 40, 10)
    assert cells(negative) == {(8, 7), (39, 0)}
    assert cells(plot([Series([7], [3], points=True)], 40, 10)) == {(24, 4)}


def test_a_constant_on_a_log_axis_is_in_the_middle():
    picture = plot([Series([0, 1], [10, 10], points=True)], 40, 10, log=True)
    assert cells(picture) == {(8, 4), (39, 4)}
    rows = {line[:6].strip(): y for y, line in enumerate(plain(picture).splitlines()) if "┤" in line}
    assert rows["20"] == 0
    assert rows["5"] == 7


@pytest.mark.parametrize("ascii", [False, True])
def test_what_comes_later_lies_on_top_points_and_lines_alike(ascii):  # noqa: A002
    """A network's curve is not hidden by the data that it goes through, a chosen point not by its curve."""
    x = np.linspace(0, 1, 81)
    data, curve = Series(x, x, "muted", points=True), Series(x, x, "accent")
    sign = "o" if ascii else "•"

    def marks(*series):
        picture = plot(series, 50, 12, ascii=ascii, x_limits=(0, 1), y_limits=(0, 1))
        return sum(s.text.count(sign) for row in picture for s in row if s.style.fg == "muted")

    assert marks(data) == marks(curve, data) > 30
    assert marks(data, curve) <= 8  # beside it, where the two are rounded to other cells
    # Where the curve is elsewhere, the data can be seen.
    assert marks(data, Series(x, 1 - x, "accent")) > 30


@pytest.mark.parametrize("height", [1, 8])
def test_of_no_series_nothing_is_drawn_but_that(height):
    assert plain(plot([], 30, height)).strip() == "no values yet"

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nntui.tui.render import scale
from nntui.tui.render.heatmap import REGIONS, class_map, heatmap, proportions, signed
from nntui.tui.render.picture import Span, Style, plain, row_width


def test_quantize_is_symmetric_and_keeps_nan_apart():
    levels = scale.quantize([-2, -1, -0.04, 0, 0.04, 1, 2, np.inf, -np.inf, np.nan], limit=1)
    assert levels.tolist() == [-8, -8, 0, 0, 0, 8, 8, 8, -8, scale.NAN]


def test_quantize_takes_the_largest_finite_magnitude_as_its_limit():
    assert scale.quantize([-4, 2, np.inf]).tolist() == [-8, 4, 8]
    assert scale.quantize([0, 0]).tolist() == [0, 0]
    assert scale.quantize([]).tolist() == []
    assert scale.quantize([1e308, -1e308], limit=1e-308).tolist() == [8, -8]


def test_ink_covers_the_range_and_survives_a_constant_one():
    assert scale.ink([0, 8, 16]).tolist() == [0, 8, 15]
    assert scale.ink([3, 3]).tolist() == [0, 0]
    assert scale.ink([np.nan, 1], 0, 1).tolist() == [scale.NAN, 15]


def test_reducing_takes_the_mean_over_the_area():
    a = np.arange(12.0).reshape(4, 3)
    assert_allclose(scale.resample(a, 2, 3), [[1.5, 2.5, 3.5], [7.5, 8.5, 9.5]])
    # Three columns on two: each takes one whole and half of the middle one.
    assert_allclose(scale.resample(a[:1], 1, 2), [[(0 + 0.5 * 1) / 1.5, (0.5 * 1 + 2) / 1.5]])
    assert scale.resample(a, 3, 2).mean() == pytest.approx(a.mean())


def test_enlarging_repeats_the_nearest():
    assert scale.resample([[1, 2]], 2, 4).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


def test_one_bad_value_stays_visible_when_reduced():
    a = np.zeros((8, 8))
    a[0, 0], a[7, 7], a[0, 7] = np.nan, np.inf, -np.inf
    small = scale.resample(a, 2, 2)
    assert np.isnan(small[0, 0])
    assert small[1, 1] == np.inf
    assert small[0, 1] == -np.inf
    assert small[1, 0] == 0


def test_two_values_share_a_cell():
    assert heatmap([[1.0], [-1.0]], 1, 1) == ((Span("▀", Style(fg="scale:8", bg="scale:-8")),),)
    assert heatmap([[1.0], [1.0]], 2, 1) == ((Span("  ", Style(bg="scale:8")),),)


def test_the_limit_sets_the_scale():
    assert heatmap([[1.0]], 1, 1, limit=2) == ((Span(" ", Style(bg="scale:4")),),)


def test_every_size_is_filled():
    for shape in ((1, 1), (48, 48), (3, 50), (0, 0)):
        for width, height in ((1, 1), (7, 3), (40, 20), (0, 0)):
            for plain_ascii in (False, True):
                picture = heatmap(np.ones(shape), width, height, ascii=plain_ascii)
                assert [row_width(r) for r in picture] == [width] * height


def test_ascii_is_denser_the_larger_and_tells_the_sign():
    assert plain(heatmap([np.linspace(-1, 1, 17)], 17, 1, ascii=True)) == "%%==--,, ..++**##"
    assert {signed(-k) for k in range(1, 9)}.isdisjoint(signed(k) for k in range(9))
    assert plain(heatmap([[0, 0.5, 1]], 3, 1, ascii=True, palette="ink")) == " +@"
    assert plain(heatmap([[0, np.nan]], 2, 1, ascii=True)) == " ?"


def test_nan_has_a_color_of_its_own():
    assert heatmap([[np.nan]], 1, 1) == ((Span(" ", Style(bg="bad")),),)


def test_a_marker_stands_on_the_color_of_its_place():
    picture = heatmap([[1.0], [-1.0]], 1, 1, markers=[(0.5, 0.9, "o", Style(fg="class1"))])
    assert picture == ((Span("o", Style(fg="class1", bg="scale:-8")),),)
    at_the_edge = heatmap([[0.0]], 2, 1, markers=[(1.0, 1.0, "o", Style()), (1.5, 0, "x", Style())])
    assert plain(at_the_edge) == " o"


def test_class_map_colors_by_class_and_strength():
    picture = class_map([[0, 3]], [[1.0, 0.2]], 2, 1)
    assert picture == ((Span(" ", Style(bg="class0:5")), Span(" ", Style(bg="class3:2"))),)
    assert plain(class_map([[0, 3]], [[1.0, 0.2]], 2, 1, ascii=True)) == ".~"


def test_proportions_keep_pixels_square():
    assert proportions(8, 8, 40, 10) == (20, 10)
    assert proportions(28, 28, 20, 40) == (20, 10)
    assert proportions(1, 100, 50, 10) == (50, 1)
    assert proportions(0, 3, 5, 5) == (0, 0)
    assert proportions(3, 0, 5, 5) == (0, 0)


def test_class_map_of_many_classes_and_uncertain_strengths():
    picture = class_map([[9, 12, 1]], [[0.0, np.nan, 7.0]], 3, 1)
    # The tenth color is the last: the thirteenth class has the third one's. Strengths are 0 … 1, unknown is weak.
    assert [span.style.bg for span in picture[0]] == ["class9:1", "class2:1", "class1:5"]
    assert plain(class_map([[9, 12, 1]], [[0, 0, 0]], 3, 1, ascii=True)) == "&-:"


def test_class_map_takes_the_nearest_point_and_keeps_its_orientation():
    classes = np.array([[0, 1], [2, 3]])
    strength = np.array([[0.0, 0.25], [0.5, 0.75]])
    (row,) = class_map(classes, strength, 4, 1)
    # Two points a cell: the upper row's above the lower one's; each column twice.
    assert [(s.text, s.style.fg, s.style.bg) for s in row] == [
        ("▀▀", "class0:1", "class2:3"),
        ("▀▀", "class1:2", "class3:4"),
    ]
    assert plain(class_map(classes, strength, 2, 2, ascii=True)).splitlines() == [".:", "-~"]
    assert plain(class_map(np.arange(9).reshape(3, 3), np.zeros((3, 3)), 1, 1, ascii=True)) == "+"


def test_a_map_s_first_row_is_above_and_its_first_column_at_the_left():
    (row,) = heatmap([[1.0, 0.5], [0.0, -0.5]], 2, 1, limit=1.0)
    assert [(s.style.fg, s.style.bg) for s in row] == [("scale:8", "scale:0"), ("scale:4", "scale:-4")]
    assert plain(heatmap([[1, -1], [0, 1]], 2, 2, ascii=True)).splitlines() == ["#%", " #"]


def test_ink_goes_from_the_lowest_value_or_zero():
    (row,) = heatmap([[2.0, 4.0]], 2, 1, palette="ink")
    assert [s.style.bg for s in row] == ["ink:8", "ink:15"]
    (row,) = heatmap([[-4.0, 0.0, 4.0]], 3, 1, palette="ink")
    assert [s.style.bg for s in row] == ["ink:0", "ink:8", "ink:15"]
    (row,) = heatmap([[2.0, 4.0]], 2, 1, limit=8.0, palette="ink")
    assert [s.style.bg for s in row] == ["ink:4", "ink:8"]


def test_markers_keep_their_style_and_stay_inside():
    look = Style(fg="class1", bg="good", bold=True, dim=True, underline=True, reverse=True)
    picture = heatmap(np.zeros((2, 4)), 4, 1, markers=[(0.3, 0.2, "a", look)])
    assert picture[0][1] == Span("a", look)
    assert plain(picture) == " a"
    outside = [(-0.1, 0.5, "x", look), (0.5, 1.1, "y", look), (0.5, -0.1, "z", look), (1.1, 0.5, "w", look)]
    assert plain(heatmap(np.zeros((2, 4)), 4, 1, markers=outside)).strip() == ""
    upper = heatmap([[1.0], [-1.0]], 1, 1, markers=[(0.5, 0.49, "o", Style())])
    assert upper[0][0].style.bg == "scale:8"
    assert plain(heatmap(np.zeros((1, 3)), 3, 1, ascii=True, markers=[(0.7, 0.0, "o", look)])) == "  o"


def test_markers_at_the_corners_are_drawn():
    corners = [
        (0.0, 0.0, "a", Style()),
        (1.0, 0.0, "b", Style()),
        (0.0, 1.0, "c", Style()),
        (1.0, 1.0, "d", Style()),
    ]
    assert plain(heatmap(np.zeros((4, 4)), 4, 2, markers=corners)).splitlines() == ["a  b", "c  d"]
    assert plain(heatmap(np.zeros((2, 4)), 4, 2, ascii=True, markers=corners)).splitlines() == [
        "a  b",
        "c  d",
    ]


def test_points_can_be_told_from_the_regions_that_they_lie_in():
    assert not any(c.isdigit() for c in REGIONS)
    assert len(set(REGIONS)) == 10

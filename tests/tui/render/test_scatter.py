"""Points over two columns, and predictions beside the truth, as text."""

import numpy as np
import pytest

from nntui.tui.render.picture import plain, row_width
from nntui.tui.render.scatter import by_class, by_value, fifths, residuals

CORNERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 5.0], [10.0, 5.0]])


def spans(picture):
    return [(s.text.strip(), s.style.fg, s.style.reverse) for row in picture for s in row if s.text.strip()]


def places(picture, signs):
    """Each sign's row and column."""
    found = {}
    for y, line in enumerate(plain(picture).splitlines()):
        for x, c in enumerate(line):
            if c in signs:
                found.setdefault(c, []).append((y, x))
    return found


def test_points_lie_where_their_columns_say_and_wrong_ones_are_crosses():
    picture = by_class(CORNERS, np.array([0.0, 1.0, 2.0, 0.0]), [1], 40, 12, "width")
    assert [row_width(r) for r in picture] == [40] * 12
    seen = places(picture, "•✕")
    assert seen["✕"] == [(9, 39)]  # the highest x, the lowest y
    assert set(seen["•"]) == {(0, 8), (0, 39), (9, 8)}
    signs = {s for s in spans(picture) if s[0] in "•✕"}
    assert signs == {("•", "class0", False), ("•", "class2", False), ("✕", "class1", False)}
    assert "width" in plain(picture).splitlines()[-1]


def test_a_wrong_point_lies_over_a_right_one():
    picture = by_class(np.zeros((2, 2)), np.array([0.0, 1.0]), [0], 40, 12, "x")
    assert ("✕", "class0", False) in spans(picture)
    assert "•" not in plain(picture)
    assert "x" in plain(by_class(np.zeros((2, 2)), np.array([0.0, 1.0]), [0], 40, 12, "", ascii=True))


def test_with_marks_a_class_is_its_sign_reversed_where_wrong():
    picture = by_class(CORNERS, np.array([0.0, 1.0, 2.0, 0.0]), [1, 3], 40, 12, "", marks=["A", "B", "C"])
    assert {s for s in spans(picture) if s[0] in "ABC"} == {
        ("A", "class0", False),
        ("A", "class0", True),
        ("B", "class1", True),
        ("C", "class2", False),
    }


def test_values_are_brighter_the_larger_by_fifths():
    points = np.column_stack([np.arange(10.0), np.arange(10.0)])
    picture = by_value(points, np.arange(10.0), 60, 20, "x", shades=True)
    by_column = [
        c
        for _, c in sorted((x, c) for c, at in places(picture[:-2], "12345").items() for _, x in at if x > 7)
    ]
    assert "".join(by_column) == "1122334455"
    roles = [s[1] for s in spans(by_value(points, np.arange(10.0), 60, 20, "x")) if s[0] == "•"]
    assert set(roles) == {"ink:5", "ink:8", "ink:10", "ink:13", "ink:15"}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, 1, 1, 1], [0, 0, 0, 0]),
        ([0, 0, 0, 0, 9], [0, 0, 0, 0, 4]),
        ([5, np.nan, 1, np.inf], [4, -1, 0, -1]),
        ([np.nan], [-1]),
    ],
)
def test_fifths(values, found):
    assert fifths(np.array(values, float)).tolist() == found


def test_residuals_lie_on_the_line_where_predictions_are_right():
    truth = np.array([0.0, 5.0, 10.0])
    picture = residuals(truth, truth, 80, 14)
    assert [row_width(r) for r in picture] == [80] * 14
    lines = plain(picture).splitlines()
    assert lines[0].split() == ["predicted", "over", "true", "predicted", "−", "true,", "over", "true"]
    left = [(y, x) for y, x in places(picture, "•")["•"] if x < 39]
    assert left == [(1, 38), (6, 23), (11, 8)]  # the diagonal
    right = [y for y, x in places(picture, "•")["•"] if x >= 41]
    assert len(set(right)) == 1  # no difference anywhere


def test_residuals_are_predicted_less_true():
    # One prediction is too high: above the line at the left, above zero at the right.
    picture = residuals(np.array([0.0, 10.0]), np.array([0.0, 20.0]), 80, 14)
    points = places(picture, "•")["•"]
    assert min(y for y, x in points if x < 39) == 1
    assert min(y for y, x in points if x >= 41) < max(y for y, x in points if x >= 41)
    assert "20" in plain(picture)
    assert "10" in plain(picture)


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (40, 8), (48, 8), (120, 30)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e308, -1e308, 0.0])
def test_nothing_is_too_bad_to_draw(size, bad):
    truth = np.array([bad, bad, 1.0])
    width, height = size
    for picture in (
        residuals(truth, truth[::-1], width, height),
        residuals(truth[:2], truth[:2], width, height),
        by_value(np.column_stack([truth, truth]), truth, width, height, "x"),
        by_class(np.column_stack([truth, truth]), truth, [0], width, height, "x"),
    ):
        assert all(row_width(row) == width for row in picture)

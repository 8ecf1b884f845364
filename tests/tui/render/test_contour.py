"""Maps of functions: x to the right and y up, bands by height, trails and heads where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from nntui.tui.render.contour import BANDS, Arrow, Map, Trail, View, area, bands, contour, heights
from nntui.tui.render.picture import Picture, Span, row_width

WINDOW = ((-2.0, 2.0), (0.0, 4.0))


def grid(f) -> np.ndarray:
    """Values over WINDOW, y rising by rows."""
    xs, ys = np.meshgrid(np.linspace(-2, 2, 90), np.linspace(0, 4, 90))
    return np.broadcast_to(np.asarray(f(xs, ys), dtype=float), xs.shape)


def cell(picture: Picture, x: int, y: int) -> Span:
    """The character of a cell with its style."""
    at = 0
    for span in picture[y]:
        if at <= x < at + len(span.text):
            return Span(span.text[x - at], span.style)
        at += len(span.text)
    raise IndexError(x)


def level(span: Span, lower: bool = False) -> int:
    """The height that the upper or lower half of a cell shows."""
    role = span.style.bg if lower or span.text == " " else span.style.fg
    assert role is not None
    return int(role.partition(":")[2])


def where(picture: Picture, mark: str) -> list[tuple[int, int]]:
    lines = ["".join(span.text for span in row) for row in picture]
    return [(x, y) for y, line in enumerate(lines) for x, c in enumerate(line) if c == mark]


def ground(f, width: int = 60, height: int = 21, **how: bool) -> Map:
    return heights(grid(f), WINDOW, width, height, **how)


def test_it_is_as_large_as_asked() -> None:
    for width, height in ((60, 21), (20, 5), (1, 1), (3, 2), (140, 60)):
        picture = contour(ground(lambda x, y: x + y, width, height))
        assert len(picture) == height
        assert all(row_width(row) == width for row in picture)


def test_x_rises_to_the_right_and_y_up() -> None:
    across, up = contour(ground(lambda x, y: x)), contour(ground(lambda x, y: y))
    left, width, height = area(60, 21)
    for row in (0, height - 1):
        assert level(cell(across, left, row)) == 0
        assert level(cell(across, left + width - 1, row)) >= 2 * (BANDS - 1)
    for column in (left, left + width - 1):
        assert level(cell(up, column, height - 1), lower=True) == 0
        assert level(cell(up, column, 0)) >= 2 * (BANDS - 1)


def test_the_axes_name_the_points() -> None:
    picture = contour(ground(lambda x, y: x))
    left, width, height = area(60, 21)
    lines = ["".join(span.text for span in row) for row in picture]
    (zero,) = where(picture[-1:], "0")
    assert abs(zero[0] - (left + width / 2)) <= 1
    labels = [(float(line[:left]), k) for k, line in enumerate(lines[:-1]) if line[:left].strip()]
    assert len(labels) >= 3
    for value, row in labels:
        assert row == pytest.approx((4 - value) / 4 * height, abs=1)


def test_a_head_a_minimum_and_a_start_stand_on_their_points() -> None:
    ground_ = ground(lambda x, y: x**2)
    trail = Trail("B", "class4", np.array([[-1.9, 3.9], [1.0, 1.0]]))
    picture = contour(ground_, [trail], minima=[(1.9, 0.1)], start=(-1.9, 3.9), cursor=(0.0, 2.0))
    for mark, (x, y) in {"B": (1.0, 1.0), "✚": (1.9, 0.1), "○": (-1.9, 3.9), "✛": (0.0, 2.0)}.items():
        ((column, row),) = where(picture, mark)
        back = ground_.view.point(column - ground_.left, row)
        assert back == pytest.approx((x, y), abs=0.15), mark


def test_a_point_and_its_cell_agree() -> None:
    view = View(WINDOW, 40, 20)
    for column, row in ((0, 0), (39, 19), (7, 13)):
        x, y = view.point(column, row)
        assert (int(view.across(x)), int(view.down(y))) == (column, row)
    assert view.point(0, 0)[1] > view.point(0, 19)[1]


def test_a_trail_goes_where_it_went_also_far_outside() -> None:
    path = np.array([[-2.0, 2.0], [2.0, 2.0], [1e9, 2.0], [np.nan, np.nan]])
    picture = contour(ground(lambda x, y: x), [Trail("A", "class2", path, gone=True)])
    left, width, height = area(60, 21)
    drawn = [
        (x, y)
        for y in range(height)
        for x in range(left, left + width)
        if 0x2800 < ord(cell(picture, x, y).text) < 0x2900
    ]
    assert {y for _, y in drawn} == {height // 2}
    assert len(drawn) == width
    assert not where(picture, "A")  # it is gone: its trail alone is left
    # From inside to far above on the right: it leaves the map in that direction, at half of the width.
    steep = contour(
        ground(lambda x, y: x), [Trail("A", "class2", np.array([[0.0, 2.0], [1e6, 1e6 + 2]]), gone=True)]
    )
    right = [x for x in range(left, left + width) if 0x2800 < ord(cell(steep, x, 0).text) < 0x2900]
    assert right
    assert min(right) > left + width - 4


def test_an_arrow_ends_where_it_points() -> None:
    at = ground(lambda x, y: x)
    picture = contour(at, arrows=[Arrow(0.0, 2.0, 1.0, 1.0, "fresh", "Δ")])
    ((column, row),) = where(picture, "Δ")
    assert at.view.point(column - at.left, row) == pytest.approx((1, 3), abs=0.15)
    assert not where(contour(at, arrows=[Arrow(0.0, 2.0, np.nan, 1.0, "fresh", "Δ")]), "Δ")


def test_bands_are_monotone_and_mark_what_is_not_finite() -> None:
    values = np.array([[0.0, 1.0, 10.0, 1000.0], [np.nan, np.inf, -np.inf, 5.0]])
    found = bands(values)
    assert (np.diff(found[0]) >= 0).all()
    assert found[0, 0] == 0
    assert found[0, 3] == BANDS - 1
    assert found[1, 0] == found[1, 2] == -1
    assert found[1, 1] == BANDS - 1
    assert (bands(np.full((3, 3), 7.0)) == 0).all()
    assert (bands(np.full((2, 2), np.nan)) == -1).all()
    assert (bands(-values[:1]) == bands(1000 - values[:1])).all()


@pytest.mark.parametrize("how", [{"shades": True}, {"shades": True, "ascii": True}])
def test_without_colors_letters_tell_contestants_apart(how: dict[str, bool]) -> None:
    trails = [
        Trail("A", "class2", np.array([[-2.0, 1.0], [-1.0, 1.0], [0.0, 1.0]])),
        Trail("B", "class4", np.array([[-2.0, 3.0], [-1.0, 3.0], [0.0, 3.0]])),
    ]
    picture = contour(ground(lambda x, y: x, **how), trails)
    for mark in ("A", "B"):
        ((_, row),) = where(picture, mark)
        assert [y for _, y in where(picture, mark.lower())] == [row, row]
    text = "".join(span.text for row in picture for span in row)
    assert text.replace("−", "-").isascii() or not how.get("ascii")


def test_with_few_colors_only_lines_are_drawn() -> None:
    picture = contour(ground(lambda x, y: x, lines=True))
    used = {c for row in picture[:-1] for span in row for c in span.text if span.style.fg == "height:1"}
    assert used <= set(" ▀▄█")
    assert all(span.style.bg is None for row in picture for span in row)

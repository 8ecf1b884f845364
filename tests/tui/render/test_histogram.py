import numpy as np
import pytest

from nntui.tui.render.ascii import ascii_text, to_ascii
from nntui.tui.render.histogram import histogram, sparkline
from nntui.tui.render.picture import Span, Style, plain, row_width, text

LOOK = Style(fg="train")


def test_sparkline_scales_to_the_highest_bin():
    (row,) = sparkline([1, 4, 16, 64, 0], 5, LOOK)
    assert row == (Span("▁▂▄█", LOOK), Span("▁", Style(fg="zero")))
    assert plain(sparkline([1, 4, 16, 64, 0], 5, LOOK, ascii=True)) == ".:=@_"


def test_a_single_count_among_many_is_seen():
    assert sparkline([1, 1_000_000], 2, LOOK) == ((Span("▁█", LOOK),),)


@pytest.mark.parametrize("counts", [[], [0, 0], [np.nan, 1], np.ones(300)])
def test_sparkline_has_its_width(counts):
    for width in (0, 1, 18):
        assert [row_width(r) for r in sparkline(counts, width, LOOK)] == [width]


def test_bins_are_merged_by_their_mean():
    assert plain(sparkline([0, 8, 16, 16, 4, 4], 3, LOOK)) == "▄█▄"


def test_histogram_with_its_axis():
    picture = histogram([0, 8, 16, 8, 0], 1.0, 5, 3)
    assert plain(picture).splitlines() == ["  █", "▁███▁", "−1  1"]
    colors = {span.style.fg for span in picture[1]}
    assert {"negative", "positive", "zero"} <= colors


def test_histogram_axis_places_zero():
    assert plain(histogram(np.ones(21), 2.5, 21, 2)).splitlines()[1] == "−2.5      0       2.5"
    assert plain(histogram(np.ones(21), 2.5, 21, 2, low=0)).splitlines()[1] == "0" + " " * 17 + "2.5"


def test_histogram_in_ascii_and_in_any_size():
    assert plain(histogram([8, 2], 1, 2, 1, ascii=True)) == "#."
    for width, height in ((0, 0), (1, 1), (3, 5)):
        assert [row_width(r) for r in histogram([1, 2], 1, width, height)] == [width] * height


def test_to_ascii_keeps_every_cell():
    picture = (text("─╭▶−2.5 ∂f/∂q · ✓ ŷ² ⣀⠉⣿⠀ 漢 …"),)
    plain_picture = to_ascii(picture)
    assert row_width(plain_picture[0]) == row_width(picture[0])
    assert plain(plain_picture) == "-+>-2.5 df/dq . v y2 .':  ?? ."


def test_ascii_text_leaves_ascii_alone():
    assert ascii_text("a b|c") == "a b|c"
    assert ascii_text("é½") == "e1"

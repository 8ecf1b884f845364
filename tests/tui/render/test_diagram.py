import numpy as np
import pytest

from nntui.tui.render.diagram import Column, Unit, diagram
from nntui.tui.render.edges import MOST, edges
from nntui.tui.render.picture import plain, row_width


def units(n, **keys):
    return tuple(Unit(f"u{k}", value=(k - n / 2) / n, **keys) for k in range(n))


def small(**keys):
    columns = [
        Column("input", (Unit("x1"), Unit("x2"))),
        Column("hidden", units(4, **keys)),
        Column("output", (Unit("y", value=0.5),)),
    ]
    return columns, [np.full((2, 4), 1.0), np.array([[-1.0], [0.5], [0.0], [np.nan]])]


def lines_in(picture):
    """The colors of the edges."""
    return {s.style.fg for row in picture for s in row if any(0x2800 < ord(c) < 0x2900 for c in s.text)}


def test_layers_units_and_labels_are_named():
    columns, weights = small()
    lines = plain(diagram(columns, weights, 45, 18)).splitlines()
    assert lines[0].split() == ["input", "hidden", "output"]
    assert [line.split()[0] for line in lines if line.startswith("x")] == ["x1", "x2"]
    assert any(line.endswith(" y") for line in lines)
    assert sum(line.count("╭") for line in lines) == 7


def test_edges_have_the_color_of_their_sign_and_are_stronger_the_larger():
    columns, weights = small()
    picture = diagram(columns, weights, 45, 18)
    seen = {
        span.style.fg for row in picture for span in row if any(0x2800 < ord(c) < 0x2900 for c in span.text)
    }
    assert {"scale:8", "scale:-8", "scale:4", "zero", "bad"} == seen
    half = diagram(columns, weights, 45, 18, limit=2)
    assert "scale:4" in {span.style.fg for row in half for span in row}
    assert "scale:8" not in {span.style.fg for row in half for span in row}


def test_values_and_faces_fill_the_boxes():
    columns, weights = small()
    backgrounds = {s.style.bg for row in diagram(columns, weights, 45, 18) for s in row}
    assert {"scale:-8", "scale:8", "zero"} <= backgrounds
    columns, weights = small(face=np.full((4, 4), -1.0))
    faces = {s.style.bg for row in diagram(columns, weights, 60, 24) for s in row}
    assert "scale:-8" in faces
    ink = [Column("image", (Unit(face=np.eye(8), ink=True),))]
    assert any((s.style.bg or "").startswith("ink:15") for row in diagram(ink, [], 20, 8) for s in row)


def test_a_selected_unit_is_marked():
    columns, weights = small(selected=True)
    assert "accent" in {s.style.fg for row in diagram(columns, weights, 45, 18) for s in row}
    flat = diagram(columns, weights, 32, 8)
    assert plain(flat).count("▸") == 4


def test_what_is_not_shown_is_counted():
    columns = [Column("a", units(3)), Column("b", units(3), hidden=56)]
    assert "… 56 more" in plain(diagram(columns, [np.ones((3, 3))], 50, 14))
    many = [Column("a", units(3)), Column("b", units(40), hidden=2)]
    text = plain(diagram(many, [np.ones((3, 40))], 50, 12))
    shown = 12 - 3  # titles, what is not shown, how many weights are
    assert f"… {42 - shown} more" in text


def test_of_many_edges_the_strongest_are_drawn():
    w = np.arange(64.0).reshape(8, 8)
    kept = edges(w / 64, [(0, k) for k in range(8)], [(9, k) for k in range(8)])
    assert [round(e.share * 64) for e in kept] == list(range(63, 63 - MOST, -1))
    columns = [Column("a", units(8)), Column("b", units(8))]
    assert f"strongest {MOST} of 64 weights" in plain(diagram(columns, [w], 60, 20))
    three = [*columns, Column("c", units(8))]
    assert plain(diagram(three, [w, w], 60, 20)).count(f"strongest {MOST} of 64") == 2
    assert plain(diagram(three, [w, w], 30, 20)).count(f"{MOST}/64") == 2


def test_faces_are_folded_rather_than_drawn_too_small():
    face = np.eye(8)
    columns = [Column("a", (Unit("x"),)), Column("b", tuple(Unit(face=face) for _ in range(10)), hidden=54)]
    text = plain(diagram(columns, [None], 50, 27))
    assert text.count("▐") == text.count("▌") == 8 * 2  # eight units of two lines
    assert "… 56 more" in text


def test_layers_without_weights_are_connected_by_an_arrow():
    columns = [Column("conv", units(2)), Column("pool", units(2))]
    text = plain(diagram(columns, [None], 40, 10))
    assert "─▶" in text
    assert not any(0x2800 < ord(c) < 0x2900 for c in text)


def test_without_room_there_is_none():
    columns, weights = small()
    assert diagram(columns, weights, 45, 18) is not None
    assert diagram(columns, weights, 16, 3) is None
    deep = [Column(f"layer {k}", units(3), 5) for k in range(30)]
    assert diagram(deep, [np.ones((3, 3))] * 29, 60, 12) is None


def test_ascii_is_ascii():
    columns, weights = small(selected=True)
    for size in ((45, 18), (32, 8)):
        assert plain(diagram(columns, weights, *size, ascii=True)).isascii()


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (5, 2), (12, 4), (20, 9), (40, 18), (120, 40)])
def test_every_size_is_filled(size):
    width, height = size
    columns, weights = small()
    deep = [Column(f"layer {k}", units(3), 5) for k in range(9)]
    cases = [(columns, weights), (deep, [None] * 8), ([], []), (columns[:1], []), ([Column("e", (), 5)], [])]
    for given, matrices in cases:
        picture = diagram(given, matrices, width, height)
        if picture is not None:
            assert [row_width(r) for r in picture] == [width] * height
    assert size < (40, 18) or diagram(columns, weights, width, height) is not None

import re
from itertools import pairwise

import numpy as np
import pytest

from nntui.tui.render.diagram import FLOOR, Link, diagram
from nntui.tui.render.edges import MOST, edges
from nntui.tui.render.picture import plain, row_width
from nntui.tui.render.placing import Column
from nntui.tui.render.units import Unit


def units(n, **keys):
    return tuple(Unit(f"u{k}", value=(k - n / 2) / n, **keys) for k in range(n))


def small(**keys):
    columns = [
        Column("input", (Unit("x1"), Unit("x2"))),
        Column("hidden", units(4, **keys)),
        Column("output", (Unit("y", value=0.5),)),
    ]
    return columns, [np.full((2, 4), 1.0), np.array([[-1.0], [0.5], [0.0], [np.nan]])]


def chain(columns, weights):
    """Each column reads the one before."""
    return columns, [Link(k, k + 1, w, 0 if w is None else np.size(w)) for k, w in enumerate(weights)]


def drawn(columns, weights, width, height, **more):
    return diagram(*chain(columns, weights), width, height, **more).picture


def lines_in(picture):
    """The colors of the edges."""
    return {s.style.fg for row in picture for s in row if any(0x2800 < ord(c) < 0x2900 for c in s.text)}


def test_layers_units_and_labels_are_named():
    columns, weights = small()
    lines = plain(drawn(columns, weights, 45, 18)).splitlines()
    assert lines[0].split() == ["input", "hidden", "output"]
    assert [line.split()[0] for line in lines if line.startswith("x")] == ["x1", "x2"]
    assert any(line.endswith(" y") for line in lines)
    assert sum(line.count("╭") for line in lines) == 7


def test_edges_have_the_color_of_their_sign_and_are_stronger_the_larger():
    columns, weights = small()
    picture = drawn(columns, weights, 45, 18)
    seen = {
        span.style.fg for row in picture for span in row if any(0x2800 < ord(c) < 0x2900 for c in span.text)
    }
    assert {"scale:8", "scale:-8", "scale:4", "zero", "bad"} == seen
    found = diagram(*chain(columns, [2 * weights[0], weights[1]]), 45, 18)
    assert (found.largest, found.weights, found.values) == (2, 2, 0.5)
    assert lines_in(found.picture) == {"scale:8", "scale:-4", "scale:2", "zero", "bad"}


def test_values_and_faces_fill_the_boxes():
    columns, weights = small()
    backgrounds = {s.style.bg for row in drawn(columns, weights, 45, 18) for s in row}
    assert {"scale:-8", "scale:8", "zero"} <= backgrounds
    columns, weights = small(face=np.full((4, 4), -1.0))
    faces = {s.style.bg for row in drawn(columns, weights, 60, 24) for s in row}
    assert "scale:-8" in faces
    ink = [Column("image", (Unit(face=np.eye(8), ink=True),))]
    assert any((s.style.bg or "").startswith("ink:15") for row in drawn(ink, [], 20, 8) for s in row)


def test_a_selected_unit_is_marked():
    columns, weights = small(selected=True)
    assert "accent" in {s.style.fg for row in drawn(columns, weights, 45, 18) for s in row}
    flat = drawn(columns, weights, 32, 8)
    assert plain(flat).count("▸") == 4


def test_what_is_not_shown_is_counted():
    columns = [Column("a", units(3)), Column("b", units(3), hidden=56)]
    assert "… 56 more" in plain(drawn(columns, [np.ones((3, 3))], 50, 14))
    many = [Column("a", units(3)), Column("b", units(40), hidden=2)]
    text = plain(drawn(many, [np.ones((3, 40))], 50, 12))
    shown = 12 - 3  # titles, what is not shown, how many weights are
    assert f"… {42 - shown} more" in text


def test_of_many_edges_the_strongest_are_drawn():
    w = np.arange(64.0).reshape(8, 8)
    kept = edges(w / 64, [(0, k) for k in range(8)], [(9, k) for k in range(8)])
    assert [round(e.share * 64) for e in kept] == list(range(63, 63 - MOST, -1))
    columns = [Column("a", units(8)), Column("b", units(8))]
    assert f"strongest {MOST} of 64 weights" in plain(drawn(columns, [w], 60, 20))
    three = [*columns, Column("c", units(8))]
    assert plain(drawn(three, [w, w], 60, 20)).count(f"strongest {MOST} of 64") == 2
    assert plain(drawn(three, [w, w], 30, 20)).count(f"{MOST} of 64") == 2
    assert plain(drawn(three, [w, w], 24, 20)).count(f"{MOST}/64") == 2


def test_weights_are_counted_alike_between_all_columns():
    """Not in words here and as a fraction there, where the numbers of one are longer."""
    columns = [
        Column("a", units(2)), Column("b", units(7), hidden=9), Column("c", units(7), hidden=9), Column("d", units(1)),
    ]  # fmt: skip
    weights = [np.ones((2, 7)), np.ones((7, 7)), np.ones((7, 1))]
    links = [Link(k, k + 1, w, n) for k, (w, n) in enumerate(zip(weights, (32, 256, 16), strict=True))]
    seen = set()
    for width in range(30, 100):
        found = diagram(columns, links, width, 20)
        if found is None:
            continue
        said = plain(found.picture).splitlines()[-1]
        assert said.count("/") in (0, 3), width
        assert said.count("weights") in (0, 3), width
        seen.add((said.count("/"), said.count("weights")))
    assert {(3, 0), (0, 0), (0, 3)} <= seen


def test_faces_are_folded_rather_than_drawn_too_small():
    face = np.eye(8)
    columns = [Column("a", (Unit("x"),)), Column("b", tuple(Unit(face=face) for _ in range(10)), hidden=54)]
    text = plain(drawn(columns, [None], 50, 27))
    assert text.count("▐") == text.count("▌") == 8 * 2  # eight units of two lines
    assert "… 56 more" in text


def test_layers_without_weights_are_connected_by_an_arrow():
    columns = [Column("conv", units(2)), Column("pool", units(2))]
    text = plain(drawn(columns, [None], 40, 10))
    assert "─▶" in text
    assert not any(0x2800 < ord(c) < 0x2900 for c in text)


def test_without_room_there_is_none():
    columns, weights = chain(*small())
    assert diagram(columns, weights, 45, 18) is not None
    assert diagram(columns, weights, 16, 3) is None
    deep = [Column(f"layer {k}", units(3), 5) for k in range(30)]
    assert diagram(*chain(deep, [np.ones((3, 3))] * 29), 60, 12) is None


def test_ascii_is_ascii():
    columns, weights = small(selected=True)
    for size in ((45, 18), (32, 8)):
        assert plain(drawn(columns, weights, *size, ascii=True)).isascii()


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (5, 2), (12, 4), (20, 9), (40, 18), (120, 40)])
def test_every_size_is_filled(size):
    width, height = size
    columns, weights = small()
    deep = [Column(f"layer {k}", units(3), 5) for k in range(9)]
    cases = [(columns, weights), (deep, [None] * 8), ([], []), (columns[:1], []), ([Column("e", (), 5)], [])]
    for given, matrices in cases:
        found = diagram(*chain(given, matrices), width, height)
        if found is not None:
            assert [row_width(r) for r in found.picture] == [width] * height
    assert size < (40, 18) or diagram(*chain(columns, weights), width, height) is not None


def skipping():
    """a → b → c → d; d reads a and b too, and c reads a alone."""
    columns = [Column(name, units(n)) for name, n in (("a", 2), ("b", 3), ("c", 3), ("d", 2))]
    links = [Link(0, 1, np.ones((2, 3)), 6), Link(0, 2, np.ones((2, 3)), 6)]
    links += [Link(0, 3), Link(1, 3), Link(2, 3)]
    return columns, links


@pytest.mark.parametrize("size", [(70, 20), (44, 14)])
def test_connections_over_columns_are_lanes_and_no_others_are_drawn(size):
    columns, links = skipping()
    picture = diagram(columns, links, *size).picture
    lines = plain(picture).splitlines()
    centers = [lines[0].index(c.title) for c in columns]
    first, second = (line for line in lines if "●" in line)
    at = lambda line, sign: [k for k, c in enumerate(line) if c == sign]  # noqa: E731
    for line, source, targets in ((first, 0, (2, 3)), (second, 1, (3,))):
        assert [abs(x - centers[source]) <= 1 for x in at(line, "●")] == [True]
        ends = at(line, "▲")
        assert len(ends) == len(targets)
        assert all(abs(x - centers[t]) <= 1 for x, t in zip(ends, targets, strict=True))
        assert set(line[at(line, "●")[0] + 1 : ends[-1]]) <= {"─", "▲", *" 6 weights"}
    # Between b and c there is nothing: c does not read b. Between c and d there is.
    middle = "\n".join(line[centers[1] + 4 : centers[2] - 4] for line in lines[1:-4])
    assert not middle.strip()
    assert "▶" in "".join(line[centers[2] : centers[3]] for line in lines[1:-4])


def test_lanes_that_do_not_touch_share_a_line_and_too_many_are_no_diagram():
    columns = [Column(f"c{k}", units(1)) for k in range(7)]
    links = [Link(k, k + 1) for k in range(6)]
    apart = diagram(columns, [*links, Link(0, 2), Link(3, 5)], 120, 12)
    assert sum("●" in line for line in plain(apart.picture).splitlines()) == 1
    touching = diagram(columns, [*links, Link(0, 2), Link(2, 5)], 120, 12)
    assert sum("●" in line for line in plain(touching.picture).splitlines()) == 2
    every = [Link(a, b) for b in range(7) for a in range(b)]
    assert diagram(columns, every, 120, 12) is None
    assert diagram(columns, every, 120, 24) is not None


def test_the_number_of_weights_is_that_of_all_of_them():
    columns = [Column("a", units(8), 56), Column("b", units(8), 24)]
    w = np.random.default_rng(0).normal(size=(8, 8))
    picture = plain(diagram(columns, [Link(0, 1, w, 64 * 32)], 76, 24).picture)
    assert f"strongest {MOST} between these units, of 2,048 weights" in picture
    few = [Column("a", units(2), 62), Column("b", units(3), 29)]
    picture = plain(diagram(few, [Link(0, 1, w[:2, :3], 2048)], 60, 20).picture)
    assert "6 of 2,048 weights" in picture
    whole = plain(diagram(few, [Link(0, 1, w[:2, :3], 6)], 60, 20).picture)
    assert "weights" not in whole


def test_the_largest_weight_is_one_that_is_drawn():
    columns = [Column("a", units(2)), Column("b", units(30))]
    w = np.full((2, 30), 0.5)
    w[1, 29] = 7.0
    found = diagram(columns, [Link(0, 1, w, 60)], 60, 12)
    assert "more" in plain(found.picture)
    assert found.largest == 0.5
    assert diagram(columns, [Link(0, 1, w, 60)], 60, 40).largest == 7


def test_small_weights_are_never_bold():
    columns, weights = small()
    tiny = diagram(*chain(columns, [1e-4 * weights[0], np.full((4, 1), -1e-4)]), 45, 18)
    assert tiny.weights == FLOOR
    assert lines_in(tiny.picture) == {"zero"}
    biases = [Column("a", (Unit(value=1e-4), Unit(value=-1e-4))), Column("b", (Unit(value=0.0),))]
    grounds = {s.style.bg for row in drawn(biases, [None], 40, 8) for s in row}
    assert "zero" in grounds
    assert not {g for g in grounds if g and g.startswith("scale")}


@pytest.mark.parametrize("width", [34, 40, 52, 75, 120])
def test_titles_stand_apart_and_copies_can_be_told(width):
    names = ["input", "layer", "activations", "long_hidden_name-1", "long_hidden_name-2", "output"]
    columns = [Column(name, units(1)) for name in names]
    found = diagram(columns, [Link(k, k + 1) for k in range(5)], width, 12)
    if found is None:
        assert width < 70
        return
    words = plain(found.picture).splitlines()[0].split()
    assert len(words) == 6
    assert words[3] != words[4]


def test_a_unit_without_a_bias_is_not_one_whose_bias_is_zero():
    def look(value, ascii=False):  # noqa: A002
        return drawn(
            [Column("a", (Unit(value=value),)), Column("b", (Unit("y"),))], [None], 40, 8, ascii=ascii
        )

    assert look(None) != look(0.0)
    assert plain(look(None, ascii=True)) != plain(look(0.0, ascii=True))
    assert "╌" in plain(look(None))


def test_without_colors_negative_edges_are_dashed():
    columns = [Column("a", units(1)), Column("b", units(1))]
    plus, minus = (plain(drawn(columns, [np.array([[w]])], 40, 8, ascii=True)) for w in (1.0, -1.0))
    inked = [max(sum(c in ".':" for c in line) for line in p.splitlines()[1:-1]) for p in (plus, minus)]
    assert inked[0] > 1.5 * inked[1] > 0
    bright = [drawn(columns, [np.array([[w]])], 40, 8) for w in (1.0, -1.0)]
    assert plain(bright[0]) == plain(bright[1])


def test_what_is_not_shown_is_counted_in_the_room_of_its_column():
    columns = [Column(str(k), units(3), 22) for k in range(5)]
    wide, narrow = (plain(diagram(columns, [], width, 14).picture) for width in (90, 46))
    assert wide.count("… 22 more") == 5
    assert narrow.count("+22") == 5
    assert "more" not in narrow


@pytest.mark.parametrize("hidden", [(0, 16), (48, 0), (48, 16)])
@pytest.mark.parametrize("count", [(1, 3), (16, 1), (16, 16)])
def test_what_is_not_shown_is_written_over_nothing(count, hidden):
    """Neither over the arrow that leads to a column, nor over its units, nor beside another such number."""
    face = np.ones((8, 8))
    first = Column("a", tuple(Unit(face=face) for _ in range(count[0])), hidden[0])
    second = Column("b", tuple(Unit(value=0.5) for _ in range(count[1])), hidden[1])
    last = Column("c", units(3))
    links = [Link(0, 1, None, 9), Link(1, 2, np.ones((count[1], 3)), 30)]
    for width in range(30, 90, 4):
        for height in range(4, 16):
            found = diagram([first, second, last], links, width, height)
            if found is None:
                continue
            picture = plain(found.picture)
            assert picture.count("▶") == 1, picture
            for row in picture.splitlines():
                notes = [m.span() for m in re.finditer(r"… \d+ more|\+\d+", row)]
                assert all(b - a >= 2 for (_, a), (b, _) in pairwise(notes)), picture
                assert not re.search(r"─(…|\+)", row), picture

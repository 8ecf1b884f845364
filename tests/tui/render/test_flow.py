"""The graph as text: values on wires, gradients below, junctions, scrolling, what is left out, the list."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.tui.render.flow import flow
from nntui.tui.render.flownode import AHEAD, CURRENT, FlowNode
from nntui.tui.render.picture import plain, row_width
from nntui.tui.render.routing import layout


def textbook(**changes: object) -> list[FlowNode]:
    return [
        FlowNode(0, "x", (), "−2", "−4"),
        FlowNode(1, "y", (), "5", "−4"),
        FlowNode(2, "+", (0, 1), "3", "−4"),
        FlowNode(3, "z", (), "−4", "3"),
        FlowNode(4, "×", (2, 3), "−12", "1", **changes),
    ]


def test_the_textbooks_figure() -> None:
    assert plain(flow(textbook(), 60, 9)).strip("\n") == (
        "x ── −2 ───────╮\n"
        "     −4        │\n"
        "               ├─▶ + ── 3 ────────╮\n"
        "y ── 5 ────────╯        −4        │\n"
        "     −4                           ├─▶ × ── −12\n"
        "                                  │        1\n"
        "z ── −4 ──────────────────────────╯\n"
        "     3"
    )


def test_a_source_of_two_wires_has_a_junction() -> None:
    nodes = [FlowNode(0, "a", (), "1"), FlowNode(1, "b", (0,), "2"), FlowNode(2, "c", (0,), "3")]
    drawn = plain(flow(nodes, 50, 8))
    assert drawn.count("▶") == 2
    assert any(j in drawn for j in "┬┴┤├┼")
    # No wire ends beside another one's corner.
    assert "╮─" not in drawn
    assert "╯─" not in drawn


def test_what_is_ahead_is_dim_and_has_no_number() -> None:
    nodes = [FlowNode(0, "x", (), "2"), FlowNode(1, "exp", (0,), None, None, reached=False)]
    picture = flow(nodes, 40, 4)
    spans = {span.text.strip(): span.style for row in picture for span in row if span.text.strip()}
    assert spans["exp"] == AHEAD
    assert "·" in plain(picture)


def test_the_current_node_is_reversed_and_the_cursors_underlined() -> None:
    picture = flow(textbook(current=True, cursor=True), 60, 9)
    styles = [span.style for row in picture for span in row if span.text == "×"]
    assert len(styles) == 1
    assert styles[0].reverse
    assert styles[0].underline
    assert CURRENT.fg == styles[0].fg


def test_a_breakpoint_is_marked() -> None:
    assert "● ×" in plain(flow(textbook(broken=True), 60, 9))


def chain(count: int, cursor: int, **changes: object) -> list[FlowNode]:
    return [
        FlowNode(k, f"node{k}", (k - 1,) if k else (), "1.234", "5.678", cursor=k == cursor, **changes)
        for k in range(count)
    ]


@pytest.mark.parametrize("cursor", [0, 7, 19])
def test_a_long_graph_is_scrolled_to_the_cursor(cursor: int) -> None:
    picture = flow(chain(20, cursor), 60, 6)
    drawn = plain(picture)
    assert f"node{cursor}" in drawn
    assert all(row_width(row) == 60 for row in picture)
    # Arrows in the accent at the edges say that there is more.
    edges = [row[0].text[0] for row in picture] + [row[-1].text[-1] for row in picture]
    assert ("◀" in edges) == (cursor > 0)


@pytest.mark.parametrize("width", range(34, 80))
def test_an_edge_leaves_no_part_of_an_array(width: int) -> None:
    nodes = [replace(n, value="[0.35, 0.65]", gradient="1×2 ‖0.545‖") for n in chain(6, 3)]
    drawn = plain(flow(nodes, width, 6))
    for whole, parts in (("[0.35, 0.65]", ("0.35", "0.65")), ("1×2 ‖0.545‖", ("1×2", "0.545"))):
        assert whole in drawn
        assert [drawn.count(part) for part in parts] == [drawn.count(whole)] * 2


def test_minor_nodes_give_way_except_under_the_cursor() -> None:
    nodes = [FlowNode(0, "x", (), "1")]
    for k in range(1, 12, 2):
        nodes.append(FlowNode(k, f"w{k}", (), "1", minor=True, cursor=k == 3))
        nodes.append(FlowNode(k + 1, f"z{k}", (nodes[-2].id, k), "1"))
    nodes.append(FlowNode(20, "y", tuple(range(1, 12, 2)), "1"))
    drawn = plain(flow(nodes, 200, 8))
    assert "w3" in drawn
    assert "w5" not in drawn
    assert "z5" in drawn


def test_too_high_a_graph_is_a_list_with_the_cursor_in_sight() -> None:
    nodes = [FlowNode(k, f"x{k}", (), str(k)) for k in range(40)]
    nodes.append(FlowNode(40, "sum", tuple(range(40)), "780", "1", cursor=True))
    lines = plain(flow(nodes, 60, 10)).splitlines()
    assert len(lines) == 10
    assert lines[0].split() == ["value", "gradient"]
    assert lines[-1].split() == ["›", "sum", "780", "1"]


def test_around_the_cursor_where_all_do_not_fit() -> None:
    # Sixteen leaves, summed two by two: too high for ten rows.
    nodes = [FlowNode(k, f"x{k}", (), str(k)) for k in range(16)]
    layer = list(range(16))
    while len(layer) > 1:
        pairs = list(zip(layer[::2], layer[1::2], strict=True))
        layer = [len(nodes) + k for k in range(len(pairs))]
        nodes += [FlowNode(k, f"s{k}", pair, str(k), "1") for k, pair in zip(layer, pairs, strict=True)]
    # s24 = s16 + s17, of x0 … x3; it goes into s28, and that into the sum of all.
    around = [replace(n, cursor=n.label == "s24") for n in nodes]
    drawn = plain(flow(around, 120, 10))
    assert "▶ s24 ── 24" in drawn
    assert "▶ s28 ── 28" in drawn
    assert all(f"x{k} ── {k}" in drawn for k in range(4))
    # s25 stands beside it, and reads nodes that are not drawn; s28 reads nothing else.
    assert "… s25 ── 25" in drawn
    assert "… s28" not in drawn
    assert "x4" not in drawn
    # In less room fewer steps, and then the list.
    assert "▶ s24 ── 24" in plain(flow(around, 70, 10))
    assert "x0" not in plain(flow(around, 70, 10))
    assert plain(flow(around, 70, 10, ascii=True)).isascii()
    for width in (30, 50):
        lines = plain(flow(around, width, 10)).splitlines()
        assert lines[0].split() == ["value", "gradient"]
        assert [line.split() for line in lines if "›" in line] == [["›", "s24", "24", "1"]]


def test_ascii() -> None:
    assert plain(flow(textbook(current=True, broken=True), 60, 9, ascii=True)).isascii()
    assert plain(flow(chain(30, 15), 50, 6, ascii=True)).isascii()


def test_nothing() -> None:
    assert len(flow([], 10, 3)) == 3


@st.composite
def graphs(draw: st.DrawFn) -> list[FlowNode]:
    count = draw(st.integers(1, 14))
    nodes = []
    for k in range(count):
        inputs = draw(st.lists(st.integers(0, k - 1), max_size=3)) if k else []
        nodes.append(FlowNode(k, f"n{k}", tuple(inputs), str(k), None, cursor=k == count // 2))
    return nodes


@settings(max_examples=80, deadline=None)
@given(graphs(), st.integers(20, 200), st.integers(3, 40))
def test_any_graph_fits_exactly_and_shows_the_cursor(nodes: list[FlowNode], width: int, height: int) -> None:
    picture = flow(nodes, width, height)
    assert len(picture) == height
    assert all(row_width(row) == width for row in picture)
    assert next(n.label for n in nodes if n.cursor) in plain(picture)


@settings(max_examples=80, deadline=None)
@given(graphs(), st.sampled_from([2, 3]), st.booleans())
def test_no_two_things_share_a_place(nodes: list[FlowNode], pitch: int, late: bool) -> None:
    found = layout([n.inputs for n in nodes], pitch, late)
    assert found is not None
    for stops in found.layers:
        rows = sorted(s.row for s in stops)
        assert all(b - a >= pitch for a, b in pairwise(rows))
    assert sorted(s.node for stops in found.layers for s in stops if s.real) == list(range(len(nodes)))
    for channel in found.channels:
        # Vertical lines on one track never overlap.
        for a in channel:
            for b in channel:
                if a is not b and not a.straight and not b.straight:
                    assert a.track != b.track


@pytest.mark.parametrize("width", range(30, 110))
def test_of_a_graph_that_is_scrolled_no_number_stands_without_its_name(width: int) -> None:
    nodes = [
        FlowNode(k, f"node{k}", (k - 1,) if k else (), f"{100 + k}", "0.25", current=k == 6, cursor=k == 6)
        for k in range(10)
    ]
    lines = plain(flow(nodes, width, 6)).splitlines()
    named = next(line for line in lines if "node6" in line)
    for k in range(10):
        if str(100 + k) in named:
            assert f"node{k} " in named
    assert "node6 " in named
    assert "106" in named

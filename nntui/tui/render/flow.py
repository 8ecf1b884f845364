"""A graph as in the textbooks: values on the wires, gradients below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nntui.tui.render.ascii import to_ascii
from nntui.tui.render.flownode import (
    CURRENT,
    GRADIENT,
    VALUE,
    FlowNode,
    around,
    gradient_of,
    label_of,
    listed,
    major,
    number_of,
    wire_of,
)
from nntui.tui.render.picture import Grid, Picture, Row, Style, crop, fit, join, row_width, text, width_of
from nntui.tui.render.routing import Bus, Layout, layout

WIRES = " ─│╭╮╰╯├┤┬┴┼▶◀"
"""What may be cut at an edge."""


@dataclass(frozen=True)
class Spacing:
    """Cells of wire before a number, for a number at least, and between columns besides the tracks."""

    lead: int
    number: int
    channel: int


LOOSE, TIGHT = Spacing(2, 8, 3), Spacing(1, 7, 2)


def flow(nodes: Sequence[FlowNode], width: int, height: int, ascii: bool = False) -> Picture:  # noqa: A002
    """The graph from left to right in exactly `width` × `height` cells, around the current node.

    Where it is too high, minor nodes are left out, except where the cursor is. Where that does not help, or
    its wires cannot be told apart, the nodes around the cursor; where even these are too many, a list of one
    node a line, each indented by its depth.
    """
    picture = _graph(nodes, width, height) or _graph(major(nodes), width, height)
    for steps in (4, 3, 2, 1):
        near = [] if picture is not None else around(nodes, steps)
        if near:
            picture = _graph(near, width, height, whole=True)
    if picture is None:
        picture = listed(nodes, width, height)
    return to_ascii(picture) if ascii else picture


def _graph(nodes: Sequence[FlowNode], width: int, height: int, *, whole: bool = False) -> Picture | None:
    """The graph, around the current node where it is too wide; None where it is too high, or with ``whole`` too wide."""
    index = {node.id: k for k, node in enumerate(nodes)}
    inputs = [tuple(index[i] for i in node.inputs) for node in nodes]
    best: Picture | None = None
    # Leaves at the left, as in the textbooks, where all fits; else beside what they go into.
    for late in (False, True):
        for pitch, loose in ((3, True), (2, True), (3, False), (2, False)):
            plan = layout(inputs, pitch, late)
            if plan is None or plan.height + 1 > height:
                continue
            grid, current, layers = _draw(nodes, plan, LOOSE if loose else TIGHT)
            if grid.width <= width:
                return _centered(grid.picture(), width, height)
            if not whole and (best is None or late):
                best = _scrolled(grid, _start(layers, current, width, grid.width), width, height)
    return best


def _centered(picture: Picture, width: int, height: int) -> Picture:
    above = max(0, height - len(picture)) // 2
    blank = fit("", width)
    rows = [fit(row, width) for row in picture]
    return (blank,) * above + tuple(rows) + (blank,) * (height - above - len(rows))


def _start(layers: Sequence[tuple[int, int]], current: int, width: int, total: int) -> int:
    """The first column of the part around ``current``: where it would cut a layer's names off, it begins behind that layer."""
    start = min(max(0, current - width // 2), total - width)
    begun = next((end for left, end in layers if start > 0 and left <= start < end <= current), None)
    return start if begun is None else begun - 1


def _scrolled(grid: Grid, start: int, width: int, height: int) -> Picture:
    """The part from a column of the grid on; arrows at the edges say that there is more."""
    more = (start > 0, start + width < grid.width)
    rows = [_between(row, start + more[0], width - sum(more)) for row in grid.picture()]
    picture = _centered(tuple(rows), width - sum(more), height)
    edges = [(text(mark, GRADIENT), text(" ")) for mark in "◀▶"]
    return tuple(
        join(
            edges[0][k != height // 2] if more[0] else (), row, edges[1][k != height // 2] if more[1] else ()
        )
        for k, row in enumerate(picture)
    )


def _between(row: Row, start: int, width: int) -> Row:
    """Some columns of a row; a name or number that an edge would cut is left out whole."""
    words = "".join(span.text for span in row)
    end = start + width
    if len(words) != row_width(row):
        return crop(row, start, width)

    def written(k: int) -> bool:
        return 0 <= k < len(words) and words[k] not in WIRES

    def inside(k: int) -> bool:
        # A space between two signs belongs to them, as in an array.
        return written(k) or (0 <= k < len(words) and words[k] == " " and written(k - 1) and written(k + 1))

    left, right = start, min(end, len(words))
    while inside(start) and inside(start - 1) and inside(left):
        left += 1
    while right > left and inside(end) and inside(end - 1) and inside(right - 1):
        right -= 1
    return join(text(" " * (left - start)), crop(row, left, max(0, right - left)), text(" " * (end - right)))


def _draw(
    nodes: Sequence[FlowNode], plan: Layout, spacing: Spacing
) -> tuple[Grid, int, list[tuple[int, int]]]:
    """The whole graph, the column of the current node, and where each layer begins and ends."""
    lefts, widths, total = _columns(nodes, plan, spacing)
    grid = Grid(total, plan.height + 1)
    consumed = {source for buses in plan.channels for bus in buses for source, _ in bus.sources}
    current = total
    for k, stops in enumerate(plan.layers):
        for stop in stops:
            node = nodes[stop.node]
            if stop.real:
                _node(grid, node, lefts[k], widths[k], int(stop.row), stop.node in consumed, spacing)
                if node.cursor or (node.current and current == total):
                    current = lefts[k] + widths[k] // 2
            else:
                _across(grid, lefts[k], lefts[k] + widths[k], int(stop.row), wire_of(node))
    for k, buses in enumerate(plan.channels):
        start, end = lefts[k] + widths[k], lefts[k + 1]
        real = {s.node for s in plan.layers[k + 1] if s.real}
        for bus in buses:
            _bus(grid, bus, buses, start, end, nodes, bus.target in real)
    return grid, current, [(left, left + width) for left, width in zip(lefts, widths, strict=True)]


def _columns(nodes: Sequence[FlowNode], plan: Layout, spacing: Spacing) -> tuple[list[int], list[int], int]:
    """The left edge and width of each layer, and the width of all."""
    lefts, widths = [], []
    x = 0
    for k, stops in enumerate(plan.layers):
        real = [nodes[s.node] for s in stops if s.real]
        widths.append(max((_node_width(n, spacing) for n in real), default=1))
        lefts.append(x)
        x += widths[-1]
        if k < len(plan.channels):
            tracks = 1 + max((b.track for b in plan.channels[k] if not b.straight), default=0)
            x += 2 * tracks + spacing.channel
    return lefts, widths, x


def _node_width(node: FlowNode, spacing: Spacing) -> int:
    # Room for a number that is not known yet, so that nothing moves when it comes.
    numbers = max(spacing.number, width_of(number_of(node.value)), width_of(number_of(node.gradient)))
    return row_width(label_of(node)) + 2 + spacing.lead + numbers + 1


def _across(grid: Grid, start: int, end: int, row: int, style: Style) -> None:
    for x in range(start, end):
        if grid.characters[row][x] == " ":
            grid.put(x, row, "─", style)


def _node(
    grid: Grid, node: FlowNode, left: int, width: int, row: int, goes_on: bool, spacing: Spacing
) -> None:
    label = label_of(node)
    grid.write(left, row, label)
    x = left + row_width(label) + 1
    grid.write(x, row, "─" * spacing.lead, wire_of(node))
    x += spacing.lead + 1
    value, gradient = number_of(node.value), number_of(node.gradient)
    if value:
        grid.write(x, row, value, CURRENT if node.current else VALUE)
    end = x + width_of(value) + 1 if value else x - 1
    if goes_on:
        for k in range(end, left + width):
            grid.put(k, row, "─", wire_of(node))
    grid.write(x, row + 1, *gradient_of(node, gradient))


def _bus(
    grid: Grid, bus: Bus, buses: Sequence[Bus], start: int, end: int, nodes: Sequence[FlowNode], arrow: bool
) -> None:
    """All wires of a channel into one stop."""
    style = wire_of(nodes[bus.target]) if arrow else wire_of(nodes[bus.sources[0][0]])
    x = start + 1 + 2 * bus.track
    low, high = bus.span
    for node, row in bus.sources:
        _across(grid, start, x, row, wire_of(nodes[node]))
    if not bus.straight:
        rows = {row for _, row in bus.sources}
        for y in range(low, high + 1):
            west = y in rows
            east = y == bus.target_row or any(
                row == y
                and node in {s for s, _ in bus.sources}
                and (other.straight or other.track > bus.track)
                for other in buses
                if other is not bus
                for node, row in other.sources
            )
            grid.put(x, y, _corner(y > low, y < high, west, east), style)
    else:
        x -= 1
    finish = end - 2 if arrow else end
    _across(grid, x + 1, finish, bus.target_row, style)
    if arrow:
        grid.put(end - 2, bus.target_row, "▶", style)


def _corner(north: bool, south: bool, west: bool, east: bool) -> str:
    """The line that goes to the given sides."""
    key = (north, south, west, east)
    return {
        (True, True, False, False): "│",
        (True, True, True, False): "┤",
        (True, True, False, True): "├",
        (True, True, True, True): "┼",
        (True, False, True, False): "╯",
        (True, False, False, True): "╰",
        (True, False, True, True): "┴",
        (False, True, True, False): "╮",
        (False, True, False, True): "╭",
        (False, True, True, True): "┬",
    }.get(key, "─")

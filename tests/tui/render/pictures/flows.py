"""Graphs as in the textbooks, and where their nodes go."""

from __future__ import annotations

from dataclasses import replace

from nntui.tui.render.flow import flow
from nntui.tui.render.flownode import FlowNode
from nntui.tui.render.routing import layout
from tests.tui.render.pictures.kept import Cases

BOOK = [
    FlowNode(0, "x", (), "−2", "−4"),
    FlowNode(1, "y", (), "5", "−4"),
    FlowNode(2, "+", (0, 1), "3", "−4"),
    FlowNode(3, "z", (), "−4", "3"),
    FlowNode(4, "×", (2, 3), "−12", "1"),
]
NEURON = [
    FlowNode(0, "w0", (), "2", "−0.2"), FlowNode(1, "x0", (), "−1", "0.39"), FlowNode(2, "×", (0, 1), "−2", "0.2"),
    FlowNode(3, "w1", (), "−3", "−0.39"), FlowNode(4, "x1", (), "−2", "−0.59"), FlowNode(5, "×", (3, 4), "6", "0.2"),
    FlowNode(6, "+", (2, 5), "4", "0.2"), FlowNode(7, "w2", (), "−3", "0.2"), FlowNode(8, "+", (6, 7), "1", "0.2"),
    FlowNode(9, "neg", (8,), "−1", None, current=True), FlowNode(10, "exp", (9,), None, None, reached=False),
    FlowNode(11, "1", (), "1", "", minor=True), FlowNode(12, "+", (10, 11), None, None, reached=False),
    FlowNode(13, "1/x", (12,), None, None, reached=False),
]  # fmt: skip
SKIPS = [
    FlowNode(0, "a", (), "1", "7"), FlowNode(1, "b", (0,), "2", "6"), FlowNode(2, "c", (0, 1), "3", "5"),
    FlowNode(3, "d", (1, 2), "4", "4"), FlowNode(4, "e", (0, 3), "5", "3"), FlowNode(5, "f", (0,), "6", "2"),
    FlowNode(6, "g", (4, 5, 2), "7", "1"),
]  # fmt: skip
SQUARE = [FlowNode(0, "x", (), "3", "6"), FlowNode(1, "×", (0, 0), "9", "1")]


def chain(length: int, cursor: int) -> list[FlowNode]:
    """Each node reads the one before it and a constant, which is minor."""
    out = [FlowNode(0, "start", (), "0.5000", "1.250")]
    for k in range(length):
        out.append(FlowNode(2 * k + 1, f"c{k}", (), f"[{k} {k + 1}]", "", minor=True))
        before = 2 * k if k else 0
        label = "a node with a name that is too long" if k == 2 else f"node{k}"
        out.append(FlowNode(2 * k + 2, label, (before, 2 * k + 1), "−12.25", "0.001250", cursor=k == cursor))
    return out


def tree(leaves: int, cursor: int) -> list[FlowNode]:
    """A sum of many numbers, two by two."""
    out = [FlowNode(k, f"x{k}", (), str(k), "1") for k in range(leaves)]
    row = list(out)
    while len(row) > 1:
        above = []
        for a, b in zip(row[::2], row[1::2], strict=True):
            total = str(int(a.value or 0) + int(b.value or 0))
            above.append(FlowNode(len(out) + len(above), "+", (a.id, b.id), total, "1"))
        out += above
        row = above
    return [replace(node, cursor=node.id == cursor) for node in out]


def graphs() -> Cases:
    for width, height in ((60, 9), (50, 8), (40, 6), (24, 5), (16, 3)):
        yield f"book {width}×{height}", flow(BOOK, width, height)
    yield "book ascii", flow(BOOK, 60, 9, ascii=True)
    for width, height in ((130, 16), (100, 14), (70, 14), (50, 9)):
        yield f"neuron {width}×{height}", flow(NEURON, width, height)
    for width, height in ((110, 12), (80, 12), (60, 8)):
        yield f"skips {width}×{height}", flow(SKIPS, width, height)
    yield "square", flow(SQUARE, 40, 5)
    looks = [
        replace(BOOK[0], broken=True), replace(BOOK[1], cursor=True), replace(BOOK[2], current=True, cursor=True),
        replace(BOOK[3], reached=False, value=None, gradient=None), replace(BOOK[4], reached=False, gradient=None),
    ]  # fmt: skip
    yield "looks", flow(looks, 60, 9)
    yield "looks in a list", flow(looks, 50, 6)
    for cursor, width, height in (
        (0, 80, 8),
        (4, 80, 8),
        (9, 80, 8),
        (5, 44, 6),
        (5, 60, 5),
        (5, 30, 4),
        (8, 40, 3),
    ):
        yield f"chain at {cursor} {width}×{height}", flow(chain(10, cursor), width, height)
    no_cursor = [replace(n, cursor=False, current=n.id == 12) for n in chain(10, 0)]
    yield "chain, the current node", flow(no_cursor, 70, 7)
    fan = [FlowNode(k, f"x{k}", (), str(k)) for k in range(12)] + [
        FlowNode(12, "sum", tuple(range(12)), "66", "1", cursor=True)
    ]
    for width, height in ((60, 36), (60, 26), (60, 12), (40, 8)):
        yield f"fan {width}×{height}", flow(fan, width, height)
    yield (
        "three into one",
        flow(
            [*[FlowNode(k, f"x{k}", (), str(k)) for k in range(3)], FlowNode(3, "sum", (0, 1, 2), "3")], 40, 9
        ),
    )
    for height in (24, 16, 12, 9, 6):
        yield f"a tree around a node, height {height}", flow(tree(32, 52), 90, height)
    yield (
        "long numbers",
        flow([FlowNode(0, "v", (), "[0.1250 −3.500 12.25 7 …]", "9"), FlowNode(1, "f", (0,), "1")], 60, 4),
    )
    yield "wide characters", flow([FlowNode(0, "重み", (), "1", "2"), FlowNode(1, "σ", (0,), "3")], 40, 3)
    yield "a list without a cursor", flow([replace(n, current=False) for n in NEURON], 40, 5)
    yield "no nodes", flow([], 10, 2)


def layouts() -> Cases:
    for name, nodes in (("book", BOOK), ("neuron", NEURON), ("skips", SKIPS), ("square", SQUARE)):
        inputs = [node.inputs for node in nodes]
        for late in (False, True):
            for pitch in (2, 3):
                found = layout(inputs, pitch, late)
                assert found is not None
                lines = [f"height {found.height}"]
                for stops in found.layers:
                    lines.append("  ".join(f"{s.node}{'' if s.real else '-'}@{s.row:g}" for s in stops))
                for buses in found.channels:
                    lines.append("  ".join(f"{b.sources}→{b.target}@{b.target_row} track {b.track} {b.span} {b.straight}" for b in buses))  # fmt: skip
                yield f"{name} pitch {pitch}{' late' if late else ''}", lines
    limits = []
    for n in (250, 251):
        limits.append(f"{n} nodes: {layout([()] * n, 2, False) is not None}")
    for n in (40, 60):
        inputs = [(), *[(k,) for k in range(n)]]
        far = [*inputs, tuple(range(n))]
        limits.append(f"a node that reads all of {n} in a row: {layout(far, 2, False) is not None}")
    yield "limits", limits

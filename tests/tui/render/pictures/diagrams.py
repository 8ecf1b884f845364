"""Networks: as diagrams of units, as places of columns, as lines alone, and as one band a layer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nntui.tui.render.bands import Band, bands
from nntui.tui.render.diagram import Link, diagram
from nntui.tui.render.dots import Dots
from nntui.tui.render.edges import draw, edges
from nntui.tui.render.lanes import lanes
from nntui.tui.render.picture import Grid, Style
from nntui.tui.render.placing import Column, place
from nntui.tui.render.units import Size, Unit, draw_unit, units_in_words
from tests.tui.render.pictures.kept import Cases, Shown

XOR = [
    Column("input", (Unit("x1"), Unit("x2"))),
    Column("dense1", (Unit(value=0.5), Unit(value=-0.25), Unit(value=0.0))),
    Column("dense2", (Unit("y", value=-1.0),)),
]
XOR_LINKS = [
    Link(0, 1, np.array([[1.0, -0.5, 0.02], [0.25, np.nan, -0.9]]), 6),
    Link(1, 2, np.array([[0.7], [-0.1], [0.4]]), 3),
]


def ramp(rows: int, columns: int) -> np.ndarray:
    """From -1 at the upper left to 1 at the lower right."""
    return np.linspace(-1, 1, rows * columns).reshape(rows, columns)


def wide(units: int, hidden: int = 0, face: bool = False) -> list[Column]:
    """Many units between two inputs and two outputs."""
    middle = tuple(
        Unit(
            value=None if face else (k - units / 2) / units, face=np.roll(ramp(4, 4), k, 0) if face else None
        )
        for k in range(units)
    )
    return [
        Column("input", (Unit("width_01"), Unit("a_rather_long_name_17"))),
        Column("hidden", middle, hidden),
        Column("out", (Unit("setosa"), Unit("virginica"))),
    ]


def links(columns: list[Column]) -> list[Link]:
    """Known weights between neighbors, of all units whether shown or not."""
    out = []
    for k, (a, b) in enumerate(pairwise(columns)):
        shape = len(a.units), len(b.units)
        total = (len(a.units) + a.hidden) * (len(b.units) + b.hidden)
        out.append(Link(k, k + 1, ramp(*shape) * (k + 1), total))
    return out


def skipping() -> tuple[list[Column], list[Link]]:
    """a → b → c → d; c reads a too, d reads a and b; e reads d and b."""
    columns = [Column(f"{name}ayer", (Unit(value=0.3), Unit(value=-0.6))) for name in "abcde"]
    found = [Link(k, k + 1, ramp(2, 2), 4) for k in range(4)]
    return columns, [*found, Link(0, 2, None, 4), Link(0, 3), Link(1, 3, None, 1200), Link(1, 4)]


def _diagram(columns: list[Column], connections: list[Link], width: int, height: int, **how: bool) -> Shown:
    found = diagram(columns, connections, width, height, **how)
    return ["no room"] if found is None else found.picture


def diagrams() -> Cases:
    for width, height in ((60, 19), (44, 12), (32, 8), (20, 6), (12, 4)):
        yield f"xor {width}×{height}", _diagram(XOR, XOR_LINKS, width, height)
    for width, height in ((44, 12), (32, 8)):
        yield f"xor {width}×{height} ascii", _diagram(XOR, XOR_LINKS, width, height, ascii=True)
    found = diagram(XOR, XOR_LINKS, 60, 19)
    assert found is not None
    yield "its scales", [f"largest {found.largest}, weights ±{found.weights}, values ±{found.values}"]
    tiny = diagram(XOR[:2], [Link(0, 1, np.full((2, 3), 1e-4), 6)], 40, 9)
    assert tiny is not None
    yield "weights of 1e-4", tiny.picture
    yield "its scales", [f"largest {tiny.largest}, weights ±{tiny.weights}, values ±{tiny.values}"]
    for units, hidden, width, height in ((8, 0, 80, 21), (12, 4, 70, 18), (30, 0, 50, 12), (8, 120, 30, 9)):
        yield (
            f"{units} + {hidden} units {width}×{height}",
            _diagram(wide(units, hidden), links(wide(units, hidden)), width, height),
        )
    for units, hidden, width, height in ((3, 0, 70, 24), (6, 2, 60, 20), (10, 54, 44, 14), (10, 54, 30, 10)):
        columns = wide(units, hidden, face=True)
        yield f"{units} + {hidden} faces {width}×{height}", _diagram(columns, links(columns), width, height)
    columns = wide(6, 2, face=True)
    yield "faces ascii", _diagram(columns, links(columns), 60, 16, ascii=True)
    for width, height in ((90, 16), (60, 12), (44, 12), (40, 9)):
        yield f"lanes {width}×{height}", _diagram(*skipping(), width, height)
    for height in (7, 6, 5):
        yield f"lanes, height {height}", _diagram(*skipping(), 60, height)
    yield "lanes ascii", _diagram(*skipping(), 60, 12, ascii=True)
    marked = (
        Unit(value=0.0, mark="dead"), Unit(value=1.0, mark="saturated", selected=True), Unit(value=np.nan),
        Unit(value=np.inf), Unit(value=-np.inf),
    )  # fmt: skip
    for width, height in ((40, 19), (30, 7)):
        columns = [Column("input", (Unit("x1", selected=True),)), Column("marks", marked)]
        yield f"marks {width}×{height}", _diagram(columns, [Link(0, 1, None)], width, height)
        yield (
            f"marks ascii {width}×{height}",
            _diagram(columns, [Link(0, 1, None)], width, height, ascii=True),
        )
    long = [Column(f"block{k}.conv2d", (Unit(value=0.1),), 2 * k) for k in range(5)]
    for width in (100, 64, 48):
        yield f"long titles {width}", _diagram(long, [Link(k, k + 1) for k in range(4)], width, 7)
    for width in (30, 24):
        columns = [Column("input", (Unit("x1", selected=True),)), Column("marks", marked)]
        yield f"marks without frames {width}", _diagram(columns, [Link(0, 1, None)], width, 9)
    yield "one column", _diagram(wide(4)[1:2], [], 30, 10)
    yield "no units", _diagram([Column("empty", (), 5)], [], 20, 5)
    yield "nothing", _diagram([], [], 6, 2)
    yield "one cell wide", _diagram(wide(1), [], 1, 2)


def placings() -> Cases:
    for units in (1, 2, 3, 5, 9, 40):
        for face in (False, True):
            lines = []
            for height in (4, 6, 8, 10, 14, 20, 30):
                found = place(wide(units, 3 * (units == 5), face), 64, height)
                lines.append(
                    f"64×{height}: " + ("no room" if found is None else "  ".join(map(_placed, found)))
                )
            yield f"{units} {'faces' if face else 'units'} between 2 and 2", lines
    for width in (20, 24, 28, 32, 36, 40, 46, 52, 69, 70, 90):
        found = place(wide(3), width, 20)
        yield f"width {width}", ["no room"] if found is None else [_placed(p) for p in found]
    for units in (2, 3, 4, 6):
        lines = []
        for height in (16, 22, 30, 40):
            found = place(wide(units, 0, True), 120, height)
            lines.append(f"120×{height}: " + ("no room" if found is None else "  ".join(map(_placed, found))))
        yield f"{units} faces in a wide picture", lines
    for units in (3, 5):
        lines = []
        for width in range(46, 68, 2):
            found = place(wide(units, 0, True), width, 18)
            lines.append(f"{width}×18: " + ("no room" if found is None else "  ".join(map(_placed, found))))
        yield f"{units} faces, ever wider", lines
    p = place(XOR, 60, 19)
    assert p is not None
    yield "middles and ends", [f"{q.middle(0)} {q.ends(right=False)} {q.ends(right=True)}" for q in p]
    yield (
        "signs of lanes",
        [
            f"whole={whole} {lane.source}→{lane.targets} slot {lane.slot}: {[lane.sign(k) for k in range(7)]}"
            for whole in (False, True)
            for lane in lanes([(), (0,), (0, 1), (2, 0), (1, 3), (4,), (4, 2)], whole)
        ],
    )


def _placed(p: object) -> str:
    return f"{p.left}:{p.size.width}×{p.size.height}{p.size.border[:1]}+{p.size.gap}@{','.join(map(str, p.tops))}+{p.hidden}"  # type: ignore[attr-defined]


def lines() -> Cases:
    for share in (
        0.03,
        0.04,
        0.05,
        0.32,
        0.36,
        0.5,
        0.66,
        0.68,
        0.87,
        0.88,
        1.0,
        1.5,
        -0.03,
        -0.2,
        -0.5,
        -1,
        np.nan,
    ):
        for dashed in (False, True):
            if dashed and not share < 0:
                continue
            dots, grid = Dots(16, 4), Grid(16, 4)
            draw(dots, edges(np.array([[float(share)]]), [(0, 3)], [(31, 11)]), dashed)
            dots.draw(grid, 0, 0)
            yield f"{share} of the scale{' dashed' if dashed else ''}", grid.picture()
    shares = np.array([[0.1, -0.2, 0.3], [np.nan, 0.0, -1.0]])
    some = edges(shares, [(0, 2), (0, 6)], [(9, 1), (9, 4), (9, 7)])
    yield "strongest first", [f"{e.share:g} strength {e.strength:g} level {e.level} {e.start}→{e.end}" for e in some if not np.isnan(e.share)]  # fmt: skip
    dots, grid = Dots(12, 5), Grid(12, 5)
    dots.points([-1, 0, 23, 24, 5, 5], [0, 0, 19, 19, -1, 20], Style(fg="train"))
    dots.lines([0, 2], [19, 8], [23, 2], [0, 18], Style(fg="bad"), (4, 4))
    dots.lines(3, 10, 20, 10, Style(fg="good"), (1, 3))
    dots.lines(12, 1, 18, 7, Style(fg="warn"), (2, 1))
    dots.lines([], [], [], [], Style(fg="warn"))
    dots.draw(grid, 0, 0)
    yield "points and dashes", grid.picture()
    other = Grid(14, 7)
    for y in range(7):
        for x in range(14):
            other.put(x, y, " ", Style(bg=f"height:{y}"))
    dots.draw(other, 1, 1, ascii=True, ground=True)
    yield "the same in ascii on a ground", other.picture()
    size = Size(6, 2, "sides", 1)
    for unit in (Unit(value=0.25, selected=True), Unit(), Unit(face=ramp(3, 5), ink=True), Unit(face=ramp(3, 5), limit=2.0),
                 Unit(value=0.5, mark="saturated")):  # fmt: skip
        for border in ("frame", "sides", ""):
            both = []
            for plain in (False, True):
                grid = Grid(10, 4)
                draw_unit(grid, unit, 1, 0, Size(size.width, 2, border, 1), 1.0, plain)  # type: ignore[arg-type]
                both += grid.picture()
            yield f"a unit, {border or 'bare'}", tuple(both)
    marks = {3: "dead", 0: "saturated", 9: "dead", 1: "dead", 7: "saturated"}
    yield "marked units in words", [units_in_words(marks, n, a) for n in (1, 2, 3) for a in (False, True)]  # type: ignore[arg-type]


def layers() -> Cases:
    rng = np.random.default_rng(3)
    maps = rng.normal(size=(6, 8, 8))
    network = [
        Band("input", np.arange(64.0).reshape(1, 8, 8), "8×8", "ink"),
        Band("conv2d1", maps, "6×8×8"),
        Band("maxpool1", maps[:, ::2, ::2], "6×4×4"),
        Band("flatten1", maps[:, ::2, ::2].ravel(), "96"),
        Band("dense1", np.array([0.5, -0.25, 0.0, np.nan, 1.0]), "5"),
        Band("dense2", None, "3"),
        Band("join", np.linspace(-3, 3, 9), "9", reads=(3, 5)),
        Band("last", np.array([1e-5, -1e-5]), "2", reads=(1, 6)),
    ]
    for width, height in ((100, 40), (80, 24), (60, 16), (40, 10), (24, 9), (16, 5), (8, 3)):
        yield f"layers {width}×{height}", bands(network, width, height)
    yield "layers ascii", bands(network, 60, 20, ascii=True)
    plain = [Band("input", np.linspace(0, 1, 4), "4"), Band("dense1", np.linspace(-1, 1, 30), "30")]
    for width, height in ((60, 5), (30, 3), (30, 2), (12, 2), (4, 1)):
        yield f"units {width}×{height}", bands(plain, width, height)
    tall = [Band(f"conv{k}", rng.normal(size=(2, 16, 16)), "2×16×16") for k in range(3)]
    for height in (30, 24, 18, 12, 6, 3):
        yield f"tall maps, height {height}", bands(tall, 44, height)
    flat = [
        Band("image", rng.normal(size=(3, 4, 10)), "3×4×10"),
        Band("tall", rng.normal(size=(2, 12, 3)), "2×12×3"),
    ]
    for width, height in ((90, 30), (60, 14), (44, 9)):
        yield f"maps that are not square {width}×{height}", bands(flat, width, height)
    yield "empty", bands([Band("x", np.zeros(0), "0")], 20, 2)
    yield "none", bands([], 5, 2)

"""Values as colors: heat maps, decision surfaces, scales, and functions of two variables from above."""

from __future__ import annotations

import numpy as np

from nntui.tui.render import scale
from nntui.tui.render.contour import Arrow, Trail, View, area, bands, contour, heights
from nntui.tui.render.heatmap import class_map, heatmap, proportions, signed
from nntui.tui.render.picture import Style
from tests.tui.render.pictures.kept import Cases

SIGNS = np.array([[-1.0, -0.5, -0.125, 0.0], [0.0, 0.125, 0.5, 1.0]])
ODD = np.array([[np.nan, np.inf, 0.3], [-np.inf, 2.0, -2.0]])
MARK = Style(fg="text", bold=True)


def heatmaps() -> Cases:
    for width, height in ((4, 1), (8, 2), (2, 1), (3, 1), (1, 1)):
        yield f"signs {width}×{height}", heatmap(SIGNS, width, height)
        yield f"signs {width}×{height} ink", heatmap(SIGNS, width, height, palette="ink")
        yield f"signs {width}×{height} ascii", heatmap(SIGNS, width, 2 * height, ascii=True)
    yield "of a larger scale", heatmap(SIGNS, 4, 1, limit=4.0)
    yield "of a smaller scale", heatmap(SIGNS, 4, 1, limit=0.25)
    yield "of a smaller scale, ink", heatmap(np.abs(SIGNS), 4, 1, limit=0.5, palette="ink")
    for palette in ("signed", "ink"):
        yield f"no numbers, {palette}", heatmap(ODD, 3, 1, palette=palette)  # type: ignore[arg-type]
        yield f"no numbers ascii, {palette}", heatmap(ODD, 3, 2, ascii=True, palette=palette)  # type: ignore[arg-type]
        levels = np.linspace(-1 if palette == "signed" else 0, 1, 17)[None, :]
        yield f"all levels, {palette}", heatmap(levels, 17, 1, ascii=True, palette=palette)  # type: ignore[arg-type]
    markers = [(0.0, 0.0, "a", MARK), (1.0, 1.0, "b", Style(fg="bad", bg="good")), (0.5, 0.49, "c", Style(fg="warn", dim=True, underline=True, reverse=True)),
               (0.51, 0.51, "d", MARK), (1.01, 0.5, "e", MARK), (-0.01, 0.5, "f", MARK), (0.5, 1.2, "g", MARK)]  # fmt: skip
    yield "markers", heatmap(SIGNS, 8, 2, markers=markers)
    yield "markers ascii", heatmap(SIGNS, 8, 2, markers=markers, ascii=True)
    yield "zeros", heatmap(np.zeros((2, 2)), 2, 1)
    classes = np.array([[0, 1, 2], [2, 1, 0], [0, 0, 11]])
    sure = np.array([[0.0, 0.5, 1.0], [1.0, 0.26, np.nan], [0.7, 0.9, 2.0]])
    for width, height in ((6, 3), (3, 2), (9, 2), (1, 1)):
        yield f"classes {width}×{height}", class_map(classes, sure, width, height)
    yield "classes ascii", class_map(classes, sure, 6, 3, ascii=True, markers=[(0.5, 0.5, "1", MARK)])
    yield "each class in ascii", class_map(np.arange(12)[None, :], np.ones((1, 12)), 12, 1, ascii=True)
    sizes = (
        (8, 8, 40, 20),
        (28, 28, 20, 20),
        (3, 10, 40, 20),
        (10, 3, 40, 20),
        (1, 100, 30, 10),
        (0, 3, 9, 9),
        (5, 5, 1, 1),
    )
    yield "proportions", [f"{r}×{c} in {w}×{h}: {proportions(r, c, w, h)}" for r, c, w, h in sizes]


def scales() -> Cases:
    values = [
        -2.0,
        -1.0,
        -0.9376,
        -0.9374,
        -0.5,
        -0.0626,
        -0.0624,
        0.0,
        0.0624,
        0.0626,
        0.5,
        1.0,
        1e30,
        np.inf,
        -np.inf,
        np.nan,
    ]
    yield (
        "signed levels",
        [
            f"{v:g}: {q} {scale.role(int(q))} {signed(int(q))}"
            for v, q in zip(values, scale.quantize(values, 1.0), strict=True)
        ],
    )
    yield (
        "signed levels of their own",
        [str(scale.quantize(v).tolist()) for v in ([0.0, 0.0], [1.0, 3.0, -4.0], [np.inf, 2.0, np.nan], [])],
    )
    yield (
        "signed levels where the limit is none",
        [str(scale.quantize([1.0, -2.0], v).tolist()) for v in (0.0, -1.0, np.nan)],
    )
    shares = [-0.1, 0.0, 0.032, 0.034, 0.5, 0.97, 1.0, 1.5, np.nan]
    yield (
        "levels",
        [
            f"{v:g}: {q} {scale.role(int(q), 'ink')}"
            for v, q in zip(shares, scale.ink(shares, 0.0, 1.0), strict=True)
        ],
    )
    yield (
        "levels of their own",
        [
            str(scale.ink(v).tolist())
            for v in ([2.0, 3.0, 6.0], [5.0, 5.0], [np.nan, 1.0], [np.nan], [], [np.inf, 0.0, 4.0])
        ],
    )
    yield (
        "levels with an end given",
        [
            str(scale.ink([1.0, 2.0, 3.0], low, high).tolist())
            for low, high in ((0.0, None), (None, 6.0), (3.0, 1.0))
        ],
    )
    yield (
        "largest",
        [f"{v}: {scale.limit_of(v):g}" for v in ([], [0.0], [-3.0, 2.0], [np.inf, 0.5], [np.nan])],
    )
    rounds = [
        0.0,
        -1.0,
        np.nan,
        np.inf,
        1e-310,
        1.2e-300,
        1e305,
        0.1,
        0.101,
        0.11,
        0.16,
        0.21,
        0.31,
        0.41,
        0.51,
        0.61,
        0.81,
        1.0,
        9.9,
        12345.0,
        3e-7,
    ]
    yield "rounded up", [f"{v:g}: {scale.rounded_up(v):g}" for v in rounds]
    grid = np.arange(12.0).reshape(3, 4)
    yield (
        "resampled",
        [
            f"{rows}×{columns}: {np.round(scale.resample(grid, rows, columns), 4).tolist()}"
            for rows, columns in ((3, 4), (6, 8), (1, 1), (2, 2), (3, 3), (5, 1), (2, 6), (0, 3), (1, -1))
        ],
    )
    bad = np.array([[np.inf, 1.0, 2.0, 3.0], [np.nan, 1.0, -np.inf, 3.0]])
    yield (
        "resampled, no numbers",
        [
            f"{r}×{c}: {scale.resample(bad, r, c).tolist()}"
            for r, c in ((2, 2), (1, 2), (1, 4), (4, 4), (1, 1))
        ],
    )
    yield "resampled, empty", [str(scale.resample(np.zeros((0, 3)), 1, 2).tolist())]


WINDOW = ((-2.0, 2.0), (0.0, 4.0))


def surface(rows: int = 40, columns: int = 40) -> np.ndarray:
    """x² + 2 (y − 1)² over WINDOW, y rising by rows; its minimum 0 is at (0, 1)."""
    xs, ys = np.meshgrid(np.linspace(-2, 2, columns), np.linspace(0, 4, rows))
    return np.asarray(xs**2 + 2 * (ys - 1) ** 2)


def contours() -> Cases:
    down = np.array([[-1.9, 3.9], [-1.0, 2.5], [-0.5, 1.6], [0.02, 1.0]])
    left = np.array([[1.5, 3.0], [5.0, 3.0], [1.0, 2.0], [np.nan, np.nan]])
    trails = [
        Trail("A", "class2", down),
        Trail("B", "class4", left, gone=True),
        Trail("C", "class3", np.zeros((0, 2))),
    ]
    arrows = [
        Arrow(-1.0, 2.5, 1.0, 0.0, "good", ">"), Arrow(1.0, 1.0, 0.0, 1.5, "bad", "^"),
        Arrow(1.0, 1.0, 0.001, 0.0, "warn", "!"), Arrow(1.0, 1.0, np.nan, 0.0, "warn", "!"),
    ]  # fmt: skip
    for width, height in ((48, 13), (24, 8), (40, 10), (39, 9), (6, 3), (1, 1)):
        for how in ({}, {"shades": True}, {"shades": True, "ascii": True}, {"lines": True}):
            if width not in (24, 48) and how:
                continue
            name = f"{width}×{height} {' '.join(how)}".strip()
            ground = heights(surface(), WINDOW, width, height, **how)
            if width != 40:
                yield name, contour(ground)
            if width > 20:
                yield (
                    f"{name}, what moves",
                    contour(ground, trails, arrows, [(0.0, 1.0)], (-1.9, 3.9), (1.5, 0.5)),
                )
    small = ((-0.0215, 0.0214), (1000.5, 1002.5))
    for width in (40, 47, 56):
        yield f"axes of small steps {width}", contour(heights(surface(), small, width, 12, shades=True))
    far = np.array([[-500.0, 3.5], [-1.0, 3.0], [900.0, 2.5], [1.0, 1.0], [0.0, -4000.0], [0.5, 0.5]])
    yield "a trail from far away", contour(heights(surface(), WINDOW, 32, 9), [Trail("A", "class2", far)])
    tiny = ((1000.5, 1000.512), (0.0, 1e-7))
    yield "axes of tiny steps", contour(heights(surface(), tiny, 60, 12, shades=True))
    ends = heights(surface(), WINDOW, 24, 8)
    yield (
        "at the window's edges",
        contour(ends, minima=[(-2, 0), (2, 4), (-2, 4), (2, 0), (2.1, 2), (0, -0.1)]),
    )
    broken = surface(8, 8)
    broken[0, :3], broken[3, 3:5], broken[7, 7] = np.nan, np.inf, -np.inf
    yield "no numbers", contour(heights(broken, WINDOW, 16, 4))
    yield "no numbers, characters", contour(heights(broken, WINDOW, 16, 8, shades=True))
    yield "a constant", contour(heights(np.full((4, 4), 3.0), WINDOW, 8, 2))
    yield "nothing", contour(heights(np.full((4, 4), np.nan), WINDOW, 8, 2))
    ramp = np.linspace(-5, 5, 21)
    yield (
        "bands",
        [
            str(bands(v).tolist())
            for v in (
                ramp,
                ramp**2,
                np.array([0.0, 1e-9, 1e-3, 1.0, np.nan, np.inf, -np.inf]),
                np.full(2, 7.0),
            )
        ],
    )
    yield "four bands", [str(bands(ramp, 4).tolist())]
    view = View(WINDOW, 20, 8)
    yield "places", [f"{x:g}, {y:g}: {view.across(x)}, {view.down(y)}" for x, y in ((-2, 0), (2, 4), (0, 1))]
    yield "points of cells", [f"{c}, {r}: {view.point(c, r)}" for c, r in ((0, 0), (19, 7), (10, 2))]
    yield "areas", [f"{w}×{h}: {area(w, h)}" for w, h in ((40, 10), (39, 10), (40, 9), (120, 40))]

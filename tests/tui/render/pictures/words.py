"""Numbers and words: figures, samples, tables, rows, names cut short, and the same in ASCII."""

from __future__ import annotations

import numpy as np

from nntui.tui.render.ascii import ascii_text, braille_to_ascii, to_ascii
from nntui.tui.render.labels import shortened
from nntui.tui.render.numbers import clock, compact, count, exactly, percent, short, trimmed
from nntui.tui.render.picture import (
    Grid,
    Span,
    Style,
    beside,
    crop,
    fit,
    join,
    pad,
    plain,
    row_width,
    stack,
    text,
    width_of,
    wrap,
)
from nntui.tui.render.sample import (
    by_class,
    confusion,
    features,
    label_scores,
    mistakes,
    numbers,
    scores,
    targets,
)
from nntui.tui.render.table import Heading, columns, table
from tests.tui.render.pictures.kept import Cases

NAMES = ["setosa", "versicolor", "virginica", "a class with a long name"]
MATRIX = np.array([[10, 1, 0, 0], [2, 8, 3, 0], [0, 4, 120, 0], [0, 0, 5, 0]])


def samples() -> Cases:
    for label, given in ((2, [0.1, 0.2, 0.7, 0.0]), (0, [0.04, 0.2, 0.7, 0.06]), (None, [0.25] * 4), (1, [np.nan, 0.3, -0.5, 12.5]), (3, [np.inf, 1.0, 0.996, 0.004])):  # fmt: skip
        for width, height in ((60, 5), (30, 4), (14, 2)):
            yield f"scores {given} of {label} {width}×{height}", scores(NAMES, given, label, width, height)
    yield "scores ascii", scores(NAMES, [0.1, 0.6, 0.3, 0.0], 2, 40, 3, ascii=True)
    for width, height in ((50, 5), (20, 3), (12, 2)):
        yield (
            f"labels {width}×{height}",
            label_scores(NAMES, [0.9, 0.5, 0.49, 0.1], [1, 0, 1, 0], width, height),
        )
    yield "labels ascii", label_scores(NAMES, [0.2, 0.6, 0.7, np.nan], [0, 1, 0, 0], 40, 2, ascii=True)
    yield (
        "labels, the highest of those that do not hold",
        label_scores(NAMES, [0.9, 0.1, 0.4, 0.2], [0, 0, 0, 0], 40, 2),
    )
    yield "no labels", label_scores(NAMES, [0.5], [1, 0], 40, 2)
    ten = [str(k) for k in range(10)]
    ranks = np.array([1, 3, 2, 9, 8, 7, 6, 5, 4, 0]) / 45
    for height in (10, 6, 3, 2, 1):
        yield f"ten classes, height {height}", scores(ten, ranks, 9, 40, height)
    yield "no scores", scores([], [], None, 10, 3)
    for width, height in ((60, 4), (34, 3), (26, 2), (12, 4)):
        yield (
            f"targets {width}×{height}",
            targets(["price", "a name too long", "z"], [1.5, np.nan, 1e-7], [2.25, 1.0, 1e9], width, height),
        )
    for width, height in ((40, 4), (20, 3), (12, 2), (8, 5)):
        yield (
            f"features {width}×{height}",
            features(["x1", "petal width in cm"], [0.5, -12.25, 1e6, np.nan], width, height),
        )
    whole = np.arange(30.0).reshape(5, 6) * 37 % 256
    half = np.array([[0.0, -0.25, 1.5], [2.125, 99.0, -7.0]])
    odd = np.array([[1e6, np.nan], [-0.001, 5.0]])
    for name, a in (
        ("whole", whole),
        ("fractions", half),
        ("others", odd),
        ("hundreds", np.array([[0.5, 150.25], [7, 1]])),
        ("one is none", np.array([[1, np.nan], [2, 3]])),
        ("thousands", np.array([[1, 2000]])),
        ("row", whole[:1]),
    ):
        for width, height in ((40, 6), (24, 3), (16, 3), (7, 2), (3, 1)):
            yield f"numbers, {name} {width}×{height}", numbers(a, width, height)
    yield "numbers, none", numbers(np.zeros((0, 3)), 9, 3)
    for width, height in ((70, 6), (40, 5), (26, 5), (22, 5), (12, 5), (40, 4)):
        found = confusion(NAMES, MATRIX, width, height)
        yield f"confusion {width}×{height}", ["no room"] if found is None else found
    yield "confusion with NaN", confusion(["a", "b"], [[np.nan, 1], [2, 3]], 20, 3) or ["no room"]
    for width, height in ((60, 8), (40, 4), (30, 1)):
        yield f"mistakes {width}×{height}", mistakes(NAMES, MATRIX, width, height)
    rows = [
        (10 / 12, 10 / 11, 0.8696, 11),
        (8 / 13, 8 / 13, 0.6154, 13),
        (0.5, 0.4999, 0.0, 124),
        (None, None, None, 0),
    ]
    for width in (60, 40, 30, 20, 12):
        yield f"by class {width}", by_class(NAMES, rows, width, 5)


def tables() -> Cases:
    headings = [
        Heading("layer", 8, "left", stretch=True), Heading("shape", 6, rank=1), Heading("mean", 5, rank=1),
        Heading("note", 4, "center", rank=2, stretch=True), Heading("last", 4, rank=3),
    ]  # fmt: skip
    rows = [
        [
            f"dense{k}",
            f"{k}×{k}",
            f"{k / 8:.3f}",
            text("x" * k, Style(fg="bad")),
            lambda width: text("=" * width),
        ]
        for k in range(6)
    ]
    for width, height in ((60, 8), (47, 7), (46, 5), (30, 4), (20, 3), (8, 2), (5, 1)):
        for selected in (None, 0, 3, 5):
            yield f"{width}×{height} at {selected}", table(headings, rows, width, height, selected)
    yield "without its head", table(headings, rows, 40, 4, 2, head=False)
    yield "no rows", table(headings, [], 30, 3)
    yield (
        "widths",
        [f"{w}: {columns(headings, w)}" for w in (70, 36, 35, 34, 31, 30, 29, 24, 23, 22, 16, 8, 1)],
    )


VALUES = (
    0.0, -0.0, 1.0, -1.0, 0.5, 0.03125, 0.001, 0.0009999, 0.00099995, 9999.0, 9999.4, 9999.9, 10000.0, -12345.6, 99999.0,
    100000.0, 123456.0, 1e6, 2.5e9, 1e12, 1e15, 1e18, 9.999e20, 1e21, 1.35e-4, 1.5e-300, 1e300, -1e-5, 2 / 3, np.inf,
    -np.inf, np.nan,
)  # fmt: skip


def figures() -> Cases:
    yield "compact", [f"{v!r}: {' '.join(compact(v, d) for d in (1, 2, 3, 4, 6))}" for v in VALUES]
    yield "trimmed", [f"{v!r}: {' '.join(trimmed(v, d) for d in (2, 4))}" for v in VALUES]
    yield "short", [f"{v!r}: |{'|'.join(short(v, w) for w in (1, 2, 3, 4, 5, 6, 7, 9))}|" for v in VALUES]
    wholes = (0, 7, 999, 99999, 100000, 123456, 12345678, -5, -99999, -100000, 2.5, 3.5)
    yield "count", [f"{v}: |{count(v)}|{count(v, 5)}|{count(v, 4)}|" for v in wholes]
    shares = (
        0.0,
        0.001,
        0.00499,
        0.005,
        0.014,
        0.5,
        0.994,
        0.995,
        0.999,
        1.0,
        1.004,
        1.5,
        -0.001,
        -0.005,
        -0.0051,
        -0.5,
        20.0,
        np.inf,
        -np.inf,
        np.nan,
    )
    yield "percent", [f"{v:g}: |{percent(v)}|{percent(v, 7)}|" for v in shares]
    yield "nothing", [f"|{short(None)}|{compact(None)}|{count(None)}|{percent(None)}|"]
    axes = (
        [0, 0.1 + 0.2, 0.6],
        [1001, 1002],
        [1000.5, 1001.5],
        [1.35e-4, 1.355e-4, 1.36e-4],
        [1e15, 1e15 + 1],
        [7],
        [],
        [-0.5, 0, 0.5],
        [0, 12500, 25000],
        [1e-12, 1, 1e12],
    )
    yield "on an axis", [f"{v}: {exactly(v)} {exactly(v, 2)}" for v in axes]
    yield "clock", [f"{s:g} s: {clock(s)}" for s in (-1, 0, 0.9, 59, 60, 3599, 3600, 86399, 86400, 360000)]
    long = [
        "gene_00_of_a_chip",
        "gene_01_of_a_chip",
        "conv2d_block_12",
        "plain",
        "another long name",
        "重みの名前です",
    ]
    yield "names", [f"{w}: {shortened(long, w)}" for w in (20, 12, 8, 5, 3, 2, 1, 0)]
    yield "names of widths of their own", [str(shortened(["first1", "second2", "third"], [4, 7, 3]))]


def rows() -> Cases:
    red, wide = Style(fg="bad"), "重み w"
    row = join(text("ab "), text("cde f", red), text(wide, Style(bold=True)))
    yield (
        "widths",
        [f"{s!r}: {width_of(s)}" for s in ("", "abc", "é", "e\u0301", "重", "\u200d", "─")]
        + [str(row_width(row))],
    )
    for align in ("left", "right", "center"):
        yield f"fit, {align}", tuple(fit(row, w, align) for w in (18, 17, 13, 12, 11, 9, 8, 4, 1, 0))  # type: ignore[arg-type]
    for width in (13, 9, 6, 4, 2, 1):
        for indent in (0, 2):
            yield f"wrapped in {width}, indented {indent}", tuple(wrap(row, width, indent))
    yield "a long word wrapped", tuple(wrap(text("abcdefghijkl mn"), 5, 1))
    yield "cropped", tuple(crop(row, start, 6) for start in range(15))
    a, b = (text("one"), text("to", red)), (text("x"), text("yz"), text("w"))
    yield "below each other", stack(a, b)
    yield "beside each other", beside(a, b)
    yield "without a gap", beside(b, a, 0)
    yield "padded", pad(a, 5, 3)
    yield "padded and cut", pad(a, 2, 1)
    yield "plain", plain(pad(a, 5, 2)).split("\n")
    grid = Grid(8, 3)
    grid.write(0, 0, "重み重み重", red)
    grid.write(6, 1, "重e\u0301x", red)
    grid.write(-1, 2, "abc")
    grid.paste(4, 1, ((Span("pq"),), (Span("rs", red),), (Span("no"),)))
    grid.put(8, 0, "!")
    grid.put(0, 3, "!")
    grid.put(-1, 0, "!")
    other = grid.copy()
    other.put(0, 2, "x", Style(bg="warn"))
    other.put(7, 2, "c", Style(bg="good"))
    yield "a grid", grid.picture()
    yield "its copy", other.picture()
    yield (
        "grounds",
        [str([other.ground(x, y) for x, y in ((7, 2), (8, 2), (7, 3), (-1, 0), (0, -1), (0, 0), (0, 2))])],
    )
    signs = "⠀─━│┃┌┐╭╯├┼╱╲×✗▶→◀▲✎▼…·●◆○□█▓▒░▀▄▁▃▅▇▌▐✓∂δΔσΣμθλε∞≤≥≈√±⋮′’“”é²重—−†‡ß☃"
    yield "ascii", [f"{c} {ascii_text(c)}" for c in signs]
    yield (
        "ascii words",
        [ascii_text(s) for s in ("1…2", "1…−2", "a…b", "1…", "…−3", "1…x", "plain", "0.1…0.5", "0.1….5")],
    )
    yield "ascii of a row", to_ascii((row, (Span("±0.5", red),)))
    yield (
        "braille",
        ["".join(braille_to_ascii(k) for k in range(start, start + 64)) for start in range(0, 256, 64)],
    )

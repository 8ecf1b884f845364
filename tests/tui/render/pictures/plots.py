"""Curves, distributions, and distributions over time."""

from __future__ import annotations

import numpy as np

from nntui.statistics.histogram import Histogram
from nntui.tui.render.histogram import beyond, distribution, logbar
from nntui.tui.render.history import history, span_of
from nntui.tui.render.picture import join
from nntui.tui.render.plot import Series, legend, plot
from nntui.tui.render.ticks import linear, logarithmic, nice_step
from tests.tui.render.pictures.kept import Cases

X = np.arange(0, 101.0)
LOSS = [
    Series(X, 2.0 * 0.95**X, "train", "training"),
    Series(X, 0.3 + 1.9 * 0.93**X, "validation", "held out", dashed=True),
    Series([20, 60], [1.5, 0.5], "accent", "best", points=True),
]


def plots() -> Cases:
    for width, height in ((70, 16), (48, 10), (24, 6), (23, 5), (12, 3), (3, 1)):
        yield f"loss {width}×{height}", plot(LOSS, width, height, x_label="epoch")
    for width, height in ((60, 14), (30, 8)):
        yield f"loss logarithmic {width}×{height}", plot(LOSS, width, height, log=True)
    yield "loss ascii", plot(LOSS, 48, 10, ascii=True, x_label="epoch")
    yield (
        "rates",
        plot(
            [Series(10.0 ** np.arange(-6, 1), [3, 3, 2.5, 1, 0.5, 2, 9], "train")],
            60,
            12,
            log=True,
            log_x=True,
        ),
    )
    yield (
        "limits",
        plot([Series([0, 1, 2, 3], [5, -5, 50, 0], "train")], 40, 9, x_limits=(-1, 5), y_limits=(-10, 10)),
    )
    gaps = Series([0, 1, 2, 3, 4, 5, 6], [1, np.nan, 3, np.inf, 2, 2.5, -np.inf], "bad")
    yield "gaps", plot([gaps], 40, 9)
    yield (
        "below zero on a logarithmic axis",
        plot([Series([0, 1, 2, 3], [-1, 0, 0.01, 100], "train")], 40, 9, log=True),
    )
    yield "no value above zero", plot([Series([0, 1, 2], [-3, -2, 0], "train")], 40, 9, log=True)
    yield "constant", plot([Series([0, 1, 2], [7, 7, 7], "train")], 40, 9)
    yield "constant zero", plot([Series([3], [0], "train")], 40, 7)
    yield "constant on a logarithmic axis", plot([Series([0, 1], [0.03, 0.03], "train")], 40, 9, log=True)
    yield "constant at a power of ten", plot([Series([0, 1], [1, 1], "train")], 40, 9, log=True)
    yield "large", plot([Series([0, 1e6, 2e6], [-1e289, 1e290, -1e290], "train")], 40, 9)
    yield "small", plot([Series([0, 1e-5], [1.35e-4, 1.36e-4], "train")], 40, 9)
    yield "small steps of x", plot([Series([1.35e-4, 1.36e-4], [1e6, 1.0001e6], "train")], 60, 9)
    wave = np.linspace(0, 40, 4001)
    yield "many points", plot([Series(wave, np.sin(wave) * wave, "train")], 50, 10)
    yield "dates on whole numbers", plot([Series([1, 2, 3], [1, 2, 4], "train")], 60, 8, x_label="run")
    yield "none", plot([Series([], [], "train")], 20, 3)
    yield "not one", plot([Series([1, 2], [np.nan, np.nan], "train")], 20, 2)
    yield "legend", (legend(LOSS), legend(LOSS, ascii=True), legend([Series([], [], "bad", "")]))
    spans = ((0.0, 1.0), (-3.0, 7.0), (0.0, 12345.0), (1.35e-4, 1.36e-4), (-1e300, 1e300), (2.0, 2.0))
    yield (
        "round numbers",
        [
            f"{low:g} … {high:g} at most {n}{' whole' if whole else ''}: {[float(f'{t:.6g}') for t in linear(low, high, n, whole)]}"
            for low, high in spans
            for n in (1, 4, 9)
            for whole in ((False, True) if high < 2e4 else (False,))
        ],
    )
    powers = ((1e-3, 1e3), (0.2, 0.9), (1.0, 10.0), (3.0, 4.0), (1e-12, 1e12), (2.0, 5.0), (4.1, 4.2))
    yield (
        "powers",
        [
            f"{low:g} … {high:g} at most {n}: {[float(f'{t:.6g}') for t in logarithmic(low, high, n)]}"
            for low, high in powers
            for n in (1, 2, 4, 8)
        ],
    )
    yield (
        "steps",
        [
            f"{span} / {n}: {nice_step(span, n):g}"
            for span in (0.0, 1.0, 3.0, 7.0, 1e-9, np.inf)
            for n in (0, 1, 3, 10)
        ],
    )


def made(low: float, high: float, counts: list[int], zeros: int | None = None, *others: int) -> Histogram:
    """Counts below, above, NaN and infinite last."""
    return Histogram(low, high, np.array(counts), zeros, *[*others, 0, 0, 0, 0][:4])


BELL = [1, 4, 16, 50, 90, 100, 90, 50, 16, 4, 1, 0]


def histograms() -> Cases:
    cases = {
        "bell": made(-6, 6, BELL),
        "uneven": made(-2, 6, BELL[:8]),
        "positive with zeros": made(0, 6, BELL, 200),
        "negative": made(-6, 0, BELL),
        "hardly negative": made(-1, 23, [5, *BELL, *BELL[1:]]),
        "hardly positive": made(-23, 1, [*BELL, *BELL[1:], 5]),
        "zeros between": made(-1, 1, [4, 9], 16),
        "no zeros": made(-1, 1, [4, 9], 0),
        "none": made(-1, 1, [0, 0]),
        "beyond": made(-1, 1, [3, 5], None, 7, 12, 2, 1),
        "below alone": made(-1, 1, [3, 5], None, 7),
        "infinite alone": made(-1, 1, [3, 5], None, 0, 0, 0, 4),
    }
    for name, h in cases.items():
        drawn = [distribution(h, width) for width in (24, 12, 7, 3, 2, 1, 0)]
        yield name, (*drawn, distribution(h, 12, ascii=True), *beyond(h))
    values = (0.0, -1.0, 1e-9, 1e-8, 1.1e-8, 1e-6, 3e-5, 1e-3, 0.5, 1.0, 5.0, np.inf, np.nan)
    for plain in (False, True):
        rows = [join(logbar(v, 1e-8, 1.0, 10, plain), logbar(v, 1e-8, 1.0, 3, plain)) for v in values]
        yield "bars of magnitudes" + " ascii" * plain, tuple(rows)


def histories() -> Cases:
    moments = [
        made(-1, 1, [0, 2, 2, 0]), made(-2, 2, [1, 2, 4, 1]), made(-1, 4, [1, 2, 3, 4, 5], 9),
        made(-1, 1, [1, 1], None, 0, 0, 1), made(-1, 1, [1, 3]),
    ]  # fmt: skip
    for width, height in ((20, 6), (10, 4), (5, 2), (3, 1), (0, 2)):
        yield f"{width}×{height}", history([0, 4, 8, 14, 16], moments, width, height)
    yield "ascii", history([0, 4, 8, 14, 16], moments, 20, 6, ascii=True)
    yield "positive", history([1, 2], [made(0, 3, [6, 3, 1], 2), made(0, 3, [1, 3, 6], 0)], 8, 3)
    yield "negative", history([1, 2], [made(-3, 0, [6, 3, 1], 2), made(-3, 0, [1, 3, 6])], 8, 3)
    yield "hardly negative", history([1], [made(-1, 23, [1] * 24)], 3, 3)
    yield "none", history([], [], 4, 2)
    yield "nothing counted", history([0], [made(-1, 1, [0, 0])], 4, 2)
    yield "span", [str(span_of(moments))]

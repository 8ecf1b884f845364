"""Words and colors of the stability pane: verdicts, λmax in the digits that are known, reasons for missing limits."""

from __future__ import annotations

from math import floor, isfinite, log10

import numpy as np

from nntui.statistics.stability import Curvature, Stability
from nntui.tui.render.numbers import short, trimmed
from nntui.tui.render.picture import MUTED, Row, Style, text

BELOW, ABOVE = 0.9, 1.1
"""Shares of the threshold between which λmax is at the edge."""
CURVES = 6
"""Parameters whose steps are drawn at most: weights before biases."""
DIGITS = 3
"""Of λmax, that are known."""
DECADE = 10.0
"""Values that differ by more than this factor are drawn on a logarithmic axis."""


def roles_of(found: Stability) -> dict[str, str]:
    """The colors of the parameters that are drawn."""
    shown = [s.parameter for s in sorted(found.steps, key=lambda s: s.parameter.endswith(".b"))][:CURVES]
    return {name: f"class{k}" for k, name in enumerate(shown)}


def verdict(ratio: float) -> tuple[str, str]:
    """What a share of the threshold means, and its color."""
    if not isfinite(ratio):
        return "not finite", "bad"
    if ratio < BELOW:
        return "below the limit", "good"
    return ("at the edge of stability", "warn") if ratio <= ABOVE else ("above: steps overshoot", "bad")


def known(seen: Curvature) -> str:
    """λmax in the digits that are known: it is measured to a thousandth; a lower bound is not rounded up."""
    value = seen.value
    if not seen.converged and isfinite(value) and value:
        unit = 10.0 ** (floor(log10(abs(value))) - DIGITS + 1)
        value = floor(value / unit) * unit
    return short(value, 6, DIGITS).strip()


def correction(found: Stability) -> str:
    """What Adam's correction does to its first step and to this one, or by how much they are longer without it; empty
    for other optimizers."""
    first, now, update = found.first_correction, found.correction, found.steps_update
    if first is None or now is None or not first or not now:
        return ""
    if not found.corrected:
        first, now = 1 / first, 1 / now
    words = f"{'correction' if found.corrected else 'uncorrected:'} ×{trimmed(first, 3)} first"
    return words if update in (None, 1) else f"{words}, ×{trimmed(now, 3)} here"


def unknown(formula: str, seen: Curvature, *, trained: bool) -> str:
    """Why there is no threshold; ``trained`` says whether there are parameters that take steps."""
    if not formula:
        return "limit unknown for this optimizer"
    if not seen.update:
        return "limit unknown before the first update"
    return "limit unknown: the rate is 0" if trained else "no limit: there is nothing to train"


def spread(values: np.ndarray) -> bool:
    """Whether positive values differ so much that they need a logarithmic axis."""
    some = values[np.isfinite(values) & (values > 0)]
    return bool(len(some) and some.max() > DECADE * some.min())


def number(value: float) -> Row:
    return text(short(value, 7, 3)) if isfinite(value) else text("–", MUTED)


def colored(name: str) -> Style:
    return Style(fg=name, bold=True)

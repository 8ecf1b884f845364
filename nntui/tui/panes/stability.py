"""The optimizer's limits: curvature against what its steps can bear, gradient noise, and the steps that it takes."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import numpy as np

from nntui.display import display
from nntui.statistics.stability import Curvature, Stability, Steps
from nntui.tui.panes.base import Pane
from nntui.tui.render.labels import shortened
from nntui.tui.render.note import note
from nntui.tui.render.numbers import short, trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, beside, fit, join, pad, row_width, text, wrap
from nntui.tui.render.plot import Series, plot
from nntui.tui.render.table import Cell, Heading, table
from nntui.tui.store import Snapshot

LIMITS = {
    "sgd": "2/η",
    "momentum": "(2+2μ)/η",
    "nesterov": "(2+2μ)/((1+2μ)η)",
    "adam": "(2+2β₁)/((1−β₁)η)",
}
"""The threshold of each optimizer that has a known one, as a formula."""
BELOW, ABOVE = 0.9, 1.1
"""Shares of the threshold between which λmax is at the edge."""
NAME = 14
"""Cells of a name at most."""
LABELED = 48
"""From this width on the axis of the updates has its name beside its numbers."""
HEAD = 2
"""Lines above the curves."""
CURVES = 6
"""Parameters whose steps are drawn at most: weights before biases."""
DECADE = 10.0
"""Values that differ by more than this factor are drawn on a logarithmic axis."""


class StabilityPane(Pane):
    """Left the curvature and the noise, right the steps; above over the updates, below in numbers."""

    ID = "stability"
    DRAWS = ("hello", "statistics", "measured", "ended")
    TITLE = "Stability"
    ALONE = True
    HELP = (
        "λmax: the largest curvature of the objective. Gradient descent overshoots where it is above 2/η, others above limits of\n"
        "their own. Full batches rise to the limit and stay there (the edge of stability); small ones stay below by their noise.\n"
        "Far above: lower the rate. Signal/noise: of a sample's gradient; noise scale: the batch above which more help little.\n"
        "|Δw|/η: how far an update moves a weight, in units of the rate: Adam's first step is 1, AdaGrad's steps shrink.\n"
        "Measured only while this pane is open, in 5 % of the time at most; each number says which update it is of."
    )

    def needs(self, snapshot: Snapshot) -> Iterable[str]:
        return (Stability.key(),)

    def state(self, snapshot: Snapshot) -> str:
        found = snapshot.get(Stability)
        seen = found.curvature if found is not None else None
        if seen is None:
            return ""
        rows = (
            f"all {seen.rows:,} rows"
            if seen.rows == seen.size
            else f"{seen.rows:,} of {seen.size:,} random rows"
        )
        how = "exact products" if seen.exact else "central differences of the gradient"
        return f"λmax after update {seen.update:,} · {rows} · {how}"

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        found = snapshot.get(Stability)
        if found is None:
            words = (
                "the first measurement is under way"
                if snapshot.running
                else "the last checkpoint is measured"
            )
            return note(words, width, height)
        half = (width - 3) // 2
        halves = half, width - 3 - half
        # The tables as long as they are, within less than half; the rest is for the curves.
        below = min(max(len(found.noise) + 2, len(found.steps) + 1), height * 9 // 20)
        above = max(4, height - HEAD - below - 1)
        left = self._left(snapshot, found, halves[0], height, above)
        right = self._right(snapshot, found, halves[1], height, above)
        return pad(beside(pad(left, halves[0], height), pad(right, halves[1], height), 3), width, height)

    # Curvature and noise

    def _left(self, snapshot: Snapshot, found: Stability, width: int, height: int, above: int) -> Picture:
        rows = [*self._edge(snapshot, found, width)]
        curves = self._curvature(snapshot, found.curvature, width, above)
        below = self._noise(found, width, max(0, height - len(rows) - len(curves) - 1))
        return (*rows, *curves, fit("", width), *below)

    def _edge(self, snapshot: Snapshot, found: Stability, width: int) -> list[Row]:
        """λmax, its threshold and what that means: two lines."""
        seen = found.curvature
        if seen is None:
            so_far = f", {found.under_way} products so far" if found.under_way else ""
            words = f"measuring{so_far}" if snapshot.running else "the run ended before it was measured"
            return [fit(join(text("λmax ", _role("accent")), text(words, MUTED)), width), fit("", width)]
        name = "λmax(P⁻¹H) " if seen.preconditioned else "λmax "
        sign = "" if seen.converged or not isfinite(seen.value) else "≥ "
        value = join(
            text("── ", _role("accent")),
            text(name),
            text(sign + short(seen.value, 6).strip(), Style(bold=True)),
        )
        formula = LIMITS.get(snapshot.hello_info("optimizer", ""), "")
        if seen.threshold is None or seen.ratio is None:
            return [
                fit(value, width),
                fit(text(_unknown(formula, seen, trained=bool(found.steps)), MUTED), width),
            ]
        words, role = verdict(seen.ratio)
        judged = join(
            text(f"ratio {short(seen.ratio, 6, 3).strip()} "), text(words, Style(fg=role, bold=True))
        )
        limit = Style(bold=True), short(seen.threshold, 6).strip()
        firsts = [
            join(
                value,
                text("  "),
                text("╌╌ ", _role("validation")),
                text(f"{name} "),
                text(limit[1], limit[0]),
            )
            for name in (formula or "limit", "limit")
        ]
        first = next((row for row in firsts if row_width(row) <= width), firsts[-1])
        return [fit(first, width), fit(judged, width)]

    def _curvature(self, snapshot: Snapshot, seen: Curvature | None, width: int, height: int) -> Picture:
        past = snapshot.measured
        updates, value, limit = past.updates, past.sharpness, past.threshold
        if seen is not None and (not len(updates) or updates[-1] < seen.update):
            updates = np.append(updates, seen.update)
            value = np.append(value, seen.value)
            limit = np.append(limit, np.nan if seen.threshold is None else seen.threshold)
        if not snapshot.running and len(past.updates) == 0:
            height -= 1
        picture = plot(
            [
                Series(updates, value, "accent"),
                Series(updates, limit, "validation", dashed=True),
            ],
            width, height, log=_spread(np.concatenate([value, limit])), x_label="update" if width >= LABELED else "", ascii=self.ascii,
        )  # fmt: skip
        if not snapshot.running and len(past.updates) == 0:
            words = "not recorded: this pane was not open"
            picture = (*picture, fit(text(words, MUTED), width))
        return picture

    def _noise(self, found: Stability, width: int, height: int) -> Picture:
        if height < 2:
            return ()
        if not found.noise:
            words = (
                "no batch yet"
                if found.noise_update is None
                else "samples depend on each other, or no dense layer"
            )
            return (fit(text(f"gradient noise: {words}", MUTED), width),)
        many = "1 batch" if found.batches == 1 else f"{found.batches:,} batches"
        whole = f"gradient noise  {many} to update {found.noise_update:,}"
        head = whole if len(whole) <= width else f"gradient noise  {many}"
        names = shortened([display(n.layer) for n in found.noise], NAME)
        headings = [
            Heading("layer", max(5, *map(len, names)), "left"), Heading("‖gᵢ‖", 7, rank=3),
            Heading("‖mean g‖", 8, rank=2), Heading("signal/noise", 12, rank=0),
            Heading("noise scale", 11, rank=1),
        ]  # fmt: skip
        rows: list[list[Cell]] = [
            [
                text(name), _number(n.sample_norm), _number(n.batch_norm), _number(n.signal_to_noise),
                _number(n.noise_scale),
            ]
            for name, n in zip(names, found.noise, strict=True)
        ]  # fmt: skip
        return (fit(text(head, MUTED), width), *table(headings, rows, width, min(height - 1, len(rows) + 1)))

    # Steps

    def _right(self, snapshot: Snapshot, found: Stability, width: int, height: int, above: int) -> Picture:
        if not found.rated:
            return tuple(
                wrap(text("|Δw|/η  this optimizer finds the length of its steps itself", MUTED), width)
            )
        words = "not recorded" if not snapshot.running else "no update seen yet"
        if found.steps_update is not None:
            words = f"update {found.steps_update:,}" + (", the next one" if found.coming else "")
        head = [join(text("|Δw|/η "), text(words, MUTED)), text(correction(found), MUTED)]
        shown = [s.parameter for s in sorted(found.steps, key=lambda s: s.parameter.endswith(".b"))][:CURVES]
        roles = {name: f"class{k}" for k, name in enumerate(shown)}
        curves = self._over_time(snapshot, found, roles, width, above)
        below = self._steps(found.steps, roles, width, max(0, height - len(head) - len(curves) - 1))
        return (*(fit(row, width) for row in head), *curves, fit("", width), *below)

    def _over_time(
        self, snapshot: Snapshot, found: Stability, roles: dict[str, str], width: int, height: int
    ) -> Picture:
        past = snapshot.measured
        series = []
        for name, role in roles.items():
            x, y = past.step_updates, past.steps.get(name, np.zeros(0))
            now = next((s.median for s in found.steps if s.parameter == name), np.nan)
            if found.steps_update is not None and (not len(x) or x[-1] < found.steps_update):
                x, y = (
                    np.append(x, found.steps_update),
                    np.append(y if len(y) else np.full(len(x), np.nan), now),
                )
            series.append(Series(x, y, role))
        every = np.concatenate([np.asarray(s.y) for s in series]) if series else np.zeros(0)
        at = np.asarray(series[0].x, dtype=np.float64) if series else np.zeros(0)
        long = bool(len(at) > 1 and at[0] >= 1 and at[-1] / at[0] >= DECADE)
        return plot(
            series,
            width,
            height,
            log=_spread(every),
            x_label="update" if width >= LABELED else "",
            ascii=self.ascii,
            log_x=long,
        )

    def _steps(self, steps: tuple[Steps, ...], roles: dict[str, str], width: int, height: int) -> Picture:
        if height < 2 or not steps:
            return ()
        names = shortened([display(s.parameter) for s in steps], NAME)
        headings = [
            Heading("parameter", max(9, 3 + max(map(len, names))), "left"), Heading("median", 7),
            Heading("a tenth below", 13, rank=2), Heading("a tenth above", 13, rank=1),
        ]  # fmt: skip
        order = sorted(range(len(steps)), key=lambda k: steps[k].parameter.endswith(".b"))
        rows: list[list[Cell]] = []
        for k in order:
            s = steps[k]
            role = roles.get(s.parameter)
            mark = text("── ", _role(role)) if role else text("   ")
            rows.append([join(mark, text(names[k])), _number(s.median), _number(s.low), _number(s.high)])
        return table(headings, rows, width, min(height, len(rows) + 1))


def verdict(ratio: float) -> tuple[str, str]:
    """What a share of the threshold means, and its color."""
    if not isfinite(ratio):
        return "not finite", "bad"
    if ratio < BELOW:
        return "below the limit", "good"
    return ("at the edge of stability", "warn") if ratio <= ABOVE else ("above: steps overshoot", "bad")


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


def _unknown(formula: str, seen: Curvature, *, trained: bool) -> str:
    """Why there is no threshold; ``trained`` says whether there are parameters that take steps."""
    if not formula:
        return "limit unknown for this optimizer"
    if not seen.update:
        return "limit unknown before the first update"
    return "limit unknown: the rate is 0" if trained else "no limit: there is nothing to train"


def _spread(values: np.ndarray) -> bool:
    """Whether positive values differ so much that they need a logarithmic axis."""
    some = values[np.isfinite(values) & (values > 0)]
    return bool(len(some) and some.max() > DECADE * some.min())


def _number(value: float) -> Row:
    return text(short(value, 7, 3)) if isfinite(value) else text("–", MUTED)


def _role(name: str) -> Style:
    return Style(fg=name, bold=True)

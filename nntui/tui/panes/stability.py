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
from nntui.tui.render.numbers import short
from nntui.tui.render.picture import MUTED, Picture, Row, Style, beside, fit, join, pad, row_width, text, wrap
from nntui.tui.render.plot import Series, plot
from nntui.tui.render.table import Cell, Heading, table
from nntui.tui.snapshot import Snapshot
from nntui.tui.stability import DECADE, colored, correction, known, number, roles_of, spread, unknown, verdict
from nntui_core.words import many

LIMITS = {
    "sgd": "2/η",
    "momentum": "(2+2μ)/η",
    "nesterov": "(2+2μ)/((1+2μ)η)",
    "adam": "(2+2β₁)/((1−β₁)η)",
}
"""The threshold of each optimizer that has a known one, as a formula."""
NAME = 14
"""Cells of a name at most."""
LABELED = 48
"""From this width on the axis of the updates has its name beside its numbers."""
BESIDE = 75
"""From this width on curvature and steps have room beside each other without a number being cut."""
LOW = 4
"""Lines that a curve needs at least."""
HEAD = 2
"""Lines above the curves."""


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
        whole = "the 1 row" if seen.size == 1 else f"all {seen.rows:,} rows"
        rows = whole if seen.rows == seen.size else f"{seen.rows:,} of {seen.size:,} random rows"
        how = "exact products" if seen.exact else "central differences of the gradient"
        return f"λmax after update {seen.update:,} · {rows} · {how}"

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        found = snapshot.get(Stability)
        if found is None:
            words = (
                "the first measurement is under way" if snapshot.running else "measuring the last checkpoint"
            )
            return note(words, width, height)
        if width < BESIDE:
            return self._stacked(snapshot, found, width, height)
        half = (width - 3) // 2
        halves = half, width - 3 - half
        # The tables as long as they are, within less than half; the rest is for the curves.
        below = min(max(len(found.noise) + 2, len(found.steps) + 1), height * 9 // 20)
        above = max(4, height - HEAD - below - 1)
        left = self._left(snapshot, found, halves[0], height, above)
        right = self._right(snapshot, found, halves[1], height, above)
        return pad(beside(pad(left, halves[0], height), pad(right, halves[1], height), 3), width, height)

    def _stacked(self, snapshot: Snapshot, found: Stability, width: int, height: int) -> Picture:
        """Where the halves have no room beside each other: λmax with its curve where there is room, and the steps below."""
        edge = self._edge(snapshot, found, width)
        room = height * 3 // 5 - len(edge)
        curve = self._curvature(snapshot, found.curvature, width, room) if room >= LOW else ()
        steps = self._told(snapshot, found, width)
        roles = roles_of(found)
        rest = height - len(edge) - len(curve) - len(steps)
        return pad(
            (*edge, *curve, *steps, *self._steps(found.steps, roles, width, max(0, rest))), width, height
        )

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
            return [fit(join(text("λmax ", colored("accent")), text(words, MUTED)), width), fit("", width)]
        name = "λmax(P⁻¹H) " if seen.preconditioned else "λmax "
        sign = "" if seen.converged or not isfinite(seen.value) else "≥ "
        value = join(
            text("── ", colored("accent")),
            text(name),
            text(sign + known(seen), Style(bold=True)),
        )
        formula = LIMITS.get(snapshot.hello_info("optimizer", ""), "")
        if seen.threshold is None or seen.ratio is None:
            return [
                fit(value, width),
                fit(text(unknown(formula, seen, trained=bool(found.steps)), MUTED), width),
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
                text("╌╌ ", colored("validation")),
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
            width, height, log=spread(np.concatenate([value, limit])), x_label="update" if width >= LABELED else "", ascii=self.ascii,
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
                else "needs dense layers, two independent samples a batch"
            )
            return tuple(wrap(text(f"gradient noise: {words}", MUTED), width, 2)[:height])
        batches = many(found.batches, "batch", "batches")
        whole = f"gradient noise  {batches} to update {found.noise_update:,}"
        head = whole if len(whole) <= width else f"gradient noise  {batches}"
        names = shortened([display(n.layer) for n in found.noise], NAME)
        headings = [
            Heading("layer", max(5, *map(len, names)), "left"), Heading("‖gᵢ‖", 7, rank=3),
            Heading("‖mean g‖", 8, rank=2), Heading("signal/noise", 12, rank=0),
            Heading("noise scale", 11, rank=1),
        ]  # fmt: skip
        rows: list[list[Cell]] = [
            [
                text(name), number(n.sample_norm), number(n.batch_norm), number(n.signal_to_noise),
                number(n.noise_scale),
            ]
            for name, n in zip(names, found.noise, strict=True)
        ]  # fmt: skip
        return (fit(text(head, MUTED), width), *table(headings, rows, width, min(height - 1, len(rows) + 1)))

    # Steps

    def _right(self, snapshot: Snapshot, found: Stability, width: int, height: int, above: int) -> Picture:
        head = self._told(snapshot, found, width)
        if not found.rated:
            return tuple(head)
        roles = roles_of(found)
        curves = self._over_time(snapshot, found, roles, width, above)
        below = self._steps(found.steps, roles, width, max(0, height - len(head) - len(curves) - 1))
        return (*head, *curves, fit("", width), *below)

    def _told(self, snapshot: Snapshot, found: Stability, width: int) -> list[Row]:
        """Of which update the steps are, and how they are corrected: two lines; why there are none."""
        if not found.rated:
            return list(
                wrap(text("|Δw|/η  this optimizer finds the length of its steps itself", MUTED), width)
            )
        words = "not recorded" if not snapshot.running else "no update seen yet"
        if found.steps_update is not None:
            words = f"update {found.steps_update:,}" + (", the next one" if found.coming else "")
        head = [join(text("|Δw|/η "), text(words, MUTED)), text(correction(found), MUTED)]
        return [fit(row, width) for row in head]

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
            log=spread(every),
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
            mark = text("── ", colored(role)) if role else text("   ")
            rows.append([join(mark, text(names[k])), number(s.median), number(s.low), number(s.high)])
        return table(headings, rows, width, min(height, len(rows) + 1))

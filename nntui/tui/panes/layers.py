"""Every layer's activations and gradients: distributions, dead and saturated units, how fast weights move."""

from __future__ import annotations

from math import isfinite, isnan

from nntui.display import display
from nntui.tui.panes.base import MUTED, Pane, note
from nntui.tui.render.histogram import sparkline
from nntui.tui.render.numbers import percent, short
from nntui.tui.render.picture import Picture, Row, Style, fit, join, pad, text
from nntui.tui.store import Snapshot

RATIO_GOOD = (1e-4, 1e-2)
RATIO_BAD = (1e-6, 1e-1)
SHARE_WARN, SHARE_BAD = 0.1, 0.5
NUMBERS = (
    ("mean", 7), ("spread", 7), ("dead", 6), ("satur", 6), ("‖g‖", 8), ("Δw/w", 8),
)  # fmt: skip


class LayersPane(Pane):
    """A row a layer."""

    ID = "layers"
    TITLE = "Layers"
    NEEDS = ("layers",)
    HELP = (
        "A row a layer: histogram, mean and spread of its activations; the share of units that are dead\n"
        "(relu, 0 on every sample) or saturated (tanh, sigmoid at their ends on every sample); the gradient at\n"
        "its units; the norm of its weights' gradient; and Δw/w, how much an update changes the weights.\n"
        "Good: spread alike in all layers, no dead or saturated units, Δw/w about 1e-3.\n"
        "Gradients that shrink from row to row upwards: vanishing. Δw/w above 0.1: lower the rate."
    )

    def state(self, snapshot: Snapshot) -> str:
        if snapshot.stats_update < 0:
            return ""
        bins = "+-3s" if self.ascii else "±3σ"
        return f"bins {bins} · update {snapshot.stats_update}"

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        table = snapshot.arrays.get("layers/table")
        if table is None:
            return note("waiting for the first statistics", width, height)
        names = [display(n) for n in snapshot.info.get("layers", {}).get("names", [])]
        label = min(max([len(n) for n in names], default=5), 14)
        numbers = sum(w + 1 for _, w in NUMBERS)
        bar = max(6, min(40, (width - label - numbers - 4) // 2))
        show_gradient = width >= label + numbers + 2 * 8
        if not show_gradient:
            bar = max(4, width - label - numbers - 2)
        rows = [self._head(label, bar, width, show_gradient)]
        for k, name in enumerate(names[: max(0, height - 1)]):
            rows.append(self._row(snapshot, k, name, label, bar, width, show_gradient))
        if len(names) > height - 1 > 0:
            rows[-1] = fit(text(f"… {len(names) - height + 2} more layers (enter: larger)", MUTED), width)
        return pad(tuple(rows), width, height)

    def _head(self, label: int, bar: int, width: int, gradient: bool) -> Row:
        out = join(text("layer".ljust(label + 1), MUTED), text("activations"[:bar].ljust(bar + 1), MUTED))
        if gradient:
            out = join(out, text("gradient"[:bar].ljust(bar + 1), MUTED))
        for name, w in NUMBERS:
            plain = {"‖g‖": "|g|", "Δw/w": "dw/w"}.get(name, name) if self.ascii else name
            out = join(out, text(plain.rjust(w) + " ", MUTED))
        return fit(out, width)

    def _row(
        self, snapshot: Snapshot, k: int, name: str, label: int, bar: int, width: int, gradient: bool
    ) -> Row:
        arrays = snapshot.arrays
        last = k == len(arrays["layers/table"]) - 1
        mean, spread, dead, saturated, norm, _, ratio = arrays["layers/table"][k].tolist()
        out = join(
            fit(text(name), label),
            text(" "),
            *sparkline(arrays["layers/activations"][k], bar, Style(fg="positive"), ascii=self.ascii),
            text(" "),
        )
        if gradient:
            out = join(
                out,
                *sparkline(arrays["layers/gradients"][k], bar, Style(fg="accent"), ascii=self.ascii),
                text(" "),
            )
        cells = [
            (short(mean, 7), Style()),
            (short(spread, 7), Style()),
            (percent(dead, 6), share_style(dead)),
            # An output that is sure of itself is at its ends, as it should be.
            (percent(saturated, 6), Style() if last else share_style(saturated)),
            (number(norm), Style()),
            (number(ratio), ratio_style(ratio)),
        ]
        return fit(join(out, *[text(t + " ", s) for t, s in cells]), width)


def number(value: float) -> str:
    """A norm or ratio: a dash where there is none."""
    return short(None if isnan(value) else value, 8)


def share_style(share: float) -> Style:
    """Color of a share of dead or saturated units."""
    if not isfinite(share) or share < SHARE_WARN:
        return Style()
    return Style(fg="bad" if share >= SHARE_BAD else "warn", bold=True)


def ratio_style(ratio: float) -> Style:
    """Color of an update/weight ratio: green about 1e-3, yellow outside, red where nothing can be learned."""
    if not isfinite(ratio):
        return Style()
    if RATIO_GOOD[0] <= ratio <= RATIO_GOOD[1]:
        return Style(fg="good")
    return Style(fg="bad" if not RATIO_BAD[0] <= ratio <= RATIO_BAD[1] else "warn")

"""Every layer's activations and gradients: distributions, dead and saturated units, how fast weights move."""

from __future__ import annotations

from math import isfinite, isnan
from typing import NamedTuple

from nntui.display import display
from nntui.tui.panes.base import MUTED, Pane, note
from nntui.tui.render.histogram import sparkline
from nntui.tui.render.history import history, scale_of
from nntui.tui.render.numbers import count, percent, short, trimmed
from nntui.tui.render.picture import Picture, Row, Style, beside, fit, join, pad, text
from nntui.tui.store import Snapshot

RATIO_GOOD = (1e-4, 1e-2)
RATIO_BAD = (1e-6, 1e-1)
SHARE_WARN, SHARE_BAD = 0.1, 0.5
NUMBERS = (
    ("mean", 7), ("spread", 7), ("dead", 6), ("satur", 6), ("‖g‖", 8), ("Δw/w", 8),
)  # fmt: skip


FINDING = 20
"""Cells for the name of a finding."""
SHORT_BAR, LONG_BAR = 7, 14
"""Cells that a histogram needs, and those beyond which it gives room to the finding."""
MAP = (24, 4)
"""Cells that a map of activations over time needs."""


MAPS = 44
"""From this height of the screen on, layers have room for their activations over time."""


class LayersPane(Pane):
    """A row a layer."""

    ID = "layers"
    DRAWS = ("arrays", "info", "findings", "trail", "stats_update")
    TITLE = "Layers"
    WIDE = True
    NEEDS = ("layers",)
    HELP = (
        "A row a layer: histogram (bars: root of the count), mean and spread of its activations; the share of units that are dead\n"
        "(relu, 0 on every sample) or saturated (tanh, sigmoid at their ends on every sample); the gradient at\n"
        "its units; the norm of its weights' gradient; and Δw/w, how much an update changes the weights.\n"
        "Good: spread alike in all layers, no dead or saturated units, Δw/w about 1e-3.\n"
        "Gradients that shrink from row to row upwards: vanishing. Δw/w above 0.1: lower the rate."
    )

    def lines(self, snapshot: Snapshot, height: int) -> int:
        """A row a layer within a third of the screen; more where there is room for maps over time."""
        count = len(snapshot.hello.layers) if snapshot.hello else 2
        if height >= MAPS:
            return min(count + 3 + 2 + (height - MAPS) // 2 + 4, 2 * height // 5)
        return min(count + 3, max(5, height // 3))

    def state(self, snapshot: Snapshot) -> str:
        if snapshot.stats_update < 0:
            return ""
        return f"bins ±3σ · update {count(snapshot.stats_update, 6)}"

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        table = snapshot.arrays.get("layers/table")
        if table is None:
            return note("waiting for the first statistics", width, height)
        names = [display(n) for n in snapshot.info.get("layers", {}).get("names", [])]
        layout = _layout(names, width)
        rows = [self._head(layout, width)]
        for k, name in enumerate(names[: max(0, height - 1)]):
            rows.append(self._row(snapshot, k, name, layout, width))
        if len(names) > height - 1 > 0:
            rows[-1] = fit(text(f"… {len(names) - height + 2} more layers (enter: larger)", MUTED), width)
        room = height - len(rows) - 1
        if room >= MAP[1] and snapshot.trail:
            rows += [fit("", width), *self._maps(snapshot, names, width, room)]
        return pad(tuple(rows), width, height)

    def _maps(self, snapshot: Snapshot, names: list[str], width: int, height: int) -> Picture:
        """Activations over time, of as many layers as there is room for, spread evenly over the network."""
        trail = [m for m in snapshot.trail if len(m.limits) == len(names)]
        shown = min(len(names), max(1, (width + 2) // (MAP[0] + 2)))
        if not trail or not shown:
            return ()
        picture: Picture = ()
        for i in range(shown):
            k = round(i * (len(names) - 1) / max(shown - 1, 1))
            limits = [float(m.limits[k]) for m in trail]
            w = (width + 2) // shown - 2 + (1 if i < (width + 2) % shown else 0)
            head = join(
                text(names[k]),
                text(
                    f"  updates {trail[0].update}–{trail[-1].update}, ±{trimmed(scale_of(limits), 3)}", MUTED
                ),
            )
            drawn = history([m.counts[k] for m in trail], limits, w, height - 1, ascii=self.shades)
            part: Picture = (fit(head, w), *drawn)
            picture = beside(picture, part, 2) if picture else part
        return picture

    def _head(self, layout: _Layout, width: int) -> Row:
        label, bar, gradient, finding = layout
        out = join(text("layer".ljust(label + 1), MUTED), text("activations"[:bar].ljust(bar + 1), MUTED))
        if gradient:
            out = join(out, text("gradient"[:bar].ljust(bar + 1), MUTED))
        for name, w in NUMBERS:
            plain = {"‖g‖": "|g|", "Δw/w": "dw/w"}.get(name, name) if self.ascii else name
            out = join(out, text(plain.rjust(w) + " ", MUTED))
        return fit(join(out, text(" finding" if finding else "", MUTED)), width)

    def _row(self, snapshot: Snapshot, k: int, name: str, layout: _Layout, width: int) -> Row:
        label, bar, gradient, finding = layout
        arrays = snapshot.arrays
        last = k == len(arrays["layers/table"]) - 1
        mean, spread, dead, saturated, norm, _, ratio = arrays["layers/table"][k].tolist()
        activations = sparkline(arrays["layers/activations"][k], bar, Style(fg="positive"), ascii=self.ascii)
        out = join(fit(text(name), label), text(" "), *activations, text(" "))
        if gradient:
            bars = sparkline(arrays["layers/gradients"][k], bar, Style(fg="accent"), ascii=self.ascii)
            out = join(out, *bars, text(" "))
        cells = [
            (short(mean, 7), Style()),
            (short(spread, 7), Style()),
            (percent(dead, 6), share_style(dead)),
            # An output that is sure of itself is at its ends, as it should be.
            (percent(saturated, 6), Style() if last else share_style(saturated)),
            (number(norm), Style()),
            (number(ratio), ratio_style(ratio)),
        ]
        out = join(out, *[text(t + " ", s) for t, s in cells])
        return fit(join(out, text(" "), self._found(snapshot, name)) if finding else out, width)

    def _found(self, snapshot: Snapshot, name: str) -> Row:
        """The first finding about a layer, in short."""
        found = [f for f in snapshot.findings if display(f.get("layer", "")) == name]
        if not found:
            return text("·", MUTED)
        return text(display(found[0].get("id", "")).replace("_", " "), Style(fg="warn", bold=True))


class _Layout(NamedTuple):
    """Cells of the names, of a histogram, whether gradients have one too, cells of the finding."""

    label: int
    bar: int
    gradient: bool
    finding: int


def _layout(names: list[str], width: int) -> _Layout:
    label = min(max([len(n) for n in names], default=5), 14)
    room = width - label - sum(w + 1 for _, w in NUMBERS) - 4
    if room < 2 * SHORT_BAR:
        return _Layout(label, max(4, room + 2), False, 0)
    # What the histograms do not need says what was found.
    finding = FINDING if room - FINDING >= 2 * LONG_BAR else 0
    return _Layout(label, (room - finding) // 2, True, finding)


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

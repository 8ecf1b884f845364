"""Every layer's activations and gradients: distributions, dead and saturated units, how fast weights move."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, isfinite, log10

from nntui.display import display
from nntui.statistics.layers import LayerRow, Layers
from nntui.tui.panes.base import Pane
from nntui.tui.render.histogram import beyond, distribution, logbar
from nntui.tui.render.history import history, span_of
from nntui.tui.render.labels import shortened
from nntui.tui.render.note import note
from nntui.tui.render.numbers import count, percent, short, trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, beside, fit, join, pad, row_width, text
from nntui.tui.render.table import Cell, Heading, columns, table
from nntui.tui.render.units import Mark, units_in_words
from nntui.tui.snapshot import Snapshot

RATIO_GOOD = (1e-4, 1e-2)
RATIO_BAD = (1e-6, 1e-1)
SHARE_WARN, SHARE_BAD = 0.1, 0.5
DECADES = 9
"""Powers of ten that the gradients' bars cover."""
NAMED, ROOMY = 112, 140
"""From these widths on dead and saturated units are named, and findings in full."""
NAME = 14
"""Cells of a layer's name at most."""
UNITS = 15
"""Cells for units that are named."""
MAP = (24, 5)
"""Cells that a map of activations over time needs."""
GOOD, WARN, BAD = Style(fg="good"), Style(fg="warn", bold=True), Style(fg="bad", bold=True)


MAPS = 44
"""From this height of the screen on, layers have room for their activations over time."""


class LayersPane(Pane):
    """A row a layer."""

    ID = "layers"
    DRAWS = ("statistics", "findings", "trail", "stats_update", "updates", "layer")
    TITLE = "Layers"
    WIDE = True
    HELP = (
        "Activations: how often values occur between the ends written (bars: root of the count; 9‹, ›9: so many lie beyond),\n"
        "a relu's zeros a bar of their own; mean, spread; dead: relu units at 0 on every sample (†); satur: activations at tanh's\n"
        "or sigmoid's ends, and units there on nine of ten samples (‡; units count from 1). Gradient: its size at the units, longer by\n"
        "as much for each power of ten in every layer; ‖g‖: of the weights; Δw/w: how much an update changes them (bad: nan/inf).\n"
        "Good: spread alike in all layers, no dead units, Δw/w about 1e-3. Bars that shrink upwards: vanishing gradients."
    )

    _bars = False
    """Whether gradients' bars were drawn last."""

    def lines(self, snapshot: Snapshot, height: int) -> int:
        """A row a layer within a third of the screen; more where there is room for maps over time."""
        count = len(snapshot.hello.layers) if snapshot.hello else 2
        if height >= MAPS:
            most = min(count + 3 + 2 + (height - MAPS) // 2 + 4, 2 * height // 5)
            return most if most - count - 3 > MAP[1] else min(count + 3, most)
        return min(count + 3, max(5, height // 3))

    def needs(self, snapshot: Snapshot) -> Iterable[str]:
        return (Layers.key(),)

    def state(self, snapshot: Snapshot) -> str:
        found = snapshot.get(Layers)
        if found is None:
            return ""
        rows = int(snapshot.hello_info("train", 0))
        sample = f"{found.samples:,} random" if found.samples < rows else f"all {rows:,}"
        taken = "the 1 training row" if rows == 1 else f"{sample} training rows"
        words = [f"update {count(snapshot.update_of(Layers), 6)}", taken]
        if self._bars:
            low, high = gradient_scale(found)
            words.append(f"gradient bars {trimmed(low)}…{trimmed(high)}, logarithmic")
        return " · ".join(words)

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        found = snapshot.get(Layers)
        if found is None:
            return note("waiting for the first statistics", width, height)
        last = len(found.rows) - 1
        ends = _Ends(found.rows)
        scale = gradient_scale(found)
        titles = shortened([display(row.stats.layer) for row in found.rows], NAME)
        first = self._first(snapshot, found, height - 2)
        rows = [
            self._row(snapshot, row, titles[k], ends, scale, named=width >= NAMED, last=k == last)
            for k, row in list(enumerate(found.rows))[first : first + max(0, height - 1)]
        ]
        headings = self._headings(found, ends, width)
        widths = columns(headings, width)
        self._bars = any(h.title == "gradient" and w for h, w in zip(headings, widths, strict=True))
        lines = list(table(headings, rows, width, len(rows) + 1))
        if len(found.rows) > height - 1 > 0:
            more = len(found.rows) - height + 2
            lines[-1] = fit(text(f"… {more} more layers (enter: larger)", MUTED), width)
        room = height - len(lines) - 1
        if room >= MAP[1] and snapshot.trail:
            names = [row.stats.layer for row in found.rows]
            lines += [fit("", width), *self._maps(snapshot, names, width, room)]
        return pad(tuple(lines), width, height)

    def _first(self, snapshot: Snapshot, found: Layers, room: int) -> int:
        """The row to begin with, of ``room``: the first, unless the layer that was gone to lies further down."""
        at = next((k for k, row in enumerate(found.rows) if row.stats.layer == snapshot.layer), 0)
        return 0 if len(found.rows) <= room + 1 else max(0, at - max(0, room - 1))

    def _headings(self, found: Layers, ends: _Ends, width: int) -> list[Heading]:
        stats = [row.stats for row in found.rows]
        name = min(max([5, *(len(display(s.layer)) for s in stats)]), 14)
        dead, satur = (
            5 if all(v is None for v in values) else UNITS if width >= NAMED else 6
            for values in ([s.dead for s in stats], [s.saturated for s in stats])
        )
        plain = self.ascii
        return [
            Heading("layer", name, "left"),
            Heading("activations", ends.width + 8, "left", rank=1, stretch=True),
            Heading("mean", 7, rank=3),
            Heading("spread", 7, rank=4),
            Heading("dead", dead, rank=2),
            Heading("satur", satur, rank=2),
            Heading("gradient", 8, "left", rank=5),
            Heading("|g|" if plain else "‖g‖", 7, rank=3),
            Heading("dw/w" if plain else "Δw/w", 7, rank=1),
            Heading("finding", 18 if width >= ROOMY else 10, "left", rank=6),
        ]

    def _row(
        self,
        snapshot: Snapshot,
        row: LayerRow,
        title: str,
        ends: _Ends,
        scale: tuple[float, float],
        *,
        named: bool,
        last: bool,
    ) -> list[Cell]:
        s = row.stats
        dead: dict[int, Mark] = dict.fromkeys(s.dead_units, "dead")
        saturated: dict[int, Mark] = {} if last else dict.fromkeys(s.saturated_units, "saturated")
        return [
            text(title, Style(bold=True, reverse=True) if s.layer == snapshot.layer else Style()),
            lambda w: ends.row(row, w, self.ascii),
            text(short(s.mean, 7)),
            text(short(s.spread, 7)),
            self._share(s.dead, f"{len(s.dead_units)}/{s.units}", dead, named, share_style(s.dead)),
            # An output that is sure of itself is at its ends, as it should be.
            self._share(s.saturated, "", saturated, named, Style() if last else share_style(s.saturated)),
            lambda w: self._gradient(row, scale, w),
            text(number(s.gradient_norm)),
            self._ratio(row),
            lambda w: self._found(snapshot, s.layer, w),
        ]

    def _share(
        self, share: float | None, words: str, marks: dict[int, Mark], named: bool, style: Style
    ) -> Row:
        """A fraction, and the units that it is about."""
        if share is None:
            return text("–", MUTED)
        if not named:
            return text(percent(share, 6), style)
        said = words if words and share else percent(share, 0)
        # As many units as there is room for: no number is cut.
        named_units = (
            f"{said} {units_in_words(marks, n, ascii=self.ascii)}".strip() for n in range(5, 0, -1)
        )
        return text(next((w for w in named_units if len(w) <= UNITS), said), style)

    def _gradient(self, row: LayerRow, scale: tuple[float, float], width: int) -> Row:
        if row.nonfinite_gradients:
            return fit(text(f"{row.nonfinite_gradients} nan/inf", BAD), width)
        size = row.stats.gradient_rms
        if size is None:
            return text("–", MUTED)
        if size < scale[0]:
            return text("0" if not size else f"<{trimmed(scale[0])}", WARN)
        return logbar(size, *scale, width, ascii=self.ascii)

    def _ratio(self, row: LayerRow) -> Row:
        """Δw/w; of weights that are not all numbers, how many are none."""
        bad = row.nonfinite_weights
        if bad:
            return text(f"{bad} bad" if bad < 1000 else "bad", BAD)
        return text(number(row.stats.update_ratio), ratio_style(row.stats.update_ratio))

    def _maps(self, snapshot: Snapshot, names: list[str], width: int, height: int) -> Picture:
        """Activations over time, of as many layers as there is room for, spread evenly over the network."""
        trail = [m for m in snapshot.trail if all(n in m.layers for n in names)]
        shown = min(len(names), max(1, (width + 2) // (MAP[0] + 2)))
        if not trail or not shown:
            return ()
        updates = [m.update for m in trail]
        chosen = [names[round(i * (len(names) - 1) / max(shown - 1, 1))] for i in range(shown)]
        widths = [(width + 2) // shown - 2 + (1 if i < (width + 2) % shown else 0) for i in range(shown)]
        ranges = [span_of([m.layers[name] for m in trail]) for name in chosen]
        spans = [f"{trimmed(low, 3)}…{trimmed(high, 3)}" for low, high in ranges]
        rooms = [max(0, w - len(span) - 2) for w, span in zip(widths, spans, strict=True)]
        titles = shortened([display(name) for name in chosen], rooms)
        ends = f"update {updates[0]}", str(updates[-1])
        picture: Picture = ()
        for name, title, span, w in zip(chosen, titles, spans, widths, strict=True):
            head = join(text(title), text(f"{'  ' if title else ''}{span}", MUTED))
            drawn = history(updates, [m.layers[name] for m in trail], w, height - 2, ascii=self.shades)
            axis = join(text(ends[0], MUTED), fit(text(ends[1], MUTED), w - len(ends[0]), "right"))
            part: Picture = (fit(head, w), *drawn, axis)
            picture = beside(picture, part, 2) if picture else part
        return picture

    def _found(self, snapshot: Snapshot, name: str, width: int) -> Row:
        """The first finding about a layer, in as many of its words as fit."""
        found = [f for f in snapshot.findings if f.get("layer", "") == name]
        if not found:
            return text("·", MUTED)
        role = {"error": "bad", "note": "muted"}.get(str(found[0].get("severity")), "warn")
        words = display(found[0].get("id", ""), 40).split("_")
        while len(words) > 1 and len(" ".join(words)) > width:
            words.pop()
        return text(" ".join(words), Style(fg=role, bold=True))


class _Ends:
    """What stands beside the bars, of one width in all rows: the ends of the axis, and counts of what lies beyond."""

    def __init__(self, rows: Iterable[LayerRow]) -> None:
        parts = [self._parts(row) for row in rows]
        self.left = max((row_width(left) for left, _ in parts), default=0)
        self.right = max((row_width(right) for _, right in parts), default=0)

    @property
    def width(self) -> int:
        """Cells in all, with the spaces beside the bars."""
        return self.left + self.right + 2

    def row(self, row: LayerRow, width: int, ascii: bool) -> Row:  # noqa: A002
        """The axis' ends and the bars between them."""
        left, right = self._parts(row)
        bars = distribution(row.activations, max(1, width - self.width), ascii)
        return join(fit(left, self.left, "right"), text(" "), bars, text(" "), fit(right, self.right))

    def _parts(self, row: LayerRow) -> tuple[Row, Row]:
        h = row.activations
        left, right = beyond(h)
        return (
            join(left, text(" " if left else ""), text(trimmed(h.low, 2), MUTED)),
            join(text(trimmed(h.high, 2), MUTED), text(" " if right else ""), right),
        )


def gradient_scale(layers: Layers) -> tuple[float, float]:
    """Ends of the gradients' bars, powers of ten: the upper one is 1, or above the largest."""
    sizes = [row.stats.gradient_rms for row in layers.rows]
    largest = max((v for v in sizes if v is not None and isfinite(v)), default=0.0)
    top = max(0, ceil(log10(largest))) if largest > 1 else 0
    return 10.0 ** (top - DECADES), 10.0**top


def number(value: float | None) -> str:
    """A norm or ratio: a dash where there is none."""
    return short(value, 7, 3)


def share_style(share: float | None) -> Style:
    """Color of a share of dead or saturated units."""
    if share is None or not isfinite(share) or share < SHARE_WARN:
        return Style()
    return BAD if share >= SHARE_BAD else WARN


def ratio_style(ratio: float | None) -> Style:
    """Color of an update/weight ratio: green about 1e-3, yellow outside, red where nothing can be learned."""
    if ratio is None:
        return Style()
    if RATIO_GOOD[0] <= ratio <= RATIO_GOOD[1]:
        return GOOD
    return Style(fg="bad" if not RATIO_BAD[0] <= ratio <= RATIO_BAD[1] else "warn")

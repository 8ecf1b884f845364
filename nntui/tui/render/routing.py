"""Where the nodes of a graph go and how their wires run: layers from left to right, wires at right angles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Inputs = Sequence[tuple[int, ...]]
"""For each node, in topological order, the nodes (by index) that it is computed from."""

MOST_NODES = 250
MOST_WIRES = 1500
"""Larger graphs are not laid out."""


@dataclass
class Stop:
    """A place of a wire in one layer: a node, or a point that the wire only passes through."""

    node: int
    real: bool
    row: float = 0.0


@dataclass
class Bus:
    """The vertical line in the channel before a layer where all inputs of one stop come together."""

    target: int
    target_row: int
    sources: list[tuple[int, int]]
    """(node, row) of each input."""
    track: int = 0

    @property
    def span(self) -> tuple[int, int]:
        rows = [self.target_row, *(row for _, row in self.sources)]
        return min(rows), max(rows)

    @property
    def straight(self) -> bool:
        """Whether it is no more than one wire going on in its row."""
        return all(row == self.target_row for _, row in self.sources)


@dataclass
class Layout:
    """`layers[k]`: the stops of a layer with their rows; `channels[k]`: the buses before it, by track."""

    layers: list[list[Stop]]
    channels: list[list[Bus]]
    height: int


def layout(inputs: Inputs, pitch: int, late: bool) -> Layout | None:
    """Rows at least `pitch` apart; None for a graph that is too large.

    `late` puts a node without inputs beside its first consumer instead of in the first layer.
    """
    if len(inputs) > MOST_NODES:
        return None
    depth = _depths(inputs, late)
    layers: list[list[Stop]] = [[] for _ in range(max(depth, default=-1) + 1)]
    last = list(depth)
    for node, given in enumerate(inputs):
        for source in given:
            last[source] = max(last[source], depth[node])
    if sum(last) - sum(depth) > MOST_WIRES:
        return None
    for node, layer in enumerate(depth):
        layers[layer].append(Stop(node, True))
        for passed in range(layer + 1, last[node]):
            layers[passed].append(Stop(node, False))
    for k, stops in enumerate(layers):
        above = {s.node: s.row for s in layers[k - 1]} if k else {}
        _rows(stops, above, inputs, pitch)
    _settle(layers, inputs, pitch)
    for stagger in (False, True):
        _snap(layers, pitch, stagger)
        channels = [_channel(before, after, inputs) for before, after in pairwise(layers)]
        if None not in channels:
            height = int(max((s.row for stops in layers for s in stops), default=-1)) + 1
            return Layout(layers, [c for c in channels if c is not None], height)
    return None  # staggered rows never clash


def _snap(layers: list[list[Stop]], pitch: int, stagger: bool) -> None:
    """Whole rows from 0 on; `stagger` keeps the rows of neighboring layers from ever being the same."""
    for k, stops in enumerate(layers):
        offset = k % 2
        previous: float | None = None
        for stop in sorted(stops, key=lambda s: s.row):
            row = float(round(stop.row))
            if stagger:
                row = pitch * round((row - offset) / pitch) + offset
            stop.row = row if previous is None else max(row, previous + pitch)
            previous = stop.row
    low = min((s.row for stops in layers for s in stops), default=0)
    for stops in layers:
        for stop in stops:
            stop.row -= low


def _depths(inputs: Inputs, late: bool) -> list[int]:
    depth = [0] * len(inputs)
    for node, given in enumerate(inputs):
        depth[node] = max((depth[i] + 1 for i in given), default=0)
    if late:
        first: dict[int, int] = {}
        for node, given in enumerate(inputs):
            for source in given:
                first[source] = min(first.get(source, depth[node]), depth[node])
        for node, given in enumerate(inputs):
            if not given and node in first:
                depth[node] = first[node] - 1
    return depth


def _wanted(stop: Stop, above: dict[int, float], inputs: Inputs) -> float | None:
    """The row that keeps its wires short: the mean of its inputs'."""
    sources = inputs[stop.node] if stop.real else (stop.node,)
    rows = [above[s] for s in sources if s in above]
    return sum(rows) / len(rows) if rows else None


def _rows(stops: list[Stop], above: dict[int, float], inputs: Inputs, pitch: int) -> None:
    bottom = max(above.values(), default=-pitch)
    wanted = []
    for stop in stops:
        row = _wanted(stop, above, inputs)
        if row is None:
            bottom += pitch
            row = bottom
        wanted.append(row)
    _apart(stops, wanted, pitch)


def _apart(stops: list[Stop], wanted: Sequence[float], pitch: int) -> None:
    """Rows in the order of the wanted ones and as near to them as the distance allows (least squares)."""
    order = sorted(range(len(stops)), key=lambda k: (wanted[k], stops[k].node))
    blocks: list[tuple[float, int]] = []  # (mean of what its members want of its first, members)
    for place, k in enumerate(order):
        mean, size = wanted[k] - place * pitch, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, size = (mean * size + other * more) / (size + more), size + more
        blocks.append((mean, size))
    place = 0
    for mean, size in blocks:
        for _ in range(size):
            stops[order[place]].row = mean + place * pitch
            place += 1


def _settle(layers: list[list[Stop]], inputs: Inputs, pitch: int) -> None:
    """Move what has no inputs, and what only passes, towards its consumers; then straighten once more."""
    for k in range(len(layers) - 2, -1, -1):
        below: dict[int, list[float]] = {}
        for stop in layers[k + 1]:
            for source in inputs[stop.node] if stop.real else (stop.node,):
                below.setdefault(source, []).append(stop.row)
        wanted = []
        for stop in layers[k]:
            rows = below.get(stop.node, [])
            free = not stop.real or not inputs[stop.node]
            wanted.append(sum(rows) / len(rows) if rows and free and len(rows) == 1 else stop.row)
        if k:
            _apart(layers[k], wanted, pitch)
    for k in range(1, len(layers)):
        above = {s.node: s.row for s in layers[k - 1]}
        straight = [_wanted(s, above, inputs) for s in layers[k]]
        _apart(
            layers[k], [s.row if w is None else w for s, w in zip(layers[k], straight, strict=True)], pitch
        )


def _channel(before: list[Stop], after: list[Stop], inputs: Inputs) -> list[Bus] | None:
    """The buses between two layers, with tracks on which no wire runs over another's."""
    rows = {s.node: int(s.row) for s in before}
    buses = []
    for stop in after:
        sources = inputs[stop.node] if stop.real else (stop.node,)
        given = [(s, rows[s]) for s in dict.fromkeys(sources)]
        if given:
            buses.append(Bus(stop.node, int(stop.row), given))
    # Right of its bus a target has its row for itself: wires of others in that row must end before.
    after_of: dict[int, set[int]] = {k: set() for k in range(len(buses))}
    for k, bus in enumerate(buses):
        for other, one in enumerate(buses):
            if other == k:
                continue
            mine = {s for s, _ in bus.sources}
            clash = any(row == bus.target_row and s not in mine for s, row in one.sources)
            own = any(row == bus.target_row and s in mine for s, row in one.sources)
            if clash or (own and not one.straight):
                after_of[k].add(other)
    track = 0
    left = set(after_of)
    while left:
        ready = [k for k in left if not (after_of[k] & left)]
        if not ready:
            return None
        # Of those that can go next, the shortest spans first: they cross the least.
        k = min(ready, key=lambda i: (buses[i].span[1] - buses[i].span[0], buses[i].target_row))
        buses[k].track = track
        track += not buses[k].straight
        left.remove(k)
    return sorted(buses, key=lambda b: b.track)

"""Connections that pass over layers, each source's on a line of its own beside the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Reads = Sequence[tuple[int, ...]]
"""For each layer, in the order drawn, the places of those that it reads, all before its own."""


@dataclass(frozen=True)
class Lane:
    """From the layer at place `source` to all that read it this way; lanes of one `slot` never touch."""

    source: int
    targets: tuple[int, ...]
    slot: int

    def sign(self, place: int) -> str:
        """What stands beside the layer at a place: "from", "to", "by" (it only passes) or nothing."""
        if place == self.source:
            return "from"
        if place in self.targets:
            return "to"
        return "by" if self.source < place < self.targets[-1] else ""


def lanes(reads: Reads, whole: bool) -> list[Lane]:
    """The lanes of all connections that do not come from the layer just before.

    With `whole`, a layer that has such a connection has all of its connections in lanes: then one without any
    reads just the layer before it.
    """
    targets: dict[int, list[int]] = {}
    for k, given in enumerate(reads):
        far = [s for s in given if s != k - 1]
        for source in dict.fromkeys(given if whole and far else far):
            targets.setdefault(source, []).append(k)
    out: list[Lane] = []
    ends: list[int] = []
    for source in sorted(targets):
        slot = next((i for i, end in enumerate(ends) if end < source), len(ends))
        ends[slot : slot + 1] = [targets[source][-1]]
        out.append(Lane(source, tuple(targets[source]), slot))
    return out

"""Weights as lines: colored by sign, as strong as their share of the scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntui.tui.render import scale
from nntui.tui.render.dots import Dots
from nntui.tui.render.picture import Style

MOST = 24
"""Edges drawn between two columns: of more, only the strongest, for all of them would hide each other."""
FAINT, MIDDLE, STRONG = 0.04, 0.34, 0.67
"""Shares of the scale from which an edge is solid, of two and of three dots."""
SOLID, DASH = (1, 0), (4, 4)
"""Dots drawn and left out."""

Dot = tuple[float, float]


@dataclass(frozen=True)
class Edge:
    """A weight's share of the scale (-1 … 1, or NaN), from dot to dot."""

    share: float
    start: Dot
    end: Dot

    @property
    def strength(self) -> float:
        """What is not a number counts most."""
        return 2.0 if np.isnan(self.share) else abs(self.share)

    @property
    def level(self) -> int:
        """The strength in every second step of the color scale: more could not be told apart on thin lines."""
        return 2 * round(self.strength * scale.STEPS / 2)


def edges(shares: NDArray[np.float64], start: Sequence[Dot], end: Sequence[Dot]) -> list[Edge]:
    """Edges of a matrix (from × to) between placed units, the strongest first, at most :data:`MOST`."""
    found = [
        Edge(float(np.clip(shares[i, j], -1, 1)), start[i], end[j])
        for i in range(min(len(start), shares.shape[0]))
        for j in range(min(len(end), shares.shape[1]))
    ]
    return sorted(found, key=lambda e: -e.strength)[:MOST]


def draw(dots: Dots, found: Sequence[Edge], dashed: bool = False) -> None:
    """Draw edges, the strongest last, so that they lie on top where they cross; `dashed` draws negative ones so."""
    # Among those of one level always in the same order, or what lies on top would flicker.
    for edge in sorted(found, key=lambda e: (e.level, e.start, e.end)):
        _draw(dots, edge, DASH if dashed and edge.share < 0 else SOLID)


def _draw(dots: Dots, edge: Edge, dash: tuple[int, int]) -> None:
    """Dotted and dim when it is nearly none, wider the stronger it is; NaN in its own color."""
    (x0, y0), (x1, y1) = edge.start, edge.end
    if np.isnan(edge.share):
        dots.lines(x0, y0, x1, y1, Style(fg="bad"))
        return
    if edge.strength < FAINT:
        dots.lines(x0, y0, x1, y1, Style(fg="zero"), dash=(1, 3))
        return
    level = max(2, edge.level)
    style = Style(fg=f"scale:{level if edge.share > 0 else -level}")
    dots.lines(x0, y0, x1, y1, style, dash)
    if edge.strength >= MIDDLE:
        dots.lines(x0, y0 + 1, x1, y1 + 1, style, dash)
    if edge.strength >= STRONG:
        dots.lines(x0, y0 - 1, x1, y1 - 1, style, dash)

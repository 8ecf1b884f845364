"""How an edge of a diagram is drawn: dotted when nearly nothing, and one to three dots wide by its share of the scale."""

import numpy as np
import pytest

from nntui.tui.render.dots import Dots
from nntui.tui.render.edges import MOST, Edge, draw, edges
from nntui.tui.render.picture import Grid


def rows_of(share: float, dashed: bool = False) -> list[list[int]]:
    """The dots of a horizontal edge from dot 1 to dot 20, by row. Braille's bits go down the left column first."""
    dots = Dots(12, 3)
    draw(dots, [Edge(share, (1, 6), (20, 6))], dashed)
    grid = Grid(12, 3)
    dots.draw(grid, 0, 0)
    lit: list[list[int]] = [[] for _ in range(12)]
    for y, line in enumerate(grid.characters):
        for x, character in enumerate(line):
            bits = ord(character) - 0x2800 if character != " " else 0
            for bit, (dx, dy) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
                if bits >> bit & 1:
                    lit[4 * y + dy].append(2 * x + dx)
    return [sorted(row) for row in lit if row]


@pytest.mark.parametrize(
    ("share", "rows"), [(0.2, 1), (0.33, 1), (0.34, 2), (-0.5, 2), (0.66, 2), (0.67, 3), (-1, 3)]
)
def test_stronger_edges_are_wider(share: float, rows: int) -> None:
    assert rows_of(share) == [list(range(1, 21))] * rows


def test_an_edge_of_nearly_nothing_is_dotted_whatever_its_sign() -> None:
    assert rows_of(0.039) == rows_of(-0.039) == [[4, 8, 12, 16, 20]]
    assert rows_of(float("nan")) == [list(range(1, 21))]


def test_without_colors_negative_edges_are_dashed_and_positive_ones_are_not() -> None:
    assert rows_of(-0.2, dashed=True) == [[1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19]]
    assert rows_of(0.2, dashed=True) == [list(range(1, 21))]


def test_the_strongest_are_drawn_and_what_is_no_number_is_among_them() -> None:
    shares = np.linspace(-1, 0.99, 40).reshape(8, 5)
    shares[3, 2] = np.nan
    found = edges(shares, [(0, k) for k in range(8)], [(9, k) for k in range(5)])
    assert len(found) == MOST
    assert np.isnan(found[0].share)
    assert (found[0].start, found[0].end) == ((0, 3), (9, 2))
    kept = sorted((abs(e.share) for e in found[1:]), reverse=True)
    assert kept == sorted(np.abs(shares[np.isfinite(shares)]), reverse=True)[: MOST - 1]

"""What a statistic is: a frozen dataclass of what it gives, which computes itself from a view of a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.view import Array, NetworkView, Rows
from nntui_core.probe import sample_rows

CHUNK = 256
"""Samples computed at once at most: memory does not grow with their number."""
UNITS = 12
"""Units of a layer whose weights and maps are sent at most."""
COUNTED, DRAWN = 2048, 400
"""Rows that are counted, and drawn as points, at most: all of a part, or a seeded random choice."""


@dataclass(frozen=True, eq=False)
class Statistic:
    """Base of all statistics; each field says its shape and unit."""

    KEY: ClassVar[str] = ""
    """Its name in a `Want`, and on the wire."""

    @classmethod
    def key(cls, argument: int | str | None = None) -> str:
        """What a pane asks for, such as "layers", "sample/17" or "scatter/0-3"."""
        return cls.KEY if argument is None else f"{cls.KEY}/{argument}"

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        """Its value now; None where it means nothing for this network. ``argument`` is what follows the key's "/"."""
        raise NotImplementedError

    def answers(self, argument: str) -> bool:
        """Whether this is what a key with this argument asked for."""
        return True


def chunks(count: int) -> Iterator[slice]:
    """0 … count − 1 in pieces of CHUNK."""
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def some_rows(rows: Rows, most: int) -> Array:
    """Numbers of all ``rows``, or of a random choice of ``most``, which is the same each time."""
    return sample_rows(None, len(rows), 0, most)


def predicted(view: NetworkView, rows: Rows, chosen: Array) -> Array:
    """Outputs for the ``chosen`` of the ``rows``, one at least: chosen × outputs."""
    return np.concatenate([view.predict(rows.inputs(chosen[part])) for part in chunks(len(chosen))])


def row_number(argument: str, rows: Rows | Sequence[str]) -> int:
    """The row that ``argument`` counts, from the first again after the last; 0 for what is no number."""
    number = int(argument) if len(argument) <= 18 and argument.isascii() and argument.isdigit() else 0
    return number % max(1, len(rows))


def evenly(count: int, most: int) -> Array:
    """Indices of all, or of ``most`` spread evenly from the first to the last."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(int)


def shown_units(count: int) -> Array:
    """Which units of a large layer are shown: all, or some spread evenly over it."""
    return np.arange(count) if count <= UNITS else np.unique(evenly(count, UNITS - 2))

"""What an update of the flat parameter vector needs besides the slots: blocks, scratch arrays, the update's factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from nntui_core.memory import Array, zeros

Slots = dict[str, Array]
Numbers = tuple[Array, ...]


class Fused(Protocol):
    """One pass that does what an optimizer's ``apply`` does in several."""

    def __call__(self, w: Array, g: Array, s: Slots, numbers: Array) -> bool:
        """Update one block in place, or leave it and return False: then ``apply`` does it."""


@dataclass(frozen=True)
class Group:
    """Consecutive parameters with the same rate factor and decay, as PyTorch's parameter groups."""

    start: int
    stop: int
    factor: float = 1.0
    """Multiplies the learning rate."""
    decays: bool = True
    """Whether weight decay applies to them."""


class Block(NamedTuple):
    """A slice of the vector that is updated in one go."""

    part: slice
    factor: float
    decayed: tuple[slice, ...]
    """Where weight decay applies, as slices of the block."""


def blocks(groups: Sequence[Group], longest: int) -> tuple[Block, ...]:
    """The vector cut into blocks with one rate factor each, none longer than ``longest``."""
    runs: list[Group] = []
    for group in groups:
        if runs and runs[-1].factor == group.factor and runs[-1].stop == group.start:
            runs[-1] = Group(runs[-1].start, group.stop, group.factor)
        else:
            runs.append(group)
    out = []
    for run in runs:
        for start in range(run.start, run.stop, longest):
            stop = min(run.stop, start + longest)
            inside = [(max(g.start, start) - start, min(g.stop, stop) - start) for g in groups if g.decays]
            out.append(Block(slice(start, stop), run.factor, _joined(inside)))
    return tuple(out)


def _joined(spans: Sequence[tuple[int, int]]) -> tuple[slice, ...]:
    """The spans that are not empty as slices; adjacent ones are joined."""
    out: list[slice] = []
    for start, stop in spans:
        if start < stop:
            if out and out[-1].stop == start:
                start = out.pop().start
            out.append(slice(start, stop))
    return tuple(out)


class Work:
    """The blocks of the vector, scratch ``t`` and ``u`` as long as the longest block, and the update's factors as arrays."""

    def __init__(self, n: int, dtype: Any, groups: Sequence[Group] = (), longest: int = 1) -> None:
        self.blocks = blocks(groups or (Group(0, n),), max(1, longest))
        size = max((b.part.stop - b.part.start for b in self.blocks), default=0)
        self.t, self.u = zeros((size,), dtype), zeros((size,), dtype)
        self.g = self.t[:0]
        """Scratch of the same length where weight decay changes the gradient, else empty."""
        self.fused: Fused | None = None
        """A compiled pass that may update a block instead of the optimizer's own, with the same bits; None for none."""
        self.numbers = zeros((0,), dtype)
        """The factors that :meth:`hold` was given last, in the parameters' type."""
        self._cells: Numbers = ()

    def hold(self, numbers: tuple[float, ...]) -> Numbers:
        """The factors as arrays of the parameters' type; a Python number would cost each NumPy call 0.3 µs more."""
        if len(self._cells) != len(numbers):
            self.numbers = zeros((len(numbers),), self.t.dtype)
            self._cells = tuple(self.numbers[k, ...] for k in range(len(numbers)))
        for cell, value in zip(self._cells, numbers, strict=True):
            cell[()] = value
        return self._cells

"""Truth tables: logic gates and parity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from nntui.data.table import Array, Source, Table, enough
from nntui_core.rng import stream

Samples = Annotated[int, Ge(2), Le(1_000_000)]
Noise = Annotated[float, Ge(0)]


@dataclass(frozen=True, kw_only=True)
class Gate(Source):
    """A truth table of two inputs; with ``samples`` its rows in turn, with ``noise`` on the inputs."""

    ones: ClassVar[tuple[int, ...]]
    """The result for the inputs 00, 01, 10 and 11 (for one input: 0, 1)."""

    samples: Samples | None = None
    """Rows; by default each row of the truth table once."""
    noise: Noise = 0.0
    """Standard deviation of noise on the inputs."""

    def load(self, seed: int, base: Path) -> Table:
        bits = 1 if len(self.ones) == 2 else 2
        return _table(self.type, bits, np.array(self.ones), self.samples, self.noise, seed)


def _table(source: str, bits: int, ones: Array, samples: int | None, noise: float, seed: int) -> Table:
    enough(samples or 2**bits, 2**bits, "rows of the truth table")
    rows = np.arange(samples or 2**bits) % 2**bits
    x = ((rows[:, None] >> np.arange(bits)[::-1]) & 1).astype(np.float64)
    if noise:
        x += stream(seed, "data noise").normal(0.0, noise, x.shape)
    names = tuple(f"x{k + 1}" for k in range(bits))
    return Table(x, ones[rows].astype(np.int64), ("0", "1"), names, ("y",), source)


def _gate(name: str, ones: tuple[int, ...], summary: str) -> type[Gate]:
    space = {"type": name, "ones": ones, "summary": summary, "__doc__": summary, "__module__": __name__}
    return type(name.capitalize(), (Gate,), space)


GATES = (
    _gate("and", (0, 0, 0, 1), "1 where both inputs are 1"),
    _gate("or", (0, 1, 1, 1), "1 where an input is 1"),
    _gate("nand", (1, 1, 1, 0), "0 where both inputs are 1"),
    _gate("nor", (1, 0, 0, 0), "1 where both inputs are 0"),
    _gate("xor", (0, 1, 1, 0), "1 where the inputs differ; no single unit can learn it"),
    _gate("xnor", (1, 0, 0, 1), "1 where the inputs are equal"),
    _gate("not", (1, 0), "1 where the one input is 0"),
)


@dataclass(frozen=True, kw_only=True)
class Parity(Source):
    """All numbers of some bits; class 1 where an odd number of bits is set."""

    type: ClassVar[str] = "parity"
    summary: ClassVar[str] = "1 where an odd number of bits is set"

    bits: Annotated[int, Ge(1), Le(16)] = 4
    """Inputs; there are 2^bits rows."""
    samples: Samples | None = None
    """Rows; by default each number once."""
    noise: Noise = 0.0
    """Standard deviation of noise on the inputs."""

    def load(self, seed: int, base: Path) -> Table:
        ones = np.array([value.bit_count() % 2 for value in range(2**self.bits)])
        return _table(self.type, self.bits, ones, self.samples, self.noise, seed)

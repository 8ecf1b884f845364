"""What training a network takes in memory, counted before any of it is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, prod

import numpy as np

from nntui_core.builder import Inventory, NetworkBuilder, lay_out
from nntui_core.layers.repeating import layer_names, unrolled
from nntui_core.model import Mode, NetworkSpec
from nntui_core.optimizers.base import Optimizer
from nntui_core.probe import ROWS

EVALUATION_BYTES = 16 << 20
"""What one piece of an evaluation takes at most, beside the weights: more falls out of the caches (at 28×28 pixels and
16 and 32 filters a row took 113 µs in 545 MB and 72 µs in 68 MB)."""
LOOK_BYTES = 24 << 20
"""What the rows take together that findings and statistics look at, where that leaves FEWEST_ROWS."""
FEWEST_ROWS = 32
MOST_ROWS, STEP = 2048, 16
"""Rows of such a piece at most, and what they are a multiple of where there is room for that many."""


@dataclass(frozen=True)
class Footprint:
    """Bytes by part, and numbers learned by layer; infinite where they cannot be counted."""

    parts: dict[str, float]
    layers: dict[str, int]

    @property
    def total(self) -> float:
        """Bytes of all parts."""
        return sum(self.parts.values())


def footprint(
    spec: NetworkSpec,
    optimizer: Optimizer,
    batch: int,
    *,
    rows: Sequence[int] = (),
    best: bool,
) -> Footprint:
    """Of training with batches of up to ``batch`` rows and evaluating in pieces.

    ``rows`` are those of each part, the training part first; ``best``: whether the best weights are kept (early stopping).
    Raises NntuiError where the layers do not fit together.
    """
    spec = replace(spec, layers=unrolled(spec.layers))
    inventory = lay_out(spec, layer_names(spec.layers))
    item = np.dtype(spec.dtype).itemsize
    layers: dict[str, int] = {}
    for path, shape in inventory.shapes.items():
        name = path.rpartition(".")[0]
        layers[name] = layers.get(name, 0) + prod(shape)
    numbers = sum(layers.values())
    trained = numbers - sum(prod(inventory.shapes[p]) for p in inventory.frozen)
    weights = numbers * item
    piece = rows_within(EVALUATION_BYTES, inventory)
    seen = look_rows(inventory)
    # A plan is kept for each number of rows that is computed with.
    batches = {batch, rows[0] % batch} if rows else {batch}
    pieces = {n for m in rows for n in (min(m, piece), m % piece)} if rows else {piece}
    looks = [min(m, seen) for m in rows[:2]] if rows else [seen]
    parts = {
        "weights": weights,
        "gradient": weights,
        "optimizer": slot_bytes(optimizer, trained, spec.dtype) + optimizer.temporaries * trained * item,
        "best weights": weights * best,
        "weights before an update": weights,
        "one batch": sum(plan_bytes(inventory, n, "train") for n in batches if n),
        "evaluation": sum(plan_bytes(inventory, n, "measure") for n in pieces if n),
        "findings and statistics": sum(plan_bytes(inventory, n, "evaluate") for n in looks if n),
    }
    return Footprint({name: size for name, size in parts.items() if size}, layers)


def rows_within(size: float, inventory: Inventory) -> int:
    """Rows whose evaluation takes so many bytes: MOST_ROWS at most, one at least."""
    one, some = (plan_bytes(inventory, m, "measure") for m in (1, 1 + STEP))
    each = max(1.0, (some - one) / STEP)
    rows = min(MOST_ROWS, int(max(0.0, size - (one - each)) / each)) if each < inf else 0
    return max(1, rows if rows < STEP else rows - rows % STEP)


def training_rows(size: float, spec: NetworkSpec) -> int:
    """Rows of a training plan that takes so many bytes; 1 at least."""
    inventory = lay_out(spec, layer_names(spec.layers))
    one, some = (plan_bytes(inventory, m, "train") for m in (1, 1 + STEP))
    each = max(1.0, (some - one) / STEP)
    return max(1, int(max(0.0, size - (one - each)) / each)) if each < inf else 1


def look_rows(inventory: Inventory) -> int:
    """Training rows that findings and statistics look at: ROWS, or as many as fit into LOOK_BYTES, but FEWEST_ROWS."""
    return min(ROWS, max(FEWEST_ROWS, rows_within(LOOK_BYTES, inventory)))


def plan_bytes(inventory: Inventory, samples: int, mode: Mode) -> float:
    """Values, gradients and scratch of a plan for so many rows, which is not made."""
    try:
        return NetworkBuilder(inventory, samples, mode, dry=True).build().plan.nbytes()
    except (ValueError, OverflowError):  # more than 63 bits can count
        return inf


def slot_bytes(optimizer: Optimizer, n: int, dtype: str) -> float:
    """Bytes of the slots for ``n`` parameters, from those of 1, 2 and 3: a polynomial of degree 2 at most."""
    try:
        a, b, c = (sum(s.nbytes for s in optimizer.slots(k, np.dtype(dtype)).values()) for k in (1, 2, 3))
    except (MemoryError, ValueError):
        return inf
    second = (c - 2 * b + a) / 2
    first = b - a - 3 * second
    return second * n * n + first * n + (a - first - second)

"""What training a network takes in memory, counted before any of it is allocated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, prod

import numpy as np

from nntui_core.builder import Inventory, NetworkBuilder, lay_out
from nntui_core.layers.repeating import layer_names, unrolled
from nntui_core.model import Mode, NetworkSpec
from nntui_core.optimizers.base import Optimizer

EVALUATION_BYTES = 16 << 20
"""What one piece of an evaluation takes at most, beside the weights: more falls out of the caches (at 28×28 pixels and
16 and 32 filters a row took 113 µs in 545 MB and 72 µs in 68 MB)."""
MOST_ROWS, STEP = 1024, 16
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
    spec: NetworkSpec, optimizer: Optimizer, batch: int, *, best: bool, before: bool = True
) -> Footprint:
    """Of training with batches of up to ``batch`` rows and evaluating in pieces.

    ``best``: whether the best weights are kept (early stopping); ``before``: whether those before an update are.
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
    rows = evaluation_rows(lambda m: plan_bytes(inventory, m, "evaluate"))
    parts = {
        "weights": weights,
        "gradient": weights,
        "optimizer": slot_bytes(optimizer, trained, spec.dtype) + optimizer.temporaries * trained * item,
        "best weights": weights * best,
        "weights before an update": weights * before,
        "one batch": plan_bytes(inventory, batch, "train"),
        "evaluation": plan_bytes(inventory, rows, "evaluate"),
    }
    return Footprint({name: size for name, size in parts.items() if size}, layers)


def evaluation_rows(bytes_of: Callable[[int], float]) -> int:
    """Rows of one piece of an evaluation, so that it takes EVALUATION_BYTES; one row at least.

    ``bytes_of`` counts what so many rows take.
    """
    one, some = bytes_of(1), bytes_of(1 + STEP)
    each = max(1.0, (some - one) / STEP)
    rows = min(MOST_ROWS, int(max(0.0, EVALUATION_BYTES - (one - each)) / each)) if each < inf else 0
    return max(1, rows if rows < STEP else rows - rows % STEP)


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

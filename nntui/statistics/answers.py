"""What every layer answers to one sample, small enough to be sent several times a second."""

from __future__ import annotations

from typing import Any

import numpy as np

from nntui.protocol.message import Arrays
from nntui.training.experiment import Experiment
from nntui_core import probe

SIDE = 12
"""Points along a side of a channel's map at most."""
UNITS = 64
"""Units, or channels, of a layer at most."""
BUDGET = 12_000
"""Numbers in all: 48 kB."""


def chosen_row(experiment: Experiment, argument: str) -> tuple[int, int, int, str]:
    """The table's row of the sample that ``argument`` counts, its number, of how many, and of which part."""
    held_out = len(experiment.split.validation) > 0
    rows = experiment.split.validation if held_out else experiment.split.train
    k = int(argument) % len(rows) if argument.isdigit() else 0
    return int(rows[k]), k, len(rows), "validation" if held_out else "train"


def answers(experiment: Experiment, argument: str) -> tuple[Arrays, dict[str, Any]]:
    """A layer's array is a map a channel where it gives pictures, else a number a unit; of many, some."""
    row, *_ = chosen_row(experiment, argument)
    seen = probe.sample_model(experiment.network, experiment.prepare(experiment.table.rows([row])))
    found = {layer.name: shrunk(seen.plan.value(layer.a)[0]) for layer in seen.layers}
    each = BUDGET // max(1, len(found))
    arrays: Arrays = {}
    for name, a in found.items():
        most = max(1, min(UNITS, each // max(1, a[0].size)))
        arrays[name] = a[evenly(len(a), most)].astype(np.float32)
    return arrays, {}


def evenly(count: int, most: int) -> Any:
    """Indices of all, or of ``most`` spread evenly from the first to the last."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(int)


def shrunk(a: Any) -> Any:
    """Maps (channels × height × width) as means over areas, at most SIDE along each side; a vector as it is."""
    for axis in range(1, a.ndim):
        size = a.shape[axis]
        if size > SIDE:
            starts = np.arange(SIDE) * size // SIDE
            counts = np.diff([*starts, size])
            sums = np.add.reduceat(a, starts, axis=axis)
            a = sums / np.expand_dims(counts, tuple(k for k in range(a.ndim) if k != axis))
    return a

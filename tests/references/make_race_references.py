"""Writes race.npz next to this file: PyTorch's paths over the textbook surfaces, 500 steps each.

Run with an interpreter that has torch 2.13; the tests themselves need none. Gradients are autograd's. Of each
optimizer the largest rate of RATES is taken at which its own path, repeated three times with every gradient and every
position moved by one unit in the last place, up or down, stays within 1e-12 of itself: at others the path tells of rounding alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch_optimizers import OPTIMIZERS

HERE = Path(__file__).parent
STEPS, EVERY = 500, 5
FAR = 1e6
"""A path that goes farther is of no use."""
RATES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 1e-3, 3e-4, 1e-4)

SURFACES: dict[str, tuple[Callable, tuple[float, float]]] = {
    "saddle": (lambda x, y: x**2 - y**2, (1.0, 0.001)),
    "long_valley": (lambda x, y: (x**2 + 50 * y**2) / 2, (-4.0, 1.0)),
    "beale": (
        lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
        (1.0, 1.0),
    ),
    "rosenbrock": (lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, (-1.2, 1.0)),
    "himmelblau": (lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, (0.0, 0.0)),
}


def path(
    f: Callable, start: tuple[float, float], cls: type, settings: dict, moved: int | None = None
) -> np.ndarray:
    w = torch.tensor(start, requires_grad=True)
    optimizer = cls([w], **settings)
    rows = [w.detach().numpy().copy()]
    signs = np.random.default_rng(moved)
    for _ in range(STEPS):
        w.grad = None
        f(w[0], w[1]).backward()
        if moved is not None:
            w.grad *= torch.from_numpy(1 + np.finfo(float).eps * signs.choice([-1.0, 1.0], 2))
        optimizer.step()
        if moved is not None:
            w.data *= torch.from_numpy(1 + np.finfo(float).eps * signs.choice([-1.0, 1.0], 2))
        rows.append(w.detach().numpy().copy())
        if not np.isfinite(rows[-1]).all() or np.abs(rows[-1]).max() > FAR:
            break
    return np.array(rows)


def steady(
    f: Callable, start: tuple[float, float], cls: type, settings: dict
) -> tuple[float, np.ndarray] | None:
    for rate in RATES:
        found = path(f, start, cls, {**settings, "lr": rate})
        if len(found) <= STEPS:
            continue
        moved = [path(f, start, cls, {**settings, "lr": rate}, moved=seed) for seed in range(3)]
        limit = 1e-12 * np.maximum(1, np.abs(found))
        if all(len(again) > STEPS and (np.abs(again - found) <= limit).all() for again in moved):
            return rate, found
    return None


if __name__ == "__main__":
    # NAdam keeps its product of μ in the default dtype: float32 would end the agreement at 2e-10.
    torch.set_default_dtype(torch.float64)
    paths, rates = {}, {}
    for surface, (f, start) in SURFACES.items():
        for name, (cls, settings) in OPTIMIZERS.items():
            found = steady(f, start, cls, settings)
            print(surface, name, None if found is None else (found[0], found[1][-1]), flush=True)
            if found is not None:
                rates[f"{surface}/{name}"], paths[f"{surface}/{name}"] = found[0], found[1][::EVERY]
    meta = json.dumps({"torch": torch.__version__, "every": EVERY, "steps": STEPS, "rates": rates})
    np.savez_compressed(HERE / "race.npz", meta=np.array(meta), **paths)

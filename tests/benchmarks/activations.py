"""What an activation costs: ``python -m tests.benchmarks.activations [--epochs NAME …]``.

Nanoseconds an element of the value and of the derivative's product with an upstream gradient, by the engine's own op on
arrays that stay in the cache; the best of several rounds, as other programs only ever slow one down. With ``--epochs``
also how many epochs the demo ``relu_vs_sigmoid`` takes to its loss, with these activations in the hidden layers.
"""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any

import numpy as np

from nntui.blas import limit_threads
from nntui.training.experiment import read
from nntui_core import catalog
from nntui_core.graph import Op

ROWS, UNITS = 128, 128
ROUNDS, CALLS = 15, 40
SEEDS = (0, 1, 2)


def cost(op: Op, dtype: Any = np.float32) -> tuple[float, float]:
    """Nanoseconds an element of the operand, forward and backward."""
    draws = np.random.default_rng(0)
    z = draws.normal(size=(ROWS, UNITS)).astype(dtype)
    shapes = [z.shape, *(shape for _, shape in op.learned(z.shape))]
    xs = [z, *(np.full(shape, 0.25, dtype) for shape in shapes[1:])]
    space = {name: wanted.array(dtype) for name, wanted in op.workspace(*shapes).items()}
    y, out = np.empty(op.infer(*shapes), dtype), np.empty_like(z)
    g = draws.normal(size=y.shape).astype(dtype)
    forward = best(lambda: op.forward(xs, y, space)) / z.size
    return forward, best(lambda: op.vjp(0, g, xs, y, out, space)) / z.size


def best(call: Any) -> float:
    """Nanoseconds of one call."""
    found = []
    for _ in range(ROUNDS):
        start = perf_counter()
        for _ in range(CALLS):
            call()
        found.append((perf_counter() - start) / CALLS)
    return 1e9 * min(found)


def epochs(name: str) -> str:
    """Epochs of the demo by seed; > where its budget was used up."""
    found = []
    for seed in SEEDS:
        trainer = read(
            "relu_vs_sigmoid", [f"layers.*.activation={name}", "layers.3.activation=softmax"], seed=seed
        ).trainer
        while trainer.status == "running":
            trainer.advance()
        found.append(f"{'' if trainer.status == 'stopped_early' else '>'}{trainer.epoch}")
    return ", ".join(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--epochs", nargs="*", default=[], metavar="NAME", help="also train the demo with these"
    )
    trains = parser.parse_args().epochs
    limit_threads(0)
    print(f"float32, {ROWS} × {UNITS}; ns an element")
    print(f"{'':<12}{'forward':>9}{'backward':>10}" + ("   epochs to a loss of 0.1" if trains else ""))
    for name in catalog.members("activation"):
        op = catalog.build("activation", name)
        forward, backward = cost(op)
        print(
            f"{name:<12}{forward:>9.2f}{backward:>10.2f}" + (f"   {epochs(name)}" if name in trains else ""),
            flush=True,
        )


if __name__ == "__main__":
    main()

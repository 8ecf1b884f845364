"""Cohen et al. 2021: full-batch training settles where the curvature is what its steps can just bear."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntui.papers.paper import Curve, Figure, Measured, Paper
from nntui.papers.training import demo
from nntui_core.curvature import Curvature
from nntui_core.optimizers.base import FirstOrder

SHARE = 0.68
"""λmax at the start over its threshold: the rate follows from it."""
SAMPLES = 60
"""Measurements over the updates."""
BUDGETS = {"sgd": 3000, "momentum": 450, "nesterov": 1000}
"""Updates; each optimizer covers about the same way in them."""
TOLERANCES = {"sgd": 0.03, "momentum": 0.10, "nesterov": 0.10}
LEAST = 1e-3
"""Above this the loss has to stay: at its end the curvature no longer rises."""


class Cohen(Paper):
    """The demo with three optimizers, λmax measured at even distances."""

    name: ClassVar[str] = "cohen"
    paper: ClassVar[str] = (
        "Cohen, Kaur, Li, Kolter & Talwalkar 2021, Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability"
    )
    claim: ClassVar[str] = (
        "full-batch, λmax of the Hessian rises to the optimizer's stability threshold and stays there"
    )
    demo: ClassVar[str] = "edge_of_stability"
    figures: ClassVar[tuple[Figure, ...]] = (
        *(
            Figure.near(f"λmax over its threshold, median of the second half, {name}", 1.0, tolerance)
            for name, tolerance in TOLERANCES.items()
        ),
        *(
            Figure(f"λmax over its threshold at the start, {name}", 0.3, 0.7, setting=True)
            for name in BUDGETS
        ),
        *(Figure(f"least loss, {name}", LEAST, None, setting=True) for name in BUDGETS),
    )
    axes: ClassVar[tuple[str, str]] = ("share of the updates", "λmax over its threshold")

    def run(self, seed: int) -> Measured:
        """Train with each optimizer at its own rate."""
        values: list[tuple[float, float, float]] = []
        curves = []
        for name, updates in BUDGETS.items():
            ratios, least = follow(name, updates, seed)
            values.append((float(np.median(ratios[len(ratios) // 2 :])), float(ratios[0]), least))
            curves.append(Curve(name, np.linspace(0, 1, len(ratios)), ratios))
        flat = np.array(values).T.ravel().tolist()
        return Measured({f.name: v for f, v in zip(self.figures, flat, strict=True)}, tuple(curves))


def follow(name: str, updates: int, seed: int) -> tuple[np.ndarray, float]:
    """λmax over its threshold, SAMPLES times, and the least loss on the way, with the optimizer called ``name``."""
    kind = f'optimizer={{ type = "{name}", lr = 1.0 }}'
    trainer = demo(Cohen.demo, [kind, f"train.epochs={updates}"], seed=seed).trainer
    assert isinstance(trainer.optimizer, FirstOrder)
    curvature = Curvature(trainer, tolerance=1e-4)
    # A threshold is its value at rate 1 over the rate.
    ratio = curvature.measure().ratio
    assert ratio is not None
    trainer.rate_factor = SHARE / ratio
    ratios, least, every = [], np.inf, max(1, updates // SAMPLES)
    while trainer.status == "running":
        if trainer.update % every == 0:
            ratios.append(curvature.measure().ratio)
        trainer.advance()
        least = min(least, trainer.loss)
    return np.array(ratios, dtype=np.float64), float(least)

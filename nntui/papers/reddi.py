"""Reddi et al. 2018: Adam may converge to the worst point."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntui.papers.paper import Curve, Figure, Measured, Paper
from nntui.papers.training import demo, epochs


class Reddi(Paper):
    """Large, rare gradients on a line: see the demo."""

    name: ClassVar[str] = "reddi"
    paper: ClassVar[str] = "Reddi, Kale & Kumar 2018, On the Convergence of Adam and Beyond"
    claim: ClassVar[str] = "with rare, large gradients Adam ends at the wrong bound, AMSGrad at the right one"
    demo: ClassVar[str] = "rare_gradients"
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure.near("w that adam ends at (best: -1)", 1.0, 0.05),
        Figure.near("w that amsgrad ends at (best: -1)", -1.0, 0.05),
    )
    axes: ClassVar[tuple[str, str]] = ("epoch", "w")

    def run(self, seed: int) -> Measured:
        """The slope of the line at the end, with both optimizers."""
        values, curves = {}, []
        for figure, optimizer in zip(self.figures, ("adam", "amsgrad"), strict=True):
            trainer = demo(self.demo, [f"optimizer.type={optimizer}"], seed=seed).trainer
            weight = trainer.network.parameters.view("line.W")
            path = [(epoch, float(weight[0, 0])) for epoch in epochs(trainer)]
            x, y = np.array(path).T
            curves.append(Curve(optimizer, x, y))
            values[figure.name] = float(y[-1])
        return Measured(values, tuple(curves))

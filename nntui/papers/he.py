"""He et al. 2015: relu layers need twice the variance that Xavier's weights have."""

from __future__ import annotations

from math import log
from typing import ClassVar

import numpy as np

from nntui.papers.paper import Array, Curve, Figure, Measured, Paper
from nntui.papers.training import demo, epochs

LEARNED = 1.5
"""Training loss that counts as learned."""
BUDGET = {22: 40, 30: 10}
"""Epochs at most, by the number of layers."""
NEVER = 1000.0
"""Epochs that stand for never."""


class He(Paper):
    """The demo with 22 and 30 layers, from He's and from Xavier's weights."""

    name: ClassVar[str] = "he"
    paper: ClassVar[str] = "He, Zhang, Ren & Sun 2015, Delving Deep into Rectifiers"
    claim: ClassVar[str] = (
        "22 relu layers learn faster from He's weights than from Xavier's; 30 learn from He's alone"
    )
    demo: ClassVar[str] = "thirty_layers"
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure("22 layers, He: epochs until the loss is under 1.5", None, float(BUDGET[22])),
        Figure("22 layers, Xavier: epochs until the loss is under 1.5", None, float(BUDGET[22])),
        Figure("22 layers: epochs of He over those of Xavier", None, 0.99),
        Figure("30 layers, He: least loss", None, LEARNED),
        Figure.near("30 layers, Xavier: loss at the end over ln 10", 1.0, 0.01),
    )
    axes: ClassVar[tuple[str, str]] = ("epoch", "training loss")

    def run(self, seed: int) -> Measured:
        """Train each until it has learned, or its budget is used up."""
        paths = {
            (depth, init): self._train(depth, f"{init}_normal", seed)
            for depth in BUDGET
            for init in ("he", "xavier")
        }
        he, xavier = (_epochs(paths[22, init]) for init in ("he", "xavier"))
        values = (he, xavier, he / xavier, paths[30, "he"].min(), paths[30, "xavier"][-1] / log(10))
        curves = tuple(
            Curve(f"{init}, {depth}", np.arange(1.0, len(path) + 1), path)
            for (depth, init), path in paths.items()
        )
        return Measured({f.name: float(v) for f, v in zip(self.figures, values, strict=True)}, curves)

    def _train(self, depth: int, init: str, seed: int) -> Array:
        """The training loss after each epoch."""
        overrides = [
            f"layers.0.repeat={depth - 1}", f"layers.*.init={init}", f"train.epochs={BUDGET[depth]}",
            f'train.stop={{ monitor = "train.loss", below = {LEARNED} }}',
        ]  # fmt: skip
        trainer = demo(self.demo, overrides, seed=seed).trainer
        return np.array([trainer.evaluate()["train"].loss for _ in epochs(trainer)])


def _epochs(path: Array) -> float:
    """Epochs until the loss was under LEARNED."""
    return float(len(path)) if path[-1] < LEARNED else NEVER

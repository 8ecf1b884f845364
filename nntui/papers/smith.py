"""Smith 2015: one short training in which the rate rises tells the rate to train with."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntui.papers.paper import Curve, Figure, Measured, Paper
from nntui.papers.training import demo, epochs
from nntui.training.range_test import range_test
from nntui_core.errors import NumericError

RATES = np.geomspace(0.02, 2.0, 9)
"""Fixed rates that the chosen one is compared with, each 1.8 times the one before."""
MOST = 60
"""Epochs at most."""
NEVER = float("inf")


class Smith(Paper):
    """The demo trained to its loss with the chosen rate and with fixed ones."""

    name: ClassVar[str] = "smith"
    paper: ClassVar[str] = "Smith 2015, Cyclical Learning Rates for Training Neural Networks"
    claim: ClassVar[str] = "the rate that a range test chooses trains about as fast as the best fixed rate"
    demo: ClassVar[str] = "relu_vs_sigmoid"
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure("epochs to the loss with the chosen rate over those of the best fixed rate", None, 2.0),
    )
    axes: ClassVar[tuple[str, str]] = ("ln rate", "epochs to a training loss of 0.1")

    def run(self, seed: int) -> Measured:
        """Epochs with the chosen rate and with each of RATES; none is tried for longer than the best so far took."""
        suggestion = range_test(demo(self.demo, seed=seed)).suggestion
        tried: dict[float, float] = {}
        best = float(MOST)
        for rate in RATES.tolist():
            tried[rate] = epochs_needed(rate, int(best), seed)
            best = min(best, tried[rate])
        chosen = NEVER if suggestion is None else epochs_needed(suggestion.chosen, MOST, seed)
        shown = {rate: count for rate, count in tried.items() if np.isfinite(count)}
        curve = Curve("fixed rates", np.log(list(shown)), np.array(list(shown.values())))
        return Measured({self.figures[0].name: chosen / best}, (curve,))


def epochs_needed(rate: float, budget: int, seed: int) -> float:
    """Epochs until the demo's own rule stops it; infinite where that takes more than ``budget``, or diverges."""
    trainer = demo(Smith.demo, [f"optimizer.lr={rate!r}", f"train.epochs={budget}"], seed=seed).trainer
    try:
        with np.errstate(all="ignore"):
            *_, last = epochs(trainer)
    except NumericError:
        return NEVER
    return float(last) if trainer.status == "stopped_early" else NEVER

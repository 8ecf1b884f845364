"""Every layer's numbers and the distribution of its activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import Statistic
from nntui.statistics.histogram import Histogram, histogram
from nntui.statistics.view import Array, NetworkView
from nntui_core.probe import LayerStats, layer_stats


@dataclass(frozen=True, eq=False)
class LayerRow:
    """One layer."""

    stats: LayerStats
    """Its numbers; each says what it is where it is defined."""
    activations: Histogram
    """Of what the layer answers to the samples (samples × units × places values)."""
    nonfinite_gradients: int
    """Entries of ∂loss/∂z of the last batch that are NaN or infinite."""
    nonfinite_weights: int
    """Weights that are NaN or infinite."""


@dataclass(frozen=True, eq=False)
class Layers(Statistic):
    """A row a layer: activations on seeded random training rows, gradients and weights of the last update."""

    KEY: ClassVar[str] = "layers"

    rows: tuple[LayerRow, ...]
    """In the order in which layers are computed."""
    samples: int
    """Training rows that were looked at."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self:
        rows = []
        for layer, a in zip(view.layers, view.seen(), strict=True):
            gradient, weight = layer.gradient, layer.weight
            stats = layer_stats(
                layer.name,
                layer.op,
                a,
                gradient=gradient,
                weight=weight,
                weight_gradient=layer.weight_gradient,
                weight_before=layer.weight_before,
            )
            rows.append(LayerRow(stats, histogram(a, layer.op), _bad(gradient), _bad(weight)))
        return cls(tuple(rows), len(view.sample))


def distributions(view: NetworkView) -> dict[str, Histogram]:
    """By the layer's name, of its activations alone."""
    return {layer.name: histogram(a, layer.op) for layer, a in zip(view.layers, view.seen(), strict=True)}


def _bad(a: Array | None) -> int:
    return 0 if a is None else int(a.size - np.isfinite(a).sum())

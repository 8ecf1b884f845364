"""What is done to a gradient before the optimizer gets it: noise, and clipping."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from nntui_core.memory import Array
from nntui_core.rng import stream
from nntui_core.train_spec import GradientNoise, TrainSpec


def condition(grad: Array, spec: TrainSpec, *, seed: int, update: int, t: int) -> None:
    """Add the noise of ``update`` (from 0) to ``grad`` and clip it, in place; ``t`` is what the noise falls with."""
    if spec.gradient_noise:
        grad += drawn(spec.gradient_noise, len(grad), seed=seed, update=update, t=t).astype(grad.dtype)
    if spec.clip_norm:
        clip(grad, spec.clip_norm)


def drawn(noise: GradientNoise, size: int, *, seed: int, update: int, t: int) -> Array:
    """``size`` normal numbers (float64) of variance ``eta/(1 + t)^gamma``, the same for a seed and an update."""
    spread = sqrt(noise.eta / (1 + t) ** noise.gamma)
    return stream(seed, "gradient noise", update).normal(0.0, spread, size)


def clip(grad: Array, limit: float) -> None:
    """Scale the gradient down, in place, to the Euclidean length ``limit`` where it is longer."""
    with np.errstate(over="ignore"):
        norm = sqrt(float(np.dot(grad, grad)))
    if not isfinite(norm):
        # In float32 the square of a finite gradient may overflow; then it is measured in units of its largest entry.
        largest = float(np.abs(grad).max())
        np.divide(grad, largest, out=grad)
        norm = sqrt(float(np.dot(grad, grad)))
        np.multiply(grad, min(largest, limit / norm), out=grad)
    elif norm > limit:
        np.multiply(grad, limit / norm, out=grad)

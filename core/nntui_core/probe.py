"""Statistics of layers, computed only when asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntui_core.graph import Op
from nntui_core.memory import Array
from nntui_core.model import LayerNodes, Model
from nntui_core.network import Network
from nntui_core.trainer import Trainer

SATURATION = {"tanh": 0.97, "sigmoid": 0.47}
"""Distance from the middle of its range beyond which a unit counts as saturated."""


@dataclass(frozen=True)
class LayerStats:
    """One layer at one update. Shares are of units, over every sample; None where they mean nothing."""

    layer: str
    mean: float
    spread: float
    dead: float | None
    saturated: float | None
    gradient_norm: float | None
    """Norm of the weights' gradient."""
    gradient_rms: float | None
    """Root mean square of ∂loss/∂z over the batch."""
    update_ratio: float | None
    """‖Δw‖/‖w‖ of the last update."""


def activation_of(layer: LayerNodes) -> Op | None:
    """The layer's activation, where it has one."""
    return getattr(layer.spec, "activation", None)


def per_unit(a: Array) -> Array:
    """Samples (and places) × units; a vector is one sample, a number one unit."""
    if a.ndim < 2:
        return a.reshape(1, -1)
    return a if a.ndim == 2 else np.moveaxis(a, 1, -1).reshape(-1, a.shape[1])


def dead_units(op: Op | None, a: Array) -> Array | None:
    """Which units of a relu's output ``a`` are 0 on every sample; None for another op."""
    if op is None or op.type != "relu":
        return None
    return np.asarray((per_unit(a) <= 0).all(axis=0))


def saturated_units(op: Op | None, a: Array) -> Array | None:
    """Which units of a tanh's or sigmoid's output ``a`` are saturated on every sample; None for another op."""
    limit = SATURATION.get(op.type) if op is not None else None
    if op is None or limit is None:
        return None
    middle = 0.5 if op.type == "sigmoid" else 0.0
    return np.asarray((np.abs(per_unit(a) - middle) > limit).all(axis=0))


def dead_share(layer: LayerNodes, a: Array) -> float | None:
    """Share of relu units that are 0 on every sample."""
    units = dead_units(activation_of(layer), a)
    return None if units is None else float(units.mean())


def saturated_share(layer: LayerNodes, a: Array) -> float | None:
    """Share of tanh or sigmoid units that are saturated on every sample."""
    units = saturated_units(activation_of(layer), a)
    return None if units is None else float(units.mean())


def rms(x: Array | None) -> float | None:
    """Root mean square, in double precision."""
    if x is None or not x.size:
        return None
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def sample_model(network: Network, x: Array) -> Model:
    """Evaluate the network on ``x`` in evaluation mode and return the model that holds every activation."""
    model = network.model(len(x), "predict")
    model.plan.value(model.x)[...] = x
    model.plan.run(backward=False)
    return model


def layers(trainer: Trainer, x: Array) -> list[LayerStats]:
    """Statistics of every layer: activations on the samples ``x``, gradients of the last update."""
    network = trainer.network
    seen = sample_model(network, x)
    trained = trainer.model
    out = []
    for k, layer in enumerate(seen.layers):
        a = seen.plan.value(layer.a)
        gradient = ratio = norm = None
        if trained is not None:
            node = trained.layers[k].z or trained.layers[k].a
            gradient = rms(trained.plan.adjoint(node))
        if layer.weight is not None and trained is not None:
            norm = float(np.linalg.norm(network.parameters.gradient(layer.weight)))
            ratio = update_ratio(trainer, layer.weight)
        out.append(
            LayerStats(
                layer.name, float(a.mean()), float(a.std()), dead_share(layer, a), saturated_share(layer, a),
                norm, gradient, ratio,
            )
        )  # fmt: skip
    return out


def update_ratio(trainer: Trainer, weight: str) -> float | None:
    """‖Δw‖/‖w‖ of the last update; None where the weights before it were not kept."""
    if trainer.before is None:
        return None
    parameters = trainer.network.parameters
    new, old = parameters.view(weight), parameters.view(weight, trainer.before)
    size = float(np.linalg.norm(old))
    return float(np.linalg.norm(new - old)) / size if size else None


def histogram(x: Array, bins: int = 30) -> tuple[Array, float]:
    """Counts over ±3σ of the finite values (the outermost bins take what lies beyond), and 3σ."""
    flat = x[np.isfinite(x)].ravel()
    limit = 3 * float(flat.std()) if flat.size else 0.0
    if not limit:
        limit = max(1e-12, float(np.abs(flat).max(initial=0.0)))
    counts, _ = np.histogram(np.clip(flat, -limit, limit), bins=bins, range=(-limit, limit))
    return counts, limit

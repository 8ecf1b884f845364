"""What is measured of a network's layers, for statistics and findings alike.

Every function is computed in double precision and scaled by the largest magnitude, so that squares of large finite
float32 numbers do not overflow. Importing this needs NumPy alone: viewers read the limits from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING

import numpy as np

from nntui_core.onehot import indices
from nntui_core.rng import stream

if TYPE_CHECKING:
    from nntui_core.graph import Op
    from nntui_core.memory import Array
    from nntui_core.model import LayerNodes, Model
    from nntui_core.network import Network
    from nntui_core.trainer import Trainer

ROWS = 256
"""Training rows that statistics and findings look at, at most."""
BLOCK = 1 << 15
"""Entries that are worked on at once."""
PIECE = 1 << 13
"""Entries that are summed up at once: they stay in the innermost caches, and a product of so few is not shared among
threads (with two on a busy machine, the norm of 20 M entries took 150 ms in pieces four times as large, and 12 in these)."""
SATURATION = {"tanh": 0.97, "sigmoid": 0.47}
"""Distance from the middle of its range beyond which an activation counts as saturated."""
MIDDLE = {"tanh": 0.0, "sigmoid": 0.5}
"""The middle of that range."""
SATURATED_UNIT = 0.9
"""From this share of its samples on, a unit is named as saturated."""


@dataclass(frozen=True)
class LayerStats:
    """One layer at one update; None where a number means nothing. NaN and infinities are left out of mean and spread, which
    are NaN where nobody asks for them."""

    layer: str
    mean: float
    spread: float
    """Standard deviation over all samples and units."""
    dead: float | None
    """Fraction of the units that are 0 on every sample (relu alone)."""
    saturated: float | None
    """Fraction of the (sample, unit) pairs beyond the limits of SATURATION (tanh and sigmoid alone)."""
    gradient_norm: float | None
    """Euclidean norm of the weights' gradient."""
    gradient_rms: float | None
    """Root mean square of ∂loss/∂z over the batch."""
    update_ratio: float | None
    """‖Δw‖/‖w‖ of the last update."""
    units: int
    """Units, or channels, of the layer."""
    dead_units: tuple[int, ...]
    """Which units are dead, counted from 0."""
    saturated_units: tuple[int, ...]
    """Which units are saturated on at least SATURATED_UNIT of the samples."""


# Rows


def sample_rows(classes: Array | None, count: int, seed: int, most: int = ROWS) -> Array:
    """Which of ``count`` rows are looked at: at most ``most``, in ascending order, the same for one seed.

    A random choice without repetition. ``classes`` (count) are class indices, or None for no classes: with them every
    class has its share of the choice, rounded so that they sum to ``most``, and at least one row where there is room.
    """
    if count <= most:
        return np.arange(count)
    draw = stream(seed, "statistics rows")
    if classes is None:
        return np.sort(draw.choice(count, most, replace=False))
    kinds, sizes = np.unique(classes, return_counts=True)
    if len(kinds) > most:
        return np.sort(draw.choice(count, most, replace=False))
    exact = sizes * (most / count)
    share = np.maximum(1, np.floor(exact)).astype(int)
    while share.sum() > most:
        share[np.where(share > 1, share - exact, -np.inf).argmax()] -= 1
    while share.sum() < most:
        share[(exact - share).argmax()] += 1
    found = [
        draw.choice(np.flatnonzero(classes == kind), n, replace=False)
        for kind, n in zip(kinds, share, strict=True)
    ]
    return np.sort(np.concatenate(found))


def training_rows(trainer: Trainer, most: int | None = None) -> Array:
    """Which rows of the training part statistics and findings look at, or ``most``: see :func:`sample_rows`."""
    spec, y = trainer.network.spec, trainer.train.y
    classes = indices(y) if spec.classification else None
    return sample_rows(classes, len(trainer.train), spec.seed, most or trainer.network.look_rows)


# Numbers


def moments(a: Array) -> tuple[float, float]:
    """Mean and standard deviation of the finite values; NaN where there are none."""
    flat = a.ravel(order="K")
    largest = magnitude(flat)
    if not isfinite(largest):
        flat = flat[np.isfinite(flat)]
        largest = magnitude(flat)
    if not flat.size:
        return float("nan"), float("nan")
    if not largest:
        return 0.0, 0.0
    unit = _unit(flat, largest)
    mean = sum(float(block.sum()) for block in _blocks(flat, unit)) / flat.size
    squares = 0.0
    for block in _blocks(flat, unit):
        block -= mean
        squares += float(block @ block)
    return unit * mean, unit * sqrt(squares / flat.size)


def norm(x: Array, less: Array | None = None) -> float:
    """Euclidean norm over all entries of ``x``, or of ``x − less``; NaN or infinite where an entry is."""
    flat = x.ravel(order="K") if less is None else x.ravel()
    other = None if less is None else less.ravel()
    if flat.dtype.itemsize < 8:  # squares of float32 numbers neither overflow nor vanish in float64
        return sqrt(sum(float(block @ block) for block in _blocks(flat, 1.0, other)))
    largest = (
        magnitude(flat) if other is None else max(map(magnitude, _blocks(flat, 1.0, other)), default=0.0)
    )
    if not largest or not isfinite(largest):
        return largest
    return largest * sqrt(sum(float(block @ block) for block in _blocks(flat, largest, other)))


def magnitude(x: Array) -> float:
    """The largest |x|; 0 of nothing; NaN where there is one."""
    return max(abs(float(x.max())), abs(float(x.min()))) if x.size else 0.0


def _unit(flat: Array, largest: float) -> float:
    """What numbers are divided by, so that their squares are finite in float64."""
    return 1.0 if flat.dtype.itemsize < 8 else largest


def _blocks(flat: Array, unit: float, less: Array | None = None) -> Iterator[Array]:
    """Stretches of ``flat``, less those of ``less``, over ``unit``: float64 copies, each valid until the next one."""
    room = np.empty(min(PIECE, flat.size))
    for start in range(0, flat.size, PIECE):
        part = flat[start : start + PIECE]
        block = room[: part.size]
        block[...] = part
        if less is not None:
            block -= less[start : start + PIECE]
        if unit != 1.0:
            block /= unit
        yield block


def rms(x: Array | None) -> float | None:
    """Root mean square over all entries; None without any."""
    return None if x is None or not x.size else norm(x) / sqrt(x.size)


# Units


def activation_of(layer: LayerNodes) -> Op | None:
    """The layer's activation, where it has one."""
    return getattr(layer.spec, "activation", None)


def per_unit(a: Array) -> Array:
    """Samples (and places) × units; a vector is one sample, a number one unit."""
    if a.ndim < 2:
        return a.reshape(1, -1)
    return a if a.ndim == 2 else np.moveaxis(a, 1, -1).reshape(-1, a.shape[1])


def dead_units(op: Op | None, a: Array) -> Array | None:
    """Which units of a relu's output ``a`` (samples × units …) are 0 on every sample; None for another op."""
    if op is None or op.type != "relu":
        return None
    return np.asarray((per_unit(a) <= 0).all(axis=0))


def saturation(op: Op | None, a: Array) -> Array | None:
    """For each unit of a tanh's or sigmoid's output ``a`` (samples × units …), the fraction of its samples (and
    places) on which it is saturated; None for another op. The mean over units is that of all (sample, unit) pairs."""
    limit = SATURATION.get(op.type) if op is not None else None
    if op is None or limit is None:
        return None
    return np.asarray((np.abs(per_unit(a) - MIDDLE[op.type]) > limit).mean(axis=0))


def saturated_units(op: Op | None, a: Array) -> Array | None:
    """Which units of a tanh's or sigmoid's output ``a`` are saturated on every sample; None for another op."""
    found = saturation(op, a)
    return None if found is None else np.asarray(found == 1.0)


# Layers


def update_ratio(new: Array, old: Array | None) -> float | None:
    """‖new − old‖/‖old‖ of the weights before and after an update; None where those before are not known, or 0."""
    if old is None:
        return None
    size = norm(old)
    return norm(new, old) / size if size else None


def layer_stats(
    name: str,
    op: Op | None,
    a: Array,
    *,
    gradient: Array | None = None,
    weight: Array | None = None,
    weight_gradient: Array | None = None,
    weight_before: Array | None = None,
    distributed: bool = True,
) -> LayerStats:
    """One layer's numbers from its activations ``a`` (samples × units …), the gradient ∂loss/∂z of the last batch, and
    its weights, their gradient, and the weights before the last update, where there are any. ``distributed``: whether
    mean and spread are asked for."""
    dead, saturated = dead_units(op, a), saturation(op, a)
    mean, spread = moments(a) if distributed else (float("nan"), float("nan"))
    return LayerStats(
        layer=name,
        mean=mean,
        spread=spread,
        dead=None if dead is None else float(dead.mean()),
        saturated=None if saturated is None else float(saturated.mean()),
        gradient_norm=None if weight_gradient is None else norm(weight_gradient),
        gradient_rms=rms(gradient),
        update_ratio=None if weight is None else update_ratio(weight, weight_before),
        units=per_unit(a).shape[1],
        dead_units=() if dead is None else tuple(np.flatnonzero(dead).tolist()),
        saturated_units=()
        if saturated is None
        else tuple(np.flatnonzero(saturated >= SATURATED_UNIT).tolist()),
    )


def sample_model(network: Network, x: Array) -> Model:
    """Evaluate the network on ``x`` in evaluation mode and return the model that holds every activation."""
    model = network.model(len(x), "predict")
    model.plan.value(model.x)[...] = x
    model.plan.run(backward=False)
    return model


def layers(trainer: Trainer, x: Array) -> list[LayerStats]:
    """Every layer's numbers: activations on the samples ``x`` (m × n), gradients and weights of the last update."""
    network, trained = trainer.network, trainer.model
    parameters = network.parameters
    seen = sample_model(network, x)
    out = []
    for k, layer in enumerate(seen.layers):
        gradient = None
        if trained is not None:
            gradient = trained.plan.adjoint(trained.layers[k].z or trained.layers[k].a)
        known = layer.weight if trained is not None else None
        out.append(
            layer_stats(
                layer.name,
                activation_of(layer),
                seen.plan.value(layer.a),
                gradient=gradient,
                weight=parameters.view(known) if known else None,
                weight_gradient=parameters.gradient(known)
                if known and known not in parameters.frozen
                else None,
                weight_before=parameters.view(known, trainer.before)
                if known and trainer.before is not None
                else None,
            )
        )
    return out

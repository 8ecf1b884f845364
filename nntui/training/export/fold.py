"""Affine preprocessing folded into the layers that read the inputs, and the targets' scaling into the last one.

(x·A + c)·W + b = x·(A·W) + (c·W + b): the network then takes what came before the folded steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.display import display
from nntui.errors import UserError
from nntui.training.preparation import Preparation
from nntui.training.trained import Trained
from nntui_core.layers.base import INPUT
from nntui_core.network import Network
from nntui_core.preprocessing.base import Preprocessor, State
from nntui_core.preprocessing.components import Pca, Whiten
from nntui_core.preprocessing.features import Features
from nntui_core.preprocessing.scaling import Center, MinMax, Standardize

Array = NDArray[Any]
AFFINE = (Center, Standardize, MinMax, Pca, Whiten)
OFFSETS = ("mean", "shift")
"""What such steps subtract, by its name in their state."""
PASSING = ("flatten", "dropout")
"""Layers that give rows of numbers on as they are."""
BLOCK = 1024


def folded(trained: Trained, report: Callable[[str], object]) -> Trained:
    """The same predictor, with affine preprocessing and target scaling moved into its layers.

    Raises UserError for what cannot be folded.
    """
    preparation = trained.preparation
    count = len(preparation.steps)
    while count and isinstance(preparation.steps[count - 1], AFFINE):
        count -= 1
    for step in preparation.steps[:count]:
        if isinstance(step, AFFINE):
            report(f"{step.type} is not folded: a step that is not affine comes after it")
    weights = {
        name: trained.network.parameters.view(name).astype(np.float64) for name in trained.network.parameters
    }
    if count < len(preparation.steps):
        _fold_inputs(trained, _Affine(preparation.steps[count:], preparation.states[count:]), weights)
    scaling = trained.scaling
    if scaling is not None:
        _fold_targets(trained, weights)
    kept = _shortened(preparation, count)
    return replace(
        trained, network=_network(trained, len(kept.after.names), weights), preparation=kept, scaling=None
    )


@dataclass(frozen=True, eq=False)
class _Affine:
    """Consecutive preprocessing steps as one map x·A + c."""

    steps: Sequence[Preprocessor]
    states: Sequence[State]

    @property
    def inputs(self) -> int:
        return int(self.states[0]["inputs"])

    def apply(self, x: Array, *, offset: bool = True) -> Array:
        for step, state in zip(self.steps, self.states, strict=True):
            used = state if offset else {n: 0 * a if n in OFFSETS else a for n, a in state.items()}
            x = step.apply(x, used)
        return x

    def weight(self, w: Array) -> Array:
        """A·W, some inputs at a time."""
        n = self.inputs
        out = np.empty((n, w.shape[1]))
        for start in range(0, n, BLOCK):
            stop = min(n, start + BLOCK)
            unit = np.zeros((stop - start, n))
            unit[np.arange(stop - start), np.arange(start, stop)] = 1
            out[start:stop] = self.apply(unit, offset=False) @ w
        return out

    def offset(self, w: Array) -> Array:
        """c·W."""
        return np.asarray((self.apply(np.zeros((1, self.inputs))) @ w)[0])


def _fold_inputs(trained: Trained, affine: _Affine, weights: dict[str, Array]) -> None:
    network = trained.network
    raw, before = {INPUT}, INPUT
    for name, layer in zip(network.names, network.spec.layers, strict=True):
        sources = set(layer.inputs or (before,))
        before = name
        if not sources & raw:
            continue
        if layer.type in PASSING:
            raw.add(name)
            continue
        if layer.type not in ("dense", "maxout"):
            raise UserError(
                f"export --fold: {display(name)} ({layer.type}) reads the inputs; preprocessing can be folded into dense and "
                "maxout layers only: export without --fold (.npz, .safetensors and .onnx carry it)"
            )
        w = weights[f"{name}.W"]
        offset = affine.offset(w)
        weights[f"{name}.W"] = affine.weight(w)
        _shift(name, weights, offset, f"{', '.join(s.type for s in affine.steps)} subtracts something")


def _shift(name: str, weights: dict[str, Array], offset: Array, why: str) -> None:
    if f"{name}.b" in weights:
        weights[f"{name}.b"] = weights[f"{name}.b"] + offset
    elif offset.any():
        raise UserError(
            f"export --fold: {display(name)} has no bias (bias = false), but {why}: export without --fold"
        )


def _fold_targets(trained: Trained, weights: dict[str, Array]) -> None:
    network, scaling = trained.network, trained.scaling
    assert scaling is not None
    name, layer = network.names[-1], network.spec.layers[-1]
    activation = getattr(layer, "activation", None)
    if layer.type != "dense" or activation is None or activation.type != "linear":
        raise UserError(
            f"export --fold: the targets' scaling can be folded into a dense layer with a linear output only, but "
            f"{display(name)} is another: export without --fold"
        )
    weights[f"{name}.W"] = weights[f"{name}.W"] * scaling.scale
    if f"{name}.b" in weights:
        weights[f"{name}.b"] = weights[f"{name}.b"] * scaling.scale
    _shift(name, weights, scaling.shift, "scale_target shifts the targets")


def _shortened(preparation: Preparation, count: int) -> Preparation:
    """The first ``count`` steps."""
    after: Features = preparation.before
    for step, state in zip(preparation.steps[:count], preparation.states[:count], strict=True):
        after = step.out_features(after, state)
    return replace(
        preparation, steps=preparation.steps[:count], states=preparation.states[:count], after=after
    )


def _network(trained: Trained, features: int, weights: dict[str, Array]) -> Network:
    old = trained.network
    # A given Θ was for the former inputs; the weights come from the run in any case.
    layers = tuple(_free(layer) for layer in old.spec.layers)
    found = Network(replace(old.spec, features=features, layers=layers))
    with np.errstate(over="ignore"):
        for name in found.parameters:
            found.parameters.view(name)[...] = weights[name]
    if not np.isfinite(found.parameters.theta).all():
        raise UserError(
            f"export --fold: the folded weights are too large for {old.spec.dtype}: export without --fold"
        )
    for name, buffer in found.buffers.items():
        buffer[...] = old.buffers[name]
    return found


def _free(layer: Any) -> Any:
    return replace(layer, theta=None) if getattr(layer, "theta", None) else layer

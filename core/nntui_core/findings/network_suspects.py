"""What may be behind a finding in the data, the initial weights and the layers of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import log10
from typing import Any

import numpy as np

from nntui_core import catalog
from nntui_core.findings.sample import HEAVY, LayerView, Sample
from nntui_core.findings.spelling import tables
from nntui_core.findings.suspect import LARGE, NOTHING, SMALL, Suspect, suspect
from nntui_core.findings.wording import between


def data(s: Sample, preprocess: tuple[Any, ...]) -> Iterator[Suspect]:
    """Inputs and targets of an unusual size, and targets that the output cannot reach."""
    small, large = s.basis.inputs
    if large > 10 or large < 0.05:
        steps = (*preprocess, catalog.build("preprocess", "standardize"))
        yield suspect(
            f"preprocess={tables(steps)}", f"standardize the inputs: their columns' sizes are {between(f'{small:.2g}', f'{large:.2g}')}",
            3 + min(6.0, log10(max(large / 10, 0.05 / max(large, 1e-30)))), LARGE | {"vanishing_gradient"},
        )  # fmt: skip
    target = s.basis.target
    if s.trainer.network.spec.classification:
        return
    last = s.layers[-1]
    kind = last.op.type if last.op else "linear"
    low, high = {
        "sigmoid": (0.0, 1.0),
        "tanh": (-1.0, 1.0),
        "relu": (0.0, np.inf),
        "softmax": (0.0, 1.0),
    }.get(kind, (-np.inf, np.inf))
    outside = float(((target < low) | (target > high)).mean())
    if outside > 0.02:
        yield suspect(
            f"{last.where()}.activation=linear",
            f"{outside:.0%} of the targets are outside the output's range, {low:g} to {high:g}: make it linear",
            3 + outside, {*LARGE, "update_ratio_low"},
        )  # fmt: skip
    spread, size = float(target.std(axis=0).max()), float(np.sqrt(np.square(target).mean()))
    if spread and (size > 10 or size < 0.01 or size > 10 * spread):
        yield suspect(
            "data.scale_target=standardize", f"standardize the targets: their size is {size:.2g}, their spread {spread:.2g}",
            2 + abs(log10(size)), {*LARGE, "update_ratio_low"},
        )  # fmt: skip


def weights(s: Sample) -> Iterator[Suspect]:
    """Weights that were set by hand, or that start much larger or smaller than healthy ones."""
    layers = s.trainer.network.spec.layers
    by_hand = [v for v in s.weighted if getattr(v.spec, "theta", None) is not None]
    if by_hand:
        free = [_changed(x, theta=None) if getattr(x, "theta", None) is not None else x for x in layers]
        yield suspect(
            f"layers={tables(free)}", f"draw the weights of {', '.join(v.name for v in by_hand)} at random instead of by hand",
            5.0, LARGE | SMALL | {"symmetric_units"},
        )  # fmt: skip
    start = s.memory["gain"]
    odd = [(v, float(start[k])) for k, v in enumerate(s.layers) if v.weighted and not 0.2 <= start[k] <= 5]
    odd = [(v, gain) for v, gain in odd if v not in by_hand]
    if not odd:
        return
    names = ", ".join(v.name for v, _ in odd[:4])
    setting = _initialized(s, [v for v, _ in odd])
    gains = [gain for _, gain in odd]
    if max(gains) > 5:
        yield suspect(
            setting, f"start {names} from random weights of healthy size (now {max(gains):.2g} times that)",
            2 + log10(max(gains)), LARGE | {"update_ratio_low", "overfitting"},
        )  # fmt: skip
    if min(gains) < 0.2:
        yield suspect(
            setting, f"start {names} from random weights of healthy size (now {min(gains):.1g} of that)",
            4.0 if min(gains) == 0 else 2 - log10(min(gains)), SMALL | {"symmetric_units", "dead_units", "update_ratio_high"},
        )  # fmt: skip


def _changed(layer: Any, **fields: Any) -> Any:
    """A copy of a layer with other values in fields that it has."""
    return replace(layer, **fields)


def _initialized(s: Sample, odd: list[LayerView]) -> str:
    """The setting that gives those layers their usual initializer."""
    layers = s.trainer.network.spec.layers
    if len(odd) == 1:
        return f"{odd[0].where()}.init=auto"
    if all(hasattr(x, "init") for x in layers) and len(odd) == len(layers):
        return "layers.*.init=auto"
    places = {v.index for v in odd}
    return "layers=" + tables([_changed(x, init=None) if k in places else x for k, x in enumerate(layers)])


def structure(s: Sample) -> Iterator[Suspect]:
    """Activations, widths, dropout and an output that keep a network from learning, whatever its weights."""
    layers = s.trainer.network.spec.layers
    hidden = [v for v in s.layers if not v.last and v.op is not None and v.weighted]
    kinds = [v.op.type for v in hidden if v.op is not None]
    bends = [
        v for v in s.layers if not v.last and ((v.op is not None and v.op.type != "linear") or v.spec.bends)
    ]
    if hidden and not bends:
        yield suspect(
            _activated(s, hidden, "relu"), "without an activation all layers together are one linear map: use relu",
            2.0, NOTHING,
        )  # fmt: skip
    squashing = [v for v, kind in zip(hidden, kinds, strict=True) if kind in ("sigmoid", "tanh")]
    if len(squashing) >= 3:
        yield suspect(
            _activated(s, squashing, "relu"), f"{len(squashing)} layers of {kinds[0]} let little of the gradient through: use relu",
            1.5 + 0.1 * len(squashing), {"vanishing_gradient", "saturated_units", *NOTHING},
        )  # fmt: skip
    widths = [(v, v.stats.units) for v in s.weighted]
    for before, (v, width), after in zip(widths, widths[1:], widths[2:], strict=False):
        if width * 4 <= before[1] and width < after[1] and hasattr(v.spec, "units"):
            yield suspect(
                f"{v.where()}.units={before[1]}", f"all that the output knows passes {v.name}, {width} unit{'s' * (width > 1)} wide: widen it",
                2.5, {"dead_units", "saturated_units", "vanishing_gradient", *NOTHING},
            )  # fmt: skip
    for k, layer in enumerate(layers):
        rate = getattr(layer, "rate", None) if layer.stochastic else None
        if rate is not None and rate > HEAVY:
            yield suspect(
                f"layers.{k}.rate=0.2",
                f"dropout leaves {1 - rate:.0%} of the values",
                2.0,
                {"dead_units", *NOTHING},
            )
    last, loss = s.layers[-1], s.trainer.network.spec.loss.type
    if s.trainer.network.spec.classification and loss in ("mse", "mae", "huber") and last.op is not None:
        several = s.basis.target.shape[1] > 1
        fit = "softmax" if several else "sigmoid"
        if last.op.type not in (fit, "sigmoid"):
            yield suspect(
                f"{last.where()}.activation={fit}", f"{last.op.type} with {loss} is no good output for classes: use {fit}",
                2.2, {*LARGE, "vanishing_gradient"},
            )  # fmt: skip


def _activated(s: Sample, which: list[LayerView], activation: str) -> str:
    places = {v.index for v in which}
    op = catalog.build("activation", activation)
    if len(places) == 1:
        return f"layers.{places.pop()}.activation={activation}"
    layers = s.trainer.network.spec.layers
    return "layers=" + tables(
        [_changed(x, activation=op, init=None) if k in places else x for k, x in enumerate(layers)]
    )

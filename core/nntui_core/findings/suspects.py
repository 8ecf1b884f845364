"""What in the configuration may be behind a finding, with what to set instead: the cures, the most likely first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import log10, sqrt
from typing import Any

import numpy as np

from nntui_core import catalog
from nntui_core.findings.finding import Cure
from nntui_core.findings.flow import higher_rate, lower_rate, rounded
from nntui_core.findings.sample import FEW_SAMPLES, HEAVY, LayerView, Sample
from nntui_core.findings.spelling import tables
from nntui_core.optimizers.base import FirstOrder

LARGE = frozenset(
    {
        "dead_units",
        "saturated_units",
        "exploding_gradient",
        "update_ratio_high",
        "constant_output",
        "plateau",
        "non_finite",
    }
)
"""What comes of inputs, targets or weights that are too large."""
NOTHING = frozenset({"constant_output", "plateau"})
"""What comes of anything that keeps a network from learning."""
SMALL = frozenset({"vanishing_gradient", "update_ratio_low", *NOTHING})
"""What comes of anything that makes gradients or updates small."""


@dataclass(frozen=True)
class Suspect:
    """Something that stands out in a configuration."""

    cure: Cure
    weight: float
    """How far it stands out: decades beyond what is usual, or the like; the highest comes first."""
    explains: frozenset[str]
    """Ids of findings that may follow from it."""


def cures(found: Iterable[Suspect], finding: str) -> list[Cure]:
    """Of what stands out in the configuration, what may explain the finding, the most likely first."""
    return [x.cure for x in sorted(found, key=lambda x: -x.weight) if finding in x.explains]


def suspects(s: Sample, preprocess: tuple[Any, ...]) -> Iterator[Suspect]:
    """Everything that stands out; ``preprocess`` are the steps of the configuration, as catalogue members."""
    yield from _data(s, preprocess)
    yield from _weights(s)
    yield from structure(s)
    yield from _objective(s)
    yield from _steps(s)


def _suspect(setting: str | None, text: str, weight: float, explains: Iterable[str]) -> Suspect:
    return Suspect(Cure(setting, text), weight, frozenset(explains))


def _data(s: Sample, preprocess: tuple[Any, ...]) -> Iterator[Suspect]:
    small, large = s.basis.inputs
    if large > 10 or large < 0.05:
        steps = (*preprocess, catalog.build("preprocess", "standardize"))
        yield _suspect(
            f"preprocess={tables(steps)}", f"standardize the inputs: their columns' sizes are {small:.2g} to {large:.2g}",
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
        yield _suspect(
            f"{last.where()}.activation=linear",
            f"{outside:.0%} of the targets are outside the output's range, {low:g} to {high:g}: make it linear",
            3 + outside, {*LARGE, "update_ratio_low"},
        )  # fmt: skip
    spread, size = float(target.std(axis=0).max()), float(np.sqrt(np.square(target).mean()))
    if spread and (size > 10 or size < 0.01 or size > 10 * spread):
        yield _suspect(
            "data.scale_target=standardize", f"standardize the targets: their size is {size:.2g}, their spread {spread:.2g}",
            2 + abs(log10(size)), {*LARGE, "update_ratio_low"},
        )  # fmt: skip


def _weights(s: Sample) -> Iterator[Suspect]:
    layers = s.trainer.network.spec.layers
    by_hand = [v for v in s.weighted if getattr(v.spec, "theta", None) is not None]
    if by_hand:
        free = [_changed(x, theta=None) if getattr(x, "theta", None) is not None else x for x in layers]
        yield _suspect(
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
        yield _suspect(
            setting, f"start {names} from random weights of healthy size (now {max(gains):.2g} times that)",
            2 + log10(max(gains)), LARGE | {"update_ratio_low", "overfitting"},
        )  # fmt: skip
    if min(gains) < 0.2:
        yield _suspect(
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
    """Of them, what stands out in the layers, whatever their weights."""
    layers = s.trainer.network.spec.layers
    hidden = [v for v in s.layers if not v.last and v.op is not None and v.weighted]
    kinds = [v.op.type for v in hidden if v.op is not None]
    bends = [
        v
        for v in s.layers
        if not v.last
        and ((v.op is not None and v.op.type != "linear") or v.spec.type in ("maxout", "maxpool2d"))
    ]
    if hidden and not bends:
        yield _suspect(
            _activated(s, hidden, "relu"), "without an activation all layers together are one linear map: use relu",
            2.0, NOTHING,
        )  # fmt: skip
    squashing = [v for v, kind in zip(hidden, kinds, strict=True) if kind in ("sigmoid", "tanh")]
    if len(squashing) >= 3:
        yield _suspect(
            _activated(s, squashing, "relu"), f"{len(squashing)} layers of {kinds[0]} let little of the gradient through: use relu",
            1.5 + 0.1 * len(squashing), {"vanishing_gradient", "saturated_units", *NOTHING},
        )  # fmt: skip
    widths = [(v, v.stats.units) for v in s.weighted]
    for before, (v, width), after in zip(widths, widths[1:], widths[2:], strict=False):
        if width * 4 <= before[1] and width < after[1] and hasattr(v.spec, "units"):
            yield _suspect(
                f"{v.where()}.units={before[1]}", f"all that the output knows passes {v.name}, {width} unit{'s' * (width > 1)} wide: widen it",
                2.5, {"dead_units", "saturated_units", "vanishing_gradient", *NOTHING},
            )  # fmt: skip
    for k, layer in enumerate(layers):
        rate = getattr(layer, "rate", None) if layer.stochastic else None
        if rate is not None and rate > HEAVY:
            yield _suspect(
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
            yield _suspect(
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


def _objective(s: Sample) -> Iterator[Suspect]:
    spec = s.trainer.network.spec
    square = sum(v.healthy**2 for v in s.weighted)
    # The sum of |w| of normal weights with that square: √(2/π) of its largest possible value.
    absolute = sum(
        0.8 * v.healthy * sqrt(s.trainer.network.parameters.view(f"{v.name}.W").size) for v in s.weighted
    )
    for key, factor, size in (("l2", spec.l2, 0.5 * spec.l2 * square), ("l1", spec.l1, spec.l1 * absolute)):
        share = size / s.basis.constant_loss
        if share > 1 and s.basis.varies:
            yield _suspect(
                f"objective.{key}={rounded(factor * min(1e-3, 0.01 / share))}",
                f"{key} on healthy weights would cost {share:.2g} times what a constant prediction loses",
                3 + log10(share), {*SMALL, "dead_units", "symmetric_units", "update_ratio_high", "overfitting"},
            )  # fmt: skip
    decay = getattr(s.trainer.optimizer, "weight_decay", 0.0)
    rate = s.trainer.rate
    if decay and np.isfinite(rate) and decay * rate * s.trainer.total_updates > 20 and decay >= 1:
        yield _suspect(
            "optimizer.weight_decay=0.01",
            f"a weight decay of {decay:g} leaves no weights",
            3.0,
            {*SMALL, "dead_units"},
        )


def _steps(s: Sample) -> Iterator[Suspect]:
    trainer = s.trainer
    spec, optimizer = trainer.spec, trainer.optimizer
    if not isinstance(optimizer, FirstOrder):
        return
    mean = s.basis.mean_factor
    if mean < 0.05:
        yield _suspect(
            'schedule={type="constant"}', f"the schedule leaves {mean:.1%} of the learning rate, on average: keep it constant",
            3 - log10(max(mean, 1e-9)), SMALL | {"overfitting"},
        )  # fmt: skip
    norm = trainer.grad_norm
    if spec.clip_norm and np.isfinite(norm) and norm > 30 * spec.clip_norm:
        yield _suspect(
            "train.clip_norm=1.0", f"the gradient's norm is {norm:.2g}, clipped to {spec.clip_norm:g}: clip less",
            2 + log10(norm / spec.clip_norm), SMALL,
        )  # fmt: skip
    noise = spec.gradient_noise
    if noise and np.isfinite(norm):
        size = sqrt(noise.eta * len(trainer.network.parameters))
        if size > 10 * norm or size > 10:
            yield _suspect(
                "train.gradient_noise.eta=1e-6", f"the noise on the gradient has norm {size:.2g}", 4.0,
                {*LARGE, "overfitting"},
            )  # fmt: skip
    for key in ("momentum", "beta1"):
        kept = getattr(optimizer, key, 0.0)
        if isinstance(kept, float) and kept > 0.99:
            yield _suspect(
                f"optimizer.{key}=0.9", f"{key} {kept:g} carries each gradient on for {1 / max(1e-9, 1 - kept):.0f} updates",
                4.0, {*LARGE, "overfitting"},
            )  # fmt: skip
    size = trainer.batch_size
    if any(x.batchwise for x in trainer.network.spec.layers) and size < FEW_SAMPLES <= len(trainer.train):
        yield _suspect(
            "train.batch_size=32", f"batch norm on {size} samples is mostly noise", 2.1,
            {"overfitting", "update_ratio_high", "dead_units", "vanishing_gradient", *NOTHING},
        )  # fmt: skip
    elif size < 4 <= len(trainer.train) // 4:
        yield _suspect(
            "train.batch_size=16",
            f"a gradient of {size} sample{'s' * (size > 1)} is noisy",
            0.5,
            {"update_ratio_high", "plateau"},
        )
    yield from _rate(s)


def _rate(s: Sample) -> Iterator[Suspect]:
    peak = float(np.nan_to_num(s.memory["peak"], nan=0.0, posinf=1e12).max(initial=0.0))
    lower, higher = lower_rate(s), higher_rate(s)
    if lower and peak > 0.3:
        died = {"dead_units", "saturated_units"} if not s.memory["idle"].any() else set()
        yield Suspect(
            replace(
                lower,
                text=f"lower the learning rate: an update changed the weights by {peak:.2g} times their size",
            ),
            1.5 + min(3.0, log10(peak / 0.3)),
            frozenset({"update_ratio_high", "exploding_gradient", "non_finite", *NOTHING, *died}),
        )
    ratios = [v.ratio for v in s.layers if v.ratio is not None]
    if higher and ratios and 0 < max(ratios) < 3e-4 and peak < 0.1:
        yield Suspect(
            replace(
                higher,
                text=f"raise the learning rate: an update changes the weights by {max(ratios):.1e} of their size",
            ),
            1.5 + log10(3e-4 / max(ratios)),
            frozenset({"update_ratio_low", *NOTHING}),
        )

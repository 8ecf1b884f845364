"""What may be behind a finding in the objective, the optimizer and the learning rate of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import log10, sqrt

import numpy as np

from nntui_core.findings.flow import higher_rate, lower_rate, rounded
from nntui_core.findings.sample import FEW_SAMPLES, Sample
from nntui_core.findings.suspect import LARGE, NOTHING, SMALL, Suspect, suspect
from nntui_core.findings.wording import compared, tiny
from nntui_core.optimizers.base import FirstOrder


def objective(s: Sample) -> Iterator[Suspect]:
    """Penalties and weight decay that outweigh the loss."""
    spec = s.trainer.network.spec
    square = sum(v.healthy**2 for v in s.weighted)
    # The sum of |w| of normal weights with that square: √(2/π) of its largest possible value.
    absolute = sum(
        0.8 * v.healthy * sqrt(s.trainer.network.parameters.view(f"{v.name}.W").size) for v in s.weighted
    )
    for key, factor, size in (("l2", spec.l2, 0.5 * spec.l2 * square), ("l1", spec.l1, spec.l1 * absolute)):
        share = size / s.basis.constant_loss
        if share > 1 and s.basis.varies:
            yield suspect(
                f"objective.{key}={rounded(factor * min(1e-3, 0.01 / share))}",
                f"{key} on healthy weights would cost {share:.2g} times what a constant prediction loses",
                3 + log10(share), {*SMALL, "dead_units", "symmetric_units", "update_ratio_high", "overfitting"},
            )  # fmt: skip
    decay = getattr(s.trainer.optimizer, "weight_decay", 0.0)
    rate = s.trainer.rate
    if decay and np.isfinite(rate) and decay * rate * s.trainer.total_updates > 20 and decay >= 1:
        yield suspect(
            "optimizer.weight_decay=0.01",
            f"a weight decay of {decay:g} leaves no weights",
            3.0,
            {*SMALL, "dead_units"},
        )


def steps(s: Sample) -> Iterator[Suspect]:
    """Schedule, clipping, noise, momentum, batch size and rate: what makes the updates too small, too large or noisy."""
    trainer = s.trainer
    spec, optimizer = trainer.spec, trainer.optimizer
    if not isinstance(optimizer, FirstOrder):
        return
    mean = s.basis.mean_factor
    if mean < 0.05:
        yield suspect(
            'schedule={type="constant"}', f"the schedule leaves {mean:.1%} of the learning rate, on average: keep it constant",
            3 - log10(max(mean, 1e-9)), SMALL | {"overfitting"},
        )  # fmt: skip
    norm = trainer.grad_norm
    if spec.clip_norm and np.isfinite(norm) and norm > 30 * spec.clip_norm:
        yield suspect(
            "train.clip_norm=1.0", f"the gradient's norm is {norm:.2g}, clipped to {spec.clip_norm:g}: clip less",
            2 + log10(norm / spec.clip_norm), SMALL,
        )  # fmt: skip
    noise = spec.gradient_noise
    if noise and np.isfinite(norm):
        size = sqrt(noise.eta * len(trainer.network.parameters))
        if size > 10 * norm or size > 10:
            yield suspect(
                "train.gradient_noise.eta=1e-6", f"the noise on the gradient has norm {size:.2g}", 4.0,
                {*LARGE, "overfitting"},
            )  # fmt: skip
    for key in ("momentum", "beta1"):
        kept = getattr(optimizer, key, 0.0)
        if isinstance(kept, float) and kept > 0.99:
            yield suspect(
                f"optimizer.{key}=0.9", f"{key} {kept:g} carries each gradient on for {1 / max(1e-9, 1 - kept):.0f} updates",
                4.0, {*LARGE, "overfitting"},
            )  # fmt: skip
    size = trainer.batch_size
    if any(x.batchwise for x in trainer.network.spec.layers) and size < FEW_SAMPLES <= len(trainer.train):
        yield suspect(
            "train.batch_size=32", f"batch norm on {size} samples is mostly noise", 2.1,
            {"overfitting", "update_ratio_high", "dead_units", "vanishing_gradient", *NOTHING},
        )  # fmt: skip
    elif size < 4 <= len(trainer.train) // 4:
        yield suspect(
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
    moved = max(((v.ratio, v.name, v) for v in s.layers if v.ratio is not None), default=None)
    if higher and moved is not None and 0 < moved[0] < 3e-4 and peak < 0.1:
        ratio, _, layer = moved
        yield Suspect(
            replace(
                higher,
                text=f"raise the learning rate: an update changes the weights by {tiny(ratio)} of {compared(layer)}",
            ),
            1.5 + log10(3e-4 / ratio),
            frozenset({"update_ratio_low", *NOTHING}),
        )

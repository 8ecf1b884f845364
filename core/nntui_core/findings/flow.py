"""How gradients and updates compare with the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import exp, log
from typing import ClassVar

import numpy as np

from nntui_core.findings.finding import Cure, Severity
from nntui_core.findings.rule import Observation, Rule
from nntui_core.findings.sample import LayerView, Sample
from nntui_core.findings.wording import compared, part, tiny
from nntui_core.optimizers.base import FirstOrder

FIRST_PULLS = 16
"""Updates whose largest gradient is remembered until the network has learned."""
SHARE = 2.0
"""All layers but the worst must take this part of what they would take (by the logarithm) if all took the same."""
NONE = 1e-30
"""What is left where nothing is, as numbers underflow."""


def rounded(value: float) -> str:
    """One significant digit, as a TOML number."""
    return repr(float(f"{value:.0e}"))


def rate_cure(s: Sample, factor: float, text: str) -> Cure | None:
    """Another learning rate; None for an optimizer that has none."""
    optimizer = s.trainer.optimizer
    if not isinstance(optimizer, FirstOrder):
        return None
    return Cure(f"optimizer.lr={rounded(optimizer.lr * factor)}", text)


def lower_rate(s: Sample) -> Cure | None:
    """So much lower that the largest update measured would have changed the weights by about 1 %."""
    peak = float(np.nan_to_num(s.memory["peak"], nan=0.0, posinf=1e12).max(initial=0.0))
    return rate_cure(s, float(np.clip(0.01 / peak if peak else 0.1, 1e-4, 0.1)), "lower the learning rate")


def higher_rate(s: Sample) -> Cure | None:
    """So much higher that an update would change the weights by about 0.3 %."""
    ratios = [v.ratio for v in s.layers if v.ratio]
    factor = 3e-3 / max(ratios) if ratios else 10.0
    return rate_cure(s, float(np.clip(factor, 3.0, 1e4)), "raise the learning rate")


def faded(sizes: Sequence[float]) -> float:
    """What is left of the gradient at the first of those layers (root mean squares, the output's last).

    1 where a single layer takes most of it (saturated, dead, or one unit wide), so that it is not depth that adds up.
    """
    steps = [max(before / after, NONE) if after else 1.0 for before, after in pairwise(sizes)]
    if len(steps) < 2:
        return 1.0
    lost, least = -sum(map(log, steps)), -log(min(steps))
    others = (len(steps) - 1) / len(steps) * lost
    return exp(-lost) if lost > 0 and lost - least > others / SHARE else 1.0


def flow(s: Sample) -> list[tuple[str, float]]:
    """The layers with weights, with the root mean square of ∂loss/∂z on the last batch; empty where it tells nothing."""
    if s.masked or any(s.shrunk(v) for v in s.weighted):
        return []
    return [(v.name, v.stats.gradient_rms) for v in s.weighted if v.stats.gradient_rms is not None]


def _largest(s: Sample, measure: Callable[[LayerView], float | None]) -> tuple[float, LayerView] | None:
    """The largest measure of a layer, with the layer; None where no layer has it."""
    found = ((value, v) for v in s.layers if (value := measure(v)) is not None)
    return max(found, key=lambda pair: (pair[0], pair[1].name), default=None)


class VanishingGradient(Rule):
    """A gradient that shrinks on its way to the first layer."""

    id: ClassVar[str] = "vanishing_gradient"
    node: ClassVar[str] = ".z"
    definition: ClassVar[str] = (
        "root mean square of ∂loss/∂z of the first layer with weights over that of the last, on the last batch; until the "
        "network has learned, also of the first 16 updates; not told where a single layer takes most of it (less than half "
        "of their even share is left to the others, by the logarithm), where dropout of more than 70 % or batch norm on fewer than 8 samples makes a batch's gradient another function's, nor "
        "where weights have shrunk to a twentieth of their start"
    )
    limit: ClassVar[float] = 1e-3
    clears: ClassVar[float] = 2e-3
    above: ClassVar[bool] = False
    source: ClassVar[str] = (
        "with the rate that suits the last layer the first one learns a thousand times more slowly; from 5 layers on a "
        "hundred times, as it is depth that adds up (Glorot & Bengio 2010, §4)"
    )
    DEEP: ClassVar[int] = 5
    DEEP_LIMIT: ClassVar[float] = 1e-2
    follows: ClassVar[tuple[str, ...]] = (
        "no_signal", "symmetric_units", "dead_units", "saturated_units", "exploding_gradient", "update_ratio_high",
    )  # fmt: skip

    def observe(self, s: Sample) -> Iterable[Observation]:
        flows = flow(s)
        if len(flows) < 3:
            return
        limit = self.DEEP_LIMIT if len(flows) >= self.DEEP else None
        now = faded([v for _, v in flows])
        early = float(s.memory["faded"][0]) if not s.learned else 1.0
        text = f"the gradient that reaches it is {tiny(now)} of the one at the output"
        if early < now:
            text = f"in the first updates the gradient that reached it was {tiny(early)} of the one at the output"
        yield Observation(flows[0][0], min(now, early), text, "error", limit)

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        yield Cure(None, "use relu with he_normal, batch norm, skip connections, or fewer layers")


class ExplodingGradient(Rule):
    """A gradient that is large beside the weights and the targets."""

    id: ClassVar[str] = "exploding_gradient"
    definition: ClassVar[str] = (
        "largest over the layers of ‖∂R/∂W‖·‖W‖/√units over the loss of the best constant prediction (of cross-entropy at least "
        "ln K), R the data loss: how many times that loss the loss would change by, to first order, if a unit's weights changed by "
        "their own size; not told where all targets are the same"
    )
    limit: ClassVar[float] = 100.0
    clears: ClassVar[float] = 30.0
    source: ClassVar[str] = "dimensionless, and about 1 where inputs, weights and targets are of healthy size"
    follows: ClassVar[tuple[str, ...]] = ("no_signal",)

    def observe(self, s: Sample) -> Iterable[Observation]:
        found = _largest(s, lambda v: v.elasticity)
        if found is None:
            return
        now, layer = found
        value = now if self.excused(s, "") else max(now, float(s.memory["pull"][0]))
        yield Observation(
            "", value, f"the gradient of {layer.name} is so large that a change of a unit's weights by their own size would change the "
            f"loss by {value:.3g} times what a constant prediction loses", "error", node=f"{layer.name}.W",
        )  # fmt: skip

    def began(self, s: Sample, layer: str) -> bool:
        return float(s.memory["pull"][0]) > self.limit

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        if s.trainer.spec.clip_norm is None and isinstance(s.trainer.optimizer, FirstOrder):
            yield Cure("train.clip_norm=1.0", "clip the gradient")


class UpdateRatioHigh(Rule):
    """Updates that throw the weights away instead of improving them."""

    id: ClassVar[str] = "update_ratio_high"
    definition: ClassVar[str] = (
        "‖ΔW‖/‖W‖ (‖W‖ at least that of healthy initial weights), the mean of up to 8 updates an epoch, the layer with the "
        "largest; while nothing is learned, also a tenth of the largest of the first 1024 updates"
    )
    limit: ClassVar[float] = 0.1
    clears: ClassVar[float] = 0.05
    source: ClassVar[str] = "about 1e-3 is healthy (CS231n); DL4J and nnscope warn from 0.01 and 0.1 on"
    follows: ClassVar[tuple[str, ...]] = ("no_signal",)

    def observe(self, s: Sample) -> Iterable[Observation]:
        found = _largest(s, lambda v: v.ratio)
        if found is None:
            return
        now, layer = found
        peak = float(s.memory["peak"].max(initial=0.0)) / 10 if not s.learned else 0.0
        value = max(now, peak)
        share = f"{value:.0%} of" if value < 10 else f"{value:.3g} times"
        text = (
            f"an update changed the weights of {layer.name} by {share} {compared(layer)} (0.1 % is healthy)"
        )
        if peak > now:
            text = f"an early update changed the weights by {10 * peak:.3g} times their size, of which a tenth counts (0.001 is healthy)"
        severity: Severity = "error" if s.skill < 0.05 else "warning"
        yield Observation("", value, text, severity, node=f"{layer.name}.W")

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        cure = lower_rate(s)
        if cure:
            yield cure


class UpdateRatioLow(Rule):
    """Updates too small to lead anywhere within the planned training."""

    id: ClassVar[str] = "update_ratio_low"
    definition: ClassVar[str] = (
        "‖ΔW‖/‖W‖ summed over the updates so far and carried on at the present pace to the end of the training: the "
        "largest share by which any layer's weights can change in all"
    )
    limit: ClassVar[float] = 0.25
    clears: ClassVar[float] = 0.35
    above: ClassVar[bool] = False
    source: ClassVar[str] = (
        "training that works moves weights by about their own size; DL4J's 1e-4 an update over 1,000"
    )
    follows: ClassVar[tuple[str, ...]] = (
        "no_signal", "symmetric_units", "dead_units", "saturated_units", "vanishing_gradient", "exploding_gradient",
    )  # fmt: skip
    LONG: ClassVar[int] = 8
    """Updates before which it is too early to tell."""

    def observe(self, s: Sample) -> Iterable[Observation]:
        found = _largest(s, lambda v: v.ratio)
        if found is None or s.update < self.LONG or not isinstance(s.trainer.optimizer, FirstOrder):
            return
        (now, layer), path = found, s.memory["path"]
        left = max(0, s.trainer.total_updates - s.update)
        value = float(path.max(initial=0.0)) + now * left * self._coming(s)
        yield Observation(
            "", value, f"the whole training can change the weights by {part(value)} of {compared(layer)}: an update by "
            f"{tiny(now)} (about 1e-3 is healthy)", "error" if s.skill < 0.05 else "warning", node=f"{layer.name}.W",
        )  # fmt: skip

    def _coming(self, s: Sample) -> float:
        """Mean of the schedule's factor over what is to come, over the present one."""
        trainer = s.trainer
        by_epoch = trainer.schedule.every == "epoch"
        t, total = (s.epoch, trainer.spec.epochs) if by_epoch else (s.update, trainer.total_updates)
        times = sorted({int(k) for k in np.linspace(t, max(t, total - 1), 20)})
        now = trainer.schedule.at(max(0, t - 1), total)
        ahead = float(np.mean([trainer.schedule.at(k, total) for k in times]))
        return ahead / now if now else 1.0

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        cure = higher_rate(s)
        if cure:
            yield cure

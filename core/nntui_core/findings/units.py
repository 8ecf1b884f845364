"""Units that do not take part: dead, saturated, or the same as others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from nntui_core.findings.finding import Cure, Severity
from nntui_core.findings.rule import Observation, Rule
from nntui_core.findings.sample import LayerView, Sample

TINY = 0.2
"""Initial weights of so small a part of the healthy size are what is behind dead units."""


def view(s: Sample, name: str) -> LayerView:
    """The view of the layer of that name."""
    return next(v for v in s.layers if v.name == name)


class DeadUnits(Rule):
    """Units of relu that are 0 on every sample: nothing flows back through them."""

    id: ClassVar[str] = "dead_units"
    node: ClassVar[str] = ".a"
    definition: ClassVar[str] = (
        "fraction of a relu layer's units that are 0 on every one of 256 random training rows"
    )
    limit: ClassVar[float] = 0.1
    clears: ClassVar[float] = 0.08
    source: ClassVar[str] = (
        "an alarm from half of the layer on, as in SageMaker Debugger's DeadRelu; below that a note: sound networks "
        "were measured to have 12 to 44 %"
    )
    follows: ClassVar[tuple[str, ...]] = ("no_signal", "symmetric_units")
    noted: ClassVar[bool] = True
    HALF: ClassVar[float] = 0.5
    NEARLY_ALL: ClassVar[float] = 0.9

    def observe(self, s: Sample) -> Iterable[Observation]:
        for v in s.layers:
            if v.stats.dead is None:
                continue
            share = v.stats.dead
            severity: Severity = (
                "note" if share < self.HALF else "warning" if share < self.NEARLY_ALL else "error"
            )
            limit = None
            if v.last:
                severity, limit = "warning", 0.0  # an output that is always 0 is a target that is never told
            if s.masked or (s.shrunk(v) and not s.began_idle(v.name)):
                severity = "note"  # idle by what made the weights shrink, or by what training does not see
            elif v.weighted and s.memory["gain"][v.index] < TINY:
                severity = "note"  # by weights that are next to nothing: the gradient vanishes as well
            count = len(v.stats.dead_units)
            yield Observation(
                v.name,
                share,
                f"{count} of {v.stats.units} relu units ({share:.0%}) are 0 on every sample",
                severity,
                limit,
            )

    def began(self, s: Sample, layer: str) -> bool:
        return s.began_idle(layer)

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        v = view(s, layer)
        if v.last:
            yield Cure(
                f"{v.where()}.activation=linear", "an output of relu that is 0 learns nothing: make it linear"
            )
        else:
            yield Cure(f"{v.where()}.activation=leaky_relu", "leaky_relu has a slope where relu is dead")


class SaturatedUnits(Rule):
    """Activations at the ends of tanh or sigmoid, where the derivative is near 0."""

    id: ClassVar[str] = "saturated_units"
    node: ClassVar[str] = ".a"
    definition: ClassVar[str] = (
        "fraction of a tanh or sigmoid layer's (sample, unit) pairs with |tanh| > 0.97 or sigmoid outside 0.03 to 0.97; "
        "of an output layer, where the loss does not see through the activation, of the pairs that are wrong by more than a "
        "quarter of its range (at least 2 % of all)"
    )
    limit: ClassVar[float] = 0.5
    clears: ClassVar[float] = 0.4
    source: ClassVar[str] = (
        "the derivative is below 0.06 (tanh) or 0.03 (sigmoid) there; half of the pairs as in SageMaker Debugger's "
        "TanhSaturation; errors of saturated outputs are those that training can hardly mend"
    )
    follows: ClassVar[tuple[str, ...]] = ("no_signal", "symmetric_units")
    noted: ClassVar[bool] = True
    FEW: ClassVar[int] = 4
    """A hidden layer with fewer units is not judged: its units have to use their whole range."""

    def observe(self, s: Sample) -> Iterable[Observation]:
        for v in s.layers:
            if v.last:
                if v.stuck is not None:
                    yield Observation(
                        v.name, v.stuck, f"{v.stuck:.0%} of the wrong outputs are saturated at the wrong end"
                    )
            elif v.stats.saturated is not None and v.stats.units >= self.FEW:
                share = v.stats.saturated
                # What was not saturated at the start has been driven there.
                driven = () if s.began_idle(v.name) else ("exploding_gradient", "update_ratio_high")
                yield Observation(
                    v.name, share, f"{share:.0%} of the activations are saturated", follows=driven
                )

    def began(self, s: Sample, layer: str) -> bool:
        return s.began_idle(layer)

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        v = view(s, layer)
        if v.last:
            yield Cure(f"{v.where()}.activation=linear", "a linear output cannot saturate")
        else:
            yield Cure(f"{v.where()}.activation=relu", "relu saturates on one side only")


class SymmetricUnits(Rule):
    """Units that started equal and will stay so."""

    id: ClassVar[str] = "symmetric_units"
    node: ClassVar[str] = ".W"
    definition: ClassVar[str] = (
        "fraction of a hidden layer's units whose weights and bias are those of another unit, at the start and ever since"
    )
    limit: ClassVar[float] = 0.3
    clears: ClassVar[float] = 0.2
    source: ClassVar[str] = (
        "equal units with equal successors get equal gradients (Goodfellow et al. 2016, §8.4)"
    )
    noted: ClassVar[bool] = True
    follows: ClassVar[tuple[str, ...]] = ()

    def observe(self, s: Sample) -> Iterable[Observation]:
        start = s.memory["redundant"]
        for k, v in enumerate(s.layers):
            if v.last or v.redundant is None or not v.weighted:
                continue
            since = min(v.redundant, float(start[k]))
            if not s.update and since > self.limit and not self._equal_outside(s, k):
                continue  # what reads them differs, so that they will part
            yield Observation(
                v.name,
                since,
                f"{since:.0%} of the units repeat another unit's weights, so they will always be equal",
                "error",
            )

    def _equal_outside(self, s: Sample, k: int) -> bool:
        """Whether the next layer with weights reads equal units alike."""
        after = next((v for v in s.layers[k + 1 :] if v.weighted), None)
        if after is None:
            return True
        parameters = s.trainer.network.parameters
        w = parameters.view(f"{after.name}.W")
        rows = w if w.ndim == 2 else np.moveaxis(w, 1, 0).reshape(w.shape[1], -1)
        return len(np.unique(rows, axis=0)) < len(rows)

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        v = view(s, layer)
        yield Cure(f"{v.where()}.init=auto", "random initial weights make the units differ")

"""What the training comes to: a constant output, a plateau, overfitting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from nntui_core.findings.finding import Cure
from nntui_core.findings.rule import Observation, Rule
from nntui_core.findings.sample import Sample
from nntui_core.findings.wording import part
from nntui_core.memory import Array

TRAINING = (
    "no_signal", "imbalanced_classes", "symmetric_units", "dead_units", "saturated_units", "exploding_gradient",
    "update_ratio_high", "vanishing_gradient", "update_ratio_low",
)  # fmt: skip
"""Findings that say why a training comes to nothing."""


class ConstantOutput(Rule):
    """Outputs that are nearly the same for every sample."""

    id: ClassVar[str] = "constant_output"
    definition: ClassVar[str] = (
        "largest over the outputs of their standard deviation over the training rows, over the targets' standard deviation"
    )
    limit: ClassVar[float] = 0.05
    clears: ClassVar[float] = 0.1
    above: ClassVar[bool] = False
    source: ClassVar[str] = (
        "an output with 5 % of the targets' spread explains at most 10 % of their variance"
    )
    follows: ClassVar[tuple[str, ...]] = TRAINING

    def observe(self, s: Sample) -> Iterable[Observation]:
        if not s.at_epoch or s.epoch < 1 or len(s.outputs) < 2:
            return
        yield Observation(
            "", s.spread, f"the output is nearly the same for every sample: its spread is {part(s.spread)} of the targets'",
            "error", node=f"{s.layers[-1].name}.z",
        )  # fmt: skip


class Plateau(Rule):
    """A loss that no longer improves, or ends, far from what could be reached."""

    id: ClassVar[str] = "plateau"
    definition: ClassVar[str] = (
        "how much lower the training loss is in the last third of the updates than in the third before, as a share of the "
        "latter, where the network is no better than a constant, or worse than nearest neighbors or a plane by 15 % of "
        "the targets' variance (at the end of the training: by 30 %, whatever the slope)"
    )
    limit: ClassVar[float] = 0.02
    clears: ClassVar[float] = 0.05
    above: ClassVar[bool] = False
    source: ClassVar[str] = (
        "a hundredth an epoch over a training of some epochs; simple predictors say what is reachable"
    )
    follows: ClassVar[tuple[str, ...]] = (*TRAINING, "constant_output")
    EPOCHS: ClassVar[int] = 5
    SHORT, FAR, NOTHING = 0.15, 0.3, 0.05

    def observe(self, s: Sample) -> Iterable[Observation]:
        if not s.at_epoch or (s.epoch < self.EPOCHS and not s.ended):
            return
        updates, losses = s.history("update"), s.history("train")
        last, before = (
            losses[updates > 2 / 3 * s.update],
            losses[(updates > s.update / 3) & (updates <= 2 / 3 * s.update)],
        )
        if not len(last) or not len(before):
            return
        start, end = float(before.mean()), float(last.mean())
        gain = (start - end) / abs(start) if start and np.isfinite(start) else 0.0
        told = f"it explains {max(0.0, s.skill):.0%} of the targets' variance"
        if s.shortfall > self.SHORT:
            told += f", where nearest neighbors or a plane reach {s.basis.reference.skill:.0%}"
        if s.ended and s.shortfall > self.FAR:
            yield Observation("", min(gain, 0.0), f"the training ends too early or too high: {told}")
        elif s.skill < self.NOTHING or s.shortfall > self.SHORT:
            text = (
                f"the last third of the updates improved the training loss by {gain:.2%}"
                if gain >= 0
                else (f"the training loss has risen by {-gain:.2%} over the last third of the updates")
            )
            yield Observation("", gain, f"{text}; {told}")

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        hidden = [v for v in s.weighted if not v.last and hasattr(v.spec, "units")]
        yield Cure(f"train.epochs={3 * s.trainer.spec.epochs}", "train longer")
        if hidden:
            v = hidden[0]
            yield Cure(
                f"{v.where()}.units={4 * getattr(v.spec, 'units', 1)}", "a wider layer can express more"
            )


class Overfitting(Rule):
    """The training part is predicted much better than the held-out part."""

    id: ClassVar[str] = "overfitting"
    definition: ClassVar[str] = (
        "explained share of the targets' variance on the training part minus that on the held-out part, both averaged "
        "over the last tenth of the updates (at the best epoch with early stopping), less 2.33 standard errors that the latter would have if the gap were at the limit (times 1 + 5/rows); or, where it is larger, how "
        "far the held-out loss (so smoothed) is above its lowest, less what the training loss has risen by since, over twice the loss of the best constant"
    )
    limit: ClassVar[float] = 0.2
    clears: ClassVar[float] = 0.16
    source: ClassVar[str] = (
        "a fifth of the variance is learned by heart (Prechelt 1998 stops on such a loss of generalization)"
    )
    follows: ClassVar[tuple[str, ...]] = (
        "no_signal",
        "exploding_gradient",
        "update_ratio_high",
        "saturated_units",
    )
    forgives: ClassVar[bool] = False
    EPOCHS: ClassVar[int] = 3
    SURE: ClassVar[float] = 2.33
    """Standard errors: one gap in a hundred that is at the limit is measured to be so much larger."""
    FITTED: ClassVar[float] = 0.3
    """What of the training part must be explained for it to be learned by heart."""

    def observe(self, s: Sample) -> Iterable[Observation]:
        if s.basis.held is None or not s.at_epoch or (s.epoch < self.EPOCHS and not s.ended):
            return
        updates, window, rise = s.history("update"), self._window(s), 0.0
        here, there = float(s.history("skill")[window].mean()), float(s.history("held_skill")[window].mean())
        if here < self.FITTED:
            return
        gap = here - max(there, -1.0)
        # If the gap were at the limit, the held-out rows' errors would be smaller, and so would their spread. The error
        # itself is uncertain where there are few rows.
        smaller = min(1.0, (1 - min(here, 1.0) + self.limit) / max(1 - there, 1e-9))
        error = smaller * float(s.history("held_error")[window].mean()) * (1 + 5 / len(s.basis.held))
        gap -= self.SURE * error
        smooth = _smoothed(updates, s.history("validation"))
        if not self._stops(s) and s.held_loss > s.loss:
            # Where both rise it is the steps that are too large.
            trained, lowest = _smoothed(updates, s.history("train")), int(smooth.argmin())
            rise = float(smooth[-1] - smooth[lowest] - max(0.0, trained[-1] - trained[lowest]))
            rise /= 2 * s.basis.constant_loss
        text = (
            f"it explains {here:.0%} of the targets' variance on the training part and {max(0.0, there):.0%} on the "
            "held-out part"
            if gap >= rise
            else f"the held-out loss rose from {smooth.min():.3g} to {smooth[-1]:.3g} while the training loss is {s.loss:.3g}"
        )
        yield Observation("", max(gap, rise), text)

    def _stops(self, s: Sample) -> bool:
        """Whether the weights of the best epoch by the held-out part are those that count in the end."""
        rule = s.trainer.spec.early_stopping
        return rule is not None and rule.monitor.startswith("validation")

    def _window(self, s: Sample) -> Array:
        """The moments that are averaged over: the last tenth of the updates, or that of the best epoch."""
        if self._stops(s):
            best = max(1, s.trainer.best.numbers[0])
            epochs = s.history("epoch")
            return np.asarray(epochs == epochs[epochs <= best].max(initial=0))
        updates = s.history("update")
        return np.asarray(updates > 0.9 * s.update)

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        if s.trainer.spec.early_stopping is None:
            yield Cure(
                "train.early_stopping={patience=10}", "stop early, and keep the weights of the best epoch"
            )
        l2 = s.trainer.network.spec.l2
        yield Cure(f"objective.l2={10 * l2 if l2 else 0.01:g}", "a stronger l2 keeps the weights small")
        yield Cure(None, "bring more data, or a smaller network")


def _smoothed(updates: Array, losses: Array) -> Array:
    """The mean of each loss with those of the tenth of the updates before it."""
    starts, ends = (np.searchsorted(updates, u, side="right") for u in (0.9 * updates, updates))
    sums = np.add.reduceat(np.append(losses, 0.0), np.column_stack([starts, ends]).ravel())[::2]
    return np.asarray(np.where(updates > 0, sums / np.maximum(1, ends - starts), losses[0]))

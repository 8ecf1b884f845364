"""The optimizer beside the loss that it goes down: curvature against its limit, noise, the steps it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from nntui.statistics.base import Statistic
from nntui.statistics.view import NetworkView


@dataclass(frozen=True, eq=False)
class Curvature:
    """λmax of the objective after one update, beside what the optimizer can bear."""

    update: int
    """After which it was measured."""
    value: float
    """The largest algebraic eigenvalue of the Hessian, penalties included; where ``preconditioned``, of P⁻¹H. NaN where
    it is not finite."""
    threshold: float | None
    """Above it, steps along that direction grow; None where no limit is known."""
    rate: float | None
    """η that the threshold is of; None where the optimizer finds its own."""
    preconditioned: bool
    """Whether the Hessian is divided by what the optimizer divides each weight's step by."""
    exact: bool
    """Whether products with the Hessian are exact, else central differences of the gradient."""
    products: int
    """How many were needed."""
    converged: bool
    """Else the value is a lower bound."""
    rows: int
    """Training rows that the objective was taken over."""
    size: int
    """Training rows that there are."""
    seconds: float
    """That it took in all, in pieces between updates."""

    @property
    def ratio(self) -> float | None:
        """The value over the threshold."""
        return self.value / self.threshold if self.threshold else None


@dataclass(frozen=True, eq=False)
class Noise:
    """The noise of one dense layer's gradient; signal and noise are averaged over batches before dividing."""

    layer: str
    """Its name."""
    sample_norm: float
    """Root mean square of single samples' gradient norms ‖gᵢ‖, in the newest batch."""
    batch_norm: float
    """‖mean gᵢ‖ in the newest batch."""
    signal_to_noise: float
    """‖E g‖²/tr Σ of single samples; NaN where it is not known, below 0 where no signal can be told from the noise."""
    noise_scale: float
    """tr Σ/‖E g‖²: about the batch size above which more samples help little; NaN where there is no signal."""


@dataclass(frozen=True, eq=False)
class Steps:
    """|Δw|/η of one parameter's entries: what an update moved them by, in units of the rate."""

    parameter: str
    """Its name, such as "hidden.W"."""
    median: float
    """Of all entries."""
    low: float
    """A tenth of the entries moved less."""
    high: float
    """A tenth of the entries moved more."""


@dataclass(frozen=True, eq=False)
class Stability(Statistic):
    """The newest that the run's instruments have told; each part says which update it is of."""

    KEY: ClassVar[str] = "stability"

    curvature: Curvature | None
    """None before the first measurement is done."""
    under_way: int
    """Products of the measurement that is under way, so far."""
    noise: tuple[Noise, ...]
    """Of the dense layers; none where samples depend on each other (batch normalization)."""
    batches: int
    """Batches that the noise was averaged over, the newest weighing most."""
    noise_update: int | None
    """The update of the newest of them."""
    rated: bool
    """Whether the optimizer has a learning rate; one that finds its own has no steps in units of it."""
    steps: tuple[Steps, ...]
    """Of the parameters that are trained."""
    steps_update: int | None
    """The update that made these steps."""
    coming: bool
    """Whether it is the update that would come next: the run's files do not have those of the last one."""
    correction: float | None
    """What Adam's correction of its moments multiplies the step of that update by."""
    first_correction: float | None
    """The same of update 1."""
    corrected: bool
    """Whether it is on."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        seen = view.instruments
        if seen is None:
            return None
        now = seen.correction(seen.steps_update or 1)
        return cls(
            curvature=seen.curvature,
            under_way=seen.under_way,
            noise=tuple(seen.noise),
            batches=seen.batches,
            noise_update=seen.noise_update,
            rated=seen.rated,
            steps=tuple(seen.steps),
            steps_update=seen.steps_update,
            coming=seen.coming,
            correction=now,
            first_correction=seen.correction(1),
            corrected=seen.corrected,
        )

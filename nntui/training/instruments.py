"""What is measured of a trainer's optimizer and objective, in pieces that fit between two updates."""

from __future__ import annotations

from collections.abc import Generator
from math import sqrt
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from nntui.statistics.stability import Curvature, Noise, Steps
from nntui_core import curvature, probe
from nntui_core.noise import NoiseMeter, coming_steps, effective_steps, layer_noise
from nntui_core.optimizers.moments import Adam
from nntui_core.trainer import Trainer

TOLERANCE = 1e-3
"""Relative residual of λmax: its relative error is at most that, and about its square where no other eigenvalue is near."""
PRODUCTS = 200
"""Products for one λmax at most; what is found by then is told as a lower bound."""
HELD = 4_000_000
"""Numbers that the directions tried may take together."""
PAST = 0.95
"""What earlier batches' signal and noise are multiplied by at each new one: about the last 20 count."""
SAMPLES = 256
"""Samples of a batch that its noise is taken from at most."""


class TrainerInstruments:
    """The readings, and the measurement that is under way. Nothing is computed but by :meth:`look` and :meth:`go_on`."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._curvature: curvature.Curvature | None = None
        self._steps: Generator[None, None, curvature.Sharpness] | None = None
        """The measurement that is under way."""
        self._of: tuple[int, float] = (-1, 0.0)
        """Its update and rate."""
        self._seconds = 0.0
        self._pieces = 0
        """So far: one prepares, the others are a product each."""
        self._meter = NoiseMeter(PAST)
        self.curvature: Curvature | None = None
        self.noise: tuple[Noise, ...] = ()
        self.noise_update: int | None = None
        self.steps: tuple[Steps, ...] = ()
        self.steps_update: int | None = None
        self.coming = False

    @property
    def under_way(self) -> int:
        """Hessian-vector products made so far in the measurement that is under way."""
        return max(0, self._pieces - 2) if self._steps is not None else 0

    @property
    def batches(self) -> int:
        """The number of batches that the gradient noise was averaged over."""
        return self._meter.batches

    @property
    def rated(self) -> bool:
        """Whether there is a learning rate."""
        return self._trainer.optimizer.has_rate

    @property
    def corrected(self) -> bool:
        """Whether Adam corrects its moments."""
        return isinstance(self._trainer.optimizer, Adam) and self._trainer.optimizer.bias_correction

    def correction(self, update: int) -> float | None:
        """The factor by which the bias correction multiplies Adam's step."""
        optimizer = self._trainer.optimizer
        return optimizer.correction(update) if isinstance(optimizer, Adam) else None

    def look(self) -> None:
        """Record the last update: the noise of its batch's gradient, and its steps where the weights before it are known."""
        trainer = self._trainer
        if trainer.model is None:
            return
        found = layer_noise(trainer.network, trainer.model, SAMPLES)
        if found and self.noise_update != trainer.update:
            self._meter.add(found)
        self.noise = tuple(
            Noise(
                layer=name,
                sample_norm=sqrt(float(one.squares.mean())),
                batch_norm=sqrt(one.mean_square),
                signal_to_noise=self._meter.signal_to_noise(name),
                noise_scale=self._meter.noise_scale(name),
            )
            for name, one in found.items()
        )
        self.noise_update = trainer.update
        steps = effective_steps(trainer)
        if steps is not None:
            self._tell(steps, trainer.update, coming=False)

    def look_ahead(self) -> None:
        """The steps that the next update would make, with the gradient as it is; see :func:`coming_steps`."""
        steps = coming_steps(self._trainer)
        if steps is not None:
            self._tell(steps, self._trainer.update + 1, coming=True)

    def _tell(self, steps: dict[str, NDArray[np.float64]], update: int, *, coming: bool) -> None:
        self.steps = tuple(
            Steps(name, *np.quantile(np.abs(step), (0.5, 0.1, 0.9)).tolist()) for name, step in steps.items()
        )
        self.steps_update, self.coming = update, coming

    @property
    def due(self) -> bool:
        """Whether a measurement is under way, or the newest is of another update."""
        return (
            self._steps is not None or self.curvature is None or self.curvature.update != self._trainer.update
        )

    def go_on(self) -> bool:
        """One piece more of the measurement, or of a new one at the weights as they are; True where it is done."""
        begun = perf_counter()
        trainer = self._trainer
        if self._steps is None:
            if self._curvature is None:
                self._curvature = _instrument(trainer)
            self._of, self._seconds, self._pieces = (trainer.update, trainer.rate), 0.0, 0
            self._steps = self._curvature.steps()
        self._pieces += 1
        try:
            next(self._steps)
        except StopIteration as end:
            self._steps = None
            self.curvature = self._reading(end.value, self._seconds + perf_counter() - begun)
            return True
        except BaseException:
            self._steps = None
            raise
        self._seconds += perf_counter() - begun
        return False

    def finish(self) -> None:
        """A whole measurement at the weights as they are."""
        self._steps = None
        while not self.go_on():
            pass

    def forget(self) -> None:
        """Drop a measurement that was begun: the weights were changed by something else than an update, or nobody looks."""
        self._steps = None
        self._meter = NoiseMeter(PAST)
        self.curvature, self.noise_update, self.steps_update = None, None, None
        self.noise, self.steps = (), ()

    def _reading(self, found: curvature.Sharpness, seconds: float) -> Curvature:
        trainer, (update, rate) = self._trainer, self._of
        assert self._curvature is not None
        divided = trainer.optimizer.preconditioner(trainer.slots, update) is not None
        return Curvature(
            update=update,
            value=found.value,
            threshold=found.threshold,
            rate=rate if np.isfinite(rate) else None,
            preconditioned=divided and found.threshold is not None,
            exact=found.method == "exact products",
            products=found.products,
            converged=found.converged,
            rows=self._curvature.rows,
            size=len(trainer.train),
            seconds=seconds,
        )


def _instrument(trainer: Trainer) -> curvature.Curvature:
    """Over the whole training part, or over a seeded sample of it that is not too much for one product."""
    count = curvature.rows_for(trainer.network, len(trainer.train))
    rows = None if count == len(trainer.train) else probe.training_rows(trainer, count)
    return curvature.Curvature(trainer, tolerance=TOLERANCE, most=PRODUCTS, rows=rows, held=HELD)

"""What stays the same for a whole training: the rows that are looked at, and what could be known of them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from nntui_core import probe
from nntui_core.findings.reference import ROWS, Reference, reference, variance
from nntui_core.memory import Array
from nntui_core.objective import Loss
from nntui_core.onehot import OneHot, Targets, indices
from nntui_core.seen import Seen
from nntui_core.trainer import Part, Trainer


class Basis:
    """What stays the same for the whole run: the rows that are looked at and what could be known of them."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.train = trainer.seen.part
        self.target = matrix(trainer, self.train.y)
        self.held: Part | None = None
        if trainer.validation is not None:
            self.held_seen = Seen(trainer, trainer.validation)
            self.held = self.held_seen.part
            self.held_target = matrix(trainer, self.held.y)
        self._mean: tuple[int, float] | None = None
        """The schedule's mean factor over so many steps."""
        loss = trainer.network.spec.loss
        self.constant_loss = max(
            loss.constant_loss(self.target, self.train.y), float(np.finfo(np.float32).tiny)
        )
        self.even_loss = max(self.constant_loss, loss.even_loss(self.target.shape[1]))
        """The same, of cross-entropy at least that of equally frequent classes: what a batch with a rare class loses."""
        self.varies = bool((self.target != self.target[:1]).any())
        """Whether the targets differ: else a constant is a perfect prediction, and everything is large beside its loss."""

    @cached_property
    def whole(self) -> float:
        """Σ(ȳ − y)² of the targets."""
        return variance(self.target)

    @cached_property
    def held_whole(self) -> float:
        """All held-out rows, in the same form."""
        return variance(self.held_target)

    @cached_property
    def spread(self) -> Array:
        """Standard deviation of each target."""
        if self.target.dtype != bool:
            return np.asarray(self.target.std(axis=0))
        share = self.target.mean(axis=0)  # of 10,000 classes the standard deviation takes 90 ms otherwise
        return np.asarray(np.sqrt(share * (1 - share)))

    @cached_property
    def reference(self) -> Reference:
        """What simple predictors reach on the training and held-out parts, each row predicted from others."""
        trainer, parts = self.trainer, [self.trainer.train]
        if self.held is not None:
            parts.append(self.held)
        xs, ys = [], []
        for part in parts:
            labels = classes_of(trainer, part.y)
            most = ROWS * len(part) // sum(len(p) for p in parts)
            rows = probe.sample_rows(labels, len(part), trainer.network.spec.seed, max(1, most))
            xs.append(part.x[rows].astype(np.float64))
            ys.append(matrix(trainer, part.y[rows]))
        return reference(np.clip(np.concatenate(xs), -1e150, 1e150), np.concatenate(ys))

    @property
    def mean_factor(self) -> float:
        """Mean over the whole training of what the schedule multiplies the learning rate by."""
        trainer = self.trainer
        total = trainer.spec.epochs if trainer.schedule.every == "epoch" else trainer.total_updates
        if self._mean is None or self._mean[0] != total:
            times = sorted({int(t) for t in np.linspace(0, max(0, total - 1), 200)})
            self._mean = total, float(np.mean([trainer.schedule.at(t, total) for t in times]))
        return self._mean[1]

    @cached_property
    def inputs(self) -> tuple[float, float]:
        """Smallest and largest root mean square of the input columns that are not constant."""
        x = self.train.x.reshape(len(self.train), -1).astype(np.float64)
        size = np.sqrt(np.square(x).mean(axis=0))[x.std(axis=0) > 0]
        return (float(size.min()), float(size.max())) if size.size else (1.0, 1.0)


def classes_of(trainer: Trainer, y: Targets) -> Array | None:
    """Class indices of encoded labels, or None where there are no classes."""
    return indices(y) if trainer.network.spec.classification else None


def matrix(trainer: Trainer, y: Targets) -> Array:
    """Encoded labels as rows that the outputs are compared with: one-hot rows (truth values where labels are class
    indices), a column of 0 and 1, or numbers."""
    if not isinstance(y, OneHot) and y.ndim == 1:
        rows = np.zeros((len(y), trainer.network.outputs), bool)  # of 10,000 classes numbers would take 40 MB
        rows[np.arange(len(y)), y.astype(np.intp)] = True
        return rows
    return np.asarray(y, np.float64)


def per_sample(loss: Loss, rows: int, outputs: int) -> float:
    """What a loss over ``rows`` samples is divided by to be the mean that :meth:`Loss.constant_loss` gives."""
    return (rows if loss.by_row else rows * outputs) / loss.divisor((rows, outputs))

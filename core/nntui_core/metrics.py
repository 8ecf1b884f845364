"""How good outputs are: counted piece by piece, for classes, several labels a sample, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Protocol

import numpy as np

from nntui_core.memory import Array
from nntui_core.onehot import OneHot, Targets

FEW = 32
"""Classes whose pairs are counted at once."""


@dataclass(frozen=True)
class ClassMetrics:
    """How well one class is told from the others; None where the samples have none of it."""

    precision: float | None
    """Of those decided for it, the share that is of it; 0 where none was."""
    recall: float | None
    """Of those that are of it, the share decided for it."""
    f1: float | None
    """2·precision·recall/(precision + recall)."""
    count: int
    """Samples that are of it."""


@dataclass(frozen=True)
class Metrics:
    """What some samples were measured as; None where it means nothing for the task, or cannot be told."""

    loss: float
    accuracy: float | None = None
    """Share of the samples decided rightly; with several labels a sample, of all labels."""
    macro_f1: float | None = None
    """Mean F1 of the classes that the samples have."""
    counts: tuple[tuple[int, int, int], ...] | None = None
    """Of each class: the samples that were decided for it rightly, all that were, and those that are of it."""
    r2: float | None = None
    """1 − Σe²/Σ(y − mean)², the mean over the targets that vary."""
    rmse: float | None = None
    """√(mean of e²) over samples and targets, in the targets' units."""
    mae: float | None = None
    """Mean of |e|, in the targets' units."""

    @property
    def classes(self) -> tuple[ClassMetrics, ...] | None:
        """How well each class is told from the others."""
        return None if self.counts is None else tuple(_of_class(*count) for count in self.counts)

    def to_json(self) -> dict[str, float | None]:
        """What an epoch's record has: the loss, and the numbers of the task."""
        if self.counts is not None:
            return {"loss": self.loss, "accuracy": self.accuracy, "macro_f1": self.macro_f1}
        return {"loss": self.loss, "r2": self.r2, "rmse": self.rmse, "mae": self.mae}

    def monitored(self, key: str) -> float:
        """The number that a monitor calls ``key``; NaN where there is none."""
        value = getattr(self, "macro_f1" if key == "f1" else key)
        return float("nan") if value is None else float(value)


class Tally(Protocol):
    """Takes in samples piece by piece."""

    def add(self, outputs: Array, target: Array) -> None:
        """Outputs of some samples, and their encoded targets."""

    def metrics(self, loss: float) -> Metrics:
        """What all of them come to."""


class ClassTally:
    """Counts for the metrics of samples that each have one class."""

    def __init__(self, classes: int) -> None:
        self._right, self._decided, self._true = np.zeros((3, max(2, classes)), dtype=np.int64)
        self._classes = classes
        few = max(2, classes) if classes <= FEW else 0
        self._pairs = np.zeros((few, few), dtype=np.int64)
        """Of few classes: samples by what they are of and what they were decided for; one count instead of three."""

    def add(self, outputs: Array, target: Array) -> None:
        self.count(decide(outputs), decide_target(target))

    def count(self, found: Array, true: Array) -> None:
        """Take in class indices (m): what samples were decided for, and what they are of."""
        if self._pairs.size:
            pair = true * len(self._pairs)
            pair += found
            self._pairs += np.bincount(pair, minlength=self._pairs.size).reshape(self._pairs.shape)
            return
        size = len(self._true)
        self._decided += np.bincount(found, minlength=size)
        self._true += np.bincount(true, minlength=size)
        self._right += np.bincount(true[found == true], minlength=size)

    def metrics(self, loss: float) -> Metrics:
        if self._pairs.size:
            self._right, self._decided, self._true = (
                self._pairs.diagonal(), self._pairs.sum(axis=0), self._pairs.sum(axis=1),
            )  # fmt: skip
        return _of_classes(
            loss, int(self._right.sum()) / int(self._true.sum()),
            *(a[: self._classes] for a in (self._right, self._decided, self._true)),
        )  # fmt: skip


class LabelTally:
    """Counts for the metrics of samples that each have any number of labels, each decided at 0.5."""

    def __init__(self, labels: int) -> None:
        self._right, self._decided, self._true = np.zeros((3, labels), dtype=np.int64)
        self._agreed = self._cells = 0

    def add(self, outputs: Array, target: Array) -> None:
        found, true = outputs >= 0.5, target >= 0.5
        self._right += (found & true).sum(axis=0)
        self._decided += found.sum(axis=0)
        self._true += true.sum(axis=0)
        self._agreed += int((found == true).sum())
        self._cells += found.size

    def metrics(self, loss: float) -> Metrics:
        return _of_classes(loss, self._agreed / self._cells, self._right, self._decided, self._true)


def by_class(right: Array, decided: Array, true: Array) -> tuple[ClassMetrics, ...]:
    """From the samples of each class that were decided rightly, that were decided for it, and that are of it."""
    return tuple(map(_of_class, right.tolist(), decided.tolist(), true.tolist()))


def _of_class(hits: int, said: int, count: int) -> ClassMetrics:
    """From the samples that were decided for a class rightly, all that were, and those that are of it."""
    if not count:
        return ClassMetrics(None, None, None, 0)
    return ClassMetrics(hits / said if said else 0.0, hits / count, _f1(hits, said, count), count)


def _f1(hits: int, said: int, count: int) -> float:
    """The harmonic mean of precision and recall, of a class that some sample is of."""
    return 2 * hits / (said + count)


def _of_classes(loss: float, accuracy: float, right: Array, decided: Array, true: Array) -> Metrics:
    counts = tuple(zip(right.tolist(), decided.tolist(), true.tolist(), strict=True))
    scores = [_f1(*each) for each in counts if each[2]]
    return Metrics(loss, accuracy, sum(scores) / len(scores) if scores else None, counts)


class NumberTally:
    """Sums for the metrics of samples whose targets are numbers."""

    def __init__(self, targets: Array, scale: Array | float = 1.0) -> None:
        """``targets`` are those of all samples; ``scale`` takes one of their units to one of the user's."""
        self._scale = np.broadcast_to(np.asarray(scale, dtype=np.float64), targets.shape[1:])
        y = targets.astype(np.float64)
        with np.errstate(all="ignore"):
            self._spread = np.square(y - y.mean(axis=0)).sum(axis=0)
        self._spread[(y == y[:1]).all(axis=0)] = 0.0  # the mean of equal numbers may be rounded
        self._squares, self._sizes = np.zeros((2, y.shape[1]))
        self._rows = 0

    def add(self, outputs: Array, target: Array) -> None:
        with np.errstate(all="ignore"):
            e = outputs.astype(np.float64) - target
            self._squares += np.square(e).sum(axis=0)
            self._sizes += np.abs(e).sum(axis=0)
        self._rows += len(e)

    def metrics(self, loss: float) -> Metrics:
        varies = self._spread > 0
        with np.errstate(all="ignore"):
            r2 = 1 - self._squares[varies] / self._spread[varies]
            rmse = sqrt(float((self._squares * self._scale**2).mean()) / self._rows)
            mae = float((self._sizes * self._scale).mean()) / self._rows
        return Metrics(loss, r2=float(r2.mean()) if len(r2) else None, rmse=rmse, mae=mae)


def baseline(train: Targets, y: Targets, *, multilabel: bool) -> float:
    """The accuracy on ``y`` of always deciding what is most frequent in ``train``; both encoded targets of classes.

    With several labels a sample: of deciding each as most samples of ``train`` have it.
    """
    if multilabel:
        most = (np.asarray(train) >= 0.5).mean(axis=0) >= 0.5
        return float(((np.asarray(y) >= 0.5) == most).mean())
    return float((decide_target(y) == np.bincount(decide_target(train)).argmax()).mean())


def decide(outputs: Array) -> Array:
    """Class indices from outputs: the largest, or, for one output, whether it is at least 0.5."""
    return np.asarray(
        outputs[:, 0] >= 0.5 if outputs.shape[1] == 1 else outputs.argmax(axis=1), dtype=np.intp
    )


def decide_target(target: Targets) -> Array:
    """Class indices from encoded labels."""
    if isinstance(target, OneHot):
        return target.argmax(axis=1)
    return target if target.ndim == 1 else decide(target)

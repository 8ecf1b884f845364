"""Which rows each update takes, in which order: as given, shuffled, or easy ones first."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np

from nntui_core.memory import Array
from nntui_core.rng import stream
from nntui_core.train_spec import Curriculum, TrainSpec


class Batches:
    """The order of the rows in each epoch, cut into batches."""

    def __init__(self, samples: int, spec: TrainSpec, seed: int, losses: Callable[[], Array]) -> None:
        """``losses`` gives each row's loss with the present weights; a curriculum sorts by it."""
        self.samples = samples
        self.order = spec.order
        self.size = samples if spec.batch_size == "full" else min(int(spec.batch_size), samples)
        self.most = ceil(samples / self.size) if samples else 0
        """Updates in an epoch over all rows."""
        self.drawn: Array | None = None
        """The order of the epoch that is under way: part of what a checkpoint keeps."""
        self._seed = seed
        self._losses = losses

    def count(self, epoch: int) -> int:
        """Updates in the epoch of that number, from 0."""
        return self.most if not isinstance(self.order, Curriculum) else ceil(self._taken(epoch) / self.size)

    def rows(self, epoch: int, batch: int) -> Array:
        """Indices of the rows of batch ``batch`` (from 0) of the epoch."""
        if self.drawn is None:
            self.drawn = self._draw(epoch)
        start = batch * self.size
        return self.drawn[start : start + self.size]

    def _taken(self, epoch: int) -> int:
        order = self.order
        if not isinstance(order, Curriculum):
            return self.samples
        share = min(1.0, order.start + (1 - order.start) * epoch / max(1, order.epochs))
        return max(1, round(share * self.samples))

    def _draw(self, epoch: int) -> Array:
        rows = np.arange(self.samples)
        # Where all take part, how hard they are is not asked.
        if self._taken(epoch) < self.samples:
            rows = np.argsort(self._losses(), kind="stable")[: self._taken(epoch)]
        if self.order == "given" or self.size >= len(rows):
            return rows
        return stream(self._seed, "shuffle", epoch).permutation(rows)

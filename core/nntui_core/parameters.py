"""All learned numbers in one flat vector, their gradients in another of the same layout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nntui_core.memory import Array, Shape, outline, zeros


@dataclass(frozen=True)
class Span:
    """Where one parameter lies in the flat vector."""

    start: int
    stop: int
    shape: Shape


class Parameters:
    """``theta`` and ``grad``, with a view of both for each named array.

    Optimizers, line searches, gradient checks and checkpoints see one vector; ops see the views. Frozen
    parameters lie behind the others: what is trained is the first ``trained`` numbers, ``free`` and
    ``free_grad``.
    """

    def __init__(
        self,
        shapes: Iterable[tuple[str, Shape]] = (),
        dtype: Any = np.float64,
        frozen: Collection[str] = (),
        *,
        dry: bool = False,
    ) -> None:
        """``dry``: only counted, nothing can be written."""
        self.layout: dict[str, Span] = {}
        self.frozen = frozenset(frozen)
        at = 0
        for name, shape in sorted(shapes, key=lambda found: found[0] in self.frozen):
            size = prod(shape)
            self.layout[name] = Span(at, at + size, tuple(shape))
            at += size
        make = outline if dry else zeros
        self.theta: Array = make((at,), dtype)
        self.grad: Array = make((at,), dtype)
        self.trained = at - sum(self.size(name) for name in self.layout if name in self.frozen)
        self.free, self.free_grad = self.theta[: self.trained], self.grad[: self.trained]

    def size(self, name: str) -> int:
        """How many numbers the named parameter has."""
        return self.layout[name].stop - self.layout[name].start

    def __len__(self) -> int:
        return int(self.theta.size)

    def __iter__(self) -> Iterator[str]:
        return iter(self.layout)

    def __contains__(self, name: object) -> bool:
        return name in self.layout

    @property
    def dtype(self) -> Any:
        """The floating type of both vectors."""
        return self.theta.dtype

    def view(self, name: str, vector: Array | None = None) -> Array:
        """The named parameter inside ``theta``, or inside another vector of the same layout."""
        span = self.layout[name]
        source = self.theta if vector is None else vector
        return source[span.start : span.stop].reshape(span.shape)

    def gradient(self, name: str) -> Array:
        """The named parameter's gradient inside ``grad``."""
        return self.view(name, self.grad)

    def copy(self, dtype: Any = None) -> Parameters:
        """An independent copy, in another floating type when given."""
        new = Parameters(((n, s.shape) for n, s in self.layout.items()), dtype or self.dtype, self.frozen)
        new.theta[:] = self.theta
        new.grad[:] = self.grad
        return new

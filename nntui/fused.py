"""Adam's update as one compiled pass, where numba is installed (the extra nntui[fast]).

It equals NumPy's passes to the last bit, so that it may begin anywhere: a training starts with NumPy, and numba is
loaded once the passes have cost more than that. What steps, replays and explains an update is NumPy alone.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from nntui.display import display
from nntui_core.memory import Array
from nntui_core.optimizers.base import FirstOrder
from nntui_core.optimizers.moments import Adam, Adamw
from nntui_core.optimizers.work import Slots
from nntui_core.trainer import Trainer

Pass = Callable[[Array, Array, Array, Array, Array], None]
PAYS = 500_000_000
"""Elements that NumPy treats before numba is loaded: half a second of its passes, where loading takes 0.2 to 0.5 s."""
CALLS = 4_000
"""Elements that the calls of one block's passes take as long as: 4 µs."""
TRIED = 1_000
"""Elements of the trial that tells whether the two agree."""


def adam(w: Array, g: Array, m: Array, v: Array, numbers: Array) -> None:
    """What :class:`Adam`'s ``apply`` does, an element at a time: the same operations in the same order.

    Each is rounded by itself; multiplications and additions must not be contracted.
    """
    share, fresh, past, eps, rate = numbers
    for i in range(w.size):
        m[i] = m[i] + (g[i] - m[i]) * share
        v[i] = v[i] * past + g[i] * g[i] * fresh
        t = np.sqrt(v[i]) + eps
        if t != 0:
            t = m[i] / t
        w[i] = w[i] - t * rate


class Fused:
    """Takes over the blocks of an :class:`Adam` or :class:`Adamw` once that pays, which calls ``begun``; ``report`` is told
    where it cannot."""

    def __init__(
        self, optimizer: FirstOrder, report: Callable[[str], object], begun: Callable[[], object]
    ) -> None:
        self._optimizer, self._report, self._begun = optimizer, report, begun
        self._treated = 0
        self._pass: Pass | None = None
        self.tried = False
        """Whether numba was loaded: from then on it treats every block, or none."""

    def __call__(self, w: Array, g: Array, s: Slots, numbers: Array) -> bool:
        if not self.tried:
            self._treated += w.size + CALLS
            if self._treated < PAYS:
                return False
            self.tried = True
            self._pass = _agreeing(self._optimizer, w.dtype, self._report)
            if self._pass is not None:
                self._begun()
        if self._pass is None:
            return False
        self._pass(w, g, s["m"], s["v"], numbers)
        return True


def attach(trainer: Trainer, report: Callable[[str], object], used: Callable[[str], object]) -> None:
    """Let the trainer's updates be fused where they can be.

    In the midst of training, ``used`` is told numba's version when it takes over, ``report`` where it turns out not to be
    of use.
    """
    optimizer = trainer.optimizer
    # A subclass may update differently.
    if type(optimizer) not in (Adam, Adamw) or find_spec("numba") is None:
        return
    from importlib.metadata import PackageNotFoundError, version  # a large import

    try:
        numba = version("numba")
    except PackageNotFoundError:  # something else of that name in the working directory
        return
    assert isinstance(optimizer, FirstOrder)
    trainer.work.fused = Fused(optimizer, report, lambda: used(numba))


def _agreeing(optimizer: FirstOrder, dtype: Any, report: Callable[[str], object]) -> Pass | None:
    """The compiled pass, or None, and a word to ``report``, where it cannot be had or is not NumPy's."""
    try:
        found = compiled(dtype)
    except Exception as error:  # whatever ails it, a training that NumPy can go on with does not end
        told = f"{type(error).__name__}: {display(error, 200)}"
        report(f"numba cannot be used, NumPy goes on: {told}")
        return None
    ours, theirs = _trial(optimizer, dtype), _trial(optimizer, dtype)
    w, g, m, v, numbers = ours
    optimizer.apply(w, g, {"m": m, "v": v}, tuple(numbers), np.empty_like(w), np.empty_like(w))
    found(*theirs)
    if any(a.tobytes() != b.tobytes() for a, b in zip(ours, theirs, strict=True)):
        report("numba's updates are not NumPy's here, NumPy goes on")
        return None
    return found


def compiled(dtype: Any) -> Pass:
    """:func:`adam` in machine code for vectors of ``dtype``, from numba's cache where it can keep one.

    Raises ImportError, OSError (of libraries that are not found) and what else a broken installation raises.
    """
    import numba

    if getattr(numba.config, "DISABLE_JIT", False):  # it would be Python, an element at a time
        raise ImportError("NUMBA_DISABLE_JIT is set")
    kind = numba.from_dtype(np.dtype(dtype))[::1]
    signature = numba.void(*[kind] * 5)
    try:
        found: Pass = numba.njit(signature, cache=True)(adam)
    except Exception:  # no place, or no space, for a cache, or what is in it is cut off
        found = numba.njit(signature)(adam)
    return found


def _trial(optimizer: FirstOrder, dtype: Any) -> tuple[Array, ...]:
    """A vector, its gradient, moments and numbers to try an update on; some never had a gradient."""
    rng = np.random.default_rng(0)
    w, g, m, v = (rng.normal(size=TRIED).astype(dtype) for _ in range(4))
    g[:9], m[:9], v[:9] = 0, 0, 0
    numbers = optimizer.numbers({}, 1, optimizer.lr)
    return w, g, m, np.square(v), np.array(numbers, dtype)

"""Python's collector of reference cycles while the program loads, and once it works."""

from __future__ import annotations

import gc

LOADING = 100_000
"""New objects after which cycles are sought while modules are imported: there are none to be found among them, and
looking for them took a sixth of the start."""
_usual: list[tuple[int, int, int]] = []
"""Python's own thresholds, while others hold."""


def loading() -> None:
    """Seldom look for cycles. To be called before anything is imported."""
    _usual.append(gc.get_threshold())
    gc.set_threshold(LOADING, *_usual[0][1:])


def loaded() -> None:
    """Look for them as usual, but not among what is there for good. To be called before large arrays are made."""
    if _usual:
        gc.set_threshold(*_usual[0])
        _usual.clear()
        gc.freeze()

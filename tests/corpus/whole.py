"""The whole corpus: two halves to tune on and to measure on, and what was added to the first one later."""

from __future__ import annotations

from tests.corpus.faults import faulty
from tests.corpus.setups import Setup, sound
from tests.corpus.varied import varied_faulty, varied_sound


def all_setups() -> list[Setup]:
    """Every set-up, in a fixed order."""
    return [*sound(), *faulty(), *varied_sound(), *varied_faulty()]

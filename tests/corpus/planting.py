"""What a planted fault is, and the register of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.corpus.setups import Config
from tests.corpus.tables import Rows

Planter = Callable[[Config, Rows | None], Rows | None]
"""Changes the configuration in place and gives the new table, where the table changes."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    kind: str
    plant: Planter
    setups: tuple[str, ...]
    """The sound set-ups that it is planted in: the first of each pair to tune on, the second held out."""
    findings: frozenset[str]
    """Ids of findings that name it: one of them must."""
    tolerated: frozenset[str]
    """Ids of findings that are true of it besides: no wrong alarm, but no name either."""
    checks: frozenset[str]
    """Ids of checks that name it."""


FAULTS: dict[str, Fault] = {}


def fault(setups: str, findings: str = "", also: str = "", checks: str = "") -> Callable[[Planter], Planter]:
    """Register a planter under its name."""

    def register(plant: Planter) -> Planter:
        kind = plant.__name__
        FAULTS[kind] = Fault(
            kind, plant, tuple(setups.split()), frozenset(findings.split()),
            frozenset(also.split()) - frozenset(findings.split()), frozenset(checks.split()),
        )  # fmt: skip
        return plant

    return register

"""A finding: what is wrong, the number and limit that say so, what is behind it, and what to set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The gravest first."""


@dataclass(frozen=True)
class Cure:
    """One thing to try."""

    set: str | None
    """``KEY=VALUE`` as ``--set`` takes it; None for what no key of the configuration can mend."""
    text: str
    """What it does, in words."""


@dataclass(frozen=True)
class Finding:
    """One finding; ``layer`` is empty for the network as a whole."""

    id: str
    layer: str
    value: float
    limit: float
    message: str
    cure: str
    """The first cure in words."""
    severity: Severity = "warning"
    update: int = 0
    """When it was first raised."""
    epoch: int = 0
    cause: str = ""
    """The id of the finding that this one follows from; empty where it stands by itself."""
    cures: tuple[Cure, ...] = ()
    """The most likely first."""
    node: str = ""
    """The node of the network's graph where it can be seen, such as ``dense1.a``."""

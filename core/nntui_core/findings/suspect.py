"""Something that stands out in a configuration and may be behind findings, with the cure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nntui_core.findings.finding import Cure

LARGE = frozenset(
    {
        "dead_units",
        "saturated_units",
        "exploding_gradient",
        "update_ratio_high",
        "constant_output",
        "plateau",
        "non_finite",
    }
)
"""What comes of inputs, targets or weights that are too large."""

NOTHING = frozenset({"constant_output", "plateau"})
"""What comes of anything that keeps a network from learning."""

SMALL = frozenset({"vanishing_gradient", "update_ratio_low", *NOTHING})
"""What comes of anything that makes gradients or updates small."""


@dataclass(frozen=True)
class Suspect:
    """Something that stands out in a configuration."""

    cure: Cure
    weight: float
    """How far it stands out: decades beyond what is usual, or the like; the highest comes first."""
    explains: frozenset[str]
    """Ids of findings that may follow from it."""


def cures(found: Iterable[Suspect], finding: str) -> list[Cure]:
    """Of what stands out in the configuration, what may explain the finding, the most likely first."""
    return [x.cure for x in sorted(found, key=lambda x: -x.weight) if finding in x.explains]


def suspect(setting: str | None, text: str, weight: float, explains: Iterable[str]) -> Suspect:
    """A suspect whose cure is to ``--set`` ``setting`` (None where no key mends it), ``text`` in words."""
    return Suspect(Cure(setting, text), weight, frozenset(explains))

"""What every rule is: a limit on a measure, where it applies, how grave it is, and what it may follow from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from nntui_core.findings.finding import Cure, Severity
from nntui_core.findings.sample import LEARNED, Sample


@dataclass(frozen=True)
class Observation:
    """A rule's measure of one layer, or of the network (layer "")."""

    layer: str
    value: float
    message: str
    severity: Severity = "warning"
    limit: float | None = None
    """Where it is another than the rule's."""
    follows: tuple[str, ...] = ()
    """Ids of findings that it follows from here, besides the rule's."""
    node: str = ""
    """Where it is another than the rule says."""


class Rule(ABC):
    """A measure with a limit. A finding is raised beyond ``limit`` and stays until within ``clears``."""

    id: ClassVar[str]
    definition: ClassVar[str]
    """What is measured, in words."""
    limit: ClassVar[float]
    clears: ClassVar[float]
    """Where a finding that was raised is taken back, on the sound side of ``limit``: numbers wobble."""
    above: ClassVar[bool] = True
    """Whether values above the limit are the bad ones."""
    source: ClassVar[str]
    """Where the limit comes from."""
    node: ClassVar[str] = "loss"
    """The node of the network's graph where it can be seen; of the finding's layer what stands behind its name (``.a``)."""
    follows: ClassVar[tuple[str, ...]] = ()
    """Ids of findings of which this one is a mere consequence, where they hold too."""
    forgives: ClassVar[bool] = True
    """Whether it is no alarm where the network has learned its targets."""
    noted: ClassVar[bool] = False
    """Whether it is a note then."""

    @abstractmethod
    def observe(self, s: Sample) -> Iterable[Observation]:
        """The measures where the rule applies; none where it cannot be told."""

    def excused(self, s: Sample, layer: str) -> bool:
        """Whether it is no alarm, as the network has learned its targets.

        What was wrong at the start is none only where they are learned without doubt, and not by heart alone.
        """
        if self.began(s, layer) and (s.memorized or s.skill < LEARNED):
            return False
        return self.forgives and s.learned

    def began(self, s: Sample, layer: str) -> bool:
        """Whether it was so at the start of the training."""
        return False

    def holds(self, seen: Observation, *, raised: bool) -> bool:
        """Whether a finding of what was seen is raised, or stays raised."""
        limit = self.limit if seen.limit is None else seen.limit
        bound = limit * self.clears / self.limit if raised else limit
        return seen.value > bound if self.above else seen.value < bound

    def place(self, seen: Observation) -> str:
        """The name of the node where what was observed can be seen."""
        return seen.node or (f"{seen.layer}{self.node}" if self.node.startswith(".") else self.node)

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        """What helps where nothing in the configuration stands out."""
        return ()

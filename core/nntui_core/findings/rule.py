"""What every rule is: a limit on a measure, where it applies, how grave it is, and what it may follow from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from nntui_core.findings.finding import Cure, Severity
from nntui_core.findings.sample import Sample


@dataclass(frozen=True)
class Observation:
    """A rule's measure of one layer, or of the network (layer "")."""

    layer: str
    value: float
    message: str
    severity: Severity = "warning"


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
    follows: ClassVar[tuple[str, ...]] = ()
    """Ids of findings of which this one is a mere consequence, where they hold too."""
    forgives: ClassVar[bool] = True
    """Whether it is only a note where the network has learned its targets."""

    @abstractmethod
    def observe(self, s: Sample) -> Iterable[Observation]:
        """The measures where the rule applies; none where it cannot be told."""

    def holds(self, value: float, *, raised: bool) -> bool:
        """Whether a finding with this value is raised, or stays raised."""
        bound = self.clears if raised else self.limit
        return value > bound if self.above else value < bound

    def defaults(self, s: Sample, layer: str) -> Iterable[Cure]:
        """What helps where nothing in the configuration stands out."""
        return ()

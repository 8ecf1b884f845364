"""What every check is: a measure with a limit, and what to set where it is beyond."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nntui_core.findings.finding import Cure

if TYPE_CHECKING:
    from nntui.checks.subject import Subject

Status = Literal["pass", "warn", "fail", "skip"]
GRAVITY: tuple[Status, ...] = ("skip", "pass", "warn", "fail")
Limit = float | tuple[float, float] | None


class Skip(Exception):  # noqa: N818 - no error: there is nothing to measure
    """A check cannot be made; the message is the reason."""


@dataclass(frozen=True)
class Result:
    """What one check came to."""

    id: str
    status: Status
    value: float | None
    limit: Limit
    message: str
    fix: str = ""
    sets: tuple[str, ...] = ()
    """Settings that mend it, all at once, as ``--set`` takes them."""
    source: str = ""
    seconds: float = 0.0
    node: str = ""
    """The node of the network's graph where it can be seen, such as ``dense1.a``."""
    least: bool = False
    """Whether a limit of one number is one that the value must reach, rather than one that it must not pass."""

    def to_json(self) -> dict[str, Any]:
        """The result as an entry of ``checks`` in the JSON of ``nntui check``."""
        return {
            "id": self.id, "status": self.status, "value": self.value, "limit": self.limit,
            "message": self.message, "fix": self.fix, "sets": list(self.sets), "source": self.source,
            "seconds": round(self.seconds, 3), "node": self.node, "least": self.least,
        }  # fmt: skip


class Check(ABC):
    """One check. Its texts are what ``nntui check --explain`` prints."""

    id: ClassVar[str]
    definition: ClassVar[str]
    """What is measured."""
    limits: ClassVar[str]
    """What is a warning and what a failure."""
    why: ClassVar[str]
    """What goes wrong beyond the limit."""
    cure: ClassVar[str]
    source: ClassVar[str]
    """Where the limit comes from."""
    node: ClassVar[str] = "loss"
    """The node of the network's graph where what it measures can be seen."""

    @abstractmethod
    def run(self, s: Subject) -> Result:
        """Measure. Raises Skip with the reason where it cannot."""

    def result(
        self, status: Status, value: float | None, limit: Limit, message: str, cures: Iterable[Cure] = (),
        *, node: str = "", least: bool = False,
    ) -> Result:  # fmt: skip
        """A result; the first of the cures is the fix. ``node`` is where it can be seen, if elsewhere than the check says;
        ``least`` says that the limit is one to reach."""
        found = list(cures) if status in ("warn", "fail") else []
        first = next((c for c in found if c.set is not None), found[0] if found else None)
        sets = (first.set,) if first is not None and first.set is not None else ()
        return Result(
            self.id, status, value, limit, message, first.text if first else "", sets, self.source, node=node or self.node,
            least=least,
        )  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One of several measures of a check."""

    status: Status
    value: float
    limit: Limit
    message: str
    cures: Sequence[Cure] = ()
    node: str = ""
    least: bool = False
    """Whether the limit is one to reach."""


def gravest(parts: Sequence[Part]) -> Part:
    """The first of the gravest ones."""
    return max(parts, key=lambda p: GRAVITY.index(p.status))


def grade(value: float, warn: float, fail: float) -> Status:
    """By two limits; below both where ``fail`` is the smaller one."""
    if fail >= warn:
        return "fail" if value > fail else "warn" if value > warn else "pass"
    return "fail" if value < fail else "warn" if value < warn else "pass"

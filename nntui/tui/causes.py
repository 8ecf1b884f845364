"""Findings as a reader wants them: each with what follows from it, and the first of its cures that can be set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Given = Mapping[str, Any]
"""A finding as it travels: see ``fit --json``."""
SEVERITY = ("error", "warning", "note")
"""From the gravest."""


@dataclass(frozen=True, eq=False)
class Group:
    """A finding that stands by itself, and those that are its consequences."""

    finding: Given
    consequences: tuple[Given, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What the finding is told from others by: its id and layer."""
        return key_of(self.finding)

    @property
    def summary(self) -> str:
        """Its consequences in short, such as "update ratio low ×8, plateau"."""
        counts = Counter(name_of(f) for f in self.consequences)
        return ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in counts.items())


def grouped(findings: Sequence[Given]) -> tuple[Group, ...]:
    """The causes, the gravest first, each with its consequences in the order given.

    A finding whose cause is not among them stands by itself: its cause may have been mended since.
    """
    alone = {
        f.get("id"): k for k, f in reversed(list(enumerate(findings))) if not _cause(f) and not _is_note(f)
    }
    behind: dict[int, list[Given]] = {}
    causes = []
    for k, f in enumerate(findings):
        at = alone.get(_cause(f))
        if at is None:
            causes.append(k)
        else:
            behind.setdefault(at, []).append(f)
    causes.sort(key=lambda k: SEVERITY.index(severity_of(findings[k])))
    return tuple(Group(findings[k], tuple(behind.get(k, ()))) for k in causes)


def key_of(finding: Given) -> tuple[str, str]:
    """Of one run there is one finding an id and layer."""
    return str(finding.get("id", "")), str(finding.get("layer") or "")


def name_of(finding: Given) -> str:
    """A finding's id in words."""
    return str(finding.get("id", "")).replace("_", " ")


def severity_of(finding: Given) -> str:
    """A finding's severity, one of SEVERITY."""
    found = str(finding.get("severity", "warning"))
    return found if found in SEVERITY else "warning"


def cures_of(finding: Given) -> tuple[Given, ...]:
    """Its cures, the most likely first."""
    found = finding.get("cures")
    return tuple(c for c in found if isinstance(c, Mapping)) if isinstance(found, list | tuple) else ()


def cure_to_try(finding: Given) -> Given | None:
    """The first cure that a setting brings about; None where none is."""
    return next((c for c in cures_of(finding) if isinstance(c.get("set"), str) and c["set"]), None)


def place_of(finding: Given) -> tuple[str, int | None]:
    """The node where it can be seen, and since which update; empty and None where it is not told."""
    node, update = finding.get("node"), finding.get("update")
    layer = str(finding.get("layer") or "")
    return str(node or layer), update if isinstance(update, int) else None


def layer_of(node: str, names: Sequence[str]) -> str:
    """The layer that a node belongs to; empty for none."""
    found = node.rpartition(".")[0] if node not in names else node
    return found if found in names else ""


def _cause(finding: Given) -> str:
    return str(finding.get("cause") or "")


def _is_note(finding: Given) -> bool:
    return severity_of(finding) == "note"

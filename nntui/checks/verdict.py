"""What all checks came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nntui.checks.check import Result
from nntui.checks.prove import Proof

CHECK_FAILED = 4
"""Exit code."""


@dataclass(eq=False)
class Verdict:
    """The results so far, and proofs of their fixes by id."""

    title: str
    results: list[Result] = field(default_factory=list)
    proofs: dict[str, Proof] = field(default_factory=dict)
    interrupted: str = ""
    """The signal that ended it; empty for a whole one."""

    def passed(self, *, strict: bool) -> bool:
        """Whether all checks were made and none failed (strict: nor warns)."""
        return not self.interrupted and not any(self.counts_against(r, strict=strict) for r in self.results)

    def exit_code(self, *, strict: bool) -> int:
        """0, or 4 where a check failed (with ``strict`` also where one warned)."""
        return CHECK_FAILED if any(self.counts_against(r, strict=strict) for r in self.results) else 0

    @staticmethod
    def counts_against(result: Result, *, strict: bool) -> bool:
        """Whether the result is one that does not pass."""
        return result.status == "fail" or (strict and result.status == "warn")

    def to_prove(self) -> list[Result]:
        """What has a fix that can be set."""
        return [r for r in self.results if r.status in ("fail", "warn") and r.sets]

    def counts(self) -> Counter[str]:
        """Results by status."""
        return Counter(r.status for r in self.results)

    def to_json(self, *, strict: bool) -> dict[str, Any]:
        """The JSON of ``nntui check --json``; one that was interrupted also says so."""
        out: dict[str, Any] = {
            "passed": self.passed(strict=strict),
            "checks": [
                r.to_json() | ({"proof": self.proofs[r.id].to_json()} if r.id in self.proofs else {})
                for r in self.results
            ],
        }
        if self.interrupted:
            out |= {"status": "interrupted", "reason": f"ended by {self.interrupted}"}
        return out

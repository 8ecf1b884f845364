"""What checks say of themselves, and what the documentation says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.checks import CHECKS, Check


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_the_documentation_has_every_check_as_it_is(check: Check) -> None:
    text = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(f"| `{check.id}` |"))
    for part in (check.definition, check.limits, check.why, check.cure, check.source):
        assert part
        assert part.replace("|", "\\|") in line

"""What viewers ask for and hear of the instruments."""

from __future__ import annotations

from nntui.protocol.commands import Want
from nntui.protocol.reports import Stats
from nntui.statistics.stability import Stability

WANT = Want(keys=("stability",))


def told(stats: Stats) -> Stability | None:
    """What was measured, where anything is told."""
    found = stats.found.get("stability")
    assert found is None or isinstance(found, Stability)
    return found


def measured(stats: Stats) -> bool:
    """Whether the curvature has been measured."""
    found = told(stats)
    return found is not None and found.curvature is not None

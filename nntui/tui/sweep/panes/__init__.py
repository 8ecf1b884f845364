"""The panes of a search: one file each, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.loading import loaded

if TYPE_CHECKING:
    from nntui.tui.sweep.panes.base import SweepPane

PANES = {
    "trials": "nntui.tui.sweep.panes.trials:TrialsPane",
    "progress": "nntui.tui.sweep.panes.progress:ProgressPane",
    "importance": "nntui.tui.sweep.panes.importance:ImportancePane",
    "scatter": "nntui.tui.sweep.panes.scatter:ScatterPane",
    "parallel": "nntui.tui.sweep.panes.parallel:ParallelPane",
}
"""By their ids, in the order of the tabs."""


def pane_classes() -> dict[str, type[SweepPane]]:
    """The classes of all panes, by their ids."""
    return loaded(PANES)

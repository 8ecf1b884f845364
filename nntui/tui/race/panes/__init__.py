"""The panes of a race: one file each, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.loading import loaded

if TYPE_CHECKING:
    from nntui.tui.race.panes.base import RacePane

PANES = {
    "map": "nntui.tui.race.panes.map:MapPane",
    "contestants": "nntui.tui.race.panes.contestants:ContestantsPane",
    "card": "nntui.tui.race.panes.card:CardPane",
    "curves": "nntui.tui.race.panes.curves:CurvesPane",
}
"""By their ids, in the order of the tabs."""


def pane_classes() -> dict[str, type[RacePane]]:
    """The classes of all panes, by their ids."""
    return loaded(PANES)

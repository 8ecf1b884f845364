"""The panes of a race: one file each, and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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
    """The classes of all panes."""
    out: dict[str, type[RacePane]] = {}
    for name, place in PANES.items():
        module, _, cls = place.partition(":")
        out[name] = getattr(import_module(module), cls)
    return out

"""The panes of the run screen: one file each, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.loading import loaded

if TYPE_CHECKING:
    from nntui.tui.panes.base import Pane

PANES = {
    "network": "nntui.tui.panes.network:NetworkPane",
    "loss": "nntui.tui.panes.loss:LossPane",
    "output": "nntui.tui.panes.output:OutputPane",
    "layers": "nntui.tui.panes.layers:LayersPane",
    "findings": "nntui.tui.panes.findings:FindingsPane",
    "stability": "nntui.tui.panes.stability:StabilityPane",
}
"""By their ids, in the order of the tabs."""


def pane_classes() -> dict[str, type[Pane]]:
    """The classes of all panes, by their ids."""
    return loaded(PANES)

"""Panes that are on no screen, and what a viewer knows, made from messages and records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from nntui.tui.panes.findings import FindingsPane
from nntui.tui.panes.loss import LossPane
from nntui.tui.panes.network import NetworkPane
from nntui.tui.panes.output import OutputPane
from nntui.tui.panes.stability import StabilityPane
from nntui.tui.render.picture import plain
from nntui.tui.snapshot import Snapshot
from nntui.tui.source import Item
from nntui.tui.store import Store


class Still:
    """A pane that is on no screen."""

    ascii = shades = False
    snapshot = Snapshot()


class Output(Still, OutputPane):
    chosen: dict[str, Any]

    def _choose(self, **values: Any) -> None:
        self.chosen = values


class Network(Still, NetworkPane):
    pass


class Loss(Still, LossPane):
    pass


class Stable(Still, StabilityPane):
    pass


class Findings(Still, FindingsPane):
    pass


def heard(given: Iterable[Item], **changes: Any) -> Snapshot:
    """What a viewer knows, with other fields in the hello's info."""
    store = Store()
    for item in given:
        store.record(item) if isinstance(item, dict) else store.message(item)
    found = store.snapshot()
    assert found.hello is not None
    return dataclasses.replace(
        found, hello=dataclasses.replace(found.hello, info={**found.hello.info, **changes})
    )


def among(snapshot: Snapshot, kind: type[Any], **fields: Any) -> Snapshot:
    """The snapshot with another statistic of that kind."""
    found = snapshot.statistics[kind]
    changed = dataclasses.replace(found, **fields)
    return dataclasses.replace(snapshot, statistics={**snapshot.statistics, kind: changed})


def told(pane: Any, snapshot: Snapshot) -> str:
    state = pane.state(snapshot)
    return state if isinstance(state, str) else " · ".join(plain((row,)) for row in state)


def lines(pane: Any, snapshot: Snapshot, width: int = 90, height: int = 12) -> list[list[str]]:
    return [line.split() for line in plain(pane.draw(snapshot, width, height)).splitlines()]


def view(snapshot: Snapshot, name: str) -> Snapshot:
    return dataclasses.replace(snapshot, view=Output().views(snapshot).index(name))

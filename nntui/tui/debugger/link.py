"""Between a run's viewer and its debugger: asks the trainer for its state, and hands it the conditions to stop at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.protocol.commands import Breakpoints, RequestSnapshot
from nntui.protocol.message import Command, Message
from nntui.protocol.reports import Broke, Hello, Snapshot
from nntui.runs.directory import RunDirectory
from nntui.tui.debugger.open_run import RunOpener

if TYPE_CHECKING:
    from nntui.tui.debugger.session import ConditionsChanged


class Link:
    """One viewer's: the conditions outlast the debugger's screen."""

    def __init__(self, send: Callable[[Command], object]) -> None:
        self._send = send
        self._opener: RunOpener | None = None
        self._conditions: tuple[str, ...] = ()

    def opener(self, run_dir: str, *, live: bool, node: str = "", update: int | None = None) -> RunOpener:
        """What opens the run at ``node``, as it stood at ``update`` or now; of a live one it waits for the trainer's answer."""
        self._opener = RunOpener(
            RunDirectory(Path(run_dir)), self._conditions, live=live, node=node, update=update
        )
        if live:
            self._send(RequestSnapshot(request=self._opener.number))
        return self._opener

    def take(self, message: Message) -> bool:
        """A message from the trainer; True where it says that a condition held."""
        if isinstance(message, Snapshot) and self._opener is not None:
            self._opener.deliver(message)
        if isinstance(message, Hello) and self._conditions:
            self._send(Breakpoints(conditions=self._conditions))  # it is another trainer
        return isinstance(message, Broke)

    def follow(self, event: ConditionsChanged) -> None:
        """The training stops at what the debugger stops at."""
        self._conditions = event.conditions
        self._send(Breakpoints(conditions=event.conditions))

"""Breakpoints of a live run: looked at after each update, with the state that the one which held began from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nntui.protocol.message import Arrays
from nntui.protocol.reports import Broke
from nntui_core.trainer import Trainer

if TYPE_CHECKING:
    from nntui.debugging.watching import Watch


class Breaks:
    """Conditions on one trainer. While there are any, the state before each update is kept."""

    def __init__(self) -> None:
        self.held: Broke | None = None
        """What the run is paused at."""
        self._watch: Watch | None = None
        self._before: Arrays | None = None

    @property
    def active(self) -> bool:
        """Whether there is anything to look for."""
        return self._watch is not None

    def set(self, texts: Sequence[str], trainer: Trainer) -> None:
        """Look for these from the next update on. Raises UserError for what is no condition."""
        from nntui.debugging.conditions import parse
        from nntui.debugging.watching import Watch

        conditions = [parse(text) for text in texts]
        self._watch = Watch(conditions) if conditions else None
        self.forget(trainer)

    def look(self, trainer: Trainer) -> Broke | None:
        """What held at the update that was just done, or that raised NumericError."""
        if self._watch is None:
            return None
        hit = self._watch.look(trainer)
        if hit is None:
            self._before = trainer.state()
            return None
        number = int(self._before["clock"][0]) + 1 if self._before is not None else trainer.update
        self.held = Broke(str(hit.condition), hit.node, hit.phase, number, str(hit))
        return self.held

    def forget(self, trainer: Trainer) -> None:
        """The run goes on, or was changed: snapshots are of the present again."""
        self.held = None
        self._before = trainer.state() if self.active else None

    def snapshot(self, trainer: Trainer) -> tuple[Arrays, dict[str, Any]]:
        """The state from which to step the update that matters, and where in it a breakpoint held."""
        if self.held is None or self._before is None:
            return trainer.state(), {}
        held = self.held
        return self._before, {"condition": held.condition, "node": held.node, "phase": held.phase}

"""Metrics of a training's parts, each computed once for the same weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntui_core.metrics import Metrics
    from nntui_core.trainer import Trainer


class Measures:
    """Loss and metrics of the training part and, where rows are held out, of the validation part."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        held = {} if trainer.validation is None else {"validation": trainer.validation}
        self._parts = {"train": trainer.train, **held}
        self._found: dict[str, Metrics] = {}
        self._moment: tuple[int, int] | None = None
        """The trainer's ``moment`` that the metrics in ``_found`` belong to."""

    def all(self) -> dict[str, Metrics]:
        """The metrics of each part, by its name."""
        return {name: self.of(name) for name in self._parts}

    def of(self, name: str) -> Metrics:
        """The metrics of one part, with the present weights."""
        if not self.known(name):
            self._found[name] = self._trainer.measure(self._parts[name])
        return self._found[name]

    def known(self, name: str) -> bool:
        """Whether the part has been measured with the present weights."""
        if self._moment != self._trainer.moment:
            self._found, self._moment = {}, self._trainer.moment
        return name in self._found

"""The network's outputs for the rows that statistics and findings look at, computed once for the same weights."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from nntui_core import probe
from nntui_core.onehot import indices

if TYPE_CHECKING:
    from nntui_core.memory import Array
    from nntui_core.model import Model
    from nntui_core.trainer import Part, Trainer


class Seen:
    """The rows of a part that findings, statistics and the trail of activations look at, and the answers to them.

    They are evaluated when the first one asks after the weights have changed (see :attr:`Trainer.moment`), on arrays that
    nothing else computes on; what is read there is valid until the weights change.
    """

    def __init__(self, trainer: Trainer, whole: Part) -> None:
        """``whole``: the rows that those are chosen among."""
        self._trainer = trainer
        self._whole = whole
        self._model: Model | None = None
        self._moment: tuple[int, int] | None = None
        self._objective = float("nan")

    @cached_property
    def rows(self) -> Array:
        """Their numbers in the part: see :func:`probe.sample_rows`."""
        network, y = self._trainer.network, self._whole.y
        classes = indices(y) if network.spec.classification else None
        return probe.sample_rows(classes, len(self._whole), network.spec.seed, network.look_rows)

    @cached_property
    def part(self) -> Part:
        """Their inputs and encoded labels."""
        whole = self._whole
        return type(whole)(whole.x[self.rows], whole.y[self.rows])

    @property
    def model(self) -> Model:
        """Evaluated on the rows with the present weights: its plan holds every layer's values."""
        trainer = self._trainer
        if self._model is None:
            model = trainer.network.own_model(len(self.rows), "evaluate")
            assert model.target is not None
            model.plan.value(model.x)[...] = self.part.x
            model.plan.value(model.target)[...] = self.part.y
            self._model = model
        if self._moment != trainer.moment:
            self._objective = self._model.plan.run(backward=False)
            self._moment = trainer.moment
        return self._model

    @property
    def loss(self) -> float:
        """The data loss of the rows, as the objective reduces it."""
        _ = self.model
        return self._objective

    @property
    def outputs(self) -> Array:
        """The network's outputs (rows × outputs)."""
        model = self.model
        return model.plan.value(model.output)

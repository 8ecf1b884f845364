"""The objective over the whole training part, as second-order optimizers ask for it."""

from __future__ import annotations

from nntui_core.memory import Array
from nntui_core.model import Model


class FullBatch:
    """The objective of a filled ``model`` as a function of the flat vector of the trained parameters."""

    def __init__(self, model: Model, theta: Array) -> None:
        """``theta``: where the model reads the trained parameters; each call overwrites it."""
        self._model = model
        self._theta = theta

    def value_grad(self, w: Array) -> tuple[float, Array]:
        """Value and gradient at ``w``; the gradient is an array that the next call reuses."""
        self._theta[:] = w
        value = self._model.plan.run()
        return value, self._model.plan.parameters.free_grad

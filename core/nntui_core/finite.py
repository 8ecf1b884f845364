"""Checks for values, gradients and parameters that are not finite, and names the first of them."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from nntui_core.errors import NumericError
from nntui_core.memory import Array
from nntui_core.model import Model
from nntui_core.parameters import Parameters


def checked_norm(model: Model, objective: float, grad: Array, update: int) -> float:
    """The gradient's Euclidean norm. Raises NumericError where the run of ``update`` was not finite."""
    squared = float(grad.dot(grad))
    if isfinite(squared) and isfinite(objective):
        return sqrt(squared)
    if not (isfinite(objective) and np.isfinite(grad).all()):
        raise fault(model, update)
    # In float32 the square of a finite gradient may overflow.
    return float(np.linalg.norm(grad.astype(np.float64)))


def finite(vector: Array) -> bool:
    """Whether every entry is finite."""
    # The square of a finite vector may overflow; only then is each looked at.
    return isfinite(vector.dot(vector)) or bool(np.isfinite(vector).all())


def fault(model: Model, update: int) -> NumericError:
    """What to raise where the last run of ``model`` was not finite: its first such value or gradient."""
    found = model.plan.first_nonfinite()
    phase, node = found if found else ("forward", model.plan.outputs[0])
    what = "value" if phase == "forward" else "gradient"
    return NumericError(
        f"the {what} is not finite at update {update}",
        where=node.name,
        hint="lower optimizer.lr, set train.clip_norm, or scale the inputs with a preprocess step",
    )


def check_parameters(parameters: Parameters, update: int) -> None:
    """Raise NumericError, naming it, where a parameter is not finite after ``update``."""
    if finite(parameters.theta):
        return
    bad = next(n for n in parameters if not np.isfinite(parameters.view(n)).all())
    raise NumericError(
        f"the parameter is not finite after update {update}",
        where=bad,
        hint="lower optimizer.lr, or set train.clip_norm",
    )

"""Losses, one class each."""

from nntui_core.losses.entropy import BinaryCrossEntropy, CrossEntropy
from nntui_core.losses.errors import Huber, MeanAbsoluteError, MeanSquaredError
from nntui_core.losses.margin import Hinge
from nntui_core.objective import Loss

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Hinge",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
]

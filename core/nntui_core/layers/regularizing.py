"""Layers that act differently in training and in evaluation: dropout and batch norm."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Lt

from nntui_core.activations import Linear
from nntui_core.errors import ShapeError
from nntui_core.graph import Node
from nntui_core.layers.base import ActivationField, Builder, Layer, activate
from nntui_core.memory import Array, Shape, Workspace
from nntui_core.ops.normalization import BatchNorm, BatchNormEval, Mask


@dataclass(frozen=True, kw_only=True)
class Dropout(Layer):
    """In training each value is dropped with probability ``rate`` and the rest scaled by 1/(1 − rate)."""

    type: ClassVar[str] = "dropout"
    summary: ClassVar[str] = "drops values at random while training"
    stochastic: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    rate: Annotated[float, Ge(0), Lt(1)] = 0.5
    """Probability of dropping a value."""

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Node ``name.a`` in training; evaluation passes the input on."""
        x = inputs[0]
        if not b.training or self.rate == 0:
            return x
        return b.graph.apply(Mask(), x, b.mask(name, x.shape, 1 - self.rate), name=f"{name}.a")


@dataclass(frozen=True, kw_only=True)
class BatchNormLayer(Layer):
    """Standardizes each feature or channel over the batch; evaluation uses running statistics.

    So does training where it is frozen (``trainable`` false), and the statistics stay; and where a batch has a
    single value a feature, of which there is no variance.
    """

    type: ClassVar[str] = "batchnorm"
    summary: ClassVar[str] = "standardizes over the batch"
    keeps: ClassVar[bool] = True

    momentum: Annotated[float, Gt(0), Le(1)] = 0.1
    """Weight of the newest batch in the running statistics."""
    eps: Annotated[float, Gt(0)] = 1e-5
    """Added to the variance."""
    activation: ActivationField = Linear()
    """Applied to the result."""

    @property
    def batchwise(self) -> bool:
        return self.trainable is not False

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Nodes ``name.z`` and ``name.a``."""
        x = inputs[0]
        if len(x.shape) not in (2, 4):
            raise ShapeError("batchnorm needs rows or pictures", where=name, given=x.shape[1:])
        n = (x.shape[1],)
        gamma, beta = b.parameter(name, "gamma", n, 1.0), b.parameter(name, "beta", n)
        mean, var = b.buffer(name, "mean", n, 0.0), b.buffer(name, "var", n, 1.0)
        if b.training and self.batchwise and not _single(x.shape):
            z = b.graph.apply(BatchNorm(self.eps), x, gamma, beta, name=f"{name}.z")
        else:
            z = b.graph.apply(BatchNormEval(self.eps), x, gamma, beta, mean, var, name=f"{name}.z")
        return activate(b, name, self.activation, z)

    def absorb(self, name: str, z: Array, space: Workspace, buffers: MutableMapping[str, Array]) -> None:
        """As in PyTorch, the running variance is the unbiased one."""
        if not self.batchwise or _single(z.shape):
            return
        n = z.size // z.shape[1]
        for key, new in (("mean", space["mean"]), ("var", space["var"] * (n / (n - 1)))):
            running = buffers[f"{name}.{key}"]
            running += self.momentum * (new - running)


def _single(shape: Shape) -> bool:
    """Whether there is one value a feature or channel."""
    return prod(shape) == shape[1]

"""What every layer is: a specification that adds nodes and parameters to a graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol

from annotated_types import Ge, Gt, Le

from nntui_core.catalog import Member
from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.initializers.base import Initializer
from nntui_core.memory import Array, Shape, Workspace
from nntui_core.ops.window import Window
from nntui_core.words import many

ActivationField = Annotated[Op, Member("activation")]
InitializerField = Annotated[Initializer | None, Member("initializer")]
"""None stands for "auto": he_normal for the relu family, xavier_uniform otherwise."""
Count = Annotated[int, Gt(0)]
INPUT = "input"
"""The name by which layers read the data."""
Theta = tuple[tuple[float, ...], ...]
MAX_LAYERS = 1000
"""Layers that a network may have, copies counted."""
ROLES = {"W": "weights", "gamma": "weights", "b": "bias", "beta": "bias"}
"""What ``trainable`` calls a parameter, by the last part of its name."""


class Builder(Protocol):
    """What a layer may ask of the network that is being laid out."""

    graph: Graph
    training: bool
    sources: tuple[str, ...]
    """Names of the layers that the layer being built reads."""

    def weight(
        self,
        layer: str,
        name: str,
        shape: Shape,
        *,
        fan_in: int,
        fan_out: int,
        init: Initializer | None,
        activation: Op | None,
        start: Any = None,
    ) -> Node:
        """A weight array, subject to l1 and l2."""

    def parameter(self, layer: str, name: str, shape: Shape, start: Any = 0.0) -> Node:
        """A bias, slope or norm: learned, but not penalized."""

    def buffer(self, layer: str, name: str, shape: Shape, start: float) -> Node:
        """Running statistics: kept with the parameters, not learned."""

    def mask(self, layer: str, shape: Shape, keep: float) -> Node:
        """A fresh draw each update: 1/keep with probability ``keep``, else 0."""


@dataclass(frozen=True, kw_only=True)
class Layer(ABC):
    """A layer; ``build`` returns the node that is its output."""

    type: ClassVar[str]
    summary: ClassVar[str]

    name: str | None = None
    """Name of the layer; by default its type and number, such as dense1."""
    inputs: tuple[str, ...] | None = None
    """Names of the layers (or "input") that it reads; by default the layer before."""
    trainable: bool | Literal["weights", "bias"] = True
    """false: its parameters stay as they start; "weights" or "bias": only these are trained."""
    lr_factor: Annotated[float, Gt(0)] = 1.0
    """Multiplies the learning rate of this layer."""
    repeat: Annotated[int, Ge(0), Le(MAX_LAYERS)] = 1
    """So many copies in a row, NAME-1, NAME-2 … and NAME, the last one; 0 leaves it out."""

    joins: ClassVar[bool] = False
    """Whether it takes several inputs."""
    stochastic: ClassVar[bool] = False
    """Whether training draws random numbers in it."""
    spatial: ClassVar[bool] = False
    """Whether it needs pictures (channels, height, width) as input."""
    keeps: ClassVar[bool] = False
    """Whether it takes rows and pictures alike, and gives the same kind."""
    bends: ClassVar[bool] = False
    """Whether it is not linear, whatever its activation."""

    @property
    def competing(self) -> int:
        """Affine functions of which a unit is the largest."""
        return 1

    @property
    def batchwise(self) -> bool:
        """Whether in training what it makes of a sample depends on the others of the batch."""
        return False

    @abstractmethod
    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Add the layer's nodes, all named ``name.…``. Raises ShapeError."""

    def trains(self, key: str) -> bool:
        """Whether its parameter ``key``, such as ``W``, is trained."""
        return self.trainable is True or (self.trainable is not False and ROLES.get(key) == self.trainable)

    def absorb(self, name: str, z: Array, space: Workspace, buffers: MutableMapping[str, Array]) -> None:
        """After a training run: let running statistics take in the batch's, which its op left in ``space``."""
        return


def activate(b: Builder, name: str, activation: Op, z: Node) -> Node:
    """``activation`` on ``z`` as ``name.a``; a linear one adds no node."""
    if activation.type == "linear":
        return z
    extra = [
        b.parameter(name, key, shape, getattr(activation, key)) for key, shape in activation.learned(z.shape)
    ]
    return b.graph.apply(activation, z, *extra, name=f"{name}.a")


def flat_input(b: Builder, layer: str, name: str, x: Node) -> int:
    """The number of features of a two-dimensional input. Raises ShapeError with the cure."""
    if len(x.shape) != 2:
        raise ShapeError(
            f"{layer} layer {name} needs one row of features a sample, but {b.sources[0]} gives {sample(x.shape)}",
            where=name,
            given=x.shape[1:],
            allowed="(features,)",
            hint='put a layer of type "flatten" before it',
        )
    return x.shape[1]


def spatial_input(b: Builder, layer: str, name: str, x: Node, window: Window) -> tuple[int, int, int]:
    """Channels, height and width of a picture input that ``window`` fits into. Raises ShapeError."""
    if len(x.shape) != 4:
        raise ShapeError(
            f"{layer} layer {name} needs pictures, but {b.sources[0]} gives {sample(x.shape)}",
            where=name,
            given=x.shape[1:],
            allowed="(channels, height, width)",
            hint="use it before flatten and dense layers, on data with pictures such as digits",
        )
    try:
        window.positions(x.shape)
    except ShapeError as error:
        raise ShapeError(
            f"{layer} layer {name}: {error.problem}, which {b.sources[0]} gives",
            where=name,
            given=error.given,
            allowed=error.allowed,
            hint=error.hint,
        ) from None
    return x.shape[1], x.shape[2], x.shape[3]


def sample(shape: Shape) -> str:
    """The shape of one sample in words."""
    if len(shape) == 4:
        return f"pictures of {shape[1]}×{shape[2]}×{shape[3]}"
    return many(shape[1], "number")

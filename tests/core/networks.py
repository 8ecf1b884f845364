"""A network of given layers."""

from __future__ import annotations

from typing import Any

from nntui_core.layers.base import Layer
from nntui_core.losses import Loss, MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network


def made(*layers: Layer, features: int = 2, loss: Loss | None = None, **spec: Any) -> Network:
    """The loss is mean squared error where none is given; ``spec`` are further fields of the network's."""
    return Network(
        NetworkSpec(
            layers, loss or MeanSquaredError(), features,
            **{"dtype": "float64", "classification": loss is not None, **spec},
        )
    )  # fmt: skip

"""Activations, one class each, named as in the TOML file."""

from nntui_core.activations.competing import Maxout, Softmax
from nntui_core.activations.rectifying import Elu, LeakyRelu, Prelu, Relu
from nntui_core.activations.smooth import Gelu, Silu, Softplus
from nntui_core.activations.squashing import Linear, Sigmoid, Tanh, sigmoid

__all__ = [
    "Elu", "Gelu", "LeakyRelu", "Linear", "Maxout", "Prelu", "Relu", "Sigmoid", "Silu", "Softmax", "Softplus", "Tanh",
    "sigmoid",
]  # fmt: skip

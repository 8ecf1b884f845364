"""Three lines of PyTorch that load an exported file into a Sequential, where the network is one."""

from __future__ import annotations

from typing import Any

from nntui.display import display
from nntui.training.trained import Trained
from nntui_core.layers.base import INPUT

ACTIVATIONS = {
    "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "relu": "nn.ReLU()", "leaky_relu": "nn.LeakyReLU({0.slope!r})",
    "prelu": "nn.PReLU({1})", "elu": "nn.ELU({0.alpha!r})", "softplus": "nn.Softplus()", "gelu": "nn.GELU()",
    "silu": "nn.SiLU()", "softmax": "nn.Softmax(dim=1)",
}  # fmt: skip


class NotSequentialError(Exception):
    """The network is no sequence of PyTorch's modules, and why."""


def recipe(trained: Trained, file: str) -> list[str]:
    """The lines of PyTorch; or one line that says why there are none."""
    lines = []
    if trained.preparation.steps or trained.scaling is not None:
        what = ", ".join(
            [s.type for s in trained.preparation.steps] + ["scale_target"] * (trained.scaling is not None)
        )
        lines.append(
            f"around the network, by the metadata in the file (affine steps can be folded, --fold): {what}"
        )
    try:
        modules = _modules(trained)
    except NotSequentialError as error:
        return [
            *lines,
            f"no Sequential of PyTorch's modules: {error}; the tensors are called NAME.weight, NAME.bias …",
        ]
    # A learned slope is a parameter of the layer here, and a module of its own there.
    learned = any(text.startswith("nn.PReLU") for _, text in modules)
    load = f"load_file({file!r})"
    state = f'{{k.replace(".slope", "_a.weight"): t for k, t in {load}.items()}}' if learned else load
    inside = ", ".join(f"{name!r}: {text}" for name, text in modules)
    double = ".double()" if trained.settings.dtype == "float64" else ""
    return [
        *lines,
        "in PyTorch:",
        "from torch import nn; from safetensors.torch import load_file",
        f"model = nn.Sequential(); [model.add_module(k, m) for k, m in {{{inside}}}.items()]",
        f"model{double}.load_state_dict({state}); model.eval()",
    ]


def _modules(trained: Trained) -> list[tuple[str, str]]:
    network = trained.network
    model = network.model(2, "predict")
    shapes = {layer.name: layer.a.shape for layer in model.layers} | {INPUT: model.x.shape}
    pictures = model.plan.graph.get("input.pictures")
    out: list[tuple[str, str]] = []
    if pictures is not None:
        shapes[INPUT] = pictures.shape
        out.append(("pictures", f"nn.Unflatten(1, {tuple(pictures.shape[1:])!r})"))
    before = INPUT
    for name, layer in zip(network.names, network.spec.layers, strict=True):
        if "." in name:
            raise NotSequentialError(f"PyTorch allows no dot in a name ({display(name, 40)})")
        if (layer.inputs or (before,)) != (before,) or layer.joins:
            raise NotSequentialError(f"{display(name, 40)} reads other layers than the one before it")
        text = _module(layer, shapes[before])
        if text is None:
            raise NotSequentialError(f"{display(name, 40)} is a {layer.type} layer")
        out.append((name, text))
        activation = getattr(layer, "activation", None)
        if activation is not None and activation.type != "linear":
            if activation.type not in ACTIVATIONS:
                raise NotSequentialError(f"{display(name, 40)} has the activation {activation.type}")
            out.append((f"{name}_a", ACTIVATIONS[activation.type].format(activation, shapes[name][1])))
        before = name
    return out


def _module(layer: Any, shape: tuple[int, ...]) -> str | None:
    """The module of a layer that reads arrays of ``shape``; None where there is none."""
    match layer.type:
        case "dense":
            return f"nn.Linear({shape[1]}, {layer.units}{'' if layer.bias else ', bias=False'})"
        case "conv2d":
            bias = "" if layer.bias else ", bias=False"
            return f"nn.Conv2d({shape[1]}, {layer.channels}, {layer.kernel}, {layer.stride}, {layer.padding}{bias})"
        case "maxpool2d":
            return f"nn.MaxPool2d({layer.size}, {layer.stride or layer.size})"
        case "avgpool2d":
            return f"nn.AvgPool2d({layer.size}, {layer.stride or layer.size})"
        case "batchnorm":
            return f"nn.BatchNorm{2 if len(shape) == 4 else 1}d({shape[1]}, eps={layer.eps!r})"
        case "flatten":
            return "nn.Flatten()"
        case "dropout":
            return f"nn.Dropout({layer.rate!r})"
    return None

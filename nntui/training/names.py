"""What parameters and running statistics are called in files of weights, by their names in the engine."""

from __future__ import annotations

from nntui_core.network import Network

PARAMETER = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "slope": "slope"}


def exported(network: Network) -> dict[str, str]:
    """Such as ``dense1.W`` → ``dense1.weight``, ``batchnorm1.mean`` → ``batchnorm1.running_mean``."""
    out = {}
    for name in network.parameters:
        layer, _, key = name.rpartition(".")
        out[name] = f"{layer}.{PARAMETER[key]}"
    for name in network.buffers:
        layer, _, key = name.rpartition(".")
        out[name] = f"{layer}.running_{key}"
    return out


def modules(network: Network) -> list[tuple[str, tuple[str, ...]]]:
    """Layers with parameters in order, each with what one of PyTorch's modules would hold of them.

    A learned slope is a module of its own, behind its layer's.
    """
    out: list[tuple[str, tuple[str, ...]]] = []
    for layer in network.names:
        keys = [k.rpartition(".")[2] for n, k in exported(network).items() if n.rpartition(".")[0] == layer]
        plain = tuple(k for k in keys if k != "slope")
        out += [(layer, plain)] * bool(plain) + [(layer, ("slope",))] * ("slope" in keys)
    return out

"""Writes engine.npz, next to this file: values and gradients of PyTorch's activations, losses and layers.

Run with an interpreter that has torch 2.13; the tests need the file alone. Each entry of ``meta`` names a
member of the catalogue and its settings; its arrays are ``ENTRY/in/NAME`` (float64), and what torch made of
them in both precisions: ``ENTRY/float64/y`` and the gradient of Σ upstream·y by ``NAME``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
Entry = tuple[dict[str, Any], dict[str, np.ndarray], Callable[..., torch.Tensor]]

# Ordinary, far out on both sides, tiny, and the kink itself, where conventions could differ.
POINTS = np.concatenate(
    [np.random.default_rng(0).normal(size=17) * 3, [-40.0, -20.5, -1.0, -1e-9, 0.0, 1e-9, 1.0, 20.5, 40.0]]
).reshape(2, 13)


def draws(seed: int, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def activations() -> dict[str, Entry]:
    def entry(function: Callable[..., torch.Tensor], name: str, **fields: Any) -> Entry:
        return {"kind": "activation", "spec": {"type": name, **fields}}, {"x0": POINTS}, function

    slopes = {"x0": POINTS, "slope": np.linspace(-0.2, 0.6, 13)}
    rows = draws(1, x0=(4, 6))
    return {
        "linear": entry(lambda x: x * 1, "linear"),
        "sigmoid": entry(torch.sigmoid, "sigmoid"),
        "tanh": entry(torch.tanh, "tanh"),
        "relu": entry(F.relu, "relu"),
        "leaky_relu": entry(lambda x: F.leaky_relu(x, 0.1), "leaky_relu"),
        "leaky_relu, slope 0.01": entry(F.leaky_relu, "leaky_relu", slope=0.01),
        "prelu": ({"kind": "activation", "spec": {"type": "prelu"}}, slopes, lambda x, slope: F.prelu(x, slope)),
        "elu": entry(F.elu, "elu"),
        "elu, alpha 0.5": entry(lambda x: F.elu(x, 0.5), "elu", alpha=0.5),
        # torch turns linear above its threshold of 20, which is off by 2e-9 there.
        "softplus": entry(lambda x: F.softplus(x, threshold=500), "softplus"),
        "gelu": entry(lambda x: F.gelu(x, approximate="none"), "gelu"),
        "silu": entry(F.silu, "silu"),
        "softmax": ({"kind": "activation", "spec": {"type": "softmax"}}, {"x0": POINTS}, lambda x: F.softmax(x, 1)),
        "maxout": (
            {"kind": "activation", "spec": {"type": "maxout", "pieces": 3}}, rows,
            lambda x: x.reshape(4, 2, 3).amax(2),
        ),
    }  # fmt: skip


FIELDS = ("delta", "margin", "soft", "label_smoothing", "reduction", "factor")


def losses() -> dict[str, Entry]:
    def entry(function: Callable[..., torch.Tensor], name: str, **arrays: Any) -> Entry:
        fields = {k: arrays.pop(k) for k in FIELDS if k in arrays}
        return {"kind": "loss", "spec": {"type": name, **fields}}, arrays, function

    def hinge(x: torch.Tensor, t: torch.Tensor, margin: float = 1.0) -> torch.Tensor:
        # torch divides each sample's sum by the number of classes.
        return F.multi_margin_loss(x, t, margin=margin) * x.shape[1]

    pair = draws(2, x0=(5, 3), target=(5, 3))
    pair["target"][0] = pair["x0"][0] - [0.0, 1.0, -1.0]  # no error, and errors of exactly delta
    logits = draws(3, x0=(6, 4))["x0"] * 4
    far = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 999.0]])
    bits = (draws(4, t=(5, 3))["t"] > 0).astype(float)
    soft = np.clip(draws(5, t=(5, 3))["t"] + 0.5, 0, 1)
    six = np.array([0, 3, 1, 2, 2, 0])
    half, rows = {"reduction": "sum", "factor": 0.5}, {"reduction": "batch"}
    bce, ce = F.binary_cross_entropy_with_logits, F.cross_entropy
    return {
        "cross_entropy": entry(
            F.cross_entropy, "cross_entropy", x0=logits, target=np.array([0, 3, 1, 2, 2, 0])
        ),
        "cross_entropy, logits ±1000": entry(
            F.cross_entropy, "cross_entropy", x0=far, target=np.array([1, 1])
        ),
        "binary_cross_entropy": entry(
            F.binary_cross_entropy_with_logits, "binary_cross_entropy", x0=pair["x0"] * 3, target=bits
        ),
        "binary_cross_entropy, logits ±1000": entry(
            F.binary_cross_entropy_with_logits, "binary_cross_entropy", x0=far, target=bits[:2]
        ),
        "mse": entry(F.mse_loss, "mse", **pair),
        "mae": entry(F.l1_loss, "mae", **pair),
        "huber": entry(F.huber_loss, "huber", **pair),
        "cross_entropy, label smoothing 0.1": entry(
            lambda x, t: ce(x, t, label_smoothing=0.1), "cross_entropy", label_smoothing=0.1, x0=logits, target=six
        ),
        "cross_entropy, label smoothing 0.3, logits ±1000, sum": entry(
            lambda x, t: ce(x, t, label_smoothing=0.3, reduction="sum"), "cross_entropy", label_smoothing=0.3,
            reduction="sum", x0=far, target=np.array([1, 1]),
        ),
        "cross_entropy, ½Σ": entry(
            lambda x, t: 0.5 * ce(x, t, reduction="sum"), "cross_entropy", **half, x0=logits, target=six
        ),
        "cross_entropy, batch": entry(ce, "cross_entropy", **rows, x0=logits, target=six),
        "binary_cross_entropy, soft": entry(
            bce, "binary_cross_entropy", soft=True, x0=pair["x0"] * 3, target=soft
        ),
        "binary_cross_entropy, soft, logits ±1000": entry(
            bce, "binary_cross_entropy", soft=True, x0=far, target=soft[:2]
        ),
        "binary_cross_entropy, ½Σ": entry(
            lambda x, t: 0.5 * bce(x, t, reduction="sum"), "binary_cross_entropy", **half, x0=pair["x0"], target=bits
        ),
        "binary_cross_entropy, batch": entry(
            lambda x, t: bce(x, t, reduction="none").sum(1).mean(), "binary_cross_entropy", **rows, x0=pair["x0"],
            target=bits,
        ),
        "mse, ½Σ": entry(lambda x, t: 0.5 * F.mse_loss(x, t, reduction="sum"), "mse", **half, **pair),
        "mse, batch": entry(lambda x, t: F.mse_loss(x, t, reduction="none").sum(1).mean(), "mse", **rows, **pair),
        "mse, factor 0.3": entry(lambda x, t: 0.3 * F.mse_loss(x, t), "mse", factor=0.3, **pair),
        "mae, ½Σ": entry(lambda x, t: 0.5 * F.l1_loss(x, t, reduction="sum"), "mae", **half, **pair),
        "mae, batch": entry(lambda x, t: F.l1_loss(x, t, reduction="none").sum(1).mean(), "mae", **rows, **pair),
        "huber, ½Σ": entry(lambda x, t: 0.5 * F.huber_loss(x, t, reduction="sum"), "huber", **half, **pair),
        "huber, batch": entry(lambda x, t: F.huber_loss(x, t, reduction="none").sum(1).mean(), "huber", **rows, **pair),
        "hinge": entry(hinge, "hinge", x0=logits, target=six),
        "hinge, logits ±1000": entry(hinge, "hinge", x0=far, target=np.array([1, 1])),
        "hinge, margin 2.5": entry(lambda x, t: hinge(x, t, 2.5), "hinge", margin=2.5, x0=logits, target=six),
        "hinge, ½Σ": entry(lambda x, t: 0.5 * len(t) * hinge(x, t), "hinge", **half, x0=logits, target=six),
        "huber, delta 0.3": entry(lambda x, t: F.huber_loss(x, t, delta=0.3), "huber", delta=0.3, **pair),
    }  # fmt: skip


def layers() -> dict[str, Entry]:
    def entry(function: Callable[..., torch.Tensor], spec: dict[str, Any], arrays: Any, **more: Any) -> Entry:
        return {"kind": "layer", "spec": spec, **more}, arrays, function

    def conv(size: int, channels: int, stride: int, padding: int, seed: int) -> Entry:
        arrays = draws(seed, x0=(2, 3, 7, 6), W=(channels, 3, size, size), b=(channels,))
        spec = {"type": "conv2d", "channels": channels, "kernel": size, "stride": stride, "padding": padding}
        return entry(lambda x, W, b: F.conv2d(x, W, b, stride, padding), spec, arrays)

    def norm(shape: tuple[int, ...], seed: int, training: bool, *, frozen: bool = False) -> Entry:
        n = (shape[1],)
        arrays = draws(seed, x0=shape, gamma=n, beta=n, mean=n, var=n)
        arrays["x0"] = arrays["x0"] * 3 + 5
        arrays["var"] = np.exp(arrays["var"])

        def run(x: Any, gamma: Any, beta: Any, mean: Any, var: Any) -> torch.Tensor:
            # Training updates the statistics in place: a copy is given.
            return F.batch_norm(x, mean.clone(), var.clone(), gamma, beta, training and not frozen)

        spec = {"type": "batchnorm", "trainable": False} if frozen else {"type": "batchnorm"}
        return entry(run, spec, arrays, training=training)

    picture = draws(20, x0=(2, 3, 7, 6))
    rows = draws(21, x0=(4, 3), x1=(4, 3), x2=(4, 3))
    maps = draws(22, x0=(2, 1, 3, 4), x1=(2, 2, 3, 4))
    affine = draws(23, x0=(5, 4), W=(4, 3), b=(3,))
    pieces = draws(24, x0=(5, 4), W=(4, 6), b=(6,))
    kept = {"x0": rows["x0"], "mask": np.where(rows["x1"] > 0, 1 / 0.7, 0.0)}
    return {
        "dense": entry(
            lambda x, W, b: torch.tanh(F.linear(x, W.T, b)),
            {"type": "dense", "units": 3, "activation": "tanh"}, affine,
        ),
        "dense, no bias": entry(
            lambda x, W: torch.tanh(F.linear(x, W.T)),
            {"type": "dense", "units": 3, "activation": "tanh", "bias": False},
            {k: affine[k] for k in ("x0", "W")},
        ),
        "conv2d, no bias": entry(
            lambda x, W: F.conv2d(x, W, None, 2, 1),
            {"type": "conv2d", "channels": 4, "stride": 2, "padding": 1, "bias": False},
            draws(25, x0=(2, 3, 7, 6), W=(4, 3, 3, 3)),
        ),
        "batchnorm, rows, frozen in training": norm((6, 3), 26, True, frozen=True),
        "conv2d": conv(3, 4, 1, 0, 10),
        "conv2d, padding 1": conv(3, 2, 1, 1, 11),
        "conv2d, stride 2, padding 2": conv(3, 2, 2, 2, 12),
        "conv2d, kernel 1": conv(1, 5, 1, 0, 13),
        "conv2d, kernel 4, stride 3": conv(4, 2, 3, 0, 14),
        "maxpool2d": entry(lambda x: F.max_pool2d(x, 2), {"type": "maxpool2d"}, picture),
        "maxpool2d, overlapping": entry(
            lambda x: F.max_pool2d(x, 3, 2), {"type": "maxpool2d", "size": 3, "stride": 2}, picture
        ),
        "maxpool2d, ties": entry(
            lambda x: F.max_pool2d(x, 3, 1), {"type": "maxpool2d", "size": 3, "stride": 1},
            {"x0": np.maximum(np.round(picture["x0"]), 0)},
        ),
        "avgpool2d": entry(lambda x: F.avg_pool2d(x, 2), {"type": "avgpool2d"}, picture),
        "avgpool2d, overlapping": entry(
            lambda x: F.avg_pool2d(x, 3, 1), {"type": "avgpool2d", "size": 3, "stride": 1}, picture
        ),
        "flatten": entry(lambda x: torch.flatten(x, 1), {"type": "flatten"}, picture),
        "dropout, training": entry(lambda x, mask: x * mask, {"type": "dropout", "rate": 0.3}, kept),
        "dropout, evaluation": entry(
            lambda x: F.dropout(x, 0.3, training=False), {"type": "dropout", "rate": 0.3},
            {"x0": rows["x0"]}, training=False,
        ),
        "batchnorm, rows, training": norm((6, 3), 15, True),
        "batchnorm, pictures, training": norm((3, 2, 4, 5), 16, True),
        "batchnorm, rows, evaluation": norm((6, 3), 17, False),
        "batchnorm, pictures, evaluation": norm((3, 2, 4, 5), 18, False),
        "maxout": entry(
            lambda x, W, b: F.linear(x, W.T, b).reshape(5, 2, 3).amax(2),
            {"type": "maxout", "units": 2, "pieces": 3}, pieces,
        ),
        "add": entry(
            lambda *x: torch.sigmoid(sum(x)), {"type": "add", "inputs": ["x0", "x1", "x2"], "activation": "sigmoid"},
            rows,
        ),
        "concat, rows": entry(lambda *x: torch.cat(x, 1), {"type": "concat", "inputs": ["x0", "x1", "x2"]}, rows),
        "concat, pictures": entry(lambda *x: torch.cat(x, 1), {"type": "concat", "inputs": ["x0", "x1"]}, maps),
    }  # fmt: skip


CONSTANT = {"target", "mask", "mean", "var"}


def run(entry: Entry, dtype: torch.dtype) -> dict[str, np.ndarray]:
    _, arrays, function = entry
    tensors = {}
    for name, array in arrays.items():
        tensor = torch.tensor(array)
        if tensor.is_floating_point():
            tensor = tensor.to(dtype).requires_grad_(name not in CONSTANT)
        tensors[name] = tensor
    y = function(*tensors.values())
    upstream = torch.tensor(upstream_of(y)).to(dtype)
    (upstream * y).sum().backward()
    return {"y": y.detach().numpy()} | {
        name: t.grad.numpy() for name, t in tensors.items() if name not in CONSTANT
    }


def upstream_of(y: torch.Tensor) -> np.ndarray:
    return np.random.default_rng(99).normal(size=tuple(y.shape))


def running() -> dict[str, np.ndarray]:
    """Batch norm's running statistics after three batches of unequal size."""
    norm = torch.nn.BatchNorm1d(3, momentum=0.2, dtype=torch.float64)
    out = {}
    for k, m in enumerate((6, 4, 2)):
        x = draws(30 + k, x=(m, 3))["x"] * (k + 1) + k
        norm(torch.tensor(x))
        out[f"running/x{k}"] = x
        out[f"running/mean{k}"] = norm.running_mean.numpy().copy()
        out[f"running/var{k}"] = norm.running_var.numpy().copy()
    return out


if __name__ == "__main__":
    arrays: dict[str, np.ndarray] = running()
    entries = {}
    for kind, found in (("activation", activations()), ("loss", losses()), ("layer", layers())):
        for name, entry in found.items():
            key = f"{kind}/{name}"
            entries[key] = entry[0]
            arrays |= {f"{key}/in/{k}": v for k, v in entry[1].items()}
            for dtype in (torch.float64, torch.float32):
                word = str(dtype).removeprefix("torch.")
                results = run(entry, dtype)
                arrays |= {f"{key}/{word}/{k}": v for k, v in results.items()}
            arrays[f"{key}/in/upstream"] = upstream_of(torch.tensor(results["y"]))
    meta = json.dumps({"torch": torch.__version__, "entries": entries})
    np.savez_compressed(HERE / "engine.npz", meta=np.array(meta), **arrays)

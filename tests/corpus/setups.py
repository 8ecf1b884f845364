"""What a set-up is, and the sound half of the corpus."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import tomlkit

from tests.corpus.tables import TABLES, Rows

Half = Literal["tune", "held"]
Config = dict[str, Any]

SCALED = ("wine", "friedman", "heart", "irises", "houses")
"""Tables whose columns are not near mean 0 and spread 1: a sound set-up standardizes them."""
OUTPUTS = {
    "moons": 2, "circles": 2, "xor": 2, "spirals": 2, "spirals3": 3, "blobs3": 3, "blobs5": 5, "parity": 2,
    "digits": 10, "vehicles": 4, "clouds": 3, "wine": 3, "rings": 3, "survey": 2,
    "sine": 0, "linear": 0, "friedman": 0, "plane": 0, "bumps": 0, "yields": 0,
    "heart": 2, "irises": 3, "words": 4, "board": 2, "waves": 3, "rare": 3, "fog": 2, "blobs10": 10, "crowd": 3, "coil": 2,
    "parity5": 2, "houses": 0, "steps": 0, "cliff": 0, "cubic": 0, "sensors": 0, "hum": 0, "slope": 0,
}  # fmt: skip
"""Classes of each data set; 0 for numbers."""
GENERATED: dict[str, Config] = {
    "moons": {"source": "moons", "samples": 240, "noise": 0.1},
    "circles": {"source": "circles", "samples": 240, "noise": 0.06},
    "xor": {"source": "xor", "samples": 200, "noise": 0.12},
    "spirals": {"source": "spirals", "samples": 300, "turns": 0.6},
    "spirals3": {"source": "spirals", "samples": 300, "classes": 3, "turns": 0.5},
    "blobs3": {"source": "blobs", "samples": 240, "classes": 3},
    "blobs5": {"source": "blobs", "samples": 300, "classes": 5, "noise": 0.18},
    "parity": {"source": "parity", "bits": 4},
    "digits": {"source": "digits"},
    "vehicles": {"source": "vehicles", "samples": 400},
    "sine": {"source": "sine", "samples": 240},
    "linear": {"source": "linear", "samples": 120},
    "fog": {"source": "moons", "samples": 400, "noise": 0.3},
    "blobs10": {"source": "blobs", "samples": 500, "classes": 10, "noise": 0.1},
    "crowd": {"source": "blobs", "samples": 300, "classes": 3, "noise": 0.55},
    "coil": {"source": "spirals", "samples": 500, "turns": 1.0},
    "parity5": {"source": "parity", "bits": 5},
    "hum": {"source": "sine", "samples": 300, "noise": 0.3},
    "slope": {"source": "linear", "samples": 200, "noise": 0.5},
}


@dataclass(frozen=True, eq=False)
class Setup:
    """One set-up: a configuration, with its own table where it is not generated."""

    name: str
    half: Half
    config: Config
    rows: Rows | None = None
    fault: str = ""
    """The kind of fault that was planted; empty for a sound one."""
    sound: Setup | None = field(default=None, repr=False)
    """What it was before."""

    def write(self, directory: Path) -> Path:
        """The TOML file, with its CSV file beside it."""
        if self.rows is not None:
            self.rows.write(directory / f"{self.name}.csv")
        path = directory / f"{self.name}.toml"
        path.write_text(tomlkit.dumps(self.config), encoding="utf-8")
        return path

    def changed(self, fault: str, half: Half, config: Config, rows: Rows | None = None) -> Setup:
        """A copy with a fault, its configuration and table replaced."""
        name = f"{fault}-{self.name}"
        config = copy.deepcopy(config)
        if config["data"]["source"] == "csv":
            config["data"]["path"] = f"{name}.csv"
        return Setup(name, half, config, rows if rows is not None else self.rows, fault, self)


def dense(units: int, activation: str = "relu", **more: Any) -> Config:
    """A dense layer."""
    return {"type": "dense", "units": units, "activation": activation, **more}


def config(
    source: str, hidden: list[Config], optimizer: Config, epochs: int, batch: int | str = 16, **more: Any
) -> Config:
    """A configuration with the output and loss that the data asks for; ``more`` is merged table by table."""
    classes = OUTPUTS[source]
    table: Config = dict(GENERATED.get(source) or {"source": "csv", "path": f"{source}.csv", "target": "y"})
    if not source.startswith("parity"):
        table["validation"] = 0.25
    output, loss = dense(max(1, classes), "linear"), "mse"
    if classes == 2 and more.pop("one_unit", source in ("xor", "survey", "parity", "parity5")):
        output, loss = dense(1, "sigmoid"), "binary_cross_entropy"
    elif classes:
        output, loss = dense(classes, "softmax"), "cross_entropy"
    out: Config = {"data": table}
    if source in SCALED:
        out["preprocess"] = [{"type": "standardize"}]
    if source == "digits":
        out["preprocess"] = [{"type": "minmax"}]
    out |= {
        "layers": [*hidden, output],
        "objective": {"loss": loss},
        "optimizer": optimizer,
        "train": {"epochs": epochs, "batch_size": batch},
    }
    for key, value in more.items():
        out[key] = {**out[key], **value} if isinstance(out.get(key), dict) else value
    return out


def opt(name: str, lr: float | None = None, **more: Any) -> Config:
    return {"type": name, **({} if lr is None else {"lr": lr}), **more}


def layers_of(spec: str) -> list[Config]:
    """ "16 relu, 8 tanh" as layers; "bn" and "drop 0.2" stand between."""
    out: list[Config] = []
    for part in filter(None, (p.strip() for p in spec.split(","))):
        words = part.split()
        if words[0] == "bn":
            out.append({"type": "batchnorm", "activation": words[1] if len(words) > 1 else "linear"})
        elif words[0] == "drop":
            out.append({"type": "dropout", "rate": float(words[1])})
        elif words[0] == "conv":
            out.append({"type": "conv2d", "channels": int(words[1]), "padding": 1, "activation": words[2]})
        elif words[0] in ("maxpool2d", "flatten"):
            out.append({"type": words[0]})
        elif words[0] == "maxout":
            out.append({"type": "maxout", "units": int(words[1])})
        else:
            more = {"init": words[2]} if len(words) > 2 else {}
            out.append(dense(int(words[0]), words[1], **more))
    return out


FULL = {"dtype": "float64"}
PICTURES = "conv 6 relu, maxpool2d, conv 8 relu, maxpool2d, flatten, 16 relu"
_SOUND: list[tuple[str, str, Config, int, int | str, Config]] = [
    ("moons", "16 relu, 16 relu", opt("adam", 0.01), 60, 16, {}),
    ("moons", "8 tanh, 8 tanh", opt("sgd", 0.3), 120, 16, {}),
    ("moons", "16 leaky_relu", opt("momentum", 0.05), 80, 32, {}),
    ("moons", "12 gelu, 12 gelu", opt("adamw", 0.01), 60, 16, {"schedule": {"type": "cosine"}}),
    ("moons", "10 tanh", opt("lbfgs"), 40, "full", {**FULL, "objective": {"l2": 1e-3}}),
    ("moons", "16 elu, 8 elu", opt("rmsprop", 0.005), 60, 8, {}),
    ("moons", "16 relu, 16 relu, 16 relu, 16 relu, 16 relu, 16 relu", opt("adam", 0.005), 60, 16, {}),
    ("moons", "12 tanh, 12 tanh, 12 tanh, 12 tanh, 12 tanh", opt("adam", 0.005), 80, 16, {}),
    ("circles", "16 relu", opt("adam", 0.02), 60, 16, {}),
    ("circles", "12 tanh", opt("nesterov", 0.05), 80, 16, {}),
    ("circles", "16 silu, 16 silu", opt("nadam", 0.01), 60, 32, {}),
    ("circles", "8 softplus, 8 softplus", opt("adam", 0.03), 100, 16, {}),
    ("circles", "8 tanh", opt("bfgs"), 40, "full", {**FULL, "objective": {"l2": 1e-3}}),
    ("xor", "8 tanh", opt("adam", 0.02), 100, 16, {}),
    ("xor", "16 relu", opt("sgd", 0.2), 150, 16, {}),
    ("xor", "12 sigmoid", opt("adam", 0.05), 150, 16, {}),
    ("xor", "6 tanh, 6 tanh", opt("amsgrad", 0.02), 100, 16, {}),
    ("spirals", "32 relu, 32 relu", opt("adam", 0.01), 80, 16, {}),
    ("spirals", "32 tanh, 32 tanh", opt("adam", 0.01), 100, 16, {}),
    ("spirals", "24 gelu, 24 gelu, 24 gelu", opt("amsgrad", 0.01), 60, 16, {}),
    ("spirals3", "32 relu, 32 relu", opt("momentum", 0.05), 120, 16, {}),
    ("spirals3", "48 leaky_relu, bn, 24 relu", opt("adam", 0.01), 60, 32, {}),
    ("blobs3", "8 relu", opt("sgd", 0.1), 40, 16, {}),
    ("blobs3", "", opt("sgd", 0.3), 60, 16, {}),
    ("blobs3", "8 sigmoid", opt("adam", 0.03), 60, 32, {}),
    ("blobs3", "8 tanh", opt("adagrad", 0.1), 60, 16, {}),
    ("blobs5", "16 relu, 16 relu", opt("adam", 0.01), 50, 16, {}),
    ("blobs5", "16 tanh", opt("sgd", 0.3), 80, 16, {"schedule": {"type": "step", "size": 30, "gamma": 0.3}}),
    ("blobs5", "maxout 12", opt("adam", 0.01), 50, 16, {}),
    ("blobs5", "24 relu, drop 0.2, 24 relu", opt("adam", 0.01), 60, 16, {}),
    ("parity", "16 tanh", opt("adam", 0.03), 300, "full", {}),
    ("parity", "24 relu", opt("adam", 0.02), 300, 4, {}),
    ("digits", "32 relu", opt("adam", 0.005), 8, 32, {}),
    ("digits", "32 tanh, 32 tanh", opt("momentum", 0.03), 10, 32, {}),
    ("digits", "48 relu, bn, 32 relu", opt("sgd", 0.1), 8, 32, {}),
    ("digits", "40 relu, drop 0.25, 40 relu", opt("adam", 0.005), 10, 32, {"objective": {"l2": 1e-4}}),
    ("digits", "32 relu, 32 relu, 32 relu, 32 relu", opt("rmsprop", 0.0007), 10, 32, {}),
    ("vehicles", PICTURES, opt("adam", 0.005), 14, 16, {"data": {"samples": 600}}),
    ("sine", "24 tanh", opt("adam", 0.01), 250, 16, {}),
    ("sine", "32 relu, 32 relu", opt("adam", 0.005), 120, 16, {}),
    ("sine", "16 tanh, 16 tanh", opt("lbfgs"), 60, "full", FULL),
    ("sine", "16 silu, 16 silu", opt("momentum", 0.02), 200, 16, {}),
    ("linear", "", opt("sgd", 0.1), 60, 16, {}),
    ("linear", "", opt("newton"), 10, "full", FULL),
    ("linear", "8 tanh", opt("adam", 0.01), 80, 8, {}),
    ("clouds", "16 relu", opt("adam", 0.01), 30, 16, {"objective": {"l2": 0.01}}),
    ("clouds", "16 tanh", opt("sgd", 0.1), 40, 16, {"objective": {"l2": 0.005}}),
    ("clouds", "24 relu, 12 relu", opt("adamw", 0.005, weight_decay=0.1), 25, 16, {}),
    ("wine", "12 relu", opt("adam", 0.01), 30, 16, {"objective": {"l2": 0.01}}),
    ("wine", "12 tanh, 12 tanh", opt("momentum", 0.02), 40, 16, {"objective": {"l2": 0.005}}),
    ("wine", "16 relu, 16 relu", opt("sgd", 0.05), 40, 8, {"preprocess": [{"type": "minmax"}]}),
    ("friedman", "32 relu, 32 relu", opt("adam", 0.01), 80, 16, {"objective": {"l2": 1e-3}}),
    ("friedman", "24 tanh", opt("momentum", 0.02), 120, 16, {}),
    ("friedman", "32 gelu", opt("adam", 0.01), 80, 32, {"objective": {"loss": "huber"}}),
    ("plane", "", opt("sgd", 0.05), 40, 16, {}),
    ("plane", "16 relu", opt("adam", 0.01), 40, 32, {"objective": {"l2": 1e-3}}),
    ("plane", "8 tanh", opt("cg"), 40, "full", {**FULL, "objective": {"l2": 1e-3}}),
    ("bumps", "32 tanh", opt("adam", 0.02), 120, 16, {}),
    ("bumps", "32 relu, 32 relu", opt("adam", 0.01), 80, 16, {}),
    ("bumps", "24 elu, 24 elu", opt("adam", 0.01), 80, 16, {"objective": {"loss": "mae"}}),
    ("rings", "32 relu", opt("adam", 0.02), 60, 16, {}),
    ("rings", "24 tanh, 24 tanh", opt("adam", 0.01), 80, 16, {"objective": {"l2": 1e-4}}),
    ("rings", "32 relu, 16 relu", opt("momentum", 0.03), 80, 16, {"schedule": {"type": "cosine", "warmup": 3}}),
    ("survey", "12 relu", opt("adam", 0.005), 25, 16, {"objective": {"l2": 0.02}}),
    ("survey", "8 tanh", opt("sgd", 0.05), 40, 16, {"objective": {"l2": 0.02}}),
    ("yields", "12 tanh", opt("adam", 0.005), 40, 16, {"objective": {"l2": 0.02}}),
    ("yields", "", opt("sgd", 0.03), 40, 16, {}),
    ("yields", "16 relu", opt("adam", 0.003), 30, 32, {"objective": {"l2": 0.03}}),
]  # fmt: skip


def sound() -> list[Setup]:
    """The sound half, in a fixed order; every second one is held out."""
    counts: dict[str, int] = {}
    out = []
    for k, (data, layers, optimizer, epochs, batch, more) in enumerate(_SOUND):
        counts[data] = counts.get(data, 0) + 1
        name = f"{data}_{counts[data]}"
        built = config(data, layers_of(layers), dict(optimizer), epochs, batch, **copy.deepcopy(more))
        rows = TABLES[data]() if data in TABLES else None
        if rows is not None:
            built["data"]["path"] = f"{name}.csv"
        out.append(Setup(name, "held" if k % 2 else "tune", built, rows))
    return out

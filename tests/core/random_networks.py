"""Networks of every kind of layer, activation and loss, connected at random without cycles."""

from __future__ import annotations

from random import Random

import numpy as np

from nntui_core import catalog
from nntui_core.activations import Maxout, Softmax
from nntui_core.graph import Op
from nntui_core.layers.base import Layer
from nntui_core.layers.dense import Dense, MaxoutLayer
from nntui_core.layers.joining import AddLayer, ConcatLayer
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.layers.spatial import AvgPool2dLayer, Conv2dLayer, Flatten, MaxPool2dLayer
from nntui_core.memory import Shape
from nntui_core.model import INPUT, Model, NetworkSpec
from nntui_core.network import Network

SAMPLES = 3
ACTIVATIONS = [n for n in catalog.members("activation") if n not in ("softmax", "maxout")]


def _activation(rng: Random) -> Op:
    return catalog.build("activation", rng.choice(ACTIVATIONS))


class _Maker:
    """Adds layers that fit, and keeps the shape of each one's output."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.image = rng.choice([None, (1, 4, 4), (2, 5, 4)])
        self.layers: list[Layer] = []
        start: Shape = self.image or (rng.randint(1, 4),)
        self.shapes: dict[str, Shape] = {INPUT: start}
        if self.image:
            # The first to read the input needs pictures, so that the input is laid out as such.
            self.add(
                Conv2dLayer, (INPUT,), (2, *start[1:]), channels=2, padding=1, activation=_activation(rng)
            )

    def add(self, cls: type[Layer], inputs: tuple[str, ...], shape: Shape, **fields: object) -> str:
        name = f"l{len(self.layers)}"
        self.layers.append(cls(name=name, inputs=inputs, **fields))
        self.shapes[name] = shape
        return name

    def grow(self) -> None:
        """One more layer, on any earlier ones."""
        rng = self.rng
        source = rng.choice(list(self.shapes))
        shape = self.shapes[source]
        kinds = ["dropout", "batchnorm", "add", "concat"]
        kinds += ["conv", "pool", "flatten"] if len(shape) == 3 else ["dense", "dense", "maxout"]
        kind = rng.choice(kinds)
        if kind == "dense":
            units = rng.randint(1, 4)
            self.add(Dense, (source,), (units,), units=units, activation=_activation(rng))
        elif kind == "maxout":
            units = rng.randint(1, 3)
            self.add(MaxoutLayer, (source,), (units,), units=units, pieces=rng.randint(2, 3))
        elif kind == "conv":
            self.convolve(source, shape)
        elif kind == "pool":
            size, stride = rng.randint(1, min(3, *shape[1:])), rng.randint(1, 2)
            cls = rng.choice([MaxPool2dLayer, AvgPool2dLayer])
            after = (shape[0], *((n - size) // stride + 1 for n in shape[1:]))
            self.add(cls, (source,), after, size=size, stride=stride)
        elif kind == "flatten":
            self.add(Flatten, (source,), (int(np.prod(shape)),))
        elif kind == "dropout":
            self.add(Dropout, (source,), shape, rate=0.3)
        elif kind == "batchnorm":
            self.add(BatchNormLayer, (source,), shape, activation=_activation(rng), eps=0.1)
        else:
            self.join(kind, source, shape)

    def convolve(self, source: str, shape: Shape) -> None:
        rng = self.rng
        kernel, stride = rng.randint(1, min(3, *shape[1:])), rng.randint(1, 2)
        padding, channels = rng.randint(0, 1), rng.randint(1, 2)
        after = (channels, *((n + 2 * padding - kernel) // stride + 1 for n in shape[1:]))
        self.add(
            Conv2dLayer, (source,), after, channels=channels, kernel=kernel, stride=stride,
            padding=padding, activation=_activation(rng),
        )  # fmt: skip

    def join(self, kind: str, source: str, shape: Shape) -> None:
        first = 0 if kind == "add" else 1
        fitting = [n for n, s in self.shapes.items() if len(s) == len(shape) and s[first:] == shape[first:]]
        names = (source, *(self.rng.choice(fitting) for _ in range(self.rng.randint(1, 2))))
        if kind == "add":
            self.add(AddLayer, names, shape, activation=_activation(self.rng))
        else:
            channels = sum(self.shapes[n][0] for n in names)
            self.add(ConcatLayer, names, (channels, *shape[1:]))

    def finish(self) -> NetworkSpec:
        """Join the loose ends, and put a loss on them."""
        rng = self.rng
        read = {i for layer in self.layers for i in layer.inputs or ()}
        loose = [n for n in self.shapes if n not in read]
        rows = [
            n if len(self.shapes[n]) == 1 else self.add(Flatten, (n,), (int(np.prod(self.shapes[n])),))
            for n in loose
        ]
        last = rows[0] if len(rows) == 1 else self.add(
            ConcatLayer, tuple(rows), (sum(self.shapes[r][0] for r in rows),)
        )  # fmt: skip
        reduced = {"reduction": rng.choice(["mean", "batch", "sum"]), "factor": rng.choice([1.0, 0.5])}
        loss = catalog.build("loss", {"type": rng.choice(list(catalog.members("loss"))), **reduced})
        width = rng.randint(2, 3)
        activation = (
            catalog.build("activation", loss.needs)
            if loss.needs
            else rng.choice([_activation(rng), Softmax()])
        )
        if not loss.needs and activation.type == "linear" and rng.random() < 0.3:
            self.add(Dense, (last,), (1,), units=2, activation=Maxout())
            width = 1
        else:
            self.add(Dense, (last,), (width,), units=width, activation=activation)
        return NetworkSpec(
            tuple(self.layers), loss, int(np.prod(self.shapes[INPUT])), self.image, targets=width,
            classification=loss.needs is not None, dtype="float64", seed=rng.randint(0, 10**6),
            l2=rng.choice([0.0, 0.1]), l1=rng.choice([0.0, 0.05]),
        )  # fmt: skip


def random_network(rng: Random) -> tuple[Network, Model]:
    """A network with random weights, slopes and norms, and its debugging graph with a batch and masks."""
    maker = _Maker(rng)
    for _ in range(rng.randint(0, 6)):
        maker.grow()
    network = Network(maker.finish())
    draws = np.random.default_rng(network.spec.seed)
    network.parameters.theta[:] += draws.normal(scale=0.3, size=len(network.parameters))
    return network, filled(network, debug=True)


def filled(network: Network, *, debug: bool) -> Model:
    """A training graph with its batch, labels and masks; the same ones for one network."""
    model = network.model(SAMPLES, "train", debug=debug)
    draws = np.random.default_rng(network.spec.seed + 1)
    model.plan.value(model.x)[...] = draws.normal(size=(SAMPLES, network.spec.features))
    assert model.target is not None
    target = model.plan.value(model.target)
    if network.spec.classification:
        target[...] = draws.integers(0, 2, size=target.shape)
    else:
        target[...] = draws.normal(size=target.shape)
    model.draw(network.spec.seed, 1)
    return model


def kinds(network: Network) -> set[str]:
    """Types of the layers, activations and losses that it is made of."""
    found = {layer.type for layer in network.spec.layers} | {network.spec.loss.type}
    return found | {layer.activation.type for layer in network.spec.layers if hasattr(layer, "activation")}

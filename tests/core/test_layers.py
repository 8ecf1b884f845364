"""Every layer of the catalogue by itself: its gradients, its parts, and what it says when shapes do not fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.activations import LeakyRelu, Prelu, Relu, Sigmoid, Softmax, Tanh
from nntui_core.errors import ConfigError, ShapeError
from nntui_core.layers.base import Layer
from nntui_core.layers.dense import Dense, MaxoutLayer
from nntui_core.layers.joining import AddLayer, ConcatLayer
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.layers.spatial import AvgPool2dLayer, Conv2dLayer, Flatten, MaxPool2dLayer
from nntui_core.losses import MeanSquaredError
from nntui_core.memory import Array, Shape
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from tests.core.bench import measured
from tests.core.cases import draw

PICTURES = (2, 2, 5, 4)
NORM = {"gamma": (3,), "beta": (3,), "mean": (3,), "var": (3,)}


@dataclass(frozen=True, eq=False)
class LayerCase:
    """A layer, the shapes of its inputs, of what it learns or keeps, and of its result."""

    layer: Layer
    inputs: tuple[Shape, ...]
    result: Shape
    values: dict[str, Shape] = field(default_factory=dict)
    training: bool = True

    def arrays(self) -> tuple[list[Array], dict[str, Array], Array]:
        values = {name: draw(shape, 30 + k) for k, (name, shape) in enumerate(self.values.items())}
        if "var" in values:
            values["var"] = np.abs(values["var"])
        return [draw(shape, k) for k, shape in enumerate(self.inputs)], values, draw(self.result, 99)

    def run(
        self, xs: list[Array], values: dict[str, Array], upstream: Array, *, opened: bool = False
    ) -> dict[str, Array]:
        return measured(self.layer, xs, values, upstream, training=self.training, opened=opened)

    @property
    def id(self) -> str:
        return f"{self.layer.type}-{'train' if self.training else 'evaluate'}-{self.inputs[0]}"


DENSE, CONV = {"W": (4, 3), "b": (3,)}, {"W": (3, 2, 3, 3), "b": (3,)}
CASES: dict[str, list[LayerCase]] = {
    "dense": [
        LayerCase(Dense(units=3), ((5, 4),), (5, 3), DENSE),
        LayerCase(Dense(units=3, activation=Sigmoid()), ((5, 4),), (5, 3), DENSE),
        LayerCase(Dense(units=3, activation=Softmax()), ((1, 4),), (1, 3), DENSE),
        LayerCase(Dense(units=3, activation=Prelu()), ((5, 4),), (5, 3), {**DENSE, "slope": (3,)}),
    ],
    "maxout": [LayerCase(MaxoutLayer(units=2, pieces=3), ((5, 4),), (5, 2), {"W": (4, 6), "b": (6,)})],
    "conv2d": [
        LayerCase(Conv2dLayer(channels=3), (PICTURES,), (2, 3, 3, 2), CONV),
        LayerCase(Conv2dLayer(channels=3, stride=2, padding=2, activation=Tanh()), (PICTURES,), (2, 3, 4, 3), CONV),
        LayerCase(
            Conv2dLayer(channels=3, padding=1, activation=Prelu()), (PICTURES,), (2, 3, 5, 4),
            {**CONV, "slope": (3, 1, 1)},
        ),
    ],
    "maxpool2d": [LayerCase(MaxPool2dLayer(), (PICTURES,), (2, 2, 2, 2)),
                  LayerCase(MaxPool2dLayer(size=3, stride=1), (PICTURES,), (2, 2, 3, 2))],
    "avgpool2d": [LayerCase(AvgPool2dLayer(), (PICTURES,), (2, 2, 2, 2)),
                  LayerCase(AvgPool2dLayer(size=3, stride=1), (PICTURES,), (2, 2, 3, 2))],
    "flatten": [LayerCase(Flatten(), (PICTURES,), (2, 40)), LayerCase(Flatten(), ((5, 4),), (5, 4))],
    "add": [LayerCase(AddLayer(activation=LeakyRelu()), ((5, 4), (5, 4), (5, 4)), (5, 4)),
            LayerCase(AddLayer(), (PICTURES, PICTURES), PICTURES)],
    "concat": [LayerCase(ConcatLayer(), ((5, 4), (5, 1), (5, 2)), (5, 7)),
               LayerCase(ConcatLayer(), (PICTURES, (2, 1, 5, 4)), (2, 3, 5, 4))],
    "dropout": [
        LayerCase(Dropout(rate=0.3), ((5, 4),), (5, 4), {"mask": (5, 4)}),
        LayerCase(Dropout(rate=0.3), (PICTURES,), PICTURES, {"mask": PICTURES}),
        LayerCase(Dropout(rate=0.0), ((5, 4),), (5, 4)),
        LayerCase(Dropout(rate=0.3), ((5, 4),), (5, 4), training=False),
    ],
    "batchnorm": [
        LayerCase(BatchNormLayer(activation=Relu()), ((5, 3),), (5, 3), NORM),
        LayerCase(BatchNormLayer(), ((2, 3, 2, 2),), (2, 3, 2, 2), NORM),
        LayerCase(BatchNormLayer(eps=0.1), ((5, 3),), (5, 3), NORM, training=False),
        LayerCase(BatchNormLayer(), ((2, 3, 2, 2),), (2, 3, 2, 2), NORM, training=False),
    ],
}  # fmt: skip
ALL = [case for found in CASES.values() for case in found]
every_case = pytest.mark.parametrize("case", ALL, ids=[c.id for c in ALL])


def test_every_layer_has_a_case() -> None:
    assert set(CASES) == set(catalog.members("layer"))
    for name, found in CASES.items():
        assert found
        assert {c.layer.type for c in found} == {name}


@every_case
def test_gradients_equal_finite_differences(case: LayerCase) -> None:
    xs, values, upstream = case.arrays()
    found = case.run(xs, values, upstream)
    assert found["y"].shape == case.result
    moved = {f"x{k}": x for k, x in enumerate(xs)} | values
    assert set(found) - {"y"} == {n for n in moved if n not in ("mask", "mean", "var")}
    h = 1e-5
    for name in set(found) - {"y"}:
        assert found[name].shape == moved[name].shape
        for index in np.ndindex(moved[name].shape):
            saved = moved[name][index]
            ends = []
            for end in (saved + h, saved - h):
                moved[name][index] = end
                ends.append(float(np.sum(case.run(xs, values, upstream)["y"] * upstream)))
            moved[name][index] = saved
            numeric = (ends[0] - ends[1]) / (2 * h)
            assert found[name][index] == pytest.approx(numeric, rel=1e-6, abs=1e-8), (name, index)


@every_case
def test_opened_equals_closed(case: LayerCase) -> None:
    closed, opened = case.run(*case.arrays()), case.run(*case.arrays(), opened=True)
    assert set(opened) == set(closed)
    for name, array in closed.items():
        np.testing.assert_allclose(opened[name], array, rtol=1e-11, atol=1e-13)


@every_case
def test_twice_is_bitwise_the_same_and_zero_upstream_gives_zero(case: LayerCase) -> None:
    one, two = case.run(*case.arrays()), case.run(*case.arrays())
    assert {k: a.tobytes() for k, a in one.items()} == {k: a.tobytes() for k, a in two.items()}
    xs, values, upstream = case.arrays()
    zero = case.run(xs, values, np.zeros_like(upstream))
    assert not any(array.any() for name, array in zero.items() if name != "y")


def network(*layers: Layer, features: int = 64, image: tuple[int, int, int] | None = (1, 8, 8)) -> Network:
    return Network(
        NetworkSpec(layers, MeanSquaredError(), features, image, classification=False, dtype="float64")
    )


CONV3 = Conv2dLayer(channels=2)
BRANCHES = (
    Conv2dLayer(name="thin", channels=2, inputs=("input",)),
    Conv2dLayer(name="small", channels=2, kernel=5, inputs=("input",)),
    Flatten(name="row", inputs=("thin",)),
)
FAULTS = [
    (
        (CONV3, Dense(units=3)), "dense1",
        ["dense layer dense1", "conv2d1 gives pictures of 2×6×6", "(2, 6, 6)", "(features,)", '"flatten" before it'],
    ),
    (
        (CONV3, MaxoutLayer(units=3)), "maxout1",
        ["maxout layer maxout1", "conv2d1 gives pictures of 2×6×6", "flatten"],
    ),
    (
        (Dense(name="first", units=1), CONV3), "conv2d1",
        ["conv2d layer conv2d1 needs pictures", "first gives 1 number ", "(1,)", "channels, height, width", "before flatten"],
    ),
    (
        (Flatten(), MaxPool2dLayer(name="pool")), "pool",
        ["maxpool2d layer pool needs pictures", "flatten1 gives 64 numbers"],
    ),
    (
        (Flatten(), AvgPool2dLayer()), "avgpool2d1",
        ["avgpool2d layer avgpool2d1 needs pictures", "flatten1 gives 64 numbers"],
    ),
    (
        (CONV3, MaxPool2dLayer(size=4), Conv2dLayer(channels=2, kernel=3)), "conv2d2",
        ["conv2d layer conv2d2", "a window of 3×3", "pictures of 1×1", "which maxpool2d1 gives", "up to 1×1", "padding"],
    ),
    ((CONV3, MaxPool2dLayer(size=7)), "maxpool2d1", ["layer maxpool2d1", "7×7", "6×6, which conv2d1 gives", "smaller window"]),
    ((AvgPool2dLayer(size=9),), "avgpool2d1", ["layer avgpool2d1", "9×9", "8×8, which input gives"]),
    (
        (*BRANCHES, AddLayer(inputs=("thin", "small"))), "add1",
        ["add layer add1", "thin gives pictures of 2×6×6", "small pictures of 2×4×4", "(2, 6, 6) and (2, 4, 4)",
         "give thin and small the same"],
    ),
    (
        (*BRANCHES, AddLayer(inputs=("row", "small"))), "add1",
        ["row gives 72 numbers", "small pictures of 2×4×4", '"flatten" after small'],
    ),
    (
        (*BRANCHES, ConcatLayer(inputs=("thin", "small"))), "concat1",
        ["concat layer concat1", "thin gives pictures of 2×6×6", "small pictures of 2×4×4", "the same picture size"],
    ),
    ((*BRANCHES, ConcatLayer(inputs=("small", "row"))), "concat1", ["concat1", '"flatten" after small']),
    ((CONV3, AddLayer()), "add1", ["add layer add1", "at least two", "given conv2d1", "inputs = ["]),
    ((CONV3, ConcatLayer(inputs=("conv2d1",))), "concat1", ["concat layer concat1", "at least two", "inputs = ["]),
    (
        (*BRANCHES, Dense(units=1, inputs=("row", "small"))), "dense1",
        ["dense layer dense1 reads one layer", "row, small", "add or concat"],
    ),
    ((Flatten(), Dense(units=1, theta=((1.0, 2.0),))), "dense1.theta",
     ["layer dense1 of 1 unit", "flatten1 gives 64 numbers", "1 row of 2", "1 row (one a unit) of 65 numbers"]),
    ((Flatten(), Dense(units=2, theta=((0.0,) * 65,))), "dense1.theta", ["1 row of 65", "2 rows (one a unit) of 65"]),
    ((CONV3,), "conv2d1", ["the last layer, conv2d1", "pictures of 2×6×6", "flatten and dense"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layers", "where", "words"), FAULTS, ids=[f"{w}-{k}" for k, (_, w, _) in enumerate(FAULTS)]
)
def test_faults_name_both_layers_both_shapes_and_the_cure(
    layers: tuple[Layer, ...], where: str, words: list[str]
) -> None:
    with pytest.raises(ShapeError) as fault:
        network(*layers)
    assert fault.value.where == where
    for word in words:
        assert word in str(fault.value)


def test_names_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="head: two layers have this name"):
        network(Dense(units=2, name="head"), Dense(units=2, name="head"), image=None)
    with pytest.raises(ConfigError, match="dense2: two layers"):
        network(Dense(units=2, name="dense2"), Dense(units=2), image=None)
    with pytest.raises(ConfigError, match="input: two layers"):
        network(Dense(units=2, name="input"), image=None)
    with pytest.raises(ConfigError, match=r"layer a reads b, which is no earlier layer.*allowed input"):
        network(Dense(units=2, name="a", inputs=("b",)), Dense(units=2, name="b"), image=None)


@pytest.mark.parametrize(
    ("before", "channels"),
    [
        ((Dropout(),), 1),
        ((BatchNormLayer(), Dropout()), 1),
        ((AddLayer(name="twice", inputs=("input", "input")), ConcatLayer(inputs=("twice", "input"))), 2),
    ],
)
def test_pictures_reach_a_convolution_through_layers_that_keep_them(
    before: tuple[Layer, ...], channels: int
) -> None:
    made = network(*before, CONV3, Flatten(), Dense(units=2))
    assert made.parameters.layout["conv2d1.W"].shape[1] == channels


def test_pictures_stay_rows_where_no_layer_needs_them() -> None:
    made = network(BatchNormLayer(), Dense(units=2))
    assert made.parameters.layout["batchnorm1.gamma"].shape == (64,)
    assert "input.pictures" not in made.model(3, "predict").plan.graph


def test_theta_of_a_convolution_is_a_row_a_filter() -> None:
    """Its bias first, then channel by channel the rows of the filter; against the sum written out."""
    theta = np.arange(2 * 9, dtype=float).reshape(2, 9)
    layers = (Conv2dLayer(channels=2, kernel=2, theta=tuple(map(tuple, theta))), Flatten())
    network = Network(
        NetworkSpec(
            layers, MeanSquaredError(), 18, image=(2, 3, 3), targets=8, classification=False, dtype="float64"
        )
    )
    np.testing.assert_array_equal(network.theta("conv2d1"), theta)
    x = np.random.default_rng(0).normal(size=(1, 18))
    picture = x.reshape(2, 3, 3)
    expected = [
        row[0] + sum(row[1 + 4 * c + 2 * i + j] * picture[c, r + i, k + j] for c in (0, 1) for i in (0, 1) for j in (0, 1))
        for row in theta for r in (0, 1) for k in (0, 1)
    ]  # fmt: skip
    np.testing.assert_allclose(network.predict(x), [expected], rtol=1e-12)


def test_theta_without_biases_has_no_column_for_them() -> None:
    layers = (Conv2dLayer(channels=1, kernel=2, bias=False, theta=((1.0, 2.0, 3.0, 4.0),)), Flatten(),
              Dense(units=1, bias=False, theta=((1.0, 10.0, 100.0, 1000.0),)))  # fmt: skip
    network = Network(NetworkSpec(layers, MeanSquaredError(), 9, image=(1, 3, 3), classification=False))
    assert list(network.parameters) == ["conv2d1.W", "dense1.W"]
    assert network.theta("conv2d1").tolist() == [[1, 2, 3, 4]]
    assert network.theta("dense1").tolist() == [[1, 10, 100, 1000]]
    assert network.predict(np.ones((1, 9))).tolist() == [[11110.0]]


def test_a_convolution_s_theta_must_fit() -> None:
    layers = (Conv2dLayer(channels=2, kernel=2, theta=((0.0,) * 4,) * 2), Flatten())
    with pytest.raises(
        ShapeError, match=r"2 rows of 4; allowed 2 rows \(one a filter\) of 5 numbers"
    ) as fault:
        Network(NetworkSpec(layers, MeanSquaredError(), 9, image=(1, 3, 3), targets=8, classification=False))
    assert fault.value.where == "conv2d1.theta"

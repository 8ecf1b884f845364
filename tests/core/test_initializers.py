"""Initial weights: their distributions, and the variance that each promises to keep through a deep net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.activations import Elu, LeakyRelu, Linear, Prelu, Relu, Sigmoid, Tanh
from nntui_core.initializers.base import Initializer
from nntui_core.initializers.drawn import Normal, Orthogonal, RandomWalk, XavierUniform, Zeros
from nntui_core.initializers.fitted import DataDependent, Lsuv
from nntui_core.layers.dense import Dense, MaxoutLayer
from nntui_core.layers.spatial import Conv2dLayer, Flatten
from nntui_core.losses import CrossEntropy, MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.rng import stream

MEMBERS = catalog.members("initializer")
IN, OUT = 300, 200
# Standard deviation of an IN × OUT draw.
SPREAD = {
    "zeros": 0.0,
    "normal": 0.01,
    "xavier_uniform": (2 / (IN + OUT)) ** 0.5,
    "xavier_normal": (2 / (IN + OUT)) ** 0.5,
    "he_uniform": (2 / IN) ** 0.5,
    "he_normal": (2 / IN) ** 0.5,
    "lecun_uniform": IN**-0.5,
    "lecun_normal": IN**-0.5,
    "orthogonal": IN**-0.5,
    "random_walk": (2 / IN) ** 0.5 * np.exp(1.2 / (IN - 2.4)),
    "data_dependent": IN**-0.5,
    "lsuv": IN**-0.5,
}


def draw(init: Initializer, shape: tuple[int, ...], fans: tuple[int, int], k: int = 0) -> Any:
    return init.draw(shape, *fans, stream(0, "test", k))


@pytest.mark.parametrize("name", MEMBERS)
def test_spread_shape_and_mean(name: str) -> None:
    w = draw(catalog.build("initializer", name), (IN, OUT), (IN, OUT))
    assert w.shape == (IN, OUT)
    assert w.dtype == np.float64
    # Four standard errors of a standard deviation over 60,000 draws.
    assert w.std() == pytest.approx(SPREAD[name], rel=4 / np.sqrt(2 * w.size))
    assert abs(w.mean()) <= 4 * SPREAD[name] / np.sqrt(w.size)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_same_stream_draws_the_same_weights(name: str) -> None:
    init = catalog.build("initializer", name)
    first, again, other = (draw(init, (20, 10), (20, 10), k) for k in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert name == "zeros" or (first != other).any()


@pytest.mark.parametrize("name", [n for n in MEMBERS if n.endswith("uniform")])
def test_uniform_draws_fill_their_interval(name: str) -> None:
    w = draw(catalog.build("initializer", name), (IN, OUT), (IN, OUT))
    limit = np.sqrt(3) * SPREAD[name]
    assert 0.999 * limit < np.abs(w).max() <= limit


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (8, 3, 3, 3), (40, 3, 3, 3)])
def test_orthogonal_has_orthonormal_rows_or_columns_times_gain(shape: tuple[int, ...]) -> None:
    w = draw(Orthogonal(gain=2.0), shape, (1, 1)).reshape(shape[0], -1)
    small = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def spreads(init: Initializer, f: Callable[[Any], Any], depth: int = 10, width: int = 256) -> list[float]:
    """Root mean square of each layer's activations in a ``depth``-layer net, from unit normal inputs."""
    a = np.random.default_rng(3).normal(size=(512, width))
    out = []
    for k in range(depth):
        a = f(a @ draw(init, (width, width), (width, width), k))
        out.append(float(np.sqrt(np.mean(a * a))))
    return out


def relu(z: Any) -> Any:
    return np.maximum(z, 0)


@pytest.mark.parametrize("name", ["he_uniform", "he_normal", "random_walk"])
def test_the_relu_family_s_keep_the_second_moment(name: str) -> None:
    assert 0.6 < spreads(catalog.build("initializer", name), relu)[-1] < 1.6


@pytest.mark.parametrize(
    "init",
    [
        *(
            catalog.build("initializer", f"{n}_{d}")
            for n in ("lecun", "xavier")
            for d in ("uniform", "normal")
        ),
        Orthogonal(),
        RandomWalk(units="linear"),
    ],
    ids=lambda init: init.type,
)
def test_the_others_keep_the_variance_of_linear_units(init: Initializer) -> None:
    assert 0.75 < spreads(init, lambda z: z)[-1] < 1.3


def test_orthogonal_keeps_it_exactly() -> None:
    values = spreads(Orthogonal(), lambda z: z)
    np.testing.assert_allclose(values, values[0], rtol=1e-12)


def test_small_normal_weights_let_activations_vanish_and_zeros_kill_them() -> None:
    assert spreads(Normal(), np.tanh)[-1] < 1e-6
    assert spreads(Zeros(), np.tanh)[-1] == 0


def test_random_walk_keeps_the_logarithm_of_a_backward_signal_s_norm() -> None:
    """A narrow net shows it: He's variance drifts down in the mean of the logarithm, this does not."""
    drift = {}
    for init in (RandomWalk(), catalog.build("initializer", "he_normal")):
        rng, steps, n = np.random.default_rng(0), 4000, 20
        delta, log = rng.normal(size=n), 0.0
        for _ in range(steps):
            gate = rng.random(n) < 0.5
            delta = gate * (init.draw((n, n), n, n, rng) @ delta)
            norm = np.linalg.norm(delta)
            log += np.log(norm) if norm else 0.0
            delta = delta / norm if norm else rng.normal(size=n)
            delta /= np.linalg.norm(delta)
        drift[init.type] = log / steps
    assert abs(drift["random_walk"]) < 0.03
    assert drift["he_normal"] < -0.05


def deep(init: Initializer, activation: Any, dtype: str) -> tuple[Network, Any]:
    layers = tuple(Dense(units=12, activation=activation, init=init) for _ in range(9))
    spec = NetworkSpec(
        (*layers, Dense(units=3, init=init)), CrossEntropy(), features=5, targets=3, dtype=dtype, seed=4
    )
    return Network(spec), np.random.default_rng(8).normal(size=(200, 5)) * 10 + 3


def pre_activations(network: Network, x: Any) -> list[Any]:
    model = network.model(len(x), "predict")
    model.plan.value(model.x)[...] = x
    model.plan.run(backward=False)
    return [model.plan.value(layer.z) for layer in model.layers if layer.weight and layer.z is not None]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [Relu(), Tanh()], ids=["relu", "tanh"])
def test_data_dependent_gives_each_unit_mean_0_and_variance_1(activation: Any, dtype: str) -> None:
    network, x = deep(DataDependent(), activation, dtype)
    network.data_dependent_init(x)
    zs = pre_activations(network, x)
    assert len(zs) == 10
    for z in zs:
        live = z.std(axis=0) > 0
        assert live.sum() > z.shape[1] // 2
        np.testing.assert_allclose(z.mean(axis=0)[live], 0, atol=1e-3)
        np.testing.assert_allclose(z.std(axis=0)[live], 1, atol=1e-3)


@pytest.mark.parametrize("activation", [Relu(), Tanh()], ids=["relu", "tanh"])
def test_lsuv_gives_each_layer_variance_1_and_keeps_directions(activation: Any) -> None:
    network, x = deep(Lsuv(), activation, "float64")
    before = network.parameters.view("dense3.W").copy()
    network.data_dependent_init(x)
    for z in pre_activations(network, x):
        assert z.var() == pytest.approx(1, abs=0.01)
    ratio = network.parameters.view("dense3.W") / before
    np.testing.assert_allclose(ratio, ratio.flat[0], rtol=1e-9)


@pytest.mark.parametrize("init", [DataDependent(), Lsuv()], ids=lambda init: init.type)
def test_convolutions_are_scaled_by_channel(init: Initializer) -> None:
    layers = (Conv2dLayer(channels=4, init=init), Flatten(), Dense(units=3))
    spec = NetworkSpec(layers, CrossEntropy(), 64, image=(1, 8, 8), targets=3, dtype="float64")
    network, x = Network(spec), np.random.default_rng(0).random((50, 64)) * 9
    network.data_dependent_init(x)
    z = pre_activations(network, x)[0]
    assert z.var() == pytest.approx(1, abs=0.01)
    if init.type == "data_dependent":
        np.testing.assert_allclose(z.std(axis=(0, 2, 3)), 1, rtol=1e-9)


@pytest.mark.parametrize("init", [DataDependent(), Lsuv()], ids=lambda init: init.type)
def test_inputs_without_spread_leave_finite_weights(init: Initializer) -> None:
    network, x = deep(init, Relu(), "float32")
    network.data_dependent_init(np.zeros_like(x))
    assert np.isfinite(network.parameters.theta).all()
    network.data_dependent_init(np.full_like(x, 0.1))
    assert np.isfinite(network.parameters.theta).all()


def test_lsuv_of_a_maxout_layer_scales_what_the_pieces_come_to() -> None:
    layers = (MaxoutLayer(units=20, pieces=3, init=Lsuv()), Dense(units=3, init=Lsuv()))
    spec = NetworkSpec(layers, CrossEntropy(), features=5, targets=3, dtype="float64", seed=4)
    network, x = Network(spec), np.random.default_rng(8).normal(size=(400, 5))
    network.data_dependent_init(x)
    model = network.model(len(x), "predict")
    model.plan.value(model.x)[...] = x
    model.plan.run(backward=False)
    assert model.plan.value(model.layers[0].a).var() == pytest.approx(1, abs=0.01)
    assert model.plan.value(model.layers[1].z).var() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "orthogonal"])
def test_a_gain_multiplies_what_is_drawn(name: str) -> None:
    def drawn(gain: Any, activation: Any = None) -> Any:
        init = catalog.build("initializer", {"type": name, "gain": gain}).suited(activation)
        return init.draw((6, 4), 6, 4, np.random.default_rng(0))

    np.testing.assert_allclose(drawn(2.5), 2.5 * drawn(1.0), rtol=1e-12)
    for activation, gain in (
        (Linear(), 1.0), (Sigmoid(), 1.0), (Tanh(), 5 / 3), (Relu(), 2**0.5),
        (LeakyRelu(slope=0.5), (2 / 1.25) ** 0.5), (Prelu(slope=0.25), (2 / 1.0625) ** 0.5), (Elu(), 2**0.5), (None, 1.0),
    ):  # fmt: skip
        np.testing.assert_allclose(drawn("auto", activation), gain * drawn(1.0), rtol=1e-12)
        np.testing.assert_array_equal(drawn(1.0, activation), drawn(1.0))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", ["normal", "xavier_uniform", "xavier_normal", "orthogonal"])
def test_a_spread_beyond_the_type_is_infinite_without_a_word(name: str) -> None:
    key = "std" if name == "normal" else "gain"
    init = catalog.build("initializer", {"type": name, key: 1e308})
    for dtype in ("float32", "float64"):
        out = np.zeros((6, 4), dtype)
        init.fill(out, 6, 4, np.random.default_rng(0))
        assert np.abs(out).max() > 1e30


def test_a_layer_s_activation_decides_an_auto_gain() -> None:
    def first(gain: Any) -> Any:
        init = XavierUniform(gain=gain)
        spec = NetworkSpec(
            (Dense(units=4, activation=Tanh(), init=init), Dense(units=1)), MeanSquaredError(), 3
        )
        return Network(spec).parameters.view("dense1.W")

    np.testing.assert_allclose(first("auto"), first(5 / 3), rtol=1e-6)


def test_random_walk_takes_a_gain_in_place_of_its_own() -> None:
    def spread(**fields: Any) -> float:
        return float(RandomWalk(**fields).draw((100, 400), 100, 400, np.random.default_rng(0)).std())

    assert spread(gain=2.0) == pytest.approx(2.0 / 10, rel=0.02)
    assert spread() == pytest.approx(2**0.5 * np.exp(1.2 / 97.6) / 10, rel=0.02)
    assert spread(gain=1.0, units="linear") == spread(gain=1.0)


@pytest.mark.parametrize("init", [DataDependent(), Lsuv()], ids=lambda init: init.type)
def test_layers_without_biases_are_scaled_alone(init: Initializer) -> None:
    layers = (Dense(units=6, activation=Relu(), init=init, bias=False), Dense(units=3, init=init, bias=False))
    network = Network(NetworkSpec(layers, CrossEntropy(), 5, targets=3, dtype="float64"))
    x = np.random.default_rng(8).normal(size=(200, 5)) * 10 + 3
    network.data_dependent_init(x)
    for z in pre_activations(network, x):
        spread = z.std(axis=0) if init.type == "data_dependent" else z.std()
        np.testing.assert_allclose(spread, 1, atol=0.01)


@pytest.mark.parametrize("name", MEMBERS)
def test_drawn_in_pieces_they_are_the_same_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntui_core.initializers.base.PIECE", 7)
    init = MEMBERS[name]()
    whole = init.draw((11, 4), 11, 4, stream(3, "init"))
    for dtype in (np.float32, np.float64):
        filled = np.full((11, 4), np.nan, dtype)
        init.fill(filled, 11, 4, stream(3, "init"))
        assert filled.tobytes() == whole.astype(dtype).tobytes()

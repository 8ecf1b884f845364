"""What an update does: clipping, noise, the schedule's rate, and numbers that are not finite."""

from __future__ import annotations

import tracemalloc
from math import sqrt
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.activations import Relu, Softmax, Tanh
from nntui_core.conditioning import clip
from nntui_core.errors import NumericError
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.optimizers.first_order import Sgd
from nntui_core.preview import preview
from nntui_core.schedules import Constant, Exponential
from nntui_core.train_spec import GradientNoise, TrainSpec
from tests.core.trainers import make


def test_clipping_scales_a_long_gradient_to_the_norm() -> None:
    plain, clipped = (
        make(TrainSpec(epochs=1, batch_size="full", clip_norm=c), optimizer=Sgd(lr=1.0)) for c in (None, 0.01)
    )
    start = plain.network.parameters.theta.copy()
    plain.advance()
    clipped.advance()
    long, short = (start - t.network.parameters.theta for t in (plain, clipped))
    assert np.linalg.norm(short) == pytest.approx(0.01)
    np.testing.assert_allclose(short / 0.01, long / np.linalg.norm(long), atol=1e-12)


@pytest.mark.parametrize("every", ["epoch", "update"])
def test_gradient_noise_has_the_variance_of_its_formula(every: Any) -> None:
    noise = GradientNoise(eta=0.5, gamma=0.55)
    layers = (Dense(units=400, activation=Tanh()), Dense(units=3, activation=Softmax()))
    for t in (0, 3):
        noisy, plain = (
            make(
                TrainSpec(epochs=9, batch_size="full", gradient_noise=n),
                optimizer=Sgd(lr=1.0), layers=layers, schedule=Constant(every=every),
            )
            for n in (noise, None)
        )  # fmt: skip
        for trainer in (noisy, plain):  # t is what the schedule counts
            trainer.update, trainer.epoch = (t, 0) if every == "update" else (7, t)
            trainer.advance()
        drawn = plain.network.parameters.theta - noisy.network.parameters.theta
        assert drawn.var() == pytest.approx(0.5 / (1 + t) ** 0.55, rel=0.1)
        assert abs(drawn.mean()) < 0.1


@pytest.mark.parametrize(("every", "t"), [("epoch", [0, 0, 0, 0, 1, 1, 1, 1]), ("update", list(range(8)))])
def test_what_a_schedule_counts(every: Any, t: list[int]) -> None:
    trainer = make(
        TrainSpec(epochs=2, batch_size=16),
        schedule=Exponential(gamma=0.5, every=every),
        optimizer=Sgd(lr=1.0),
    )
    rates = []
    for _ in range(8):
        rates.append(trainer.rate)
        trainer.advance()
    assert rates == pytest.approx([0.5**k for k in t])


def test_an_update_that_is_not_finite_changes_nothing_and_names_the_node() -> None:
    trainer = make(TrainSpec(epochs=5), optimizer=Sgd(lr=1e200), layers=(
        Dense(units=4, activation=Relu()), Dense(units=4, activation=Relu()), Dense(units=3, activation=Softmax()),
    ))  # fmt: skip
    with np.errstate(all="ignore"):
        for _ in range(10):
            before, done = trainer.network.parameters.theta.copy(), trainer.update
            try:
                trainer.advance()
            except NumericError as found_now:
                error = found_now
                break
        else:
            raise AssertionError("ten such updates were finite")
    assert error.where
    assert trainer.model is not None
    found = trainer.model.plan.first_nonfinite()
    assert found is not None
    assert found[1].name == error.where
    assert trainer.network.parameters.theta.tobytes() == before.tobytes()
    assert trainer.update == done


def test_a_last_step_that_overflows_the_weights_is_an_error_too() -> None:
    trainer = make(TrainSpec(epochs=1, batch_size="full"), dtype="float32", optimizer=Sgd(lr=1e39))
    with (
        np.errstate(all="ignore"),
        pytest.raises(NumericError, match=r"^dense\d\.\w: the parameter is not finite"),
    ):
        trainer.advance()


@pytest.mark.parametrize("width", [8, 256])
def test_an_update_allocates_nothing_that_grows_with_the_network(width: int) -> None:
    layers = (
        Dense(units=width, activation=Relu()),
        Dense(units=width, activation=Relu()),
        Dense(units=3, activation=Softmax()),
    )
    trainer = make(TrainSpec(epochs=100, batch_size=16), layers=layers, dtype="float32")
    for _ in range(9):
        trainer.advance()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2):
            trainer.advance()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # 256 × 256 weights alone are 262 kB; NumPy's own buffers for a change of type are 32 kB.
    assert peak < 60_000, peak


def test_the_gradient_s_norm_is_right_where_its_square_overflows() -> None:
    data = (np.array([[1e25], [1e25], [-1e25]]), np.array([0, 1, 2]))
    trainer = make(TrainSpec(epochs=1, batch_size="full"), data=data, dtype="float32", optimizer=Sgd(lr=1e-30),
                   layers=(Dense(units=3, activation=Softmax(), init=catalog.build("initializer", "zeros")),))  # fmt: skip
    with np.errstate(over="ignore"):  # as a session does
        trainer.advance()
    grad = trainer.network.parameters.grad.astype(np.float64)
    assert trainer.grad_norm == pytest.approx(sqrt(float(grad @ grad)), rel=1e-6)
    assert trainer.grad_norm > 1e24


@pytest.mark.parametrize("size", [1e19, 1e30])
def test_clipping_bears_a_norm_whose_square_overflows(size: float) -> None:
    grad = np.array([3, -4, 0], dtype=np.float32) * np.float32(size)
    clip(grad, 0.5)
    np.testing.assert_allclose(grad, [0.3, -0.4, 0], rtol=1e-6)
    grad = np.array([3, -4, 0], dtype=np.float32) * np.float32(size)
    clip(grad, 6 * size)
    np.testing.assert_allclose(grad, np.array([3, -4, 0]) * size, rtol=1e-6)


def test_clipping_leaves_what_is_short() -> None:
    grad = np.array([0.3, 0.4])
    clip(grad, 0.5)
    assert grad.tolist() == [0.3, 0.4]
    clip(grad, 0.25)
    np.testing.assert_allclose(grad, [0.15, 0.2])


def test_a_preview_s_slots_are_of_its_moment() -> None:
    trainer = make(TrainSpec(epochs=2, batch_size=16))
    trainer.advance()
    seen = preview(trainer)
    kept = {k: v.copy() for k, v in seen.slots.items()}
    trainer.advance()
    assert all(np.array_equal(seen.slots[k], v) for k, v in kept.items())


@pytest.mark.parametrize("name", ["newton", "cg", "bfgs", "lbfgs"])
def test_the_first_preview_of_a_second_order_step_starts_from_a_number(name: str) -> None:
    trainer = make(TrainSpec(epochs=2, batch_size="full"), optimizer=catalog.build("optimizer", name))
    trainer.fill(trainer.network.model(50, "train"))
    seen = preview(trainer)
    assert float(seen.slots["f"]) == pytest.approx(trainer.evaluate()["train"].loss)
    assert seen.slots_after["f"] < seen.slots["f"]
    assert np.isnan(trainer.slots["f"])


def test_a_layer_that_nothing_reads_has_no_part() -> None:
    head = Dense(units=3, activation=Softmax(), inputs=("input",))
    trainer = make(
        TrainSpec(epochs=1, batch_size=16), layers=(Dense(units=4), BatchNormLayer(), Dropout(), head)
    )
    start = trainer.network.parameters.view("dense1.W").copy()
    while trainer.status == "running":
        trainer.advance()
    for mode in ("train", "evaluate", "predict"):
        model = trainer.network.model(4, mode)  # type: ignore[arg-type]
        assert [layer.name for layer in model.layers] == ["dense2"]
        assert not model.masks
        assert not model.buffers
    assert np.array_equal(trainer.network.parameters.view("dense1.W"), start)
    assert trainer.network.buffers["batchnorm1.var"].tolist() == [1.0] * 4


def test_batch_norm_on_one_row_uses_its_running_statistics() -> None:
    layers = Dense(units=4), BatchNormLayer(), Dense(units=3, activation=Softmax())
    trainer = make(TrainSpec(epochs=1, batch_size=7, order="given"), layers=layers)
    trainer.advance()
    assert (trainer.network.buffers["batchnorm1.mean"] != 0).all()
    assert (trainer.network.buffers["batchnorm1.var"] != 1).all()
    for _ in range(6):
        trainer.advance()
    kept = {k: v.copy() for k, v in trainer.network.buffers.items()}
    assert len(trainer.indices()) == 1
    trainer.advance()
    assert all(np.array_equal(v, kept[k]) for k, v in trainer.network.buffers.items())
    assert trainer.network.parameters.gradient("dense1.W").any()

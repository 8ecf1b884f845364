"""Training: the order of samples, when it stops, what an update sees, and that it resumes bit for bit."""

from __future__ import annotations

import tracemalloc
from itertools import chain
from math import log, sqrt
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.activations import Relu, Sigmoid, Softmax, Tanh
from nntui_core.conditioning import clip
from nntui_core.errors import NumericError
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.base import FirstOrder
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.preview import preview
from nntui_core.schedules import Constant, Exponential, OneCycle, Plateau
from nntui_core.train_spec import Curriculum, EarlyStopping, GradientNoise, StopRule, TrainSpec
from nntui_core.trainer import Part, Trainer

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float), np.array([0, 1, 1, 0])


def cloud(n: int = 50, features: int = 3, classes: int = 3, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    return rng.normal(size=(n, features)) + y[:, None], y


def make(
    spec: TrainSpec,
    *,
    optimizer: Any = None,
    schedule: Any = None,
    data: tuple[Any, Any] | None = None,
    layers: tuple[Any, ...] | None = None,
    dtype: str = "float64",
    validation: bool = False,
    seed: int = 0,
    **extra: Any,
) -> Trainer:
    x, y = data or cloud()
    layers = layers or (Dense(units=5, activation=Tanh()), Dense(units=3, activation=Softmax()))
    single = layers[-1].units == 1
    network = Network(
        NetworkSpec(
            layers=layers, loss=BinaryCrossEntropy() if single else CrossEntropy(), features=x.shape[1],
            targets=2 if single else 3, dtype=dtype, seed=seed, **extra,
        )
    )  # fmt: skip
    part = Part(x.astype(dtype), network.encode(y))
    other = None
    if validation:
        vx, vy = cloud(20, seed=9)
        other = Part(vx.astype(dtype), network.encode(vy))
    return Trainer(network, optimizer or Adam(lr=0.01), schedule or Constant(), spec, part, other)


def epoch(trainer: Trainer) -> list[list[int]]:
    """The rows of each update of an epoch."""
    rows = []
    while True:
        rows.append(trainer.indices().tolist())
        if trainer.advance():
            return rows


def flat(batches: list[list[int]]) -> list[int]:
    return list(chain.from_iterable(batches))


def test_each_epoch_has_every_row_once_in_an_order_of_its_own() -> None:
    trainer, twin = (make(TrainSpec(epochs=3, batch_size=16)) for _ in range(2))
    first, second = epoch(trainer), epoch(trainer)
    assert [len(b) for b in first] == [16, 16, 16, 2]
    assert sorted(flat(first)) == sorted(flat(second)) == list(range(50))
    assert first != second
    assert [epoch(twin), epoch(twin)] == [first, second]
    assert epoch(make(TrainSpec(epochs=3, batch_size=16), seed=1)) != first


def test_the_given_order_is_kept() -> None:
    assert flat(epoch(make(TrainSpec(epochs=1, batch_size=7, order="given")))) == list(range(50))


def test_the_last_smaller_batch_is_averaged_over_its_own_size() -> None:
    trainer = make(TrainSpec(epochs=1, batch_size=32, order="given"), optimizer=Sgd(lr=1e-9))
    epoch(trainer)
    alone = make(TrainSpec(epochs=1, batch_size="full"), data=tuple(a[32:] for a in cloud()))
    assert trainer.loss == pytest.approx(alone.evaluate()["train"].loss, abs=1e-6)


def test_a_curriculum_starts_with_the_easy_samples_and_grows() -> None:
    order = Curriculum(start=0.2, epochs=4)
    trainer = make(TrainSpec(epochs=6, batch_size=50, order=order))
    sizes = []
    for _ in range(6):
        losses = trainer.network.losses(trainer.train.x, trainer.train.y)
        (rows,) = epoch(trainer)
        sizes.append(len(rows))
        left = np.delete(losses, rows)
        assert not left.size or losses[rows].max() <= left.min()
    assert sizes == [10, 20, 30, 40, 50, 50]


def test_early_stopping_restores_the_best_weights() -> None:
    rule = EarlyStopping(patience=3)
    trainer = make(TrainSpec(epochs=200, early_stopping=rule), optimizer=Adam(lr=0.3), validation=True)
    seen: dict[int, tuple[float, Any]] = {}
    while trainer.status == "running":
        epoch(trainer)
        theta = trainer.network.parameters.theta.copy()
        seen[trainer.epoch] = (trainer.evaluate()["validation"].loss, theta)
    assert trainer.status == "stopped_early"
    assert "has not improved for 3 epochs" in trainer.reason
    best = min(seen, key=lambda k: seen[k][0])
    assert trainer.epoch == best + 3
    assert trainer.restore_best()
    assert trainer.network.parameters.theta.tobytes() == seen[best][1].tobytes()
    assert trainer.evaluate()["validation"].loss == seen[best][0]


def test_small_gains_do_not_count_with_min_delta() -> None:
    rule = EarlyStopping(patience=2, monitor="train.loss", min_delta=10.0)
    trainer = make(TrainSpec(epochs=50, early_stopping=rule))
    while trainer.status == "running":
        epoch(trainer)
    assert trainer.epoch == 3


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (StopRule(monitor="train.loss", below=0.5), lambda m: m["train"].loss < 0.5),
        (StopRule(monitor="train.accuracy", above=0.9), lambda m: m["train"].accuracy > 0.9),
        (StopRule(monitor="validation.loss", below=0.9), lambda m: m["validation"].loss < 0.9),
    ],
)
def test_stop_rules(rule: StopRule, holds: Any) -> None:
    trainer = make(TrainSpec(epochs=500, stop=rule), optimizer=Adam(lr=0.05), validation=True)
    while trainer.status == "running":
        assert not trainer.epoch or not holds(trainer.evaluate())
        epoch(trainer)
    assert holds(trainer.evaluate())
    assert trainer.status == "stopped_early"
    assert rule.monitor in trainer.reason


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


def test_the_start_of_a_k_class_network_has_loss_ln_k() -> None:
    assert make(TrainSpec()).evaluate()["train"].loss == pytest.approx(log(3), rel=0.5)
    zero = make(
        TrainSpec(),
        layers=(Dense(units=3, activation=Softmax(), init=catalog.build("initializer", "zeros")),),
    )
    assert zero.evaluate()["train"].loss == pytest.approx(log(3), abs=1e-12)


def test_one_unit_cannot_learn_xor() -> None:
    for seed in range(3):
        trainer = make(
            TrainSpec(epochs=400, batch_size="full"), data=XOR, seed=seed, optimizer=Adam(lr=0.1),
            layers=(Dense(units=1, activation=Sigmoid()),),
        )  # fmt: skip
        while trainer.status == "running":
            trainer.advance()
            found = trainer.evaluate()["train"]
            assert found.accuracy is not None
            assert found.accuracy <= 0.75
            assert found.loss >= log(2) - 1e-12


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


def test_a_loss_that_is_no_number_is_never_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make(TrainSpec(epochs=4, early_stopping=EarlyStopping(monitor="train.loss")))
    losses = iter([float("nan"), 3.0, 2.0, float("nan")])
    monkeypatch.setattr(trainer, "monitored", lambda monitor: next(losses))
    while trainer.status == "running":
        trainer.advance()
    assert (trainer.best.value, trainer.best.epoch) == (2.0, 3)


FIRST_ORDER = [n for n, cls in catalog.members("optimizer").items() if issubclass(cls, FirstOrder)]
SECOND_ORDER = [n for n in catalog.members("optimizer") if n not in FIRST_ORDER]


def busy(optimizer: str) -> Trainer:
    """A bit of everything that has state."""
    if optimizer in SECOND_ORDER:
        return make(
            TrainSpec(epochs=30, batch_size="full"), optimizer=catalog.build("optimizer", optimizer), l2=0.01
        )
    spec = TrainSpec(
        epochs=6, batch_size=16, order=Curriculum(start=0.5, epochs=3), clip_norm=1.0,
        early_stopping=EarlyStopping(patience=50), gradient_noise=GradientNoise(eta=0.01),
    )  # fmt: skip
    layers = (
        Dense(units=6), BatchNormLayer(activation=Relu()), Dropout(rate=0.3), Dense(units=3, activation=Softmax()),
    )  # fmt: skip
    return make(
        spec, layers=layers, optimizer=catalog.build("optimizer", optimizer), validation=True, l2=0.01,
        schedule=OneCycle(every="update", warmup=3),
    )  # fmt: skip


@pytest.mark.parametrize("optimizer", FIRST_ORDER + SECOND_ORDER)
@pytest.mark.parametrize("stop", [0, 4, 7])
def test_restored_state_continues_bit_for_bit(optimizer: str, stop: int) -> None:
    whole, first, second = (busy(optimizer) for _ in range(3))
    for _ in range(stop):
        first.advance()
    second.load({k: v.copy() for k, v in first.state().items()})
    for _ in range(stop):
        whole.advance()
    while whole.status == "running":
        whole.advance()
        second.advance()
        assert whole.network.parameters.theta.tobytes() == second.network.parameters.theta.tobytes()
        assert whole.rate == second.rate or whole.rate != whole.rate
    assert second.status == whole.status
    assert second.reason == whole.reason
    ours, theirs = whole.state(), second.state()
    assert ours.keys() == theirs.keys()
    assert all(ours[k].tobytes() == theirs[k].tobytes() for k in ours)


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    trainer, other = busy("adam"), make(TrainSpec(epochs=6))
    before = trainer.network.parameters.theta.copy()
    with pytest.raises((KeyError, ValueError)):
        trainer.load(other.state())
    assert trainer.network.parameters.theta.tobytes() == before.tobytes()
    assert trainer.update == 0


def test_more_epochs_go_on_after_the_end() -> None:
    short, long = make(TrainSpec(epochs=2)), make(TrainSpec(epochs=4))
    while short.status == "running":
        short.advance()
    long.load(short.state())
    assert long.status == "running"
    again = make(TrainSpec(epochs=4))
    for trainer in (long, again):
        while trainer.status == "running":
            trainer.advance()
    assert long.network.parameters.theta.tobytes() == again.network.parameters.theta.tobytes()


def test_zero_epochs_only_evaluate() -> None:
    trainer = make(TrainSpec(epochs=0))
    assert trainer.status == "completed"
    assert trainer.evaluate()["train"].loss > 0


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    assert epoch(make(TrainSpec(epochs=1, batch_size=1000))) == [list(range(50))]


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


def test_once_all_take_part_a_curriculum_measures_no_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    trainer = make(TrainSpec(epochs=6, batch_size=16, order=Curriculum(start=0.2, epochs=3)))
    losses = trainer.network.losses
    monkeypatch.setattr(
        trainer.network, "losses", lambda *args: (asked.append(trainer.epoch), losses(*args))[1]
    )
    while trainer.status == "running":
        trainer.advance()
    assert asked == [0, 1, 2]


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


def test_plateau_survives_a_resume() -> None:
    schedule = Plateau(monitor="train.loss", factor=0.5, patience=0, threshold=0.01, cooldown=1)
    spec = TrainSpec(epochs=12, batch_size=16)
    whole = make(spec, schedule=schedule, optimizer=Sgd(lr=0.02))
    rates = []
    while whole.status == "running":
        if whole.advance():
            rates.append(whole.rate)
    assert len(set(rates)) > 2
    for cut in (1, 5, 11, 18):
        first, second = (make(spec, schedule=schedule, optimizer=Sgd(lr=0.02)) for _ in range(2))
        for _ in range(cut):
            first.advance()
        second.load({k: v.copy() for k, v in first.state().items()})
        assert second.rate == first.rate
        while second.status == "running":
            second.advance()
        assert whole.network.parameters.theta.tobytes() == second.network.parameters.theta.tobytes()
        assert second.rate == whole.rate


def test_several_labels_are_each_decided() -> None:
    layers = (Dense(units=2, activation=Sigmoid(), theta=((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),)
    loss = BinaryCrossEntropy().softened()
    network = Network(NetworkSpec(layers, loss, 2, targets=2, multilabel=True, dtype="float64"))
    x = np.array([[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]])
    y = network.encode(np.array([[1.0, 0.0], [0.9, 0.2], [0.0, 1.0]]))
    found, accuracy = network.evaluate(x, y)
    p = 1 / (1 + np.exp(-x))
    assert found == pytest.approx(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
    assert accuracy == pytest.approx(4 / 6)


@pytest.mark.parametrize("reduction", ["mean", "batch", "sum"])
def test_evaluating_in_pieces_is_evaluating_the_whole(reduction: Any) -> None:
    loss = MeanSquaredError(reduction=reduction, factor=0.5)
    network = Network(NetworkSpec((Dense(units=2),), loss, 3, classification=False, dtype="float64"))
    x, y = cloud(23)[0], np.random.default_rng(1).normal(size=(23, 2))
    whole, pieces = network.evaluate(x, y)[0], network.evaluate(x, y, chunk=5)[0]
    assert pieces == pytest.approx(whole, rel=1e-12)
    e = (network.predict(x) - y) ** 2
    by_hand = {"mean": e.mean(), "batch": e.sum(axis=1).mean(), "sum": e.sum()}[reduction]
    assert whole == pytest.approx(0.5 * by_hand, rel=1e-12)
    np.testing.assert_allclose(network.losses(x, y, chunk=5), network.losses(x, y), rtol=1e-12)

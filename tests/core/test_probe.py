"""Measures of layers against plain NumPy, and the choice of the rows that they look at."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.training.experiment import build
from nntui_core import probe
from nntui_core.activations import Relu, Sigmoid, Softmax, Tanh
from nntui_core.rng import stream
from nntui_core.trainer import Part


def test_few_rows_are_all_looked_at() -> None:
    assert probe.sample_rows(None, 256, 0).tolist() == list(range(256))
    assert probe.sample_rows(np.zeros(3, int), 3, 0).tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_a_seeded_random_choice_with_each_class_s_share(seed: int) -> None:
    classes = np.repeat([0, 1, 2, 3], [600, 300, 99, 1])  # sorted by class, as many files are
    rows = probe.sample_rows(classes, 1000, seed)
    assert len(np.unique(rows)) == len(rows) == probe.ROWS
    assert (np.diff(rows) > 0).all()
    counts = np.bincount(classes[rows], minlength=4)
    # The single row of the last class must be there; the others differ from their share by less than 2.
    assert counts[3] == 1
    assert np.abs(counts[:3] - np.array([600, 300, 99]) * 0.256).max() < 2
    assert probe.sample_rows(classes, 1000, seed).tolist() == rows.tolist()
    assert probe.sample_rows(classes, 1000, seed + 1).tolist() != rows.tolist()
    for kind, start, size in ((0, 0, 600), (1, 600, 300)):
        inside = rows[classes[rows] == kind] - start
        # Not the first ones of the class: the mean of so many random places is near the middle.
        assert abs(inside.mean() / size - 0.5) < 0.15


def test_without_classes_rows_come_from_everywhere() -> None:
    rows = probe.sample_rows(None, 10_000, 3)
    assert len(np.unique(rows)) == probe.ROWS
    assert abs(rows.mean() / 10_000 - 0.5) < 0.1
    draw = stream(3, "statistics rows").choice(10_000, probe.ROWS, replace=False)
    assert rows.tolist() == sorted(draw.tolist())


def test_more_classes_than_rows() -> None:
    rows = probe.sample_rows(np.arange(1000), 1000, 0)
    assert len(np.unique(rows)) == probe.ROWS
    assert rows.max() > 900


def test_every_class_is_there_where_rounding_would_lose_it() -> None:
    classes = np.concatenate([np.zeros(100_000, int), np.arange(1, 201).repeat(2)])
    rows = probe.sample_rows(classes, len(classes), 0)
    assert len(rows) == probe.ROWS
    assert set(classes[rows]) == set(range(201))


@pytest.mark.parametrize(
    ("rare", "sizes", "most", "shares"),
    [
        (20, [500, 300, 180], 100, [44, 24, 12]),  # 50, 30 and 18, less 6 each
        (5, [100, 100, 100], 10, [1, 2, 2]),  # 3.3 each; a single row is all that a class has left in the end
    ],
)
def test_what_rare_classes_need_is_taken_from_the_others_alike(
    rare: int, sizes: list[int], most: int, shares: list[int]
) -> None:
    classes = np.concatenate([np.arange(rare), np.repeat(np.arange(rare, rare + 3), sizes)])
    counts = np.bincount(classes[probe.sample_rows(classes, len(classes), 0, most)])
    assert counts.tolist() == [1] * rare + shares


def test_as_many_classes_as_rows_have_a_row_each() -> None:
    classes = np.arange(5).repeat(3)
    for seed in range(3):
        assert classes[probe.sample_rows(classes, 15, seed, 5)].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("scale", [1.0, 3e38, 1e-38])
def test_float32_at_its_ends(scale: float) -> None:
    a = (np.random.default_rng(0).uniform(-1, 1, (50, 4)) * scale).astype(np.float32)
    wide = a.astype(np.float64)
    np.testing.assert_allclose(probe.moments(a), (wide.mean(), wide.std()), rtol=1e-9)
    np.testing.assert_allclose(probe.norm(a), np.linalg.norm(wide), rtol=1e-9)
    np.testing.assert_allclose(probe.rms(a), np.sqrt(np.square(wide).mean()), rtol=1e-9)
    assert np.isfinite(probe.moments(np.full(4, 1e300) * [1, -1, 1, -1])[1])


def test_what_is_not_finite() -> None:
    a = np.array([1.0, np.nan, 3.0, np.inf])
    assert probe.moments(a) == (2.0, 1.0)
    assert np.isnan(probe.moments(np.array([np.nan]))).all()
    assert probe.moments(np.zeros((2, 2))) == (0.0, 0.0)
    assert np.isnan(probe.norm(np.array([1.0, np.nan])))
    assert probe.norm(np.array([1.0, -np.inf])) == np.inf
    assert probe.norm(np.zeros(3)) == probe.norm(np.zeros(0)) == probe.norm(np.zeros(0), np.zeros(0)) == 0.0
    assert probe.rms(None) is probe.rms(np.zeros(0)) is None


@pytest.mark.parametrize(("op", "limit"), [(Tanh(), 0.97), (Sigmoid(), 0.97)])
def test_saturation_counts_pairs_and_units(op: Tanh | Sigmoid, limit: float) -> None:
    low = -0.98 if op.type == "tanh" else 0.02
    a = np.array([[0.98, 0.98, 0.5], [low, 0.5, 0.5], [0.99, 0.96, 0.5], [0.98, 0.99, 0.5]])
    assert probe.saturation(op, a).tolist() == [1.0, 0.5, 0.0]
    assert probe.saturated_units(op, a).tolist() == [True, False, False]
    stats = probe.layer_stats("layer", op, a)
    assert stats.saturated == 0.5
    assert (stats.saturated_units, stats.dead_units, stats.dead, stats.units) == ((0,), (), None, 3)
    edge = np.full((10, 1), 0.98)
    edge[0] = 0.5
    assert probe.layer_stats("layer", op, edge).saturated_units == (0,)
    edge[1] = 0.5
    assert probe.layer_stats("layer", op, edge).saturated_units == ()
    assert probe.saturation(op, np.full((1, 1), limit)).tolist() == [0.0]
    assert probe.saturation(Softmax(), a) is probe.saturation(None, a) is None


def test_dead_units_are_zero_on_every_sample_and_place() -> None:
    a = np.array([[0.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    stats = probe.layer_stats("layer", Relu(), a)
    assert (stats.dead, stats.dead_units, stats.saturated) == (pytest.approx(1 / 3), (0,), None)
    maps = np.zeros((2, 3, 2, 2))  # samples × channels × height × width
    maps[1, 2, 1, 0] = 1.0
    assert probe.dead_units(Relu(), maps).tolist() == [True, True, False]
    assert probe.layer_stats("layer", Relu(), maps).units == 3
    assert probe.dead_units(Tanh(), a) is None
    assert probe.dead_units(Relu(), np.array([[np.nan], [0.0]])).tolist() == [False]


def test_update_ratio() -> None:
    old, new = np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]])
    assert probe.update_ratio(new, old) == pytest.approx(0.1)
    assert probe.update_ratio(new, None) is None
    assert probe.update_ratio(new, 0 * old) is None
    huge = np.array([3e38], np.float32)
    assert probe.update_ratio(-huge, huge) == pytest.approx(2.0)


def test_one_column_a_unit() -> None:
    assert probe.per_unit(np.float64(3.0).reshape(())).tolist() == [[3.0]]
    assert probe.per_unit(np.array([1.0, 2.0])).tolist() == [[1.0, 2.0]]
    a = np.arange(6.0).reshape(2, 3)
    assert probe.per_unit(a) is a
    maps = np.arange(24.0).reshape(2, 3, 2, 2)
    units = probe.per_unit(maps)
    assert units.shape == (8, 3)
    assert units[:4, 1].tolist() == maps[0, 1].ravel().tolist()


@pytest.mark.parametrize(
    "encode", [lambda c: c, lambda c: (c == 1).astype(float)[:, None], lambda c: np.eye(2)[c]]
)
def test_training_rows_have_each_class_s_share_however_labels_are_encoded(encode: Any) -> None:
    classes = np.repeat([0, 1], [900, 100])
    spec = SimpleNamespace(classification=True, seed=4)
    train = Part(np.zeros((1000, 1)), encode(classes))
    trainer: Any = SimpleNamespace(network=SimpleNamespace(spec=spec, look_rows=256), train=train)
    rows = probe.training_rows(trainer)
    assert rows.tolist() == probe.sample_rows(classes, 1000, 4).tolist()
    assert np.bincount(classes[rows]).tolist() == [230, 26]
    trainer.network.look_rows = 10
    assert len(probe.training_rows(trainer)) == 10
    trainer.network.look_rows = 256
    assert len(probe.training_rows(trainer, 20)) == 20
    spec.classification = False
    assert probe.training_rows(trainer).tolist() == probe.sample_rows(None, 1000, 4).tolist()


@pytest.mark.parametrize("size", [1, 7, probe.BLOCK, probe.BLOCK + 1, 2 * probe.BLOCK + 5])
@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e30), (np.float32, 1e-30), (np.float64, 1e200)])
def test_norms_and_moments_by_blocks_are_those_of_the_whole(size: int, dtype: Any, scale: float) -> None:
    rng = np.random.default_rng(size)
    x, y = ((rng.normal(size=size) + 0.5).astype(dtype) * dtype(scale) for _ in range(2))
    wide = x.astype(np.longdouble)
    assert probe.norm(x) == pytest.approx(float(np.sqrt(np.square(wide).sum())), rel=1e-6)
    away = np.sqrt(np.square(wide - y.astype(np.longdouble)).sum())
    assert probe.norm(x, y) == pytest.approx(float(away), rel=1e-6)
    mean, spread = probe.moments(x)
    assert mean == pytest.approx(float(wide.mean()), rel=1e-6)
    assert spread == pytest.approx(float(wide.std()), rel=1e-5, abs=1e-6 * scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_differences_are_of_the_same_places_however_arrays_lie_in_memory(dtype: Any) -> None:
    old = np.arange(6, dtype=dtype).reshape(2, 3)
    new = np.asfortranarray(old + np.array([[0, 3, 0], [4, 0, 0]], dtype))
    assert probe.norm(new, old) == probe.norm(old, new) == 5.0


def test_differences_of_unlike_blocks_are_scaled_by_the_largest() -> None:
    x = np.ones(probe.PIECE + 1)
    x[-1] = 3e200
    assert probe.norm(x, np.zeros_like(x)) == probe.norm(x) == 3e200


def test_moments_leave_out_what_is_not_finite_and_norms_tell_it() -> None:
    x = np.array([[1.0, np.nan], [np.inf, 3.0]], np.float32)
    assert probe.moments(x) == (2.0, 1.0)
    assert np.isnan(probe.norm(x))
    assert probe.norm(x[1:]) == np.inf
    assert np.isnan(probe.norm(x.astype(float)[:1]))
    assert np.isnan(probe.moments(np.array([np.nan]))).all()


def test_mean_and_spread_are_left_out_where_nobody_asks() -> None:
    a = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    whole, part = (probe.layer_stats("x", Relu(), a, gradient=a, distributed=d) for d in (True, False))
    assert (whole.mean, whole.spread) == (pytest.approx(0.5), pytest.approx(a.std()))
    assert np.isnan([part.mean, part.spread]).all()
    assert replace(part, mean=0.0, spread=0.0) == replace(whole, mean=0.0, spread=0.0)


def test_layers_have_the_numbers_of_their_own_weights() -> None:
    trainer = build(load("xor")).trainer
    trainer.keep_next()
    trainer.advance()
    parameters, before = trainer.network.parameters, trainer.before
    assert before is not None
    for one in probe.layers(trainer, trainer.train.x):
        name = f"{one.layer}.W"
        old, new = parameters.view(name, before), parameters.view(name)
        assert one.gradient_norm == pytest.approx(np.linalg.norm(parameters.gradient(name)), rel=1e-6)
        assert one.update_ratio == pytest.approx(np.linalg.norm(new - old) / np.linalg.norm(old), rel=1e-4)
    assert [one.layer for one in probe.layers(trainer, trainer.train.x)] == ["hidden", "output"]
    trainer.advance()  # without keeping what was before it
    assert trainer.before is None
    assert [one.update_ratio for one in probe.layers(trainer, trainer.train.x)] == [None, None]


def test_of_nothing() -> None:
    assert (
        probe.magnitude(np.zeros(0)) == probe.norm(np.zeros(0)) == probe.norm(np.zeros(0), np.zeros(0)) == 0.0
    )
    assert probe.moments(np.zeros((3, 2))) == (0.0, 0.0)
    assert np.isnan(probe.moments(np.zeros(0))).all()

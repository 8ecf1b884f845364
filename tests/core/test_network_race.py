"""Races on a network: plane, projection and explained share against plain NumPy; training against the trainer's own."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest

from nntui.config.load import load
from nntui.training.experiment import build
from nntui_core import catalog
from nntui_core.errors import ConfigError
from nntui_core.network_race import Training, race, reference
from nntui_core.parameters import Parameters
from nntui_core.plane import Plane, filter_directions, losses_over, main_directions, window_of
from nntui_core.race import Contestant
from nntui_core.trainer import Trainer

STEPS = 30


def training(*overrides: str, name: str = "spirals", steps: int = STEPS) -> Training:
    e = build(load(name, overrides))
    return Training(e.network, e.settings.schedule, e.settings.train, e.trainer.train, steps)


def contestant(name: str, **settings: float) -> Contestant:
    return Contestant(name, catalog.build("optimizer", {"type": name, **settings}))


def paths(given: Training, contestants: list[Contestant]) -> list[np.ndarray]:
    """All parameters after each update, by trainers of their own."""
    out = []
    for one in contestants:
        given.rewind()
        trainer = Trainer(given.network, one.optimizer, given.schedule, given.spec, given.train)
        rows = [given.network.parameters.theta.astype(float)]
        for _ in range(given.steps):
            trainer.advance()
            rows.append(given.network.parameters.theta.astype(float))
        out.append(np.array(rows))
    given.rewind()
    return out


def test_projection_is_least_squares_and_explained_the_share_inside() -> None:
    given = training()
    contestants = [contestant("sgd", lr=0.3), contestant("adam", lr=0.02)]
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, len(given.start)))
    plane = Plane(given.start.astype(float), first, second)  # neither orthogonal nor of length 1
    tracks, explained = race(given, contestants, plane)
    np.testing.assert_array_equal(given.network.parameters.theta, given.start)
    basis, inside, whole = np.column_stack([first, second]), 0.0, 0.0
    for track, path in zip(tracks, paths(given, contestants), strict=True):
        away = path - given.start
        found, *_ = np.linalg.lstsq(basis, away.T, rcond=None)
        np.testing.assert_allclose(track.path[:, :2], found.T, rtol=1e-9, atol=1e-12)
        inside += float(((basis @ found) ** 2).sum())
        whole += float((away**2).sum())
        for k in (0, 7, STEPS):
            assert track.path[k, 2] == pytest.approx(given.objective_at(path[k].astype(np.float32)), rel=1e-6)
    assert explained == pytest.approx(inside / whole, rel=1e-9)


def test_the_f_of_the_path_is_the_objective_with_its_penalties() -> None:
    given = training("objective.l2=0.1")
    weights = [given.network.parameters.view(n).astype(float) for n in given.network.weights]
    data = given.network.evaluate(given.train.x, given.train.y)[0]
    penalty = 0.05 * sum(float((w**2).sum()) for w in weights)
    assert given.objective() == pytest.approx(data + penalty, rel=1e-5)
    assert penalty > 0.1


def test_all_train_on_the_same_batches_whoever_came_before() -> None:
    given = training()
    one, other = contestant("sgd", lr=0.3), contestant("momentum", lr=0.1)
    plane = Plane(given.start.astype(float), *filter_directions(given.network.parameters, 0))
    together, _ = race(given, [other, one], plane)
    alone, _ = race(given, [one], plane)
    np.testing.assert_array_equal(together[1].path, alone[0].path)
    # The first gradient is the same for both; each of sgd's steps is its gradient times its rate, in the plane too.
    np.testing.assert_allclose(together[0].gradients[0], together[1].gradients[0])
    sgd = alone[0]
    np.testing.assert_allclose(
        np.diff(sgd.path[:, :2], axis=0), -0.3 * sgd.gradients[:-1], rtol=1e-3, atol=1e-7
    )
    assert np.isnan(sgd.gradients[-1]).all()
    away = together[0]
    for k in range(STEPS):
        name, push = away.memory(k) or ("", np.zeros(2))
        assert name == "v"
        np.testing.assert_allclose(
            np.diff(away.path[k : k + 2, :2], axis=0)[0], 0.1 * push, rtol=1e-3, atol=1e-7
        )


def test_a_filter_of_a_direction_is_as_long_as_the_weights_it_moves() -> None:
    parameters = Parameters({"d.b": (4,), "d.W": (3, 4), "c.W": (5, 2, 3, 3)}.items())
    parameters.theta[:] = np.random.default_rng(1).normal(size=len(parameters))
    first, second = filter_directions(parameters, 3)
    for direction in (first, second):
        assert not parameters.view("d.b", direction).any()
        for unit in range(4):  # a column of inputs × units
            moved, weights = (parameters.view("d.W", v)[:, unit] for v in (direction, parameters.theta))
            assert np.linalg.norm(moved) == pytest.approx(np.linalg.norm(weights))
        for channel in range(5):
            moved, weights = (parameters.view("c.W", v)[channel] for v in (direction, parameters.theta))
            assert np.linalg.norm(moved) == pytest.approx(np.linalg.norm(weights))
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert abs(cosine) < 0.9
    np.testing.assert_array_equal(filter_directions(parameters, 3)[0], first)
    assert not np.array_equal(filter_directions(parameters, 4)[0], first)


def test_the_main_directions_explain_most() -> None:
    rng = np.random.default_rng(2)
    start = rng.normal(size=20)
    path = start + np.cumsum(rng.normal(size=(12, 20)) * np.linspace(3, 0.1, 20), axis=0)
    first, second = main_directions(path, start)
    _, singular, rows = np.linalg.svd(path - start)
    for found, row in ((first, rows[0]), (second, rows[1])):
        np.testing.assert_allclose(abs(found @ row), 1, rtol=1e-9)
        assert found @ (path[-1] - start) >= 0
    assert first @ second == pytest.approx(0, abs=1e-9)
    plane = Plane(start, first, second)
    inside = sum(float((plane.inside(row - start) ** 2).sum()) for row in path)
    assert inside == pytest.approx(float((singular[:2] ** 2).sum()))


def test_a_path_that_has_no_plane() -> None:
    start, way = np.zeros(4), np.outer(np.arange(5.0), [1, 2, 0, 0])
    with pytest.raises(ConfigError, match="straight line"):
        main_directions(way, start)
    with pytest.raises(ConfigError, match="stays where it begins"):
        main_directions(np.zeros((5, 4)), start)
    with pytest.raises(ConfigError, match="diverged"):
        main_directions(np.full((5, 4), np.nan), start)


def test_the_loss_over_a_plane_has_y_rising_by_rows() -> None:
    plane = Plane(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    grid = losses_over(plane, lambda w: 10 * w[0] + w[1], ((-1.0, 1.0), (0.0, 4.0)), 3)
    np.testing.assert_allclose(grid, [[2, 12, 22], [4, 14, 24], [6, 16, 26]])
    with pytest.raises(ConfigError, match="the same everywhere"):
        losses_over(plane, lambda w: 0.5, ((-1.0, 1.0), (0.0, 1.0)), 3)
    with pytest.raises(ConfigError, match="not finite anywhere"):
        losses_over(plane, lambda w: np.inf, ((-1.0, 1.0), (0.0, 1.0)), 3)


def test_a_window_is_square_and_holds_every_point() -> None:
    (left, right), (low, high) = window_of(np.array([[0.0, 0.0], [4.0, 1.0], [np.nan, 9.0]]))
    assert right - left == pytest.approx(high - low) == pytest.approx(4 * 1.3)
    assert left < 0 < 4 < right
    assert (low + high) / 2 == pytest.approx(0.5)


def test_one_diverges_and_the_others_train_on() -> None:
    given = training(name="sine")
    plane = Plane(given.start.astype(float), *filter_directions(given.network.parameters, 0))
    (wild, tame), explained = race(given, [contestant("sgd", lr=1e6), contestant("adam", lr=0.01)], plane)
    assert wild.diverged is not None
    assert np.isnan(wild.path[wild.diverged :]).all()
    assert tame.diverged is None
    assert tame.path[-1, 2] < tame.path[0, 2]
    assert explained is not None
    assert np.isfinite(explained)


def test_a_reference_that_diverges_is_refused() -> None:
    given = training(name="sine")
    with pytest.raises(ConfigError, match=r"diverged at update \d+ .*sgd.*lower optimizer.lr"):
        reference(given, contestant("sgd", lr=1e6))


def test_a_second_order_contestant_stops_and_stays() -> None:
    given = training('train.batch_size="full"', "dtype=float64", "objective.l2=0.01", name="xor", steps=300)
    plane = Plane(given.start.copy(), *filter_directions(given.network.parameters, 0))
    (track,), _ = race(given, [contestant("bfgs")], plane)
    step, reason = track.stopped or (0, "")
    assert 0 < step < 300
    assert reason
    np.testing.assert_array_equal(track.path[-1], track.path[step])
    counted = [i.gradient_evaluations for i in track.infos if i is not None]
    assert len(counted) == step
    assert track.evaluations[-1] == sum(counted) > step


def test_steps_beyond_the_epochs_of_the_file() -> None:
    given = training("train.epochs=1", steps=50)
    batches = ceil(len(given.train) / int(given.spec.batch_size))
    assert batches < 50
    plane = Plane(given.start.astype(float), *filter_directions(given.network.parameters, 0))
    (track,), _ = race(given, [contestant("sgd", lr=0.1)], plane)
    assert np.isfinite(track.path).all()
    assert track.rates.tolist() == [0.1] * 50

"""Races: paths are PyTorch's, second-order optimizers arrive, and who diverges is marked while the others go on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.optimizers.base import FirstOrder
from nntui_core.race import Contestant, Rules, push, race, run
from nntui_core.rng import stream
from nntui_core.schedules import InverseSqrt
from nntui_core.surfaces import SURFACES, surface
from nntui_core.train_spec import GradientNoise

REFERENCE = np.load(Path(__file__).parents[1] / "references" / "race.npz")
META = json.loads(str(REFERENCE["meta"]))
FIRST = [n for n, c in catalog.members("optimizer").items() if issubclass(c, FirstOrder)]
SECOND = [n for n in catalog.members("optimizer") if n not in FIRST]


def contestant(name: str, **settings: float) -> Contestant:
    return Contestant(name, catalog.build("optimizer", {"type": name, **settings}))


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("optimizer", FIRST)
def test_a_path_is_pytorchs(name: str, optimizer: str) -> None:
    key = f"{name}/{optimizer}"
    track = run(surface(name), contestant(optimizer, lr=META["rates"][key]), Rules(steps=META["steps"]))
    found, expected = track.path[:: META["every"], :2], REFERENCE[key]
    assert track.diverged is None
    assert (np.abs(found - expected) <= 1e-10 * np.maximum(1, np.abs(expected))).all()
    assert np.abs(expected[-1] - expected[0]).max() > 0.01  # it did go somewhere


@pytest.mark.parametrize("name", [n for n in SURFACES if SURFACES[n].minima])
@pytest.mark.parametrize("optimizer", SECOND)
def test_a_second_order_optimizer_arrives(name: str, optimizer: str) -> None:
    at = surface(name)
    track = run(at, contestant(optimizer), Rules(steps=100))
    assert at.distance(track.path)[-1] < 1e-6
    step, reason = track.stopped or (0, "")
    assert 0 < step < 100
    assert reason
    reached = track.reached(at)
    assert reached is not None
    assert at.distance(track.path)[reached] <= 1e-3 < at.distance(track.path)[reached - 1]
    np.testing.assert_array_equal(
        track.path[step:], np.broadcast_to(track.path[step], track.path[step:].shape)
    )
    # Evaluations are counted while it moves, and then no more.
    infos = [i for i in track.infos if i is not None]
    assert track.evaluations[-1] == track.evaluations[step] == sum(i.gradient_evaluations for i in infos)


def test_rows_are_positions_values_and_what_the_optimizer_gets() -> None:
    at = surface("beale")
    track = run(at, contestant("momentum", lr=0.01), Rules(steps=3))
    w, v = np.array(at.start), np.zeros(2)
    for k in range(4):
        np.testing.assert_allclose(track.path[k], [*w, at.value(w)], rtol=1e-15)
        np.testing.assert_allclose(track.slots["v"][k], v, rtol=1e-14)
        g = at.gradient(w)
        np.testing.assert_allclose(track.gradients[k], g, rtol=1e-15)
        assert track.gradient_norms[k] == pytest.approx(np.hypot(*g))
        v = 0.9 * v + g
        w = w - 0.01 * v
    assert track.evaluations.tolist() == [0, 1, 2, 3]
    assert track.rates.tolist() == [0.01] * 3


def test_one_diverges_and_the_race_goes_on() -> None:
    at = surface("long_valley")
    wild, tame = race(at, [contestant("sgd", lr=1.0), contestant("sgd", lr=0.03)], Rules(steps=500))
    assert wild.diverged is not None
    assert np.isnan(wild.path[wild.diverged :]).all()
    assert np.isfinite(wild.path[: wild.diverged]).all()
    assert tame.diverged is None
    assert tame.reached(at) is not None
    # Each step multiplies y by 1 − 1·50, and f grows with its square: 1e15 times the start in a handful.
    assert wild.diverged == next(k for k in range(500) if 0.5 * 50 * 49.0 ** (2 * k) * 2.2e-16 > 33)


def test_a_start_that_overflows_gives_infinities_and_a_mark() -> None:
    at = surface("beale")
    assert at.value(np.array([1.0, 1e103])) == np.inf
    assert np.isinf(at.gradient(np.array([1.0, 1e103]))).all()
    for name in ("sgd", "newton", "bfgs"):
        far = type(at)(**{**vars(at), "start": (1.0, 1e103)})
        track = run(far, contestant(name), Rules(steps=5))
        assert track.diverged is not None


def test_leaving_the_window_is_told_from_diverging() -> None:
    at = surface("saddle")
    track = run(at, contestant("sgd", lr=0.01), Rules(steps=500))
    # y grows by 1.02 a step from 0.001 on, and the window ends at 2.
    assert track.left(at.window) == int(np.ceil(np.log(2000) / np.log(1.02)))
    assert track.diverged is None
    assert track.reached(at) is None


def test_schedule_and_noise_are_the_same_for_all() -> None:
    at, steps = surface("long_valley"), 4
    rules = Rules(steps=steps, schedule=InverseSqrt(), noise=GradientNoise(eta=0.25, gamma=1.0), seed=7)
    a, b = race(at, [contestant("sgd", lr=0.01), contestant("momentum", lr=0.02)], rules)
    np.testing.assert_allclose(a.rates, [0.01 / np.sqrt(k + 1) for k in range(steps)])
    for track in (a, b):
        for k in range(steps):
            noise = stream(7, "gradient noise", k).normal(0, np.sqrt(0.25 / (1 + k)), 2)
            np.testing.assert_allclose(track.gradients[k], at.gradient(track.path[k, :2]) + noise)
    np.testing.assert_allclose(a.path[1, :2], at.start - 0.01 * a.gradients[0])


def test_memory_points_where_the_step_goes() -> None:
    at = surface("beale")
    momentum = run(at, contestant("momentum", lr=0.01), Rules(steps=5))
    cg = run(at, contestant("cg"), Rules(steps=5))
    for k in range(5):
        name, away = momentum.memory(k) or ("", np.zeros(2))
        assert name == "v"
        np.testing.assert_allclose(momentum.path[k + 1, :2] - momentum.path[k, :2], 0.01 * away)
        if k:
            _, along = cg.memory(k) or ("", np.zeros(2))
            info = cg.infos[k]
            assert info is not None
            np.testing.assert_allclose(
                cg.path[k + 1, :2] - cg.path[k, :2], info.step_length * along, rtol=1e-9
            )
    assert momentum.memory(5) is None
    assert run(at, contestant("sgd", lr=0.01), Rules(steps=2)).memory(0) is None


def test_the_slot_that_pushes() -> None:
    found = {
        n: push(contestant(n).optimizer.slots(2, np.float64))
        for n in ("sgd", "momentum", "adam", "rmsprop", "cg", "bfgs")
    }
    assert found == {"sgd": None, "momentum": "v", "adam": "m", "rmsprop": None, "cg": "d", "bfgs": None}

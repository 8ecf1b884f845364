"""Schedules: PyTorch's where it has the same, else the formula written out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseSqrt,
    InverseTime,
    Multistep,
    OneCycle,
    Plateau,
    Schedule,
    Step,
)

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "optimizers.npz")
CASES: dict[str, tuple[Schedule, Any]] = {
    "constant": (Constant(), np.ones(40)),
    "inverse_sqrt": (InverseSqrt(), (np.arange(40) + 1) ** -0.5),
    "inverse_time": (InverseTime(k=0.5), 1 / (1 + 0.5 * np.arange(40))),
    "multistep": (Multistep(milestones=(20, 3, 11), gamma=0.3), REFERENCES["schedule/multistep"]),
    "plateau": (Plateau(), np.ones(40)),
    "step": (Step(size=7, gamma=0.3), REFERENCES["schedule/step"]),
    "exponential": (Exponential(gamma=0.9), REFERENCES["schedule/exponential"]),
    "cosine": (Cosine(floor=0.1), REFERENCES["schedule/cosine"]),
    "one_cycle": (OneCycle(), REFERENCES["schedule/one_cycle"]),
}
MEMBERS = catalog.members("schedule")


@pytest.mark.parametrize("name", MEMBERS)
def test_factors(name: str) -> None:
    schedule, expected = CASES[name]
    assert schedule.type == name
    factors = [schedule.at(t, len(expected)) for t in range(len(expected))]
    np.testing.assert_allclose(factors, expected, rtol=1e-12)


def test_one_cycle_over_a_few_counts() -> None:
    factors = [OneCycle(rise=0.5).at(t, 7) for t in range(7)]
    np.testing.assert_allclose(factors, REFERENCES["schedule/one_cycle_short"], rtol=1e-12)


def test_warmup_is_linear() -> None:
    factors = [Constant(warmup=5).at(t, 40) for t in range(40)]
    np.testing.assert_allclose(factors, REFERENCES["schedule/warmup"], rtol=1e-12)


@pytest.mark.parametrize("name", MEMBERS)
def test_warmup_is_a_factor_of_its_own(name: str) -> None:
    plain, warm = catalog.build("schedule", name), catalog.build("schedule", {"type": name, "warmup": 3})
    ramp = [1 / 4, 2 / 4, 3 / 4, 1, 1, 1]
    for t, share in enumerate(ramp):
        assert warm.at(t, 6) == pytest.approx(share * plain.at(t, 6), rel=1e-12)


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("total", [0, 1, 2, 3, 1000])
def test_finite_positive_and_at_most_one_also_past_the_end(name: str, total: int) -> None:
    schedule = catalog.build("schedule", name)
    for t in {0, 1, total // 2, max(0, total - 1), total, total + 10}:
        assert 0 <= schedule.at(t, total) <= 1


def ends(schedule: Schedule, total: int) -> tuple[float, float, float]:
    factors = [schedule.at(t, total) for t in range(total)]
    return factors[0], max(factors), factors[-1]


def test_one_cycle_rises_and_falls() -> None:
    first, top, last = ends(OneCycle(), 100)
    assert first == pytest.approx(1 / 25)
    assert top == pytest.approx(1)
    assert last == pytest.approx(1 / 25e4)


@pytest.mark.parametrize("make", [Cosine, lambda: Cosine(floor=0.2)])
def test_cosine_reaches_its_floor_when_the_time_is_over(make: Callable[[], Cosine]) -> None:
    assert make().at(50, 50) == pytest.approx(make().floor, abs=1e-15)


def watched(schedule: Schedule, values: Any) -> list[float]:
    """The factor after each value."""
    memory, out = schedule.memory(), []
    for value in values:
        schedule.observe(memory, value)
        out.append(schedule.at(0, 1, memory))
    return out


def test_plateau_falls_where_torch_s_does() -> None:
    values = REFERENCES["schedule/plateau/values"]
    falling = Plateau(factor=0.3, patience=2, threshold=0.05, cooldown=2, floor=0.01)
    found = watched(falling, values)
    assert min(found) == 0.01
    np.testing.assert_allclose(found, REFERENCES["schedule/plateau/min"], rtol=1e-12)
    rising = Plateau(monitor="validation.accuracy", factor=0.5, patience=1, threshold=0.05)
    np.testing.assert_allclose(watched(rising, 1 - values), REFERENCES["schedule/plateau/max"], rtol=1e-12)


def test_plateau_goes_on_from_its_memory() -> None:
    values = REFERENCES["schedule/plateau/values"]
    schedule = Plateau(factor=0.3, patience=2, threshold=0.05, cooldown=2)
    whole = watched(schedule, values)
    for cut in range(1, len(values)):
        memory = schedule.memory()
        for value in values[:cut]:
            schedule.observe(memory, value)
        second = memory.copy()
        schedule.observe(second, values[cut])
        assert schedule.at(0, 1, second) == whole[cut]


def test_inverse_time_has_a_power() -> None:
    factors = [InverseTime(k=1.0, power=0.5).at(t, 40) for t in range(40)]
    np.testing.assert_allclose(factors, (np.arange(40) + 1.0) ** -0.5, rtol=1e-12)

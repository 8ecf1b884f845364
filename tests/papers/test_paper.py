"""What a figure allows, and how the values of several seeds are judged."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import ClassVar

import numpy as np
import pytest

from nntui.papers.paper import Curve, Figure, Measured, Paper, reproduce

NEAR, LOW, HIGH = Figure.near("near", 2.0, 0.5), Figure("low", 1.0, None), Figure("high", None, 3.0)
BETWEEN = Figure("between", 0.3, 0.7)


@pytest.mark.parametrize(
    ("figure", "value", "excess"),
    [
        (NEAR, 2.5, 0), (NEAR, 2.6, 0.1), (NEAR, 1.25, 0.25), (NEAR, 2.0, -0.5), (LOW, 0.5, 0.5), (LOW, 9.0, -8),
        (HIGH, 3.5, 0.5), (HIGH, -9.0, -12), (BETWEEN, 0.5, -0.2), (BETWEEN, 0.8, 0.1), (NEAR, nan, inf),
    ],
)  # fmt: skip
def test_how_far_a_value_is_outside(figure: Figure, value: float, excess: float) -> None:
    assert figure.excess(value) == pytest.approx(excess)


def test_what_is_expected_is_told() -> None:
    assert (NEAR.expected, NEAR.tolerance, NEAR.allowed) == (2.0, 0.5, "2 ± 0.5")
    assert (LOW.expected, LOW.tolerance, LOW.allowed) == ([1.0, None], 0, "≥ 1")
    assert (HIGH.expected, HIGH.allowed) == ([None, 3.0], "≤ 3")
    assert (BETWEEN.expected, BETWEEN.allowed) == ([0.3, 0.7], "0.3 to 0.7")


class Made(Paper):
    """Values by seed."""

    name: ClassVar[str] = "made"
    paper: ClassVar[str] = "Made 2026"
    claim: ClassVar[str] = "it holds"
    figures: ClassVar[tuple[Figure, ...]] = (NEAR, HIGH)
    table: ClassVar[dict[int, tuple[float, float]]] = {
        0: (2.1, 2.0),
        1: (1.6, 2.9),
        2: (2.0, 1.0),
        3: (2.7, 0.0),
    }

    def run(self, seed: int) -> Measured:
        values = dict(zip(("near", "high"), self.table[seed], strict=True))
        return Measured(values, (Curve(f"seed {seed}", np.arange(3.0), np.arange(3.0)),))


def test_every_seed_has_to_pass_and_the_worst_stands_for_all() -> None:
    told: list[int] = []
    good = reproduce(Made(), report=told.append)
    assert told == [0, 1, 2]
    assert good.passed
    assert [f.value for f in good.found] == [1.6, 2.9]
    assert good.found[0].values == (2.1, 1.6, 2.0)
    assert good.curves[0].label == "seed 0"
    bad = reproduce(Made(), seeds=(0, 3))
    assert not bad.passed
    assert [f.passed for f in bad.found] == [False, True]


def test_an_entry_has_the_keys_of_the_contract_and_the_hardest_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = reproduce(Made()).to_json()
    assert {"name", "paper", "claim", "value", "expected", "tolerance", "passed", "seconds", "seeds"} <= set(
        entry
    )
    # 2.9 is 1/30 of its limit inside, 1.6 a fifth of its tolerance.
    assert (entry["figure"], entry["value"], entry["expected"], entry["tolerance"]) == (
        "high",
        2.9,
        [None, 3.0],
        0,
    )
    assert entry["seeds"] == [0, 1, 2]
    assert [f["figure"] for f in entry["figures"]] == ["near", "high"]
    failed = reproduce(Made(), seeds=(3,)).to_json()
    monkeypatch.setattr(Made, "figures", (NEAR, replace(HIGH, setting=True)))
    assert reproduce(Made()).to_json()["figure"] == "near"
    assert (failed["figure"], failed["value"], failed["passed"]) == ("near", 2.7, False)

"""Histograms: every value counted once, where it belongs, in a range that is true and stays."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nntui.statistics.histogram import SIDE, TAIL, Histogram, _quantile, histogram, round_up

OPS = {name: SimpleNamespace(type=name) for name in ("relu", "tanh", "sigmoid", "softmax", "linear", "gelu")}
values = st.one_of(st.floats(width=32), st.floats(-3, 3, width=32), st.sampled_from([0.0, -0.0, 1.0, 0.5]))


def edges(h: Histogram) -> np.ndarray:
    return np.linspace(h.low, h.high, len(h.counts) + 1)


@settings(max_examples=200, deadline=None)
@given(
    arrays(np.float32, array_shapes(max_dims=3, max_side=6), elements=values),
    st.sampled_from([None, *OPS.values()]),
)
def test_every_value_is_counted_once(a: np.ndarray, op: object) -> None:
    h = histogram(a, op)
    assert h.total == a.size
    assert h.nan == np.isnan(a).sum()
    assert h.infinite == np.isinf(a).sum()
    finite = a[np.isfinite(a)].astype(np.float64)
    assert h.below == (finite < h.low).sum()
    assert h.above == (finite > h.high).sum()
    assert h.low <= 0 <= h.high
    assert (h.zeros is None) == (getattr(op, "type", "") not in ("", "relu"))
    # Zero is an edge, whatever the range: no bin counts values of both signs.
    negative = round(-h.low / (h.high - h.low) * len(h.counts)) if h.high - h.low < np.inf else None
    if negative is not None:
        assert h.counts[:negative].sum() + h.below == (finite < 0).sum()


def test_bins_are_numpy_s_where_no_value_lies_on_an_edge() -> None:
    a = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    h = histogram(a, OPS["linear"])
    counts, _ = np.histogram(a.astype(np.float64), edges(h))
    assert h.counts.tolist() == counts.tolist()
    assert (h.below, h.above, h.zeros) == (0, 0, None)


@pytest.mark.parametrize(
    ("name", "bounds"), [("sigmoid", (0.0, 1.0)), ("softmax", (0.0, 1.0)), ("tanh", (-1.0, 1.0))]
)
def test_a_bounded_activation_has_its_bounds_as_range(name: str, bounds: tuple[float, float]) -> None:
    h = histogram(np.array([[0.52, 0.5201], [0.53, 0.55]]), OPS[name])
    assert (h.low, h.high) == bounds
    assert h.counts.sum() == 4
    assert h.counts[int((0.52 - h.low) / (h.high - h.low) * len(h.counts))] == 3
    ends = histogram(np.array([bounds]), OPS[name])
    assert (ends.counts[0], ends.counts[-1], ends.total) == (1, 1, 2)


def test_the_ends_belong_to_the_range_and_what_lies_beyond_does_not() -> None:
    h = histogram(np.array([1.0, 1.0, np.nextafter(1.0, 2.0), -1e-9]), OPS["softmax"])
    assert (h.counts[-1], h.above, h.below) == (2, 1, 1)


def test_the_exact_zeros_of_a_relu_are_apart() -> None:
    h = histogram(np.array([0.0, 0.0, -0.0, 1e-30, 2.5]), OPS["relu"])
    assert (h.zeros, h.low, h.high) == (3, 0.0, 3.0)
    assert (h.counts[0], h.counts[20], h.counts.sum()) == (1, 1, 2)
    assert histogram(np.array([0.0, 1.0]), OPS["tanh"]).zeros is None
    assert histogram(np.array([0.0, 1.0])).zeros == 1  # a flatten or dropout passes them on


@pytest.mark.parametrize(
    ("data", "low", "high", "bins"),
    [
        ([0.5] * 9, 0.0, 0.5, SIDE),
        ([-0.5] * 9, -0.5, 0.0, SIDE),
        ([-1.0, 1.0], -1.0, 1.0, 2 * SIDE),
        ([-0.1, 7.0], -1.0, 8.0, SIDE + 3),
        ([-7.0, 1.5], -8.0, 2.0, SIDE + 6),
        ([-2.1, 7.0], -4.0, 8.0, SIDE + 12),
        ([], 0.0, 1.0, SIDE),
        ([0.0], 0.0, 1.0, SIDE),
        ([0.012], 0.0, 0.015, SIDE),
        ([3e38], 0.0, 3e38, SIDE),
    ],
)
def test_the_range_is_round_and_zero_is_an_edge(
    data: list[float], low: float, high: float, bins: int
) -> None:
    h = histogram(np.array(data), OPS["linear"])
    assert (h.low, h.high) == (pytest.approx(low), pytest.approx(high))
    assert len(h.counts) == bins
    assert np.abs(edges(h)).min() == pytest.approx(0, abs=1e-12)
    assert h.counts.sum() == len(data)


def test_the_range_stays_while_the_data_moves_a_little() -> None:
    draws = np.random.default_rng(1)
    a = draws.normal(size=1000) * 1.1
    ranges = {(histogram(a * s).low, histogram(a * s).high) for s in np.linspace(0.97, 1.03, 30)}
    assert len(ranges) <= 2


def test_a_few_values_far_away_are_counted_as_beyond() -> None:
    a = np.concatenate([np.linspace(-1, 1, 1000), [50.0, 1e30]])
    h = histogram(a, OPS["linear"])
    assert (h.low, h.high, h.above, h.below) == (-1.0, 1.0, 2, 0)
    many = np.concatenate([np.linspace(-1, 1, 1000), np.full(100, 50.0)])
    assert (histogram(many, OPS["linear"]).above, histogram(many, OPS["linear"]).high) == (0, 50.0)
    near = np.concatenate([np.linspace(-1, 1, 1000), [1.9]])
    assert (histogram(near, OPS["linear"]).above, histogram(near, OPS["linear"]).high) == (0, 2.0)


@pytest.mark.parametrize("scale", [1e-320, 1e-40, 1.0, 1e300, 1.7e308])
def test_no_finite_values_are_too_large_or_small(scale: float) -> None:
    h = histogram(np.array([scale, -scale, scale / 2, 0.0]), OPS["linear"])
    assert np.isfinite([h.low, h.high]).all()
    assert h.total == 4
    assert h.counts.sum() + h.below + h.above == 4


def test_not_numbers_are_counted() -> None:
    h = histogram(np.array([np.nan, np.inf, -np.inf, 1.0]), OPS["linear"])
    assert (h.nan, h.infinite, h.counts.sum()) == (1, 2, 1)
    assert histogram(np.full(3, np.nan)).total == 3


@pytest.mark.parametrize(
    ("given", "rounded"),
    [(1, 1), (1.01, 1.5), (1.5, 1.5), (0.7, 0.8), (9, 10), (2e-5, 2e-5), (0, 1), (-1, 1)],
)
def test_rounding_up(given: float, rounded: float) -> None:
    assert round_up(given) == pytest.approx(rounded)


def test_json_and_back() -> None:
    h = histogram(np.array([0.0, -1.0, 2.0, np.nan]), OPS["relu"])
    again = Histogram.from_json(h.to_json())
    assert again.to_json() == h.to_json()
    assert again.counts.tolist() == h.counts.tolist()


@pytest.mark.parametrize(
    "bad",
    [
        {"low": 1.0}, {"high": -1.0}, {"low": float("nan")}, {"high": float("inf")}, {"counts": []}, {"counts": [-1]}, {"counts": [3, -1]},
        {"counts": [[1]]}, {"counts": [0] * 1001}, {"below": -1}, {"nan": None}, {"zeros": "x"}, {"zeros": -1},
        {"low": None}, {"above": 10**400}, {"above": 2**62}, {"low": 0.0, "high": 0.0}, {"counts": ["x"]},
    ],
)  # fmt: skip
def test_what_is_no_histogram_is_refused(bad: dict[str, object]) -> None:
    given = histogram(np.array([0.0, 1.0]), OPS["relu"]).to_json()
    with pytest.raises(ValueError, match="not a histogram"):
        Histogram.from_json(given | bad)
    for missing in given:
        with pytest.raises(ValueError, match="not a histogram"):
            Histogram.from_json({k: v for k, v in given.items() if k != missing})


def test_what_is_just_a_histogram_is_not() -> None:
    negative = histogram(np.array([-1.0, -2.0]), OPS["linear"]).to_json()
    assert Histogram.from_json(negative).high == 0.0
    most = negative | {
        "counts": [0] * 1000,
        "above": 2**62 - 1,
        "zeros": 0,
        "nan": 3,
        "infinite": 4,
        "below": 5,
    }
    h = Histogram.from_json(most)
    assert (len(h.counts), h.above, h.zeros, h.nan, h.infinite, h.below) == (1000, 2**62 - 1, 0, 3, 4, 5)
    assert Histogram.from_json(negative | {"counts": [7]}).total == 7


def test_the_quantile_is_that_of_numpy() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 10, 1000, 16384):
        values = rng.normal(size=n).astype(np.float32)
        for share in (TAIL, 0.5, 1 - TAIL):
            assert _quantile(values, share) == pytest.approx(
                np.quantile(values.astype(np.float64), share), 1e-12, 1e-12
            )

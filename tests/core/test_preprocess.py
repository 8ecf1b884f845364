"""Preprocessing: scikit-learn's numbers, fitting on the training part alone, refusals before allocating."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.errors import ConfigError, NumericError, ShapeError
from nntui_core.preprocessing.base import Preprocessor, listed
from nntui_core.preprocessing.components import Pca, Whiten
from nntui_core.preprocessing.polynomial import Polynomial
from nntui_core.preprocessing.scaling import Standardize

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "preprocess.npz")
X, NEW, WIDE = REFERENCES["x"], REFERENCES["new"], REFERENCES["wide"]
MEMBERS = catalog.members("preprocess")
NAMES = ("a", "b", "c", "d")
CASES: dict[str, dict[str, Any]] = {
    "center": {},
    "standardize": {},
    "minmax": {},
    "binarize": {"threshold": 0.5},
    "pca": {"components": 2},
    "whiten": {"eps": 0.0},
    "polynomial": {"degree": 3},
}


def through(member: Preprocessor, x: Any, new: Any) -> Any:
    return member.apply(new, member.fit(x))


@pytest.mark.parametrize("name", MEMBERS)
def test_equals_scikit_learn(name: str) -> None:
    member = catalog.build("preprocess", {"type": name, **CASES[name]})
    np.testing.assert_allclose(through(member, X, NEW), REFERENCES[name], rtol=1e-10, atol=1e-12)


def test_pca_by_variance_and_on_fewer_samples_than_features() -> None:
    np.testing.assert_allclose(through(Pca(variance=0.9), X, NEW), REFERENCES["pca_variance"], atol=1e-11)
    np.testing.assert_allclose(through(Pca(components=3), WIDE, WIDE), REFERENCES["pca_wide"], atol=1e-11)


@pytest.mark.parametrize("name", MEMBERS)
def test_names_shapes_dtype_and_the_input_left_alone(name: str) -> None:
    member, x = catalog.build("preprocess", name), X.astype(np.float32)
    before = x.copy()
    state = member.fit(x)
    out = member.apply(x[:2], state)
    np.testing.assert_array_equal(x, before)
    assert out.dtype == np.float64
    names = member.out_features(NAMES, state)
    assert out.shape == (2, len(names))
    assert len(set(names)) == len(names)
    assert not member.keeps_image or names == NAMES
    assert member.warnings(NAMES, state) == []
    assert all(isinstance(a, np.ndarray) for a in state.values())


@pytest.mark.parametrize("name", MEMBERS)
def test_each_row_is_treated_alone_by_what_was_fitted(name: str) -> None:
    member = catalog.build("preprocess", name)
    state = member.fit(X)
    whole = member.apply(NEW, state)
    rows = np.concatenate([member.apply(row[None], state) for row in NEW])
    np.testing.assert_allclose(whole, rows, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", MEMBERS)
def test_another_number_of_features_is_refused(name: str) -> None:
    member = catalog.build("preprocess", name)
    state = member.fit(X)
    with pytest.raises(ShapeError, match=r"another number of features.*given \(2, 3\)"):
        member.apply(np.zeros((2, 3)), state)
    with pytest.raises(ShapeError, match="needs rows"):
        member.fit(np.zeros((0, 4)))


@pytest.mark.parametrize("name", ["standardize", "minmax"])
def test_a_constant_feature_is_not_scaled_and_is_named(name: str) -> None:
    x = np.column_stack([np.arange(7.0), np.full(7, 0.1)])
    member = catalog.build("preprocess", name)
    state = member.fit(x)
    np.testing.assert_allclose(member.apply(x, state)[:, 1], 0, atol=1e-15)
    np.testing.assert_allclose(member.apply(x + 1, state)[:, 1], 1)
    (warning,) = member.warnings(("left", "right"), state)
    assert "right" in warning
    assert "left" not in warning


@pytest.mark.parametrize("name", ["center", "standardize", "minmax", "pca", "whiten"])
def test_statistics_that_overflow_are_a_fault(name: str) -> None:
    x = np.array([[1.7e308], [-1.7e308], [1.7e308], [1.7e308]])
    with pytest.raises(NumericError, match="too large"):
        catalog.build("preprocess", name).fit(x)


def test_whitened_training_samples_have_the_identity_as_covariance() -> None:
    out = through(Whiten(eps=0.0), X, X)
    np.testing.assert_allclose(np.cov(out.T), np.eye(4), atol=1e-10)


def test_directions_without_variance_are_left_out_with_a_warning() -> None:
    x = np.column_stack([X, X[:, 0] + X[:, 1]])
    member = Whiten()
    state = member.fit(x)
    assert member.apply(x, state).shape[1] == 4
    assert member.warnings((*NAMES, "e"), state) == [
        "whiten: 1 of 5 directions had no variance and were left out"
    ]
    many = Pca(components=5)
    assert "varies in 4 directions" in many.warnings((*NAMES, "e"), many.fit(x))[0]


def test_pca_s_settings() -> None:
    with pytest.raises(ConfigError, match="not both"):
        Pca(components=1, variance=0.5)
    with pytest.raises(ConfigError, match=r"given 5; allowed at most 4"):
        Pca(components=5).fit(X)
    with pytest.raises(ConfigError, match="all alike"):
        Pca().fit(np.full((5, 3), 0.1))


def test_polynomial_names_its_products() -> None:
    member = Polynomial(degree=2)
    assert member.out_features(("x", "y"), {}) == ("x", "y", "x^2", "x·y", "y^2")
    out = through(member, np.ones((1, 2)), np.array([[2.0, 3.0]]))
    np.testing.assert_array_equal(out, [[2, 3, 4, 6, 9]])
    assert Polynomial(degree=1).out_features(("x", "y"), {}) == ("x", "y")


def test_polynomial_refuses_before_allocating_naming_count_and_bytes() -> None:
    x = np.zeros((100, 2500))
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError) as caught:
            Polynomial().fit(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    text = str(caught.value)
    assert "2,500 inputs have 3,126,250 monomials of degree 2 (products and squares)" in text
    assert f"{100 * (3_126_250 + 2_500) * 8:,} bytes" in text
    assert "1,073,741,824 bytes" in text


@pytest.mark.parametrize(
    ("features", "degree", "words"),
    [
        (2, 10**6, "2 inputs have 1,000,001 monomials of degree 1,000,000, with the lower degrees 500,001,500,000"),
        (2500, 10**6, r"2,500 inputs have about 10\^7\d{3} monomials of up to degree 1,000,000"),
        (50, 2**62, r"50 inputs have about 10\^\d{3} monomials"),
    ],
)
def test_polynomial_counts_what_is_far_too_many(features: int, degree: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        Polynomial(degree=degree).fit(np.zeros((10, features)))
    assert len(str(caught.value)) < 300


def test_polynomial_s_budget_also_holds_when_applied() -> None:
    member = Polynomial(memory=2 * 5 * 8)
    state = member.fit(np.ones((2, 2)))
    with pytest.raises(ConfigError, match="120 bytes for 3 samples"):
        member.apply(np.ones((3, 2)), state)


def test_polynomial_of_huge_values_is_a_fault() -> None:
    with pytest.raises(NumericError, match="standardize"), np.errstate(over="ignore"):
        through(Polynomial(), np.ones((1, 2)), np.full((1, 2), 1e200))


def test_fitting_on_the_training_part_alone() -> None:
    state = Standardize().fit(X[:20])
    np.testing.assert_allclose(state["shift"], X[:20].mean(axis=0))
    assert abs(Standardize().apply(X[20:], state).mean()) > 1e-3


def test_listed_cuts() -> None:
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"

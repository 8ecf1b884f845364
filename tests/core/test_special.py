"""Functions that NumPy lacks, against 16 digits from tables."""

from __future__ import annotations

import math

import numpy as np

from nntui_core.special import LARGE, MIDDLE, SMALL, erfc, normal_cdf


def test_the_normal_distribution_is_exact_also_far_out() -> None:
    x = np.array([-30.0, -10.0, -1.0, 0.0, 1.0, 10.0, np.inf, -np.inf])
    exact = [
        4.906713927148187e-198,
        7.619853024160527e-24,
        0.15865525393145705,
        0.5,
        0.8413447460685429,
        1,
        1,
        0,
    ]
    # The rounding of x/√2 alone moves the tail by x² units in the last place.
    np.testing.assert_allclose(normal_cdf(x), exact, rtol=1e-12)
    assert normal_cdf(x.astype(np.float32)).dtype == np.float32
    assert np.isnan(normal_cdf(np.array([np.nan]))).all()


def test_erfc_is_that_of_the_c_library_to_the_last_digits() -> None:
    edges = np.array([0.25, SMALL, MIDDLE, LARGE, 6.0, 26.0, 28.0, 1e-300, 0.0, 1e300, np.inf])
    around = np.concatenate([np.nextafter(edges, -np.inf), edges, np.nextafter(edges, np.inf)])
    draws = np.random.default_rng(0).normal(size=(5, 2000)) * np.array([[1e-8], [0.1], [0.5], [2], [8]])
    x = np.concatenate([around, -around, np.linspace(-7, 29, 5001), draws.ravel()])
    exact = np.array([math.erfc(v) for v in x])
    normal = exact > np.finfo(float).tiny  # smaller ones have fewer digits
    np.testing.assert_allclose(erfc(x)[normal], exact[normal], rtol=1e-15)
    np.testing.assert_allclose(erfc(x)[~normal], exact[~normal], atol=1e-315)


def test_the_normal_distribution_is_the_same_wherever_a_number_stands() -> None:
    x = np.random.default_rng(1).normal(size=(3, 5000)).astype(np.float32)
    whole = normal_cdf(x)
    assert np.array_equal(normal_cdf(x[:, 4990:]), whole[:, 4990:])
    assert np.array_equal(normal_cdf(np.asfortranarray(x)), whole)
    assert [float(normal_cdf(v)) for v in x[0, :20]] == whole[0, :20].tolist()

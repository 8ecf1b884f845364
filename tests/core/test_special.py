"""Functions that NumPy lacks, against 16 digits from tables."""

from __future__ import annotations

import numpy as np

from nntui_core.special import normal_cdf


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

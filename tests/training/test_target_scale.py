"""The scale that targets are learned in."""

import numpy as np
import pytest

from nntui.training.targets import TargetScale


@pytest.mark.parametrize("size", [1.0, 1e200, 5e307])
def test_targets_of_any_size_are_learned_in_their_standard_deviations(size: float) -> None:
    y = np.array([[1.0], [3.0]]) * size
    found = TargetScale.fitted(np.hstack([y, np.full((2, 1), 7.0)]))
    np.testing.assert_allclose(found.shift, [2 * size, 7.0], rtol=1e-12)
    np.testing.assert_allclose(found.scale, [size, 1.0], rtol=1e-12)
    np.testing.assert_allclose(found.to(y)[:, 0], [-1.0, 1.0], rtol=1e-12)

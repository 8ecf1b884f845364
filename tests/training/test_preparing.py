"""Rows as the network reads them: with no step, what double precision in between would give, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui.data.table import Table, numbers
from nntui.training.preparation import Preparation
from nntui_core.preprocessing.features import Features


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stored", [np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["given", "turned", "some"])
def test_rows_without_steps_are_those_that_double_precision_gives(
    dtype: str, stored: Any, order: str
) -> None:
    """Every byte is among them."""
    rng = np.random.default_rng(0)
    values = rng.permutation(np.arange(1024) % 256) if stored is np.uint8 else rng.normal(0, 5e3, 1024)
    x, divisor = numbers(values.astype(stored).reshape(256, 4))
    names = tuple("abcd")
    table = Table(x, np.zeros(256, np.int64), ("0", "1"), names, ("y",), "npz", divisor=divisor)
    rows = {"given": np.arange(256), "turned": np.arange(256)[::-1], "some": rng.permutation(256)[:100]}[
        order
    ]
    features = Features(names, {})
    found = Preparation((), (), features, features, dtype).whole(table, rows)
    assert found.dtype == dtype
    assert found.tobytes() == table.rows(rows).astype(dtype).tobytes()

"""How arrays lie in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu
from nntui_core.memory import LINE, Space, nothing, number, zeros
from nntui_core.optimizers.moments import Adam
from nntui_core.parameters import Parameters


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.intp, bool])
def test_arrays_are_zero_begin_a_cache_line_and_are_one_piece(shape: tuple[int, ...], dtype: Any) -> None:
    array = zeros(shape, dtype)
    assert array.shape == shape
    assert array.dtype == dtype
    assert array.flags.writeable
    assert not array.any()
    assert array.ctypes.data % LINE == 0 or not array.size
    inner = array.transpose(0, 2, 3, 1) if len(shape) == 4 else array
    assert inner.flags.c_contiguous


def test_the_flat_vectors_and_an_optimizer_s_arrays_begin_cache_lines() -> None:
    parameters, optimizer = Parameters([("a", (3,)), ("b", (2, 2))], np.float32), Adam()
    arrays = [parameters.theta, parameters.grad, *optimizer.slots(7, np.float32).values()]
    arrays += [optimizer.work(7, np.float32).t, optimizer.work(7, np.float32).u]
    assert [a.ctypes.data % LINE for a in arrays] == [0] * 6


def test_scratch_starts_as_asked_in_the_plan_s_type_or_its_own() -> None:
    ones = Space((3,), start=1).array(np.float32)
    assert ones.dtype == np.float32
    np.testing.assert_array_equal(ones, 1)
    rows = Space((4,), np.intp, 3 * np.arange(4)).array(np.float32)
    assert rows.dtype == np.intp
    np.testing.assert_array_equal(rows, [0, 3, 6, 9])


def test_a_number_has_the_array_s_type_and_cannot_be_changed() -> None:
    one = number(0.1, np.dtype(np.float32))
    assert one is number(0.1, np.dtype(np.float32))
    assert (one.shape, one.dtype) == ((), np.float32)
    assert (np.ones(2, dtype=np.float32) * one).dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        one[()] = 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(4095,), (4099,), (70, 90), (4096, 1), (3, 5, 40, 33)])
def test_relu_of_many_numbers_is_to_the_last_bit_that_of_each(dtype: Any, shape: tuple[int, ...]) -> None:
    """Also of those that have a sign, or none, at 0, and in any layout."""
    rng = np.random.default_rng(0)
    special = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40], dtype)
    values = np.where(rng.random(shape) < 0.5, rng.normal(size=shape), rng.choice(special, shape)).astype(
        dtype
    )
    for x in (zeros(shape, dtype), np.zeros(shape, dtype), np.zeros(shape, dtype, order="F")):
        x[...] = values
        out, expected = np.empty_like(x), np.empty_like(x)
        Relu().f(x, out)
        np.maximum(x, dtype(0), out=expected)
        assert out.tobytes() == expected.tobytes()
        assert not nothing(x.shape, x.strides, x.dtype).any()
    with pytest.raises(ValueError, match="read-only"):
        nothing(shape, x.strides, x.dtype)[...] = 1

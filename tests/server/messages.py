"""Hypothesis strategies for what goes over the wire: any frame, and any message of a kind by its annotations."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nntui.protocol.frames import origin_of
from nntui.protocol.message import Arrays, Frame, Message
from nntui.statistics.base import Statistic
from nntui.statistics.catalogue import STATISTICS

DTYPES = [np.dtype(c) for c in ("?", "i1", "u1", "<i4", "<i8", "<u8", "<f4", "<f8")]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
some_arrays = st.dictionaries(
    st.text(max_size=8),
    st.sampled_from(DTYPES).flatmap(
        lambda d: arrays(d, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    ),
    max_size=3,
)
frames = st.builds(Frame, st.dictionaries(st.text(max_size=8), json_values, max_size=4), some_arrays)

LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    Any: json_values,
    str: st.sampled_from(["max", "info", "status", "", "hidden.W", "loss < 1"]) | st.text(max_size=10),
    int: st.integers(-(2**70), 2**70) | st.integers(0, 3),
    float: st.floats() | st.floats(0, 2),
    bool: st.booleans(),
    type(None): st.none(),
}


SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "event.level": st.sampled_from(["info", "warning", "error"]),
    "predict.arrays": some_arrays.flatmap(
        lambda d: st.sampled_from([np.zeros((2, 2)), np.zeros(3), *d.values()]).map(
            lambda x: {**d, "inputs": x}
        )
    ),
    "edit_weight.index": st.lists(st.integers(-1, 2), max_size=2).map(tuple),
}
"""Fields whose values are seldom right by chance."""


def _values(hint: Any) -> st.SearchStrategy[Any]:
    origin, parts = origin_of(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return st.one_of(*map(_values, parts))
    if origin is tuple:
        return st.lists(_values(parts[0]), max_size=3).map(tuple)
    if hint is Statistic:
        return st.one_of([_values(cls) for cls in STATISTICS.values()])
    if origin is np.ndarray:
        return arrays(np.float32, array_shapes(max_dims=2, max_side=3))
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        fields = {f.name: _values(hints[f.name]) for f in dataclasses.fields(hint)}
        return st.builds(hint, **fields)
    if hint == Arrays:
        return some_arrays
    if origin is dict:
        return st.dictionaries(st.text(max_size=5), _values(parts[1]), max_size=3)
    return LEAVES[hint]


@st.composite
def messages(draw: st.DrawFn, kind: type[Message]) -> Message:
    """A message of that kind, with any values that it accepts."""
    hints = typing.get_type_hints(kind)
    fields = {
        f.name: SPECIAL.get(f"{kind.type}.{f.name}", _values(hints[f.name]))
        for f in dataclasses.fields(typing.cast(Any, kind))
    }
    strategy = st.fixed_dictionaries(fields)
    for _ in range(10):
        try:
            return kind(**draw(strategy))
        except ValueError:
            continue
    return reject()

"""Frames over a byte stream: any message comes out as it went in, and no bytes at all can do harm."""

from __future__ import annotations

import dataclasses
import json
import re
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from typing_extensions import TypeAliasType, TypeVar

from nntui.protocol.frames import from_frame, origin_of, to_frame
from nntui.protocol.message import MESSAGES, Command, Frame, FrameError
from nntui.protocol.wire import MAX_ARRAYS, MAX_DIMENSIONS, Decoder, WireError, encode
from tests.server.messages import frames, messages


def alike(a: Any, b: Any) -> bool:
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(frames, max_size=3), st.data())
def test_frames_survive_any_cutting_of_the_stream(sent: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(encode(f) for f in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    decoder, found = Decoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += decoder.feed(stream[start:end])
    assert not decoder.partial
    assert len(found) == len(sent)
    for got, given_ in zip(found, sent, strict=True):
        assert alike(got.header, given_.header)
        assert list(got.arrays) == list(given_.arrays)
        for name, array in given_.arrays.items():
            assert got.arrays[name].dtype == array.dtype
            assert np.array_equal(got.arrays[name], array, equal_nan=array.dtype.kind == "f")


def test_a_frame_byte_by_byte() -> None:
    """Another version may be at the other end: prefix, header and arrays are where the format says."""
    arrays = {"a": np.array([1, 2], ">i2"), "b": np.array([[0.5]]), "c": np.zeros(0, bool)}
    header = b'{"header":{"k":1},"arrays":[["a","<i2",[2]],["b","<f8",[1,1]],["c","|b1",[0]]]}'
    body = b"\1\0\2\0" + bytes(4) + b"\0\0\0\0\0\0\xe0\x3f"
    stream = b"NNT1" + bytes([len(header), 0, 0, 0, len(body), *bytes(7)]) + header + body
    assert encode(Frame({"k": 1}, arrays)) == stream
    (found,) = Decoder().feed(stream)
    assert {k: v.tolist() for k, v in found.arrays.items()} == {"a": [1, 2], "b": [[0.5]], "c": []}
    assert not any(array.flags.writeable for array in found.arrays.values())


def test_what_is_as_large_as_allowed_passes_and_what_is_larger_does_not() -> None:
    frame = Frame({}, {"x": np.zeros(2)})
    stream = encode(frame)
    head, body = len(stream) - 32, 16
    assert encode(frame, max_header=head, max_body=body) == stream
    assert len(Decoder(max_header=head, max_body=body).feed(stream)) == 1
    for limits in ({"max_header": head - 1}, {"max_body": body - 1}):
        with pytest.raises(WireError):
            encode(frame, **limits)
        with pytest.raises(WireError):
            Decoder(**limits).feed(stream)
    one = np.zeros(0, np.int8)
    encode(Frame({}, dict.fromkeys(map(str, range(MAX_ARRAYS)), one)))
    encode(Frame({}, {"x": one.reshape((0,) * MAX_DIMENSIONS)}))
    for beyond in (
        dict.fromkeys(map(str, range(MAX_ARRAYS + 1)), one),
        {"x": one.reshape((0,) * (MAX_DIMENSIONS + 1))},
    ):
        with pytest.raises(WireError):
            encode(Frame({}, beyond))


def test_a_stream_that_ends_between_the_parts_of_a_frame_is_cut_off() -> None:
    stream = encode(Frame({}, {"x": np.zeros(2)}))
    for end in (1, 16, 17, len(stream) - 16, len(stream) - 1):
        decoder = Decoder()
        assert decoder.feed(stream[:end]) == []
        assert decoder.partial
        assert len(decoder.feed(stream[end:])) == 1
        assert not decoder.partial


def outcome(data: bytes) -> str:
    decoder = Decoder(max_header=1 << 12, max_body=1 << 12)
    try:
        for frame in decoder.feed(data):
            from_frame(frame)
    except (WireError, FrameError) as error:
        return type(error).__name__
    return "frames" if not decoder.partial else "more is awaited"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_awaited(data: bytes) -> None:
    assert outcome(data) in ("WireError", "FrameError", "more is awaited", "frames")


@settings(max_examples=200, deadline=None)
@given(frames, st.data())
def test_one_changed_byte_never_raises_anything_else(frame: Frame, data: st.DataObject) -> None:
    stream = bytearray(encode(frame))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] = data.draw(st.integers(0, 255))
    outcome(bytes(stream))


def crafted(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<4sIQ", b"NNT1", len(text), len(body)) + text + body


@pytest.mark.parametrize(
    "data",
    [
        crafted([]),
        crafted({"header": 1, "arrays": []}),
        crafted({"header": {}, "arrays": {}}),
        crafted({"header": {}, "arrays": [["x", "<f8", [1 << 60]]]}),
        crafted({"header": {}, "arrays": [["x", "<f8", [0, 1 << 60]]]}),
        crafted({"header": {}, "arrays": [["x", "<f8", [0, 1 << 20, 1 << 20]]]}),
        crafted({"header": {}, "arrays": [["x", "|O", [1]]]}, bytes(8)),
        crafted({"header": {}, "arrays": [["x", "<f8", [-1]]]}, bytes(8)),
        crafted({"header": {}, "arrays": [["x", "<f8", [1]], ["x", "<f8", [1]]]}, bytes(16)),
        crafted({"header": {}, "arrays": []}, bytes(8)),
        crafted({"header": {}, "arrays": [["x", "|b1", [8]]]}, b"\x02" * 8),
        struct.pack("<4sIQ", b"NNT1", 0xFFFFFFFF, 0),
        struct.pack("<4sIQ", b"NNT1", 4, 1 << 62),
        struct.pack("<4sIQ", b"HTTP", 4, 0),
        struct.pack("<4sIQ", b"NNT1", 3000, 0) + b"[" * 3000,
    ],
)
def test_lying_frames_are_refused(data: bytes) -> None:
    assert outcome(data) == "WireError"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"type": "no_such"}, "unknown message type"),
        ({"type": 3}, "unknown message type"),
        ({}, "unknown message type"),
        ({"type": "predict"}, "unknown message type"),
        ({"type": "status"}, "status.state is missing"),
        ({"type": "status", "state": 1, "epoch": 0, "update": 0}, "status.state: int where str"),
        ({"type": "status", "state": "", "epoch": 0, "update": 0, "rate": True}, "status.rate: bool where float"),
        ({"type": "event", "text": "", "level": "loud"}, "event.level: (given 'loud'"),
        ({"type": "set_rate"}, "set_rate: one positive"),
        ({"type": "set_rate", "factor": -1.0}, "set_rate: one positive"),
        ({"type": "set_rate", "base": 0.0}, "set_rate: one positive"),
        ({"type": "set_rate", "base": 0.1, "value": 0.1}, "set_rate: one positive"),
        ({"type": "set_pace", "pace": "slow"}, "set_pace.pace: (given 'slow'"),
        ({"type": "set_pace", "pace": 0.0}, "set_pace.pace: (given 0.0"),
        ({"type": "edit_weight", "path": "a", "index": [0], "value": float("nan")}, "edit_weight.value: (given nan"),
        ({"type": "edit_weight", "path": "a", "index": [0], "value": float("inf")}, "edit_weight.value: (given inf"),
        ({"type": "rewind", "update": -1}, "rewind.update: (given -1"),
    ],
)  # fmt: skip
def test_frames_that_are_no_message_are_refused(header: dict[str, Any], words: str) -> None:
    with pytest.raises(FrameError, match=re.escape(words)):
        from_frame(Frame(header, {}))


@pytest.mark.parametrize(
    "header",
    [
        {"type": "set_rate", "factor": 0.5}, {"type": "set_rate", "value": 1}, {"type": "set_rate", "base": 1e-9},
        {"type": "set_pace", "pace": "max"}, {"type": "set_pace", "pace": 1}, {"type": "rewind", "update": 0},
        {"type": "event", "text": "", "level": "error"},
    ],
)  # fmt: skip
def test_what_is_allowed_is_taken(header: dict[str, Any]) -> None:
    message = from_frame(Frame(header, {}))
    assert {k: getattr(message, k) for k in header} == header


def test_which_commands_need_control_and_which_frames_travel_by_credit() -> None:
    commands = {name: cls for name, cls in MESSAGES.items() if issubclass(cls, Command)}
    assert {name for name, cls in commands.items() if not cls.changes} == {
        "attach", "request_snapshot", "shown", "take_control", "want",
    }  # fmt: skip
    assert {name for name, cls in commands.items() if cls.changes} == {
        "breakpoints", "edit_weight", "pause", "restart", "resume", "rewind", "set_pace", "set_rate", "step_epoch",
        "step_update", "stop",
    }  # fmt: skip
    assert {name for name, cls in MESSAGES.items() if cls.credited} == {"status", "stats"}


def test_every_message_has_a_name_of_its_own_and_a_docstring() -> None:
    assert all(cls.type == name and cls.__doc__ for name, cls in MESSAGES.items())


@pytest.mark.parametrize("kind", sorted(MESSAGES))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_messages_come_out_as_they_went_in(kind: str, data: st.DataObject) -> None:
    message = data.draw(messages(MESSAGES[kind]))
    (frame,) = Decoder().feed(encode(to_frame(message)))
    again = from_frame(frame)
    assert type(again) is type(message)
    for name, value in vars(message).items():
        found = getattr(again, name)
        if name == "arrays":
            assert found.keys() == value.keys()
            assert all(np.array_equal(found[k], v, equal_nan=v.dtype.kind == "f") for k, v in value.items())
        else:
            assert same(found, value)


def same(a: Any, b: Any) -> bool:
    """Of one type, and equal throughout; NaN equals NaN."""
    if dataclasses.is_dataclass(a) and type(a) is type(b):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict) and any(map(dataclasses.is_dataclass, a.values())):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    return alike(a, b)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"statistic": "no such"}, ": dict where Statistic"),
        ({"statistic": "curve", "x": "found.layers.x", "y": "found.layers.no"}, ".y: str where an array"),
        ({"statistic": "curve", "x": 1, "y": "found.layers.x"}, ".x: int where an array"),
        ({"statistic": "curve", "x": "found.layers.x"}, ".y is missing"),
        ({"statistic": "weights", "largest": "much", "layers": []}, ".largest: str where float"),
        ({"statistic": "weights", "largest": 1.0, "layers": [3]}, ".layers: int where LayerWeights"),
        (3, ": int where Statistic"),
    ],
)  # fmt: skip
def test_statistics_that_are_none_are_refused(found: Any, words: str) -> None:
    header = {"type": "stats", "update": 1, "found": {"layers": found}}
    with pytest.raises(FrameError, match=re.escape(f"stats.found.layers{words}")):
        from_frame(Frame(header, {"found.layers.x": np.zeros(3)}))


def test_arrays_are_known_by_either_form_of_numpys_alias() -> None:
    """NumPy 2.5 (which needs Python 3.12) makes NDArray with the statement `type`; before, it was a plain alias."""
    kind = TypeVar("kind", bound=np.generic)
    alias = TypeAliasType("NDArray", np.ndarray[tuple[Any, ...], np.dtype[kind]], type_params=(kind,))
    for hint in (alias[Any], NDArray[Any], np.ndarray[Any, Any]):
        assert origin_of(hint) is np.ndarray
    assert origin_of(dict[str, int]) is dict
    assert origin_of(float) is None

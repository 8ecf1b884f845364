"""The newest records of a large file are found from its end, without reading all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntui.runs import ends
from nntui.runs.ends import last_record, lines_backward, truncate_tail


class Counting:
    """A stream that counts what is read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.bytes = stream, 0

    def read(self, size: int = -1) -> bytes:
        found = self.stream.read(size)
        self.bytes += len(found)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def __enter__(self) -> Counting:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stream.close()


def test_the_end_of_a_large_file_is_found_without_reading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    records = ({"type": "epoch", "update": k, "train": {"loss": 1.0}, "x": "x" * 40} for k in range(20_000))
    path.write_text("".join(json.dumps(each) + "\n" for each in records) + '{"torn')
    real, opened = ends.open_regular, []

    def counting(path: Path) -> Any:
        opened.append(Counting(real(path)))
        return opened[-1]

    monkeypatch.setattr(ends, "open_regular", counting)
    monkeypatch.setattr(ends, "_CHUNK", 4096)
    found = last_record(path)
    assert found
    assert found["update"] == 19_999
    truncate_tail(path)
    truncate_tail(path, 19_950)
    assert [stream.bytes <= 16_384 for stream in opened] == [True, True, True]
    assert json.loads(path.read_bytes().splitlines()[-1])["update"] == 19_950


def forward(lines: list[bytes], update: int | None) -> int:
    """Where a file is cut, found from its beginning: the bytes that stay."""
    end, cut = 0, None
    for line in lines:
        if not line.endswith(b"\n"):
            break
        try:
            at = json.loads(line)["update"]
        except ValueError:
            at = None
        if update is not None and at is not None:
            cut = None if at <= update else end if cut is None else cut
        end += len(line)
    return end if cut is None else cut


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    updates=st.lists(st.none() | st.integers(0, 9), max_size=12), torn=st.sampled_from([b"", b"{", b'{"update":3}']),
    update=st.none() | st.integers(0, 9), chunk=st.integers(1, 40),
)  # fmt: skip
def test_a_cut_found_from_the_end_is_the_one_found_from_the_beginning(
    tmp_path: Path, updates: list[int | None], torn: bytes, update: int | None, chunk: int
) -> None:
    path = tmp_path / "m"
    lines = [b"no record\n" if u is None else b'{"update":%d}\n' % u for u in updates]
    whole = b"".join(lines) + torn
    path.write_bytes(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ends, "_CHUNK", chunk)
        with path.open("rb") as stream:
            assert [line for *_, line in lines_backward(stream)] == lines[::-1]
        assert truncate_tail(path, update) == len(whole) - forward([*lines, torn], update)
    assert path.read_bytes() == whole[: forward([*lines, torn], update)]

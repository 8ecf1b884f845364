"""metrics.jsonl: whole records in one write, nulls for what is not finite, torn tails left alone."""

from __future__ import annotations

import itertools
import json
import math
import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntui.errors import UserError
from nntui.runs import checkpoint
from nntui.runs import tail as following
from nntui.runs.ends import last_record, truncate_tail
from nntui.runs.find import listed
from nntui.runs.lines import number
from nntui.runs.metrics import (
    MetricsError,
    MetricsWriter,
    every_record,
    read_metrics,
    sampled,
)
from nntui.runs.tail import MetricsReader
from tests.cli.conftest import Cli

records = st.dictionaries(
    st.text(max_size=8).filter(lambda k: k != "nonfinite" and "." not in k),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=6,
    ),
    max_size=5,
)


def finite(value: Any) -> Any:
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(records, max_size=4), tail=st.binary(max_size=12).filter(lambda b: b"\n" not in b))
def test_what_is_written_is_read_and_a_torn_tail_is_not(
    tmp_path: Path, written: list[dict[str, Any]], tail: bytes
) -> None:
    path = tmp_path / "m.jsonl"
    path.unlink(missing_ok=True)
    with MetricsWriter(path) as writer:
        for record in written:
            writer.write(record)
    whole = path.read_bytes()
    for line in whole.splitlines():
        json.loads(line, parse_constant=lambda token: pytest.fail(token))
    path.write_bytes(whole + tail)
    found, offset = read_metrics(path)
    assert offset == len(whole)
    assert [{k: v for k, v in r.items() if k != "nonfinite"} for r in found] == [
        {k: finite(v) for k, v in r.items()} for r in written
    ]
    with MetricsWriter(path) as writer:
        writer.write({"after": 1})
    assert read_metrics(path)[0][-1] == {"after": 1}
    assert truncate_tail(path) == 0


def test_a_number_that_was_not_finite_is_nan_and_an_absent_one_none(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "m") as writer:
        writer.write({"type": "epoch", "train": {"loss": math.inf}, "validation": None})
    (record,), _ = read_metrics(tmp_path / "m")
    assert record["nonfinite"] == ["train.loss"]
    assert math.isnan(number(record, "train.loss") or 0)
    assert number(record, "validation.loss") is None


def test_a_record_that_did_not_fit_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with MetricsWriter(path) as writer:
        writer.write({"n": 1})
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            with pytest.raises(MetricsError, match="limit"):
                writer.write({"text": "x" * 500})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.write({"n": 2})
    assert path.read_text() == '{"n":1}\n{"n":2}\n'


def test_foreign_lines_are_skipped_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b'{"n":1}\nno json\n[1]\n{"x":NaN}\n\xff\n{"n":2}\n')
    said: list[str] = []
    found, _ = read_metrics(path, report=said.append)
    assert found == [{"n": 1}, {"n": 2}]
    assert len(said) == 4
    assert last_record(path, "epoch") is None
    path.write_bytes(b'{"type":"epoch","n":1}\n{"type":"event"}\n{"type":"epoch","n":2}')
    assert last_record(path) == {"type": "epoch", "n": 1}


def test_only_what_leads_to_the_checkpoint_is_kept_on_resuming(tmp_path: Path) -> None:
    path = tmp_path / "m"
    updates = [0, 10, 20, 30, 10, 15, 25]  # rewound from 30 to 10
    path.write_text("".join(f'{{"update":{u}}}\n' for u in updates) + '{"upd')
    truncate_tail(path, 20)
    assert [r["update"] for r in read_metrics(path)[0]] == updates[:-1]


def test_a_follower_notices_that_the_file_was_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "m"
    reader = MetricsReader(path)
    assert reader.poll() == []
    with MetricsWriter(path) as writer:
        for k in range(5):
            writer.write({"update": k})
        assert len(reader.poll(3)) == 3
        assert len(reader.poll()) == 2
        truncate_tail(path, 1)
        assert [r["update"] for r in reader.poll()] == [0, 1]
        assert reader.restarted
        writer.write({"update": 9})
        assert reader.poll() == [{"update": 9}]
        assert not reader.restarted


def test_a_follower_keeps_what_it_has_where_the_directory_is_gone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "m"
    reader = MetricsReader(path)
    with MetricsWriter(path) as writer:
        writer.write({"update": 1})
    assert reader.poll() == [{"update": 1}]
    path.unlink()
    path.parent.rmdir()
    assert reader.poll() == []
    assert not reader.restarted


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "m").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    for name, why in {"m": "symbolic link", "pipe": "not a plain file"}.items():
        with pytest.raises(UserError, match=f"cannot read the metrics: .*{why}"):
            read_metrics(tmp_path / name)
    with pytest.raises(Exception, match="link"):
        MetricsWriter(tmp_path / "m")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=40), count=st.integers(1, 12), data=st.data()
)
def test_samples_of_a_file_are_in_order_and_what_follows_them_is_whole(
    tmp_path: Path, lengths: list[int], count: int, data: st.DataObject
) -> None:
    path = tmp_path / "m.jsonl"
    lines = [json.dumps({"n": n, "x": "x" * length}) + "\n" for n, length in enumerate(lengths)]
    path.write_text("".join(lines))
    starts = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
    end = data.draw(st.integers(1, starts[-1]))
    with path.open("rb") as stream:
        found, offset = sampled(stream, end, count)
    assert offset == min(s for s in starts if s >= end)
    numbers = [r["n"] for r in found]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert len(numbers) <= count
    assert all(starts[n] < end for n in numbers)
    assert [r["n"] for r in read_metrics(path, offset)[0]] == [
        n for n, s in enumerate(starts[:-1]) if s >= end
    ]


def test_a_large_file_is_thinned_up_to_its_end_and_then_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LARGE", 50_000)
    monkeypatch.setattr(following, "TAIL", 3_000)
    monkeypatch.setattr(following, "SAMPLES", 20)
    path = tmp_path / "m.jsonl"
    with MetricsWriter(path) as writer:
        for n in range(10_000):
            writer.write({"n": n})
        reader = MetricsReader(path)
        first = [r["n"] for r in reader.poll()]
        assert len(first) == 20
        assert first[0] == 0
        assert all(300 < b - a < 700 for a, b in itertools.pairwise(first))  # spread evenly
        end = [r["n"] for r in reader.poll()]
        assert end == list(range(end[0], 10_000))
        assert first[-1] < end[0]
        assert 200 < len(end) < 300
        writer.write({"n": "new"})
        assert reader.poll() == [{"n": "new"}]
        assert not reader.restarted
    assert [r["n"] for r in every_record(path)] == [*range(10_000), "new"]
    truncate_tail(path)
    with path.open("r+") as stream:
        stream.truncate(len(path.read_bytes()) - 20)
    again = [r["n"] for r in reader.poll()]
    assert reader.restarted
    assert (len(again), again[0]) == (20, 0)
    assert [r["n"] for r in reader.poll()][-1] == 9_998  # the last one is torn


def test_records_are_flushed_with_each_checkpoint(
    cli: Cli, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "fsync" if sys.platform == "darwin" else "fdatasync"
    real, flushed = getattr(os, name), list[int]()

    def flush(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, name, flush)
    assert cli("fit", "xor", "--epochs", "3", "--set", "train.checkpoint_seconds=0", "--quiet").code == 0
    (run,) = listed(runs)
    saved = len(checkpoint.updates(run.run.checkpoints))
    assert saved == 4
    assert flushed.count(run.run.metrics.stat().st_ino) == saved

"""A long training's records are thinned: bounded, and nothing that a curve shows is lost."""

from __future__ import annotations

import errno
import itertools
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.config.load import load
from nntui.runs import metrics, tail, thinning
from nntui.runs.ends import truncate_tail
from nntui.runs.metrics import MetricsError, MetricsWriter, every_record, read_metrics
from nntui.runs.tail import MetricsReader
from nntui.runs.thinning import chosen, thinned
from nntui.training.experiment import build
from nntui.training.session import MOST_MEASURED
from nntui.training.start import start

REFUSED = "cannot thin the metrics: the disk reports an input/output error"
Row = tuple[int | None, float | None, float | None]
rows = st.lists(
    st.tuples(
        st.none() | st.integers(0, 60), st.none() | st.floats(), st.none() | st.sampled_from([0.0, 1.0, 2.0])
    ),
    max_size=60,
)


def point(row: Row) -> Any:
    return None if row[0] is None else (row[0], row[1:])


def columns(found: list[Row], width: float) -> list[list[int]]:
    """Where the rows with an update are, by stretch and column."""
    out: list[list[int]] = []
    place, before = -1.0, -1
    for k, (update, *_) in enumerate(found):
        if update is None:
            continue
        if update < before or update // width != place:
            out.append([])
        out[-1].append(k)
        before, place = update, update // width
    return out


@settings(max_examples=200, deadline=None)
@given(found=rows, width=st.sampled_from([1.0, 2.5, 7.0, 1000.0]))
def test_of_each_column_the_first_and_the_extremes_are_kept(found: list[Row], width: float) -> None:
    kept = list(chosen(range(len(found)), lambda k: point(found[k]), width))
    assert kept == sorted(set(kept))
    assert {k for k, row in enumerate(found) if row[0] is None} <= set(kept)
    for column in columns(found, width):
        left = [k for k in column if k in kept]
        assert len(left) <= 5
        assert left[0] == column[0]
        for part in (1, 2):
            values = [v for k in column if (v := found[k][part]) is not None and not math.isnan(v)]
            there = [v for k in left if (v := found[k][part]) is not None and not math.isnan(v)]
            if values:
                assert (min(there), max(there)) == (min(values), max(values))


def test_a_history_in_memory_gets_shorter_and_keeps_its_newer_half_and_its_lowest() -> None:
    history = [(k, 1.0 + (k * 7919 % 1000), None) for k in range(8193)]
    history[1234] = (1234, 0.5, None)
    found = thinned(history, lambda row: (row[0], row[1:]))
    assert len(found) < 0.7 * len(history)
    assert found[-4097:] == history[-4097:]
    assert history[1234] in found
    assert found[0] == history[0]


def test_a_trainer_remembers_a_bounded_number_of_measurements(tmp_path: Path) -> None:
    session = start(build(load("xor")), tmp_path, pytest.fail)
    session.run.unlock()
    for k in range(3 * MOST_MEASURED):
        session.remember((k, 0.25 if k == 555 else 1.0, None))
    assert len(session.history) <= MOST_MEASURED
    assert (555, 0.25, None) in session.history
    session.remember((400, 1.0, None))  # it was rewound
    assert session.history[-1] == (400, 1.0, None)
    assert session.history[-2][0] < 400


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a hundred kilobytes is large."""
    monkeypatch.setattr(metrics, "MOST", 100_000)
    monkeypatch.setattr(thinning, "NEWEST", 10_000)
    monkeypatch.setattr(thinning, "COLUMNS", 40)


def record(update: int, loss: float) -> dict[str, Any]:
    return {"type": "epoch", "update": update, "train": {"loss": loss}, "x": "x" * 40}


@pytest.mark.usefixtures("small")
def test_a_file_is_bounded_and_keeps_its_end_its_extremes_and_all_events(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    events = range(0, 20_000, 2500)
    with MetricsWriter(path) as writer:
        for k in range(20_000):
            writer.write(record(k, 5.0 + math.sin(k / 900) + (k == 4321) - 6.0 * (k == 12_345)))
            if k in events:
                writer.write({"type": "event", "update": k, "text": "rate"})
            writer.thin()
            assert path.stat().st_size <= 100_000
            if k == 17_000:
                path_of_then = path.read_bytes()
    found = list(every_record(path, report=pytest.fail))
    assert [r["update"] for r in found if r["type"] == "event"] == list(events)
    points = [r for r in found if r["type"] == "epoch"]
    updates = [r["update"] for r in points]
    assert updates == sorted(set(updates))
    assert updates[0] == 0
    assert max(b - a for a, b in itertools.pairwise(updates)) <= 2 * 20_000 / 40  # no hole
    assert {4321, 12_345} <= set(updates)
    assert updates[-100:] == list(range(19_900, 20_000))
    # What a resume cuts is right in a thinned file too.
    path.write_bytes(path_of_then)
    truncate_tail(path, 16_950)
    assert read_metrics(path)[0][-1]["update"] == 16_950
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("small")
def test_futures_that_a_rewind_abandoned_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsWriter(path) as writer:
        for k in [*range(1000), *range(500, 2500), *range(3000)]:
            writer.write(record(k, 1.0))
            writer.thin()
    updates = [r["update"] for r in every_record(path)]
    backward = [(a, b) for a, b in itertools.pairwise(updates) if b < a]
    assert [b for _, b in backward] == [500, 0]
    assert backward[0][0] > 900
    assert backward[1][0] > 2400


@pytest.mark.usefixtures("small")
def test_a_follower_gets_every_record_once_while_the_file_is_thinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "MARK", 2000)
    path = tmp_path / "m.jsonl"
    reader, late = MetricsReader(path), MetricsReader(path)
    seen: list[int] = []
    with MetricsWriter(path) as writer:
        for k in range(6000):
            writer.write(record(k, 1.0))
            writer.thin()
            if k == 500:
                late.poll(10)  # and then it is not asked for long
            if k % 20 == 0:
                seen += [r["update"] for r in reader.poll()]
                assert not reader.restarted
    seen += [r["update"] for r in reader.poll()]
    assert seen == list(range(6000))
    assert late.poll()[0]["update"] == 0
    assert late.restarted


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_disk_that_refuses_costs_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path = tmp_path / "m.jsonl"
    real = thinning.atomic_write
    failed, said = 0, list[str]()

    def failing(path: Path, writer: Callable[[BinaryIO], object]) -> None:
        nonlocal failed
        failed += 1
        if when == "after":  # the file has its name, but the directory could not be flushed
            real(path, writer)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(thinning, "atomic_write", failing)
    with MetricsWriter(path) as writer:
        for k in range(2000):
            writer.write(record(k, 1.0))
            try:
                writer.thin()
            except MetricsError as error:
                said.append(str(error))
            assert len(said) == failed
        assert {text.split(": ", 1)[1] for text in said} == {REFUSED}
        updates = [r["update"] for r in every_record(path)]
        assert updates[-50:] == list(range(1950, 2000))
        if when == "before":
            assert updates == list(range(2000))
            assert 1 < failed < 10  # it is not tried at each record
            monkeypatch.setattr(thinning, "atomic_write", real)
            for k in range(2000, 3000):
                writer.write(record(k, 1.0))
                writer.thin()
            assert path.stat().st_size <= 100_000


@pytest.mark.usefixtures("small")
def test_a_thinned_file_that_cannot_be_opened_is_opened_by_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.jsonl"
    real = os.open

    def refusing(name: Any, flags: int, *rest: int, **options: Any) -> int:
        if refuse and flags & os.O_APPEND:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(name, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)
    refuse = False
    with MetricsWriter(path) as writer:
        for k in range(1500):
            writer.write(record(k, 1.0))
        refuse = True
        writer.thin()
        for use in (writer.sync, lambda: writer.write(record(1500, 1.0))):
            with pytest.raises(MetricsError, match="too many open files"):
                use()
        refuse = False
        writer.sync()
        writer.write(record(1501, 1.0))
    assert [r["update"] for r in every_record(path)][-2:] == [1499, 1501]


@pytest.mark.usefixtures("small")
def test_what_must_be_kept_is_not_written_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, times = thinning.atomic_write, 0

    def counting(path: Path, writer: Callable[[BinaryIO], object]) -> None:
        nonlocal times
        times += 1
        real(path, writer)

    monkeypatch.setattr(thinning, "atomic_write", counting)
    with MetricsWriter(tmp_path / "m") as writer:
        for k in range(6000):
            writer.write({"type": "event", "update": k, "text": "x" * 60})
            writer.thin()
    assert len(list(every_record(tmp_path / "m"))) == 6000
    assert 1 <= times <= 4  # each time twice as large

"""How much memory is free: the machine's, the container's, the process's, or as many bytes as are told."""

from __future__ import annotations

import resource
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from nntui.errors import UserError
from nntui.training import memory


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("1", 1), ("8 GB", 8e9), ("500MiB", 500 * 2**20), (" 2.5 kb ", 2500), ("1tib", 2**40)],
)
def test_amounts(text: str, bytes_: float, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.amount(text) == bytes_
    monkeypatch.setenv(memory.VARIABLE, text)
    assert memory.available() == bytes_


@pytest.mark.parametrize("text", ["", "much", "-1 GB", "0", "1 GBB", "1e9", "nan"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(
        UserError, match=r"NNTUI_MEMORY: not an amount of memory .*allowed a number and a unit"
    ):
        memory.amount(text)


Used = namedtuple("Used", "rss vms data")


def group(place: Path, most: str, now: int, cache: int = 0, version: int = 2) -> None:
    place.mkdir(parents=True, exist_ok=True)
    limit, used, kind = (
        ("memory.max", "memory.current", "inactive_file") if version == 2
        else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    )  # fmt: skip
    (place / limit).write_text(f"{most}\n")
    (place / used).write_text(f"{now}\n")
    (place / "memory.stat").write_text(f"anon 5\n{kind} {cache}\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 1,000 MB free and no limits; the root of its control groups."""
    free = namedtuple("Free", "available")(10**9)
    monkeypatch.delenv(memory.VARIABLE, raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    monkeypatch.setattr(memory, "_groups", list)
    monkeypatch.setattr(memory.resource, "getrlimit", lambda which: (resource.RLIM_INFINITY,) * 2)
    return tmp_path


def test_without_limits_it_is_the_machine_s(machine: Path) -> None:
    assert memory.available() == 1e9


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_s_is_what_its_groups_leave_and_their_file_pages(
    machine: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    inner, outer = machine / "a/b", machine / "a"
    monkeypatch.setattr(memory, "_groups", lambda: [inner, outer, machine])
    group(inner, "max", 1, version=version)  # no limit of its own
    group(outer, str(500_000_000), 300_000_000, 50_000_000, version)
    assert memory.available() == 250e6
    group(outer, str(500_000_000), 600_000_000, 50_000_000, version)  # a limit that was lowered since
    assert memory.available() == 0.0


def test_the_groups_are_those_around_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    lines = "12:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/user.slice/one.scope\n"
    real = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda p, *a, **k: lines if str(p) == "/proc/self/cgroup" else real(p, *a, **k)
    )
    root = tmp_path / "memory"
    assert memory._groups() == [
        root / "docker/abc", root / "docker", root, tmp_path / "user.slice/one.scope", tmp_path / "user.slice", tmp_path,
    ]  # fmt: skip


def test_limits_of_the_process(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {resource.RLIMIT_AS: 900_000_000, resource.RLIMIT_DATA: 700_000_000}
    monkeypatch.setattr(memory.resource, "getrlimit", lambda which: (limits[which],) * 2)
    monkeypatch.setattr(psutil.Process, "memory_info", lambda self: Used(1, 800_000_000, 650_000_000))
    assert memory.available() == 50e6
    limits[resource.RLIMIT_AS] = 700_000_000
    assert memory.available() == 0.0


def test_bytes_are_shown_in_three_digits() -> None:
    shown = [memory.shortened(size) for size in (0, 999, 1000, 123_456_789, 4.32e10, float("inf"))]
    assert shown == ["0 B", "999 B", "1 kB", "123 MB", "43.2 GB", "more than can be counted"]

"""A run's lock: one trainer at a time, and nobody else's business."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nntui.errors import UserError
from nntui.runs.directory import LOCK, RunDirectory


@pytest.mark.parametrize("before", [None, 0o666])
def test_other_users_cannot_open_it_and_so_not_hold_it(tmp_path: Path, before: int | None) -> None:
    lock = tmp_path / LOCK
    if before is not None:  # of a run that an umask, or an older version, has left open
        lock.touch()
        lock.chmod(before)
    run = RunDirectory(tmp_path)
    old = os.umask(0)
    try:
        run.lock()
    finally:
        os.umask(old)
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    run.unlock()


def test_the_second_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = RunDirectory(tmp_path), RunDirectory(tmp_path)
    first.lock()
    assert (first.locked(), second.locked()) == (True, True)
    with pytest.raises(UserError, match="another trainer is at work on this run; attach to it, or wait"):
        second.lock()
    first.unlock()
    assert second.locked() is False
    second.lock()
    second.unlock()


def test_one_who_only_looks_does_not_keep_a_trainer_from_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    run = RunDirectory(tmp_path)
    run.lock()
    run.unlock()
    looker = os.open(tmp_path / LOCK, os.O_RDONLY)
    fcntl.flock(looker, fcntl.LOCK_SH)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        fcntl.flock(looker, fcntl.LOCK_UN)

    monkeypatch.setattr("nntui.runs.directory.time.sleep", sleep)
    run.lock()
    assert len(waits) == 1
    run.unlock()
    os.close(looker)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.touch(mode=0o644)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(target)
    with pytest.raises(UserError, match="cannot lock the run"):
        RunDirectory(tmp_path / "run").lock()
    assert stat.S_IMODE(target.stat().st_mode) == 0o644

"""Processes of the program's own, started where the user's files are called as modules are."""

import asyncio
from pathlib import Path

import pytest

from nntui.config.load import load
from nntui.search.pool import Pool
from nntui.server.launch import launch
from nntui.training.experiment import build
from nntui.training.start import start
from nntui.tui.advice.job import Job, Line
from tests.search.orders import TINY

SHADOWS = ("csv", "json", "numbers", "numpy", "random", "statistics", "nntui")


@pytest.fixture
def shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: files of the user's that end whoever imports them."""
    place = tmp_path / "mine"
    place.mkdir()
    for name in SHADOWS:
        (place / f"{name}.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(place)
    return place


async def test_advice_is_not_given_by_a_file_of_the_users(shadowed: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(TINY)
    run = start(build(load(path)), tmp_path / "runs", print).run
    heard: list[Line] = []
    job = Job({"do": "check", "run": str(run.path)}, heard.append)
    job.start()
    assert job.process is not None
    job.process.wait()
    while not (heard and heard[-1]["at"] in ("ended", "failed")):
        await asyncio.sleep(0.01)
    job.close()
    assert (heard[0]["at"], heard[-1]["at"]) == ("plan", "ended")


def test_a_trainer_starts_beside_files_of_the_users(shadowed: Path, tmp_path: Path) -> None:
    launched = launch("xor", ["train.epochs=1"], None, tmp_path / "runs", "max", True)
    try:
        assert launched.wait_ready(60).run_dir.parent == tmp_path / "runs"
    finally:
        launched.process.terminate()
        launched.process.wait()


def test_a_worker_starts_beside_files_of_the_users(shadowed: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(TINY)
    search = {
        "path": str(path),
        "text": TINY,
        "runs": str(tmp_path / "runs"),
        "part": "train",
        "measure": "loss",
        "seeds": 1,
        "every": 1,
    }
    pool = Pool(1, search)
    try:
        ((_, message),) = pool.hear(60)
        assert "ready" in message
    finally:
        pool.close()

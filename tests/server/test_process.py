"""A trainer that cannot begin: its starter is told why in one line, and nothing is left."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nntui.files import reason
from nntui.protocol import sockets
from nntui.runs.directory import RunDirectory
from nntui.server import attendant, hub, process
from nntui.server.hub import Hub


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sockets in a place of the test's own; the signal that a trainer ignores is minded again."""
    before = signal.getsignal(signal.SIGHUP)
    with tempfile.TemporaryDirectory(prefix="np-") as short:  # a socket's path has about a hundred bytes
        monkeypatch.setattr(sockets, "directory", lambda: Path(short) / "n")
        yield
        assert not list(Path(short).rglob("*.sock"))
    signal.signal(signal.SIGHUP, before)


def refused(tmp_path: Path, config: str = "xor") -> tuple[int, dict[str, object]]:
    """The exit code of a trainer, and its answer."""
    read, write = os.pipe()
    order = {
        "config": config, "overrides": [], "seed": None, "runs": str(tmp_path / "runs"), "pace": "max", "paused": False,
        "ready": write,
    }  # fmt: skip
    code = process.main(order)
    with os.fdopen(read, "rb") as answer:
        return code, json.loads(answer.read())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO])
def test_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def none(*given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(sockets.socket, "socket", none)
    code, answer = refused(tmp_path)
    (line,) = answer["faults"]
    assert reason(OSError(number, "")) in line
    assert (code, answer["exit_code"]) == (2, 2)
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_viewers_cannot_be_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run and its socket were made already: they are taken back."""

    def full(own: Hub, *given: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "a\x1bpipe")

    monkeypatch.setattr(hub.Hub, "__init__", full)
    monkeypatch.setattr(process, "_log_to", lambda path: None)  # pytest's own streams stay
    code, answer = refused(tmp_path)
    assert answer["faults"] == ["the trainer could not be started: a\\epipe: too many open files"]
    assert (code, answer["exit_code"]) == (1, 1)
    assert "Traceback" not in capsys.readouterr().err
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_log_that_cannot_be_written_does_not_end_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,\n3,4\n")  # a row without y: that is told
    config = tmp_path / "t.toml"
    config.write_text(
        '[data]\nsource = "csv"\npath = "t.csv"\ntarget = "y"\n[[layers]]\ntype = "dense"\nunits = 1\n'
        '[objective]\nloss = "mse"\n[optimizer]\ntype = "sgd"\nlr = 0.01\n[train]\nepochs = 2\n'
    )
    monkeypatch.setattr(attendant, "FIRST_VIEWER", 0.1)
    saved, full = os.dup(2), os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(process, "_log_to", lambda path: os.dup2(full, 2))
    with contextlib.ExitStack() as after:
        after.callback(os.dup2, saved, 2)
        after.callback(os.close, full)
        monkeypatch.setattr("sys.stderr", os.fdopen(2, "w", buffering=1, closefd=False))
        code, answer = refused(tmp_path, str(config))
    os.close(saved)
    assert code == 0
    run = RunDirectory(Path(str(answer["run_dir"])))
    assert run.read().state == "completed"

"""The control socket: private to its user, and refused to others."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

import pytest

from nntui.errors import UserError
from nntui.protocol import sockets
from nntui.protocol.commands import (
    Attach,
)
from nntui.protocol.frames import to_frame
from nntui.protocol.reports import (
    Hello,
)
from nntui.protocol.wire import encode
from tests.server.running import running

LONG = ("train.epochs=100000000",)


def test_another_users_process_is_no_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        monkeypatch.setattr(sockets, "peer_uid", lambda connection: os.getuid() + 1)
        with socket.socket(socket.AF_UNIX) as other:
            other.settimeout(10)
            other.connect(str(run.socket))
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                other.sendall(encode(to_frame(Attach())))  # else it would be dropped for its silence
                assert other.recv(100) == b""
        with pytest.raises(UserError, match="another user's process answers there"):
            sockets.connect(run.socket)
        monkeypatch.undo()
        run.viewer().wait(Hello)


def test_another_users_directory_holds_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    sockets.check_private(tmp_path)
    real = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: real + 1)
    with pytest.raises(UserError, match="not safe for the control socket: it belongs to another user"):
        sockets.check_private(tmp_path)


def test_the_other_ends_user_is_told(tmp_path: Path) -> None:
    first, second = socket.socketpair(socket.AF_UNIX)
    with first, second:
        assert sockets.peer_uid(first) == os.getuid()


class TestSockets:
    def test_the_directory_is_private(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(tmp_path))
        server, path = sockets.listen()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        sockets.connect(path).close()
        server.close()
        sockets.remove(path)
        sockets.remove(path)
        path.parent.rmdir()  # a cleaner of temporary files came by
        server, path = sockets.listen()
        server.close()
        with pytest.raises(UserError, match="no trainer answers"):
            sockets.connect(path)

    def test_what_others_could_enter_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(tmp_path))
        place = tmp_path / f"nntui-{os.getuid()}"
        place.mkdir(mode=0o755)
        place.chmod(0o755)
        with pytest.raises(UserError, match="others can enter"):
            sockets.listen()
        place.rmdir()
        (tmp_path / "real").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "real")
        with pytest.raises(UserError, match="not a directory"):
            sockets.listen()

    def test_a_path_too_long_for_a_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        deep = tmp_path / ("x" * 100)
        deep.mkdir()
        monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(deep))
        with pytest.raises(UserError, match="set TMPDIR to a short path"):
            sockets.listen()

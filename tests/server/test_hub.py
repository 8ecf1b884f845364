"""Connections that mean no good, or none at all: the hub keeps its places, its memory and its name."""

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from nntui.protocol import sockets
from nntui.protocol.commands import Attach
from nntui.protocol.frames import to_frame
from nntui.protocol.reports import Hello, Status
from nntui.protocol.wire import Decoder, encode
from nntui.server import connection, traffic
from tests.server.running import running, until

LONG = ("train.epochs=10000000",)


def dialed(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(10)
    client.connect(str(path))
    return client


def closed(client: socket.socket) -> bool:
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        return client.recv(1) == b""
    return False


def test_silent_connections_are_dropped_and_a_viewer_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "SILENT", 0.05)
    monkeypatch.setattr(traffic, "TICK", 0.05)
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        silent = [dialed(run.socket) for _ in range(5)]
        until(lambda: all(closed(c) for c in silent), "five dropped")
        before = viewer.wait(Status).update
        viewer.wait(Status, lambda m: m.update > before)


def test_a_burst_of_a_hundred_viewers_is_served(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        clients = [dialed(run.socket) for _ in range(100)]
        for client in clients:
            client.sendall(encode(to_frame(Attach(read_only=True))))
        for client in clients:
            decoder = Decoder()
            frames = []
            while not frames:
                frames = decoder.feed(client.recv(1 << 16))
            assert frames[0].header["type"] == Hello.type
            client.close()


def test_half_a_frame_cannot_ask_for_memory(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        client = dialed(run.socket)
        client.sendall(b"NNT1" + (10).to_bytes(4, "little") + (connection.MAX_BODY + 1).to_bytes(8, "little"))
        until(lambda: closed(client), "refused by its length alone")


def test_a_socket_that_was_removed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "TICK", 0.05)
    with running(tmp_path, "xor", *LONG) as run:
        first = run.viewer()
        first.wait(Status)
        run.socket.unlink()
        until(run.socket.exists, "the socket's name")
        run.viewer().wait(Status)
        before = first.wait(Status).update
        first.wait(Status, lambda m: m.update > before)


def test_sockets_of_the_dead_are_swept_and_those_of_the_living_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "directory", lambda: tmp_path / "n")
    living, mine = sockets.listen()
    gone = next(n for n in range(2**22 - 1, 1, -1) if not Path(f"/proc/{n}").exists())
    dead = mine.with_name(f"{gone}-abcdef.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(dead))
    refused = mine.with_name(f"{os.getpid()}-abcdef.sock")  # nobody listens yet, but its process lives
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(refused))
    other, path = sockets.listen()
    assert not dead.exists()
    assert {mine, refused, path} <= set(mine.parent.iterdir())
    for server in (living, other):
        server.close()


def test_a_killed_process_that_nobody_has_waited_for_has_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose first process does not wait for orphans."""
    monkeypatch.setattr(sockets, "directory", lambda: tmp_path / "n")
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    path = sockets.private_directory() / f"{process.pid}-abcdef.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
    sockets.sweep(path.parent)
    assert path.exists()  # it lives, and may be about to listen
    process.kill()
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "a zombie")
    sockets.sweep(path.parent)
    assert not path.exists()
    process.communicate()

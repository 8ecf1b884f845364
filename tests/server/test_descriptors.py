"""Open files are few: viewers get what the training does not need."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nntui.errors import UserError
from nntui.protocol.reports import Hello
from nntui.runs.find import listed
from tests.server.running import Viewer, until


@pytest.mark.parametrize("room", [20, 60])
def test_connections_leave_the_training_its_descriptors(tmp_path: Path, room: int) -> None:
    """A run that saves at each epoch, under a limit that more connections than it has room for would use up."""
    script = (
        "import resource, sys\nfrom nntui.cli import main\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({room}, {room}))\n"
        "sys.argv = ['nntui', *sys.argv[1:]]\nmain()\n"
    )
    words = (
        "fit",
        "xor",
        "--epochs",
        "1000000",
        "--set",
        "train.checkpoint_seconds=0.01",
        "--quiet",
        "--runs",
        str(tmp_path),
    )
    process = subprocess.Popen([sys.executable, "-c", script, *words], stderr=subprocess.PIPE, text=True)
    try:
        if room == 20:
            assert process.stderr is not None
            first = process.stderr.readline()
            assert first == "warning: no viewer can attach: they cannot be served: too many open files\n"
            before = listed(tmp_path)[0].info.updates
            until(lambda: listed(tmp_path)[0].info.updates > before, "a training without viewers")
            assert listed(tmp_path)[0].info.socket == ""
        else:
            path = until(lambda: [f.info.socket for f in listed(tmp_path) if f.info.socket], "a socket")[0]
            many = [socket.socket(socket.AF_UNIX) for _ in range(2 * room)]
            for one in many:
                one.connect(path)
            before = listed(tmp_path)[0].info.updates
            until(lambda: listed(tmp_path)[0].info.updates > before + 1000, "more updates")
            viewer = until(lambda: attached(path), "a place, once the silent are dropped")
            viewer.close()
            for one in many:
                one.close()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert said == ""


def attached(path: str) -> Viewer | None:
    """A viewer that was let in."""
    try:
        viewer = Viewer(Path(path), read_only=True)
    except UserError:
        return None
    until(lambda: viewer.messages, "an answer")
    if viewer.all(Hello):
        return viewer
    viewer.close()
    return None

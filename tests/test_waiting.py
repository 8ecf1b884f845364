"""Waiting for one file, whatever its number: a viewer may have a thousand files open."""

from __future__ import annotations

import os
import pty
import resource
import select
import tty
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from nntui import waiting
from nntui.tui import main
from nntui.waiting import readable, writable


@pytest.fixture
def crowded() -> Iterator[None]:
    """Every descriptor up to 1024 is taken."""
    limit = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1100:
        pytest.skip("too few descriptors are allowed here")
    if soft != resource.RLIM_INFINITY and soft < 1100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1100, hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while taken[-1] <= 1024:
            taken.append(os.dup(taken[0]))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


@pytest.mark.usefixtures("crowded")
def test_the_ends_of_a_pipe() -> None:
    read, write = os.pipe()
    try:
        assert not readable(read, 0.0)
        assert writable(write, 60.0)
        os.write(write, b".")
        assert readable(read, 60.0)
        assert os.read(read, 10) == b"."
        assert not readable(read, 0.01)
        os.set_blocking(write, False)
        while writable(write, 0.0):
            os.write(write, bytes(4096))
        assert not writable(write, 0.01)
        os.set_blocking(read, False)
        while readable(read, 0.0):
            os.read(read, 1 << 20)
        assert writable(write, 60.0)
    finally:
        os.close(write)
    assert readable(read, 60.0)  # its other end is closed
    os.close(read)


@pytest.mark.usefixtures("crowded")
def test_a_terminal_is_told_to_be_as_it_was() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    app = os.dup(slave)
    main._last_words(app, main.RESTORE.encode())
    assert os.read(master, 1000) == main.RESTORE.encode()
    for descriptor in (app, slave, master):
        os.close(descriptor)


@pytest.mark.parametrize("there", [True, False])
def test_a_terminal_that_poll_does_not_know(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """As on systems whose poll is for files and sockets alone."""
    asked = []

    class Poll:
        def register(self, descriptor: int, what: int) -> None:
            asked.append((descriptor, what))

        def poll(self, milliseconds: float) -> list[tuple[int, int]]:
            return [(descriptor, select.POLLNVAL) for descriptor, _ in asked]

    master, slave = pty.openpty()
    tty.setraw(slave)
    monkeypatch.setattr(waiting, "select", SimpleNamespace(**{**vars(select), "poll": Poll}))
    try:
        if there:
            os.write(master, b"x")
        assert readable(slave, 60.0 if there else 0.0) == there
        assert writable(slave, 60.0)
        assert [descriptor for descriptor, _ in asked] == [slave, slave]
    finally:
        os.close(master)
        os.close(slave)

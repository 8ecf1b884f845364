"""Waiting for one file, whatever its number: a viewer may have a thousand files open."""

from __future__ import annotations

import os
import pty
import resource
import tty
from collections.abc import Iterator

import pytest

from nntui.tui import main
from nntui.waiting import readable, writable


@pytest.fixture
def crowded() -> Iterator[None]:
    """Every descriptor up to 1024 is taken."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limit[1]), limit[1]))
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

"""Where control sockets live, and who may use them: a private directory in the system's temporary one."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import stat
import struct
import sys
import tempfile
from pathlib import Path

from nntui.display import display
from nntui.errors import UserError
from nntui.files import reason

BACKLOG = 128
"""Connections that may wait to be accepted while an update runs."""


def directory() -> Path:
    """``<temporary>/nntui-<uid>``: short enough for a socket's path, and not removed at logout."""
    return Path(tempfile.gettempdir()) / f"nntui-{os.getuid()}"


def private_directory() -> Path:
    """The directory, made where it is missing. Raises UserError where it is not this user's alone."""
    path = directory()
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        check_private(path)
    except OSError as error:
        raise UserError(f"{display(path)}: cannot be used for the control socket: {reason(error)}") from None
    return path


def check_private(path: Path) -> None:
    """Raise UserError unless ``path`` is a directory (no link) that only this user can enter."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        problem = "it is not a directory"
    elif found.st_uid != os.getuid():
        problem = "it belongs to another user"
    elif found.st_mode & 0o077:
        problem = f"others can enter it (mode {stat.S_IMODE(found.st_mode):o})"
    else:
        return
    raise UserError(f"{display(path)}: not safe for the control socket: {problem}; remove it, or set TMPDIR")


def listen(again: Path | None = None) -> tuple[socket.socket, Path]:
    """A listening socket under a new name, or ``again`` under one whose file was removed. Raises UserError."""
    place = private_directory()
    sweep(place)
    path = again or place / f"{os.getpid()}-{secrets.token_hex(3)}.sock"
    try:
        return _listening(path), path
    except OSError as error:
        raise UserError(
            f"{display(path)}: cannot listen there: {reason(error)}; set TMPDIR to a short path"
        ) from None


def _listening(path: Path) -> socket.socket:
    """Raises OSError; then there is neither socket nor name."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.bind(str(path))
        try:
            path.chmod(0o600)
            server.listen(BACKLOG)
        except OSError:
            remove(path)
            raise
    except OSError:
        server.close()
        raise
    server.setblocking(False)
    return server


def sweep(place: Path) -> None:
    """Remove the sockets of processes that are gone: nobody answers there, and their process number is free."""
    with contextlib.suppress(OSError):
        _sweep(place)


def _sweep(place: Path) -> None:
    for path in place.glob("*.sock"):
        number = path.name.partition("-")[0]
        if not number.isdecimal() or _runs(int(number)):
            continue
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Whether there is a process of this number that can still listen: a zombie, which nobody has waited for, cannot."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    import psutil  # only where there is such a process: loading it takes 10 ms

    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def connect(path: Path, timeout: float = 2.0) -> socket.socket:
    """A connection to a trainer of this user. Raises UserError."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        check_private(path.parent)
        client.settimeout(timeout)
        client.connect(str(path))
        owner = peer_uid(client)
        if owner is not None and owner != os.getuid():
            raise UserError(f"{display(path)}: another user's process answers there")
        client.setblocking(False)
    except OSError as error:
        client.close()
        raise UserError(f"{display(path)}: no trainer answers there: {reason(error)}") from None
    except UserError:
        client.close()
        raise
    return client


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end, where the system tells it."""
    try:
        if sys.platform == "linux":
            _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            return int(uid)
        if sys.platform == "darwin":
            # LOCAL_PEERCRED: struct xucred begins with its version and the user.
            _, uid = struct.unpack_from("II", connection.getsockopt(0, 1, 76))
            return int(uid)
    except (OSError, struct.error):
        return None
    return None


def remove(path: Path) -> None:
    """Remove a socket's name; one that cannot be removed is left to the next :func:`sweep`."""
    with contextlib.suppress(OSError):
        path.unlink()

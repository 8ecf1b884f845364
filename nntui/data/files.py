"""Opens the user's data files: regular files only, so that opening never waits (as it would on a pipe)."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from nntui.display import display
from nntui.errors import SettingError
from nntui.files import expanded, opened, reason

MAX_BYTES = 2 << 30
"""Larger files are refused."""
MAX_VALUES = 1 << 27
"""Numbers in one array at most: a gigabyte in double precision."""
MAX_FEATURES = 1_000_000
"""Inputs of a network at most."""


def open_data(base: Path, name: str, *key: str) -> tuple[Path, BinaryIO]:
    """Open ``name``, relative to ``base``. Raises SettingError, with ``key`` as what named the file."""
    path = base / expanded(name)
    shown = display(path, 200)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        raise SettingError(key, f"not a usable path (given {shown})") from None
    except OSError as error:
        raise SettingError(key, f"cannot read {shown}: {reason(error)}", refused=True) from None
    try:
        kind = os.fstat(descriptor)
        if not stat.S_ISREG(kind.st_mode):
            raise SettingError(key, f"cannot read {shown}: {reason(_not_plain(kind))}")
        if kind.st_size > MAX_BYTES:
            raise SettingError(
                key,
                f"{shown} is too large (given {kind.st_size} bytes; allowed up to {MAX_BYTES}); use a smaller sample",
            )
    except BaseException:
        os.close(descriptor)
        raise
    return path, opened(descriptor, "rb")


def _not_plain(kind: os.stat_result) -> OSError:
    if stat.S_ISDIR(kind.st_mode):
        return OSError(errno.EISDIR, "")
    return OSError(errno.EINVAL, "this is not a plain file")

"""Writing and reading files so that neither a crash nor a hostile file does harm.

A file is replaced whole or not at all: a temporary file in the same directory, flushed to the disk, then
renamed over the old one, then the directory flushed, so that the name also survives a power cut.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from nntui.errors import UserError

_TEMPORARY = re.compile(r"\..+\.[0-9]+-[0-9a-f]{8}\.tmp")
# Some network and FUSE file systems cannot flush a directory; the rename has still happened.
_NO_DIRECTORY_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES}
_REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "no such file or directory",
    errno.ENOTDIR: "a part of this path is a file, not a directory",
    errno.EISDIR: "this is a directory",
    errno.EEXIST: "something else of this name is there already",
    errno.ELOOP: "this is a symbolic link that is not followed here, or that leads to itself",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EFBIG: "the file-size limit is reached (see ulimit -f)",
    errno.EROFS: "the file system is read-only",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files on this system",
    errno.EIO: "the disk reports an input/output error",
    errno.ESTALE: "the network file system lost this file",
}


class NotRegularError(OSError):
    """What should be a plain file is a link, a directory, a device or a pipe."""


class TooLargeError(OSError):
    """A file is larger than anything nntui writes under that name."""


def expanded(name: str) -> Path:
    """The path that ``name`` is, with ~ replaced where that user is known."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def reason(error: OSError) -> str:
    """Why the system refused, in plain words."""
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    return error.strerror or str(error) or type(error).__name__


def file_error(path: Path, action: str, error: OSError, *, exit_code: int = 2) -> UserError:
    """One line naming the path, what was tried, and why it failed."""
    return UserError(f"{path}: cannot {action}: {reason(error)}", exit_code=exit_code)


def sync_directory(path: Path) -> None:
    """Flush a directory, so that a name just created or renamed in it survives a power cut."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # writable but not readable: allowed, only not flushable
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_DIRECTORY_SYNC:
            raise
    finally:
        os.close(descriptor)


def opened(descriptor: int, mode: str) -> BinaryIO:
    """A binary stream that owns the descriptor; where there can be none, the descriptor is closed. Raises OSError."""
    try:
        return cast(BinaryIO, os.fdopen(descriptor, mode))
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        raise


def atomic_write(
    path: Path,
    writer: Callable[[BinaryIO], object],
    *,
    check: Callable[[Path], object] | None = None,
    new: bool = False,
) -> None:
    """Create or replace `path` by what `writer` writes to the binary, seekable stream it is given.

    `check`, when given, reads the finished temporary file back and raises to refuse it. With `new`, what is there
    already is not replaced (FileExistsError). When anything
    fails, the old file is untouched, the temporary one is removed, and the exception goes on. Only regular
    files (or a link, which is itself replaced, never what it points to) are replaced: never `/dev/stdout`.

    Raises OSError; callers turn it into a message with `file_error`.
    """
    if not new and path.exists() and not path.is_file():
        raise NotRegularError(errno.EINVAL, "this is a directory, a device or a pipe, not a file")
    temporary = path.with_name(f".{path.name[:180]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with opened(descriptor, "wb") as stream:
            writer(stream)
            stream.flush()
            os.fsync(stream.fileno())
        if check is not None:
            check(temporary)
        if new:
            _name(temporary, path)
        else:
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)


def _name(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless there is something of that name."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without second names
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.replace(path)
    else:
        temporary.unlink()


def save_npz(stream: BinaryIO, arrays: Mapping[str, Any]) -> None:
    """Write arrays as NumPy's uncompressed .npz, never pickled: before 2.2, np.savez takes allow_pickle for an array."""
    import numpy as np

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def stale(directory: Path) -> list[Path]:
    """Temporary files, left by writers that were killed or of one at work; none where they cannot be listed."""
    try:
        return [path for path in directory.iterdir() if _TEMPORARY.fullmatch(path.name)]
    except OSError:
        return []


def remove_stale(directory: Path) -> None:
    """Remove temporary files left by writers that were killed. For the one writer of a directory only."""
    for path in stale(directory):
        with contextlib.suppress(OSError):
            path.unlink()


def open_regular(path: Path) -> BinaryIO:
    """Open a plain file for reading: never through a link, and never waiting on a pipe or a device.

    Raises OSError (NotRegularError for what is no plain file).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    stream = opened(descriptor, "rb")
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegularError(errno.EINVAL, "this is not a plain file")
    except BaseException:
        stream.close()
        raise
    return stream


def read_bounded(path: Path, limit: int) -> bytes:
    """The whole of a plain file of at most `limit` bytes.

    Raises OSError (TooLargeError for a larger one).
    """
    with open_regular(path) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise TooLargeError(errno.EFBIG, f"larger than the {limit} bytes that are read here")
    return data

"""Checkpoints: uncompressed .npz files, written whole or not at all, and verified by a digest of each array."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.errors import UserError
from nntui.files import atomic_write, file_error, open_regular, save_npz

Array = NDArray[Any]
MANIFEST = "manifest"
FULL = (errno.ENOSPC, errno.EDQUOT)
HISTORY = 64
"""Checkpoints of one run at most."""
HISTORY_BYTES = 2 << 30
"""Bytes that they may take together; the two newest, the first and the best stay whatever their size."""
MAX_BYTES = 8 << 30
_NAME = re.compile(r"([0-9]{10})\.npz")


class CheckpointError(UserError):
    """A checkpoint could not be written (the ones before are intact), or is damaged."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message, exit_code=1)
        self.full = full
        """Whether there was no room for it."""


def path_of(directory: Path, update: int) -> Path:
    """Where the checkpoint of an update lies."""
    return directory / f"{update:010d}.npz"


def save(directory: Path, update: int, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> Path:
    """Write and verify the checkpoint of ``update``. Raises CheckpointError."""
    path = path_of(directory, update)
    manifest = {"meta": dict(meta), "sha256": {name: _digest(a) for name, a in arrays.items()}}
    text = np.frombuffer(json.dumps(manifest, allow_nan=False).encode(), dtype=np.uint8)

    def write(stream: Any) -> None:
        save_npz(stream, {MANIFEST: text, **arrays})

    try:
        atomic_write(path, write, check=_read_back)
    except OSError as error:
        full = error.errno in FULL
        raise CheckpointError(str(file_error(path, "write the checkpoint", error)), full=full) from error
    return path


def _read_back(path: Path) -> None:
    """The bytes on the disk are those that were written: by their CRC-32, without building the arrays again."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, EOFError) as error:
        raise CheckpointError(f"{path}: what was written cannot be read back: {error}") from error
    if damaged is not None:
        raise CheckpointError(f"{path}: what was written cannot be read back: {damaged} is damaged")


def _digest(array: Array) -> str:
    mark = hashlib.sha256(repr((array.shape, array.dtype.str)).encode())
    mark.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return mark.hexdigest()


def read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays and meta data of a checkpoint. Raises CheckpointError where it is damaged or foreign."""
    try:
        with open_regular(path) as stream, zipfile.ZipFile(stream) as archive:
            arrays = {m.filename.removesuffix(".npy"): _member(archive, m) for m in archive.infolist()}
        manifest = json.loads(arrays.pop(MANIFEST).tobytes())
        digests, meta = manifest["sha256"], manifest["meta"]
        if set(digests) != set(arrays):
            raise ValueError("its list of arrays does not match")
        for name, array in arrays.items():
            if _digest(array) != digests[name]:
                raise ValueError(f"{name} is damaged")
    except OSError as error:
        raise CheckpointError(str(file_error(path, "read the checkpoint", error))) from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise CheckpointError(f"{path}: the checkpoint is damaged: {error}") from error
    except (RuntimeError, MemoryError, RecursionError, OverflowError, SyntaxError) as error:
        raise CheckpointError(f"{path}: the checkpoint is damaged ({type(error).__name__})") from error
    return arrays, meta


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """One array, its header checked against the bytes stored before anything is allocated."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            reader = np.lib.format.read_array_header_2_0
        shape, _, dtype = reader(file)
        if dtype.hasobject or prod(shape) * dtype.itemsize > min(member.file_size, MAX_BYTES):
            raise ValueError(f"{member.filename}: its declared size does not match what is stored")
    with archive.open(member) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def updates(directory: Path) -> list[int]:
    """Updates of which there is a checkpoint, ascending."""
    try:
        names = [p.name for p in directory.iterdir()]
    except OSError:
        return []
    return sorted(int(m.group(1)) for n in names if (m := _NAME.fullmatch(n)))


def newest_valid(
    directory: Path, report: Callable[[str], object]
) -> tuple[int, dict[str, Array], dict[str, Any]]:
    """The newest checkpoint that is whole; damaged ones are reported. Raises UserError for none."""
    for update in reversed(updates(directory)):
        try:
            return update, *read(path_of(directory, update))
        except CheckpointError as error:
            report(f"{error}; trying the one before")
    raise UserError(f"{directory}: there is no usable checkpoint; start a new run from its config.toml")


def drop_after(directory: Path, update: int) -> None:
    """Remove the checkpoints after ``update``."""
    for later in updates(directory):
        if later > update:
            path_of(directory, later).unlink(missing_ok=True)


def set_aside(directory: Path, update: int) -> None:
    """Rename the checkpoints after ``update``, which were found damaged, so that none takes them for good."""
    for later in updates(directory):
        if later > update:
            path = path_of(directory, later)
            with contextlib.suppress(OSError):
                path.replace(path.with_suffix(".damaged"))


def thin(directory: Path, keep: int | None = None) -> None:
    """Remove checkpoints beyond the two newest, the first, the best (``keep``) and an even history.

    The history has at most HISTORY of them and HISTORY_BYTES, reckoned by the newest one's size.
    """
    have = updates(directory)
    if not have:
        return
    size = path_of(directory, have[-1]).stat().st_size
    for update in thinned(have, keep, min(HISTORY, HISTORY_BYTES // max(1, size))):
        path_of(directory, update).unlink(missing_ok=True)


def make_room(directory: Path, keep: int | None = None) -> bool:
    """Remove all but the newest checkpoint and the best (``keep``); whether there was one to remove."""
    spare = [u for u in updates(directory)[:-1] if u != keep]
    for update in spare:
        path_of(directory, update).unlink(missing_ok=True)
    return bool(spare)


def thinned(have: list[int], keep: int | None = None, history: int = HISTORY) -> list[int]:
    """Which of the updates ``have`` (ascending) to remove: those that leave the smallest gaps."""
    gone: list[int] = []
    left = list(have)
    while len(left) > history:
        inner = [k for k in range(1, len(left) - 2) if left[k] != keep]
        if not inner:
            break
        k = min(inner, key=lambda i: left[i + 1] - left[i - 1])
        gone.append(left.pop(k))
    return gone

"""Checkpoints: uncompressed .npz files, written whole or not at all, and verified by a digest of each array."""

from __future__ import annotations

import contextlib
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
from nntui.files import atomic_write, file_error, open_regular

Array = NDArray[Any]
MANIFEST = "manifest"
HISTORY = 64
MAX_BYTES = 8 << 30
_NAME = re.compile(r"([0-9]{10})\.npz")


class CheckpointError(UserError):
    """A checkpoint could not be written (the ones before are intact), or is damaged."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=1)


def path_of(directory: Path, update: int) -> Path:
    """Where the checkpoint of an update lies."""
    return directory / f"{update:010d}.npz"


def save(directory: Path, update: int, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> Path:
    """Write and verify the checkpoint of ``update``. Raises CheckpointError."""
    path = path_of(directory, update)
    manifest = {"meta": dict(meta), "sha256": {name: _digest(a) for name, a in arrays.items()}}
    text = np.frombuffer(json.dumps(manifest, allow_nan=False).encode(), dtype=np.uint8)

    def write(stream: Any) -> None:
        np.savez(stream, allow_pickle=False, **{MANIFEST: text}, **arrays)

    try:
        atomic_write(path, write, check=lambda temporary: read(temporary))
    except OSError as error:
        raise CheckpointError(str(file_error(path, "write the checkpoint", error))) from error
    return path


def _digest(array: Array) -> str:
    mark = hashlib.sha256(repr((array.shape, array.dtype.str)).encode())
    mark.update(np.ascontiguousarray(array).tobytes())
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
            raise ValueError(f"{member.filename} lies about its size")
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


def set_aside(directory: Path, update: int) -> None:
    """Rename the checkpoints after ``update``, which were found damaged, so that none takes them for good."""
    for later in updates(directory):
        if later > update:
            path = path_of(directory, later)
            with contextlib.suppress(OSError):
                path.replace(path.with_suffix(".damaged"))


def thin(directory: Path, keep: int | None = None) -> None:
    """Remove checkpoints beyond the two newest, the first, the best (``keep``) and an even history of 64."""
    have = updates(directory)
    for update in thinned(have, keep):
        path_of(directory, update).unlink(missing_ok=True)


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

"""Finding runs by name, prefix or place, listing and removing them."""

from __future__ import annotations

import contextlib
import difflib
import shutil
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nntui.display import display
from nntui.errors import UserError
from nntui.files import expanded, file_error
from nntui.runs.directory import LIVE, LOCK, STATE, RunDirectory, RunInfo
from nntui.runs.recover import DAMAGED, is_run, left_of


@dataclass(frozen=True)
class Found:
    """A run with its state as it really is."""

    run: RunDirectory
    info: RunInfo
    state: str


def listed(base: Path) -> list[Found]:
    """The runs in ``base``, newest first by time; what is no run is left out. Raises UserError."""
    try:
        paths = [p for p in base.iterdir() if p.is_dir() and not p.is_symlink()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise file_error(base, "list the runs", error) from None
    found = [_at(path) for path in paths if is_run(path)]
    return sorted(found, key=lambda f: (_seconds(f), f.run.name), reverse=True)


def _seconds(found: Found) -> float:
    """When a run began, in seconds since 1970, whatever its zone; 0 where that is not known."""
    try:
        return datetime.fromisoformat(found.info.started).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def resolve(base: Path, name: str, *, live_first: bool = False) -> Found:
    """The run called ``name``: ``latest``, a directory, a name or a unique prefix. Raises UserError."""
    runs = listed(base)
    if name == "latest":
        if not runs:
            raise UserError(f"{display(base)}: there are no runs yet; start one with: nntui fit xor")
        if live_first:
            return next((f for f in runs if f.state in LIVE), runs[0])
        return runs[0]
    # A name by itself: the run's own fault is told where its state cannot be read.
    if _is_name(name) and (base / name).is_dir():
        return _run_at(base / name)
    matches = [f for f in runs if name and f.run.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(display(f.run.name) for f in matches[:10])
        raise UserError(f"RUN {display(name, 60)}: ambiguous prefix (of {names}); give more of the name")
    with contextlib.suppress(OSError, ValueError):
        if name and expanded(name).is_dir():
            return _run_at(expanded(name).resolve())
    near = difflib.get_close_matches(name, [f.run.name for f in runs], 1, 0.4)
    hint = f'; did you mean "{display(near[0])}"?' if near else ""
    raise UserError(f"RUN {display(name, 60)}: no such run in {display(base)}{hint} (see: nntui runs list)")


def _is_name(name: str) -> bool:
    return bool(name) and "/" not in name and "\0" not in name and len(name) < 256 and name not in (".", "..")


def _run_at(path: Path) -> Found:
    if not is_run(path):
        raise UserError(f"{display(path)}: not a run: it has no {STATE}, no lock and no checkpoints")
    return _at(path)


def _at(path: Path) -> Found:
    """The run there, ``damaged`` where its state cannot be read (unless a trainer is just writing the first)."""
    run = RunDirectory(path)
    try:
        info = run.read()
    except UserError:
        info = left_of(run)
        return Found(run, info, "running" if run.locked() else DAMAGED)
    return Found(run, info, run.state(info))


def remove(found: Found) -> None:
    """Delete a run that is not live. Raises UserError."""
    if found.state in LIVE:
        raise UserError(f"{display(found.run.name)}: this run is {found.state}; stop it first")
    # What is no plain file nobody holds.
    if not _other(found.run.path / LOCK):
        found.run.lock()
    try:
        shutil.rmtree(found.run.path)
    except OSError as error:
        raise file_error(found.run.path, "remove the run", error, exit_code=1) from None
    finally:
        found.run.unlock()


def _other(path: Path) -> bool:
    """Whether something else than a plain file is there."""
    try:
        return not stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False

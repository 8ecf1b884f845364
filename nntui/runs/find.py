"""Finding runs by name, prefix or place, listing and removing them."""

from __future__ import annotations

import contextlib
import difflib
import shutil
from dataclasses import dataclass
from pathlib import Path

from nntui.display import display
from nntui.errors import UserError
from nntui.files import expanded, file_error
from nntui.runs.directory import LIVE, RunDirectory, RunInfo


@dataclass(frozen=True)
class Found:
    """A run with its state as it really is."""

    run: RunDirectory
    info: RunInfo
    state: str


def listed(base: Path) -> list[Found]:
    """The runs in ``base``, newest first; what is no run is left out. Raises UserError."""
    try:
        paths = [p for p in base.iterdir() if p.is_dir() and not p.is_symlink()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise file_error(base, "list the runs", error) from None
    found = []
    for path in paths:
        run = RunDirectory(path)
        try:
            info = run.read()
        except UserError:
            continue
        found.append(Found(run, info, run.state(info)))
    return sorted(found, key=lambda f: (f.info.started, f.run.name), reverse=True)


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
        return _at(base / name)
    matches = [f for f in runs if name and f.run.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(display(f.run.name) for f in matches[:10])
        raise UserError(f"RUN {display(name, 60)}: several runs begin so ({names}); give more of the name")
    with contextlib.suppress(OSError, ValueError):
        if name and expanded(name).is_dir():
            return _at(expanded(name).resolve())
    near = difflib.get_close_matches(name, [f.run.name for f in runs], 1, 0.4)
    hint = f'; did you mean "{display(near[0])}"?' if near else ""
    raise UserError(f"RUN {display(name, 60)}: no such run in {display(base)}{hint} (see: nntui runs list)")


def _is_name(name: str) -> bool:
    return bool(name) and "/" not in name and "\0" not in name and len(name) < 256 and name not in (".", "..")


def _at(path: Path) -> Found:
    run = RunDirectory(path)
    info = run.read()
    return Found(run, info, run.state(info))


def remove(found: Found) -> None:
    """Delete a run that is not live. Raises UserError."""
    if found.state in LIVE:
        raise UserError(f"{display(found.run.name)}: this run is {found.state}; stop it first")
    found.run.lock()
    try:
        shutil.rmtree(found.run.path)
    except OSError as error:
        raise file_error(found.run.path, "remove the run", error, exit_code=1) from None
    finally:
        found.run.unlock()

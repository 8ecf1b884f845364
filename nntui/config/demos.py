"""The demos that come with nntui, and how a CONFIG is found."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path

from nntui.display import display
from nntui.errors import UserError


def directory() -> Path:
    """Where the demos lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "demos"
    return inside if inside.is_dir() else package.parent / "demos"


SHELF = "books"
"""The directory of worked examples from books, courses and documentation."""


def names() -> list[str]:
    """The names of the demos that are a CONFIG."""
    return [*_stems("*.toml"), *_stems(f"{SHELF}/*.toml")]


def pages() -> list[str]:
    """The names of the demos that are a page of commands, such as ``books/mazur``."""
    return _stems(f"{SHELF}/*.md")


def _stems(pattern: str) -> list[str]:
    return sorted(p.relative_to(directory()).with_suffix("").as_posix() for p in directory().glob(pattern))


def files(name: str) -> list[Path]:
    """What a demo consists of: its page, or its TOML file and the files beside it that this reads: data, initial weights."""
    if name in pages():
        return [directory() / f"{name}.md"]
    config = directory() / f"{name}.toml"
    settings = tomllib.loads(config.read_text(encoding="utf-8"))
    read = (settings.get("data", {}).get("path"), settings.get("init_from"))
    return [config, *(config.parent / file for file in read if file is not None)]


def summary(name: str) -> str:
    """The first heading or comment line of a demo."""
    for line in files(name)[0].read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            return line.lstrip("# ").strip()
    return ""


def find(name: str | Path) -> Path:
    """A file of that name, else the demo. Raises UserError."""
    if not str(name):  # as a path it would be the directory
        raise UserError(
            "the name of a CONFIG is empty; give a file, or a demo such as xor (nntui demos lists them)"
        )
    path = Path(name)
    try:
        if path.exists():
            return path
    except (OSError, ValueError):
        raise UserError(f"{display(name, 80)}: not a usable path") from None
    if str(name) in names():
        return directory() / f"{name}.toml"
    if str(name) in pages():
        raise UserError(
            f"{name}: is a page of commands to try, not a CONFIG; nntui demos {name} writes it here"
        )
    near = difflib.get_close_matches(path.stem, names(), 1, 0.5)
    hint = f'; did you mean the demo "{near[0]}"?' if near else ""
    if path.name != str(name) or path.suffix:
        raise UserError(f"{display(name, 120)}: no such file{hint}")
    raise UserError(
        f"{display(name, 120)}: no such file, and no demo of this name (demos: {', '.join(names())}){hint}"
    )

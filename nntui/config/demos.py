"""The demos that come with nntui, and how a CONFIG is found."""

from __future__ import annotations

import difflib
from pathlib import Path

from nntui.display import display
from nntui.errors import UserError


def directory() -> Path:
    """Where the demos lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "demos"
    return inside if inside.is_dir() else package.parent / "demos"


def names() -> list[str]:
    """The demos' names."""
    return sorted(p.stem for p in directory().glob("*.toml"))


def files(name: str) -> list[Path]:
    """What a demo consists of: its TOML file and, where it reads one, the data file of the same name."""
    return [directory() / f"{name}.toml", *sorted(directory().glob(f"{name}.csv"))]


def summary(name: str) -> str:
    """The first comment line of a demo."""
    for line in (directory() / f"{name}.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            return line.lstrip("# ").strip()
    return ""


def find(name: str | Path) -> Path:
    """A file of that name, else the demo. Raises UserError."""
    path = Path(name)
    try:
        if path.exists():
            return path
    except (OSError, ValueError):
        raise UserError(f"{display(name, 80)}: not a usable path") from None
    if str(name) in names():
        return directory() / f"{name}.toml"
    near = difflib.get_close_matches(path.stem, names(), 1, 0.5)
    hint = f'; did you mean the demo "{near[0]}"?' if near else ""
    if path.name != str(name) or path.suffix:
        raise UserError(f"{display(name, 120)}: no such file{hint}")
    raise UserError(
        f"{display(name, 120)}: no such file, and no demo of this name (demos: {', '.join(names())}){hint}"
    )

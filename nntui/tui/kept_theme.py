"""The theme that was chosen last, in a plain file of the user's configuration directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs
from textual.app import App

from nntui.display import display
from nntui.files import atomic_write, reason

MOST = 100
"""Bytes of a theme's name at most."""

Tell = Callable[[str], object]
"""Writes a line into a log."""


def theme_file() -> Path:
    """Where its name is kept."""
    return Path(platformdirs.user_config_dir("nntui")) / "theme"


def restore(app: App[Any], tell: Tell) -> None:
    """Choose the theme that was kept, and keep each that is chosen from now on. Failures are told and no more."""
    name = _read(tell)
    if name in app.available_themes:
        app.theme = name
    elif name:
        tell(f"the theme kept in {display(theme_file())} is not known: {display(name, 40)}")
    app.watch(app, "theme", lambda chosen: _keep(chosen, tell), init=False)


def _read(tell: Tell) -> str:
    """The name that was kept; nothing where there is none."""
    path = theme_file()
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as stream:
            return stream.read(MOST).decode(errors="replace").strip()
    except OSError as error:
        tell(f"{display(path)}: cannot read the theme: {reason(error)}")
        return ""


def _keep(name: str, tell: Tell) -> None:
    path = theme_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, lambda stream: stream.write(f"{name}\n".encode()))
    except OSError as error:
        tell(f"{display(path)}: cannot keep the theme: {reason(error)}")

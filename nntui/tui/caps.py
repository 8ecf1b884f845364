"""What the terminal can show, decided before the app is made: Textual chooses its filters in `__init__`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

from nntui.errors import UserError

Colors = Literal["none", "16", "256", "truecolor"]

PLAIN_TERMINALS = ("dumb", "unknown")
COERCED = ("c.utf-8", "c.utf8", "utf-8")
"""What Python itself sets as LC_CTYPE where the locale is C (PEP 538)."""


@dataclass(frozen=True)
class Caps:
    """The colors and characters to draw with."""

    colors: Colors = "truecolor"
    ascii: bool = False

    @property
    def ansi(self) -> bool | None:
        """For `App(ansi_color=…)`: True keeps the terminal's own colors (and with NO_COLOR sends none)."""
        return True if self.colors in ("none", "16") else None

    @property
    def shades(self) -> bool:
        """Whether maps are drawn with characters: colors cannot tell their values."""
        return self.ascii or self.colors == "none"

    @property
    def theme(self) -> str:
        """The name of the theme to begin with."""
        return "nntui-ansi" if self.ansi else "nntui-dark"


def detect(environ: Mapping[str, str], encoding: str | None = "utf-8") -> Caps:
    """What an environment promises; `encoding` is the one of the stream that is drawn on (stderr)."""
    return Caps(_colors(environ), not _utf8(environ, encoding))


def require_terminal(environ: Mapping[str, str], stdin: TextIO, stderr: TextIO, instead: str) -> None:
    """Raise :class:`UserError` where nothing can be drawn; `instead` says what to do then."""
    for name, stream in (("standard input", stdin), ("standard error", stderr)):
        if not stream.isatty():
            raise UserError(f"a screen needs a terminal (given {name} that is none); {instead}")
    term = environ.get("TERM", "")
    if term in PLAIN_TERMINALS:
        raise UserError(
            f"a screen needs a terminal that can move its cursor (given TERM={term!r}; "
            f"set TERM to what your terminal is, such as xterm-256color); {instead}"
        )


def _colors(environ: Mapping[str, str]) -> Colors:
    if "NO_COLOR" in environ:  # Textual too goes by its presence, whatever its value
        return "none"
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "truecolor"
    term = environ.get("TERM", "").strip().lower()
    if term.endswith("-direct"):
        return "truecolor"
    return "256" if term.endswith("-256color") else "16"


def _utf8(environ: Mapping[str, str], encoding: str | None) -> bool:
    if (encoding or "").lower().replace("_", "-") not in ("utf-8", "utf8"):
        return False
    everything, characters, language = (environ.get(k, "") for k in ("LC_ALL", "LC_CTYPE", "LANG"))
    if not everything and characters.lower() in COERCED and language in ("C", "POSIX"):
        characters = language
    chosen = everything or characters or language
    return not chosen or "utf-8" in chosen.lower() or "utf8" in chosen.lower()

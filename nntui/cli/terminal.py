"""Whether there is a terminal that can show a screen."""

from __future__ import annotations

import os
import sys

from nntui.errors import UserError


def require_screen(command: str, instead: str) -> None:
    """Raise UserError unless keys can be read and the screen can be drawn (on stderr, by Textual)."""
    for stream, name in ((sys.stdin, "stdin"), (sys.stderr, "stderr")):
        if stream is None or not stream.isatty():
            raise UserError(f"{command}: needs a terminal, but {name} is none; {instead}")
    term = os.environ.get("TERM", "")
    if term in ("dumb", "unknown"):
        raise UserError(f"{command}: this terminal cannot show a screen (TERM={term}); {instead}")

"""A terminal that shows something else than what it was sent is set right by a key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.server.running import until
from tests.server.terminal import Terminal

CTRL_L = "\x0c"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("run", "xor", "--paused"), ("‖ paused", "╭─ Network", "nothing found so far")),
        (("debug", "xor"), ("╭─",)),
        (("race",), ("╭─",)),
    ],
)
def test_ctrl_l_draws_everything_again(
    tmp_path: Path, words: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    with Terminal(*words, runs=tmp_path) as terminal:
        for word in shown:
            terminal.shows(word)
        with terminal._lock:
            before = len(terminal.raw)
            terminal.screen.reset()
            terminal.screen.set_margins(3, 9)
        terminal.press(CTRL_L)
        until(lambda: b"\x1b[2J" in terminal.raw[before:], "the terminal cleared")
        for word in shown:
            terminal.shows(word)
        assert not re.search(r"Traceback", terminal.text)

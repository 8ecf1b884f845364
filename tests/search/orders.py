"""Small searches to test with."""

from __future__ import annotations

from pathlib import Path

from nntui.search import order
from nntui.search.order import Order
from tests.moons import moons

TINY = moons(
    "samples = 40\nvalidation = 0.25", "epochs = 4\nbatch_size = 10", head="seed = 3\n", units="4          # how wide",
    optimizer='type = "adam"\nlr = 0.05          # how fast',
)  # fmt: skip

SWEEP = """
[sweep]
trials = 4

[sweep.space]
"optimizer.lr" = { low = 1e-3, high = 1e-1, log = true }
"layers.*.units" = [2, 3]
"""


def written(path: Path, text: str = TINY + SWEEP, name: str = "tiny.toml") -> Path:
    """A configuration file."""
    file = path / name
    file.write_text(text, encoding="utf-8")
    return file


def loaded(path: Path, sweep: str = SWEEP, *, trials: int | None = None, study: str | None = None) -> Order:
    """A search of TINY."""
    return order.load(written(path, TINY + sweep), trials=trials, study=study)

"""Small searches to test with."""

from __future__ import annotations

from pathlib import Path

from nntui.search import order
from nntui.search.order import Order

TINY = """\
seed = 3

[data]
source = "moons"
samples = 40
validation = 0.25

[[layers]]
type = "dense"
units = 4          # how wide
activation = "tanh"

[[layers]]
type = "dense"
units = 1
activation = "sigmoid"

[objective]
loss = "binary_cross_entropy"

[optimizer]
type = "adam"
lr = 0.05          # how fast

[train]
epochs = 4
batch_size = 10
"""

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

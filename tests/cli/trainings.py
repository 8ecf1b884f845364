"""Configurations of trainings that are interrupted, and what they leave behind."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from nntui.runs import checkpoint

HEAD = """
[data]
source = "digits"
validation = 0.2
[objective]
loss = "cross_entropy"
l2 = 1e-4
"""

LAYERS = """
[[layers]]
type = "dense"
units = 24
activation = "relu"
{middle}
[[layers]]
type = "dense"
units = 10
activation = "softmax"
"""

PLAIN = (
    HEAD + LAYERS.format(middle="") + '[optimizer]\ntype = "adam"\nlr = 0.002\n[train]\nepochs = {epochs}\n'
)

FEATURES = {
    "momentum, dropout, batch norm, clipping": HEAD
    + LAYERS.format(middle='[[layers]]\ntype = "batchnorm"\n[[layers]]\ntype = "dropout"\nrate = 0.3')
    + '[optimizer]\ntype = "nesterov"\nlr = 0.02\n[schedule]\ntype = "cosine"\nevery = "update"\n'
    "[train]\nepochs = 14\nclip_norm = 1.0\ncheckpoint_seconds = 0\n",
    "amsgrad, curriculum, noise, early stopping": HEAD
    + LAYERS.format(middle="")
    + '[optimizer]\ntype = "amsgrad"\nlr = 0.005\n[train]\nepochs = 14\ncheckpoint_seconds = 0\n'
    'early_stopping = { patience = 2, monitor = "validation.accuracy" }\ngradient_noise = { eta = 1e-3 }\n'
    'order = { type = "curriculum", epochs = 6 }\n',
    "lbfgs": (HEAD + LAYERS.format(middle="") + '[optimizer]\ntype = "lbfgs"\n')
    .replace("[data]", 'dtype = "float64"\n[data]')
    .replace('"relu"', '"tanh"')
    + '[train]\nepochs = 25\nbatch_size = "full"\ncheckpoint_seconds = 0\n',
}


def write(tmp_path: Path, text: str) -> Path:
    """The configuration as a file."""
    path = tmp_path / "digits.toml"
    path.write_text(text)
    return path


def only_run(runs: Path) -> Path:
    """The directory of the one run that there is."""
    (run,) = runs.iterdir()
    return run


def wait_for(what: Any, process: subprocess.Popen[str] | None = None) -> None:
    """Until ``what()`` holds, while the process lives."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.005)


def trained(runs: Path) -> bool:
    """Whether a checkpoint after update 0 is there."""
    return runs.exists() and any(len(checkpoint.updates(r / "checkpoints")) > 1 for r in runs.iterdir())


def final(run: str | Path) -> dict[str, Any]:
    """The newest checkpoint's arrays."""
    directory = Path(run) / "checkpoints"
    return checkpoint.read(checkpoint.path_of(directory, checkpoint.updates(directory)[-1]))[0]


def assert_same(a: str | Path, b: str | Path) -> None:
    """Both runs ended with the same state, bit for bit."""
    first, second = final(a), final(b)
    assert set(first) == set(second)
    for name, array in first.items():
        assert np.array_equal(array, second[name], equal_nan=True), name

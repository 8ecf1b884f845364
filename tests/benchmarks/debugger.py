"""The debugger's times: ``python -m tests.benchmarks.debugger``.

Steps a 784-256-10 network on a batch of 64, each with the card, the map and the numerical check that the screen
shows (issue 3: at most 50 ms); and opens a run of a million parameters as `d` does, from a trainer's state
(at most a second).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from nntui.config.load import load
from nntui.protocol.reports import Snapshot
from nntui.runs.directory import RunDirectory
from nntui.training.experiment import build
from nntui.training.start import start
from nntui.tui.debugger.open_run import RunOpener
from nntui.tui.debugger.opening import on_experiment

CONFIG = """
[data]
source = "npz"
path = "data.npz"

[[layers]]
name = "hidden"
type = "dense"
units = {units}
activation = "relu"

[[layers]]
name = "output"
type = "dense"
units = 10
activation = "softmax"

[objective]
loss = "cross_entropy"

[optimizer]
type = "adam"
lr = 0.001

[train]
epochs = 1
batch_size = 64
"""


def config(folder: Path, units: int, samples: int = 2000) -> Path:
    """A configuration of 784-units-10 on random pictures."""
    rng = np.random.default_rng(0)
    np.savez(folder / "data.npz", x=rng.random((samples, 784)), y=rng.integers(0, 10, samples))
    path = folder / f"{units}.toml"
    path.write_text(CONFIG.format(units=units))
    return path


def steps(folder: Path) -> None:
    """Milliseconds of each step, both ways."""
    session = on_experiment(build(load(str(config(folder, 256)), ())))
    session.view(0)
    for name in ("step", "back", "step"):
        times = []
        for k in range(len(session.debugger.stepper)):
            begin = perf_counter()
            session.do(name)
            session.view(k)
            times.append(1000 * (perf_counter() - begin))
        print(f"784-256-10, batch 64, {name}: median {median(times):.1f} ms, most {max(times):.1f} ms")
    begin = perf_counter()
    while session.idle():
        pass
    print(f"all gradients checked in {perf_counter() - begin:.1f} s, while nothing else is asked for")


def opening(folder: Path) -> None:
    """Seconds from the key to the first picture."""
    experiment = build(load(str(config(folder, 1260)), ()))
    run = start(experiment, folder / "runs", print).run
    experiment.trainer.advance()
    arrays = {k: np.atleast_1d(v) for k, v in experiment.trainer.state().items()}
    begin = perf_counter()
    opener = RunOpener(RunDirectory(run.path), live=True)
    opener.deliver(Snapshot(update=1, arrays=arrays, request=opener.number))
    session = opener()
    session.view(0)
    print(f"{len(experiment.network.parameters):,} parameters: opened in {perf_counter() - begin:.2f} s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, np.errstate(all="ignore"):
        steps(Path(name))
        opening(Path(name))

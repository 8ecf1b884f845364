"""Real work, from the file to the end of the run: ``python -m tests.benchmarks.real [--full] [CASE …]``.

Pictures of 28×28 are made from the 1,797 scans of the digits: enlarged, shifted, with noise; 10,000 of them, or with
``--full`` the 70,000 that MNIST has. Each case is trained in a process of its own, as ``nntui fit`` does it. Told are
the processor time of loading, updates, evaluation, findings and statistics, checkpoints, and the whole process with its
start; the clock's time beside it (on a busy machine it says how busy it was); and the highest resident memory.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntui.data.pictures import Digits

PICTURES, FULL = 10_000, 70_000
SIDE = 28

HEAD = "validation = 0.1\n"
MLP = """
[[layers]]
type = "dense"
units = 128
activation = "relu"
[[layers]]
type = "dense"
units = 10
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "adam"
[train]
epochs = 5
batch_size = 64
"""
CONV = "".join(
    f'\n[[layers]]\ntype = "conv2d"\nchannels = {n}\nkernel = 3\npadding = 1\nactivation = "relu"\n'
    '[[layers]]\ntype = "maxpool2d"\nsize = 2\n'
    for n in (16, 32)
) + '[[layers]]\ntype = "flatten"\n' + MLP.partition("[[layers]]")[1] + MLP.rpartition("[[layers]]")[2]  # fmt: skip
WIDE = (
    '\n[[layers]]\ntype = "dense"\nunits = {hidden}\nactivation = "relu"\n' * 2
    + MLP.partition("[[layers]]")[1]
    + MLP.rpartition("[[layers]]")[2]
)
IDX = '[data]\nsource = "idx"\nimages = "x.idx"\nlabels = "y.idx"\n' + HEAD
CASES = {
    "pictures, IDX, 784-128-10": IDX + MLP,
    "pictures, NPZ, 784-128-10": '[data]\nsource = "npz"\npath = "xy.npz"\n' + HEAD + MLP,
    "pictures, CSV, 784-128-10": '[data]\nsource = "csv"\npath = "xy.csv"\ntarget = "label"\n' + HEAD + MLP,
    "pictures, convolutions 16-32": IDX + CONV.replace("epochs = 5", "epochs = 1"),
    "digits, 40 epochs": "digits 40",
    "digits, 300 epochs": "digits 300",
    "10,000 classes, 64-32-10000": '[data]\nsource = "npz"\npath = "many.npz"\n'
    + HEAD
    + MLP.replace("units = 128", "units = 32").replace("units = 10\n", "units = 10000\n").replace("epochs = 5", "epochs = 1"),
    "50 M parameters": '[data]\nsource = "digits"\n'
    + HEAD
    + WIDE.format(hidden=7000).replace("batch_size = 64", "batch_size = 512").replace("epochs = 5", "epochs = 2"),
}  # fmt: skip

CHILD = """
import json, resource, sys, time
from pathlib import Path
from nntui.blas import choose_kernels, limit_threads
choose_kernels()
from nntui.cli.progress import Progress
from nntui.signals import Signals
from nntui.training.experiment import read
from nntui.training.session import Session
from nntui.training.start import start
from nntui_core.findings.watch import Watch
from nntui_core.trainer import Trainer
spent = {}
def timed(owner, method, name):
    whole = getattr(owner, method)
    def wrapped(*given, **named):
        begun, inside = time.process_time(), sum(spent.values())
        try:
            return whole(*given, **named)
        finally:  # without what other parts took inside it
            took = time.process_time() - begun - (sum(spent.values()) - inside)
            spent[name] = spent.get(name, 0.0) + took
    setattr(owner, method, wrapped)
timed(Trainer, "evaluate", "evaluation")
timed(Watch, "before", "looks"); timed(Watch, "after", "looks"); timed(Watch, "begin", "looks")
timed(Session, "_keep_activations", "looks")
timed(Session, "checkpoint", "checkpoints")
words = sys.argv[1].split(" ")
clock, begun = time.perf_counter(), time.process_time()
experiment = read(words[0], epochs=int(words[1]) if len(words) > 1 else None)
limit_threads(len(experiment.network.parameters))
session = start(experiment, Path(sys.argv[2]), lambda text: None)
load = time.process_time() - begun
whole = experiment.trainer.advance
def advance():
    begun = time.process_time()
    evaluated = spent.get("evaluation", 0.0)
    try:
        return whole()
    finally:
        took = time.process_time() - begun - (spent.get("evaluation", 0.0) - evaluated)
        spent["updates"] = spent.get("updates", 0.0) + took
experiment.trainer.advance = advance
with Signals() as signals, Progress(session, shown=False) as progress:
    session.train(signals, progress)
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM"))
print(json.dumps({"load": load, **spent, "whole": used.ru_utime + used.ru_stime, "clock": time.perf_counter() - clock,
                  "count": session.trainer.update, "peak": peak * 1024}))
"""
Pictures = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def pictures(count: int) -> Pictures:
    """Pictures of 28×28 bytes and their labels: scans at three times their size, shifted by up to 2, with noise."""
    digits = Digits().load(0, Path())
    rng = np.random.default_rng(0)
    which = rng.integers(len(digits.y), size=count)
    scans = (digits.rows(which) * 255).reshape(count, 8, 8).repeat(3, axis=1).repeat(3, axis=2)
    x = np.zeros((count, SIDE, SIDE), np.float32)
    for k, (down, right) in enumerate(rng.integers(0, 5, size=(count, 2))):
        x[k, down : down + 24, right : right + 24] = scans[k]
    x += (x > 0) * rng.normal(0, 16, x.shape)  # the margin stays blank, as MNIST's is
    return np.clip(x, 0, 255).astype(np.uint8), digits.y[which].astype(np.uint8)


def write(place: Path, count: int) -> None:
    """The same pictures in each kind of file, and rows of 10,000 classes."""
    x, y = pictures(count)
    (place / "x.idx").write_bytes(struct.pack(">IIII", 0x803, *x.shape) + x.tobytes())
    (place / "y.idx").write_bytes(struct.pack(">II", 0x801, len(y)) + y.tobytes())
    np.savez(place / "xy.npz", x=x, y=y)
    names = ",".join(["label", *(f"p{k}" for k in range(SIDE * SIDE))])
    rows = np.column_stack([y, x.reshape(count, -1)])
    np.savetxt(place / "xy.csv", rows, fmt="%d", delimiter=",", header=names, comments="")
    rng = np.random.default_rng(1)
    labels = np.concatenate([np.arange(10_000), rng.integers(10_000, size=10_000)])
    centers = rng.normal(size=(10_000, 64))
    noisy = (centers[labels] + 0.1 * rng.normal(size=(len(labels), 64))).astype(np.float32)
    np.savez(place / "many.npz", x=noisy, y=labels)


def run(case: str, place: Path) -> dict[str, float]:
    """Train one case; its times and memory."""
    given = CASES[case]
    if given.partition(" ")[0] != "digits":
        (place / "case.toml").write_text(given)
        given = str(place / "case.toml")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, given, str(place / "runs")], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{case}: {done.stderr.strip()}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="beginnings of their names")
    parser.add_argument("--full", action="store_true", help="70,000 pictures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(place, FULL if given.full else PICTURES)
        print("| case | load s | updates s | of all | evaluation s | looks s | checkpoints s | process s | clock s | µs an update | peak MB | load of the machine |")  # fmt: skip
        print("|" + "---|" * 12)
        for case in CASES:
            if given.cases and not case.startswith(tuple(given.cases)):
                continue
            f = run(case, place)
            parts = [f.get(name, 0.0) for name in ("evaluation", "looks", "checkpoints")]
            print(
                f"| {case} | {f['load']:.2f} | {f['updates']:.2f} | {f['updates'] / f['whole']:.0%} | "
                + " | ".join(f"{p:.2f}" for p in parts)
                + f" | {f['whole']:.2f} | {f['clock']:.1f} | {1e6 * f['updates'] / f['count']:,.0f} | {f['peak'] / 1e6:.0f} "
                f"| {os.getloadavg()[0]:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

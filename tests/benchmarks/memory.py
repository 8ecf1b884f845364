"""The memory that training is reckoned to take against what it takes: ``python -m tests.benchmarks.memory [NAME …]``.

Each case (those of the NAMEs, or whose name holds one) is trained in a process of its own for a few updates, and L-BFGS until its
memory is full. Measured is the increase of its resident memory,
from an idle process with everything imported to the highest point.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

DENSE = '[[layers]]\ntype = "dense"\nunits = {units}\nactivation = "relu"\n'
TAIL = '[[layers]]\ntype = "dense"\nunits = {outputs}\nactivation = "{last}"\n[objective]\nloss = "{loss}"\n'
DIGITS = '[data]\nsource = "digits"\nvalidation = 0.2\n'
XOR = '[data]\nsource = "xor"\n'
CONV = '[[layers]]\ntype = "conv2d"\nchannels = {channels}\nkernel = 3\npadding = 1\nactivation = "relu"\n'
FLAT = '[[layers]]\ntype = "flatten"\n'
ADAM = '[optimizer]\ntype = "adam"\n'
SOFT = TAIL.format(outputs=10, last="softmax", loss="cross_entropy")
BINARY = TAIL.format(outputs=1, last="sigmoid", loss="binary_cross_entropy")
STOP = 'early_stopping = { patience = 5, monitor = "train.loss" }\n'


def dense(*units: int) -> str:
    return "".join(DENSE.format(units=n) for n in units)


def train(batch: object, more: str = "", epochs: int = 2) -> str:
    return f"[train]\nepochs = {epochs}\nbatch_size = {json.dumps(batch)}\n{more}"


def optimizer(name: str, more: str = "") -> str:
    return f'[optimizer]\ntype = "{name}"\n{more}'


CASES = {
    "10 M, adam": DIGITS + dense(3000, 3000) + SOFT + ADAM + train(512),
    "20 M, adam": DIGITS + dense(4400, 4400) + SOFT + ADAM + train(512),
    "20 M, sgd": DIGITS + dense(4400, 4400) + SOFT + optimizer("sgd", "lr = 0.01\n") + train(512),
    "20 M, momentum": DIGITS + dense(4400, 4400) + SOFT + optimizer("momentum", "lr = 0.01\n") + train(512),
    "20 M, amsgrad": DIGITS + dense(4400, 4400) + SOFT + optimizer("amsgrad") + train(512),
    "20 M, adagrad": DIGITS + dense(4400, 4400) + SOFT + optimizer("adagrad", "lr = 0.01\n") + train(512),
    "20 M, best weights": DIGITS + dense(4400, 4400) + SOFT + ADAM + train(512, STOP),
    "10 M, float64": 'dtype = "float64"\n' + DIGITS + dense(3000, 3000) + SOFT + ADAM + train(512),
    "wide, whole batches": DIGITS + dense(20000, 64) + SOFT + ADAM + train("full"),
    "deep, whole batches": DIGITS + dense(*[1500] * 12) + SOFT + ADAM + train("full"),
    "one wide layer": XOR + dense(8_000_000) + BINARY + ADAM + train(4),
    "lbfgs, 10 steps": 'dtype = "float64"\n' + DIGITS + dense(4000) + SOFT
    + optimizer("lbfgs", "memory = 10\n") + train("full", epochs=12),
    "lbfgs, 100 steps": 'dtype = "float64"\n[data]\nsource = "spirals"\n' + dense(300, 250) + BINARY
    + optimizer("lbfgs", "memory = 100\n") + train("full", epochs=102),
    "cg": 'dtype = "float64"\n' + DIGITS + dense(3000, 1000) + SOFT + optimizer("cg") + train("full"),
    "convolution": DIGITS + CONV.format(channels=64) * 2 + FLAT + SOFT + ADAM + train(512),
    "convolution, whole batches": DIGITS + CONV.format(channels=32) * 2 + FLAT + SOFT + ADAM + train("full"),
    "convolution, wide": DIGITS + CONV.format(channels=256) + FLAT + SOFT + ADAM + train(256),
    "batch norm": DIGITS + dense(2000) + '[[layers]]\ntype = "batchnorm"\n' + dense(4000) + SOFT + ADAM + train("full"),
    "dropout": DIGITS + dense(8000) + '[[layers]]\ntype = "dropout"\nrate = 0.5\n' + dense(1000) + SOFT + ADAM
    + train("full"),
    "polynomial of degree 3": DIGITS + '[[preprocess]]\ntype = "polynomial"\ndegree = 2\n' + dense(4000) + SOFT + ADAM
    + train(256),
}  # fmt: skip

CHILD = """
import json, resource, sys
from pathlib import Path
import numpy as np
from nntui.training.experiment import read
from nntui.training.start import start
from nntui.training import result
from nntui.signals import Signals
from nntui.cli.progress import Progress
from nntui.blas import limit_threads
limit_threads(10**7)
np.ones((512, 512)) @ np.ones((512, 512))
def status(key):
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(key)) * 1024
idle = status("VmRSS")
experiment = read(Path(sys.argv[1]))
session = start(experiment, Path(sys.argv[2]), lambda text: None)
with Signals() as signals, Progress(session, shown=False) as progress:
    session.train(signals, progress)
result.outcome(session)
print(json.dumps({"taken": status("VmHWM") - idle, "parts": experiment.needs.parts, "total": experiment.needs.total}))
"""


def main() -> None:
    print("| network | reckoned, MB | taken, MB | ratio |\n|---|---|---|---|")
    worst = 1.0
    words = sys.argv[1:]
    chosen = [n for n in CASES if n in words] or [n for n in CASES if any(w in n for w in words or [""])]
    for name in chosen:
        text = CASES[name]
        with tempfile.TemporaryDirectory() as place:
            config = Path(place, "t.toml")
            config.write_text(text)
            done = subprocess.run(
                [sys.executable, "-c", CHILD, str(config), place], capture_output=True, text=True
            )
        if done.returncode:
            print(f"| {name} | {done.stderr.strip().splitlines()[-1]} | | |")
            continue
        found = json.loads(done.stdout)
        ratio = found["total"] / found["taken"]
        worst = max(worst, ratio, 1 / ratio)
        print(
            f"| {name} | {found['total'] / 1e6:.0f} | {found['taken'] / 1e6:.0f} | {ratio:.2f} |", flush=True
        )
    print(f"\nfarthest from 1: a factor of {worst:.2f}")


if __name__ == "__main__":
    main()

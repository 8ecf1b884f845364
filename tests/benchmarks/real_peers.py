"""What a peer's user writes for a case of ``tests.benchmarks.real``; prints one line of JSON.

A script reads the file, keeps a tenth (a fifth of the digits) aside, trains, and saves the weights at the end. PyTorch's
shuffles with ``randperm``, indexes its tensors, uses the fused Adam and evaluates the rows kept aside after each epoch;
scikit-learn's fits an ``MLPClassifier`` and scores them once. Needs neither nntui nor its environment.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
BEGUN = time.perf_counter()

import numpy as np  # noqa: E402
from real_told import Clock, told  # noqa: E402

ROWS_AT_ONCE = 1024
"""Of an evaluation."""


def arrays(case: dict[str, Any], place: Path, *, pandas: bool) -> tuple[Any, Any]:
    """The file as float32 inputs and int64 labels, bytes of pictures as 0 to 1."""
    file = case["file"]
    if file.endswith(".csv"):
        if pandas:
            import pandas as pd

            table = pd.read_csv(place / file).to_numpy(np.float32)
        else:
            table = np.loadtxt(place / file, np.float32, delimiter=",", skiprows=1)
        return table[:, 1:] / np.float32(255), table[:, 0].astype(np.int64)
    if file.endswith(".idx"):
        raw = np.fromfile(place / f"{file}.x", np.uint8)[16:]
        y = np.fromfile(place / f"{file}.y", np.uint8)[8:]
        x = raw.reshape(len(y), -1)
    else:
        with np.load(place / (file if "." in file else f"{file}.npz")) as found:
            x, y = found["x"], found["y"]
        x = x.reshape(len(y), -1)
    scaled = x.astype(np.float32) / np.float32(255) if x.dtype == np.uint8 else x.astype(np.float32)
    return scaled, y.astype(np.int64)


def parted(case: dict[str, Any], x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """Rows to train on, and rows kept aside."""
    order = np.random.default_rng(0).permutation(len(y))
    aside = round(case["validation"] * len(y))
    return x[order[aside:]], y[order[aside:]], x[order[:aside]], y[order[:aside]]


def torch(case: dict[str, Any], place: Path, threads: int) -> None:
    """PyTorch, eager."""
    import torch as t

    t.set_num_threads(threads)
    t.manual_seed(0)
    t.optim.Adam([t.zeros(1)], fused=True)  # imports more of itself, a second's worth
    clock = Clock(time.perf_counter() - BEGUN)
    x, y, x_aside, y_aside = (t.from_numpy(a) for a in parted(case, *arrays(case, place, pandas=False)))
    if case["channels"]:
        x, x_aside = x.reshape(-1, 1, 28, 28), x_aside.reshape(-1, 1, 28, 28)
    load = clock.seconds
    modules: list[Any] = []
    for before, channels in zip([1, *case["channels"]], case["channels"], strict=False):
        modules += [t.nn.Conv2d(before, channels, 3, padding=1), t.nn.ReLU(), t.nn.MaxPool2d(2)]
    if case["channels"]:
        modules.append(t.nn.Flatten())
    for before, units in zip(case["widths"], case["widths"][1:], strict=False):
        modules += [t.nn.Linear(before, units), t.nn.ReLU()]
    model = t.nn.Sequential(*modules[:-1])
    optimizer = t.optim.Adam(model.parameters(), lr=0.001, fused=True)
    loss_of = t.nn.CrossEntropyLoss()
    updates = evaluation = 0.0
    count, until = 0, time.perf_counter() + (case["seconds"] or 1e9)
    for _ in range(case["epochs"]):
        begun = time.perf_counter()
        for rows in t.randperm(len(x)).split(case["batch"]):
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(x[rows]), y[rows]).backward()
            optimizer.step()
            count += 1
            if time.perf_counter() >= until:
                break
        ended = time.perf_counter()
        updates += ended - begun
        with t.no_grad():
            pieces = zip(x_aside.split(ROWS_AT_ONCE), y_aside.split(ROWS_AT_ONCE), strict=True)
            loss = sum(float(loss_of(model(a), b)) * len(b) for a, b in pieces) / max(1, len(y_aside))
        evaluation += time.perf_counter() - ended
        if time.perf_counter() >= until:
            break
    begun = time.perf_counter()
    t.save(model.state_dict(), place / "torch.pt")
    saves = time.perf_counter() - begun
    told(clock, {"load": load, "updates": updates, "count": count, "evaluation": evaluation, "saves": saves,
                 "training": clock.seconds - load - saves, "loss": loss, "version": t.__version__})  # fmt: skip


def sklearn(case: dict[str, Any], place: Path, threads: int) -> None:
    """scikit-learn's MLPClassifier; no convolutions."""
    import sklearn as s
    from sklearn.neural_network import MLPClassifier

    clock = Clock(time.perf_counter() - BEGUN)
    x, y, x_aside, y_aside = parted(case, *arrays(case, place, pandas=True))
    load = clock.seconds
    model = MLPClassifier(
        case["widths"][1:-1], batch_size=case["batch"], max_iter=case["epochs"], alpha=0.0, tol=0.0,
        n_iter_no_change=10**6, random_state=0,
    )  # fmt: skip
    begun, count = time.perf_counter(), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if case["seconds"] is None:
            model.fit(x, y)
            count = model.n_iter_ * -(-len(x) // case["batch"])
        else:
            rng, classes = np.random.default_rng(0), np.unique(y)
            while time.perf_counter() < begun + case["seconds"]:
                rows = rng.integers(len(x), size=case["batch"])
                model.partial_fit(x[rows], y[rows], classes)
                count += 1
    updates = time.perf_counter() - begun
    begun = time.perf_counter()
    model.score(x_aside, y_aside)
    evaluation = time.perf_counter() - begun
    begun = time.perf_counter()
    (place / "sklearn.pickle").write_bytes(pickle.dumps(model))
    saves = time.perf_counter() - begun
    told(clock, {"load": load, "updates": updates, "count": count, "evaluation": evaluation, "saves": saves,
                 "training": clock.seconds - load - saves, "version": s.__version__})  # fmt: skip


def loadtxt(case: dict[str, Any], place: Path, threads: int) -> None:
    """NumPy's reader of text, to float32."""
    _read(case, place, pandas=False)


def pandas(case: dict[str, Any], place: Path, threads: int) -> None:
    """pandas' reader, then to float32."""
    import pandas  # noqa: F401 - its time is not the file's

    _read(case, place, pandas=True)


def _read(case: dict[str, Any], place: Path, *, pandas: bool) -> None:
    clock = Clock(time.perf_counter() - BEGUN)
    x, _ = arrays(case, place, pandas=pandas)
    told(clock, {"load": clock.seconds, "rows": len(x)})


PEERS = {"torch": torch, "sklearn": sklearn, "loadtxt": loadtxt, "pandas": pandas}

if __name__ == "__main__":
    PEERS[sys.argv[1]](json.loads(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))

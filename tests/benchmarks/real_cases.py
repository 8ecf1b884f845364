"""The files and trainings of ``tests.benchmarks.real``: what everyone reads, and what everyone trains on it."""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 28
FEW = 10_000
"""Pictures that the largest network learns from: an evaluation of all is to be one part of a run, not the most of it."""
Pictures = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class Case:
    """One training: a file, a network of ReLU layers with softmax cross-entropy, Adam at 0.001 in float32."""

    key: str
    name: str
    file: str
    """A pair of IDX files without ``.x`` and ``.y``, an NPZ file, a CSV file; ``digits`` are those that come along."""
    widths: tuple[int, ...]
    """Of the dense layers, inputs first."""
    epochs: int
    batch: int = 64
    channels: tuple[int, ...] = ()
    """Of 3×3 convolutions before the dense layers, a pooling of 2 behind each."""
    validation: float = 0.1
    """Share of the rows that is not trained on."""
    seconds: float | None = None
    """Training ends then, whatever the epochs."""
    loads: bool = False
    """Only the file is read."""

    def given(self) -> dict[str, Any]:
        """As a process is told."""
        return asdict(self)

    def toml(self) -> str:
        """The same as nntui's configuration."""
        kind = self.file.rpartition(".")[2]
        data = {
            "idx": f'source = "idx"\nimages = "{self.file}.x"\nlabels = "{self.file}.y"',
            "npz": f'source = "npz"\npath = "{self.file}"',
            "csv": f'source = "csv"\npath = "{self.file}"\ntarget = "label"',
            "digits": 'source = "digits"',
        }[kind]
        lines = [f"[data]\n{data}\nvalidation = {self.validation}"]
        for n in self.channels:
            lines.append(f'[[layers]]\ntype = "conv2d"\nchannels = {n}\npadding = 1\nactivation = "relu"')
            lines.append('[[layers]]\ntype = "maxpool2d"')
        if self.channels:
            lines.append('[[layers]]\ntype = "flatten"')
        for n in self.widths[1:-1]:
            lines.append(f'[[layers]]\ntype = "dense"\nunits = {n}\nactivation = "relu"')
        lines.append(f'[[layers]]\ntype = "dense"\nunits = {self.widths[-1]}\nactivation = "softmax"')
        lines.append('[objective]\nloss = "cross_entropy"\n[optimizer]\ntype = "adam"')
        lines.append(f"[train]\nepochs = {self.epochs}\nbatch_size = {self.batch}")
        return "\n".join(lines) + "\n"


MLP = (784, 128, 10)
CASES = (
    Case("idx", "pictures from IDX, 784-128-10, 5 epochs", "pictures.idx", MLP, 5),
    Case("npz", "pictures from NPZ, 784-128-10, 5 epochs", "pictures.npz", MLP, 5),
    Case("csv", "pictures from CSV, 784-128-10, 5 epochs", "pictures.csv", MLP, 5),
    Case("load", "the same CSV, only read", "pictures.csv", MLP, 0, loads=True),
    Case("decimals", "135,000 rows of 20 decimals as CSV (50 MB), only read", "decimals.csv", (20, 3), 0, loads=True),
    Case("conv", "pictures, convolutions 16-32, 1 epoch", "pictures.idx", (1568, 10), 1, channels=(16, 32)),
    Case("digits", "digits, 64-64-10, 300 epochs", "digits", (64, 64, 10), 300, batch=32, validation=0.2),
    Case("classes", "10,000 classes, 64-32-10000, 1 epoch", "classes.npz", (64, 32, 10_000), 1),
    Case("rows", "2 M rows, 20-64-2, 1 epoch", "rows.npz", (20, 64, 2), 1, batch=1024),
    Case("wide", "50 M parameters, 784-6700-6700-10", "few.idx", (784, 6700, 6700, 10), 10_000, batch=512, seconds=120.0),
)  # fmt: skip


def shortened(case: Case, seconds: float) -> Case:
    """The same, of other length where it is trained for a time."""
    return case if case.seconds is None else replace(case, seconds=seconds)


def write(place: Path, cases: list[Case], count: int) -> None:
    """The files that the cases read and that are not there yet; ``count`` pictures."""
    from nntui.data.pictures import Digits

    scans = Digits().load(0, Path())
    x8 = scans.rows(np.arange(len(scans.y)))
    if not (place / "digits.npz").exists():
        np.savez(place / "digits.npz", x=x8, y=scans.y)
    wanted = {case.file for case in cases}
    makers = {
        "pictures.idx": lambda path: _idx(path, pictures(x8, scans.y, count)),
        "pictures.npz": lambda path: _npz(path, pictures(x8, scans.y, count)),
        "pictures.csv": lambda path: _csv(path, pictures(x8, scans.y, count)),
        "few.idx": lambda path: _idx(path, pictures(x8, scans.y, min(count, FEW))),
        "classes.npz": _classes,
        "rows.npz": _rows,
        "decimals.csv": _decimals,
    }
    for name in sorted(wanted & set(makers)):
        if not (place / name).exists():
            makers[name](place / name)


def pictures(scans: NDArray[Any], labels: NDArray[Any], count: int) -> Pictures:
    """Pictures of 28×28 bytes and their labels: scans at three times their size, shifted by up to 2, with noise."""
    rng = np.random.default_rng(0)
    which = rng.integers(len(labels), size=count)
    large = (scans * 255).astype(np.float32).reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2)
    out = np.zeros((count, SIDE, SIDE), np.uint8)
    for k, (down, right) in enumerate(rng.integers(0, 5, size=(count, 2))):
        scan = large[which[k]]  # the margin stays blank, as MNIST's is
        noisy = scan + (scan > 0) * rng.normal(0, 16, scan.shape)
        out[k, down : down + 24, right : right + 24] = noisy.clip(0, 255)
    return out, labels[which].astype(np.uint8)


def _idx(path: Path, found: Pictures) -> None:
    x, y = found
    Path(f"{path}.x").write_bytes(struct.pack(">IIII", 0x803, *x.shape) + x.tobytes())
    Path(f"{path}.y").write_bytes(struct.pack(">II", 0x801, len(y)) + y.tobytes())
    path.touch()  # both are there


def _npz(path: Path, found: Pictures) -> None:
    x, y = found
    np.savez(path, x=x, y=y)


def _csv(path: Path, found: Pictures) -> None:
    x, y = found
    names = [str(k) for k in range(256)]
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(["label", *(f"p{k}" for k in range(SIDE * SIDE))]) + "\n")
        for label, row in zip(y.tolist(), x.reshape(len(x), -1), strict=True):
            file.write(f"{label}," + ",".join([names[v] for v in row.tolist()]) + "\n")


def _classes(path: Path) -> None:
    """20,000 points around 10,000 centers."""
    rng = np.random.default_rng(1)
    labels = np.concatenate([np.arange(10_000), rng.integers(10_000, size=10_000)])
    centers = rng.normal(size=(10_000, 64))
    noisy = (centers[labels] + 0.1 * rng.normal(size=(len(labels), 64))).astype(np.float32)
    np.savez(path, x=noisy, y=labels)


def _rows(path: Path) -> None:
    """Two classes that a quadratic form of the inputs tells apart."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2_000_000, 20), dtype=np.float32)
    y = (x[:, :10] * x[:, 10:]).sum(axis=1) > 0
    np.savez(path, x=x, y=y.astype(np.int64))


def _decimals(path: Path) -> None:
    """Numbers of 15 digits, which single precision does not hold."""
    rng = np.random.default_rng(3)
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(["label", *(f"x{k}" for k in range(20))]) + "\n")
        for label, row in zip(
            rng.integers(0, 3, 135_000).tolist(), rng.normal(size=(135_000, 20)).tolist(), strict=True
        ):
            file.write(f"{label}," + ",".join([f"{v:.15g}" for v in row]) + "\n")

"""What others would train the same network with: one function a peer, each returning `run(epochs)`.

A peer gets the same stack of dense layers (ReLU inside, softmax cross-entropy at the end), the same data, Adam at
0.001 in float32, one thread, and shuffles and slices its batches as its users do. A peer that is not installed is
left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NNTUI_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""What would choose OpenBLAS's kernels: here those are compared that a user of this processor has."""
for name in KERNELS:
    os.environ.pop(name, None)
os.environ.update(THREADS)
if hasattr(os, "sched_setaffinity"):  # one processor for everyone: XLA has threads that no variable turns off
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

from nntui.blas import choose_kernels  # noqa: E402

choose_kernels()  # as the program does

import numpy as np  # noqa: E402 - threads and kernels are read when it is imported

from nntui import fused  # noqa: E402
from nntui_core.activations import Linear, Relu, Softmax  # noqa: E402
from nntui_core.layers.base import Layer  # noqa: E402
from nntui_core.layers.dense import Dense  # noqa: E402
from nntui_core.layers.spatial import Conv2dLayer, Flatten, MaxPool2dLayer  # noqa: E402
from nntui_core.losses import CrossEntropy  # noqa: E402
from nntui_core.model import NetworkSpec  # noqa: E402
from nntui_core.network import Network  # noqa: E402
from nntui_core.optimizers.moments import Adam  # noqa: E402
from nntui_core.schedules import Constant  # noqa: E402
from nntui_core.train_spec import TrainSpec  # noqa: E402
from nntui_core.trainer import Part, Trainer  # noqa: E402

Run = Callable[[], None]
"""One epoch."""


@dataclass(frozen=True)
class Case:
    """A network and how much it sees at once."""

    name: str
    widths: tuple[int, ...]
    batch: int
    batches: int
    """Updates in an epoch."""
    image: tuple[int, int, int] | None = None
    channels: tuple[int, ...] = ()
    """Convolutions of 3×3 before the dense layers, each followed by ReLU, every second one by a pooling of 2."""

    def data(self) -> tuple[Any, Any]:
        """Inputs float32 m × n, class indices m."""
        rng = np.random.default_rng(0)
        rows = self.batch * self.batches
        features = int(np.prod(self.image)) if self.image else self.widths[0]
        x = rng.normal(size=(rows, features)).astype(np.float32)
        return x, rng.integers(0, self.widths[-1], rows)

    def layers(self) -> tuple[Layer, ...]:
        """The stack, as the configuration would give it."""
        out: list[Layer] = []
        for k, channels in enumerate(self.channels):
            out.append(Conv2dLayer(channels=channels, padding=1, activation=Relu()))
            if k % 2:
                out.append(MaxPool2dLayer())
        if self.channels:
            out.append(Flatten())
        hidden = self.widths if self.channels else self.widths[1:]
        last = len(hidden) - 1
        out += [Dense(units=n, activation=Softmax() if k == last else Relu()) for k, n in enumerate(hidden)]
        return tuple(out)


def nntui(case: Case) -> Run:
    """Our trainer, as `fit` runs it."""
    trainer = trainer_of(case)

    def epoch() -> None:
        while not trainer.advance():
            pass

    return epoch


def trainer_of(case: Case) -> Trainer:
    """Our trainer alone, for a look inside."""
    x, y = case.data()
    spec = NetworkSpec(
        layers=case.layers(),
        loss=CrossEntropy(),
        features=x.shape[1],
        image=case.image,
        targets=case.widths[-1],
    )
    network = Network(spec)
    return Trainer(
        network,
        Adam(),
        Constant(),
        TrainSpec(epochs=10**9, batch_size=case.batch),
        Part(x, network.encode(y)),
    )


def fast(case: Case) -> Run:
    """Our trainer with its updates as one compiled pass (nntui[fast]), from the first one on."""
    import numba  # noqa: F401 - is it there?

    trainer = trainer_of(case)
    with mock.patch.object(fused, "PAYS", 0):
        fused.attach(trainer, print, print)
        trainer.advance()

    def epoch() -> None:
        while not trainer.advance():
            pass

    epoch()
    return epoch


def torch(case: Case) -> Run:
    """PyTorch, eager, its fused Adam."""
    import torch as t

    t.set_num_threads(1)
    x, y = (t.from_numpy(a) for a in case.data())
    modules: list[Any] = []
    width, shape = x.shape[1], case.image
    if case.image:
        x = x.reshape(-1, *case.image)
    for layer in case.layers():
        if isinstance(layer, Conv2dLayer):
            assert shape is not None
            modules += [t.nn.Conv2d(shape[0], layer.channels, 3, padding=1), t.nn.ReLU()]
            shape = (layer.channels, *shape[1:])
        elif isinstance(layer, MaxPool2dLayer):
            assert shape is not None
            modules.append(t.nn.MaxPool2d(2))
            shape = (shape[0], shape[1] // 2, shape[2] // 2)
        elif isinstance(layer, Flatten):
            assert shape is not None
            modules.append(t.nn.Flatten())
            width = int(np.prod(shape))
        elif isinstance(layer, Dense):
            modules.append(t.nn.Linear(width, layer.units))
            width = layer.units
            if not isinstance(layer.activation, Softmax | Linear):
                modules.append(t.nn.ReLU())
    model = t.nn.Sequential(*modules)
    optimizer = t.optim.Adam(model.parameters(), lr=0.001, fused=True)
    loss_of = t.nn.CrossEntropyLoss()

    def epoch() -> None:
        order = t.randperm(len(x))
        for rows in order.split(case.batch):
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(x[rows]), y[rows]).backward()
            optimizer.step()

    return epoch


def _jax(case: Case) -> tuple[Any, Any, Any]:
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    sizes = list(zip(case.widths, case.widths[1:], strict=False))
    weights = [
        (jnp.asarray(rng.normal(0, 1 / np.sqrt(n), (n, k)).astype(np.float32)), jnp.zeros(k))
        for n, k in sizes
    ]

    def loss(weights: Any, x: Any, y: Any) -> Any:
        for w, b in weights[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = weights[-1]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x @ w + b), y[:, None], axis=1))

    def step(state: Any, part: Any) -> Any:
        weights, m, v, k = state
        _, g = jax.value_and_grad(loss)(weights, *part)
        k = k + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        c1, c2 = 1 - 0.9**k, 1 - 0.999**k
        weights = jax.tree.map(
            lambda w, m, v: w - 0.001 * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), weights, m, v
        )
        return (weights, m, v, k), 0

    m, v = (jax.tree.map(jnp.zeros_like, weights) for _ in range(2))
    return jax, step, (weights, m, v, jnp.float32(0))


def jax_step(case: Case) -> Run:
    """JAX, one jitted function an update, its state donated."""
    jax, step, state = _jax(case)
    x, y = case.data()
    y = y.astype(np.int32)
    jitted = jax.jit(lambda s, x, y: step(s, (x, y))[0], donate_argnums=0)
    rng = np.random.default_rng(1)
    held = [state]

    def epoch() -> None:
        order = rng.permutation(len(x))
        for start in range(0, len(x), case.batch):
            rows = order[start : start + case.batch]
            held[0] = jitted(held[0], x[rows], y[rows])
        jax.block_until_ready(held[0])

    return epoch


def jax_scan(case: Case) -> Run:
    """JAX, a whole epoch in one compiled loop."""
    jax, step, state = _jax(case)
    x, y = case.data()
    y = y.astype(np.int32)
    jitted = jax.jit(lambda s, x, y: jax.lax.scan(step, s, (x, y))[0], donate_argnums=0)
    rng = np.random.default_rng(1)
    held = [state]

    def epoch() -> None:
        order = rng.permutation(len(x)).reshape(-1, case.batch)
        held[0] = jitted(held[0], x[order], y[order])
        jax.block_until_ready(held[0])

    return epoch


def sklearn(case: Case) -> Run:
    """scikit-learn's MLPClassifier."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    x, y = case.data()
    model = MLPClassifier(
        case.widths[1:-1], batch_size=case.batch, max_iter=1, warm_start=True, alpha=0.0, random_state=0
    )

    def epoch() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, y)

    return epoch


DENSE: dict[str, Callable[[Case], Run]] = {
    "nntui[fast]": fast, "torch": torch, "jax step": jax_step, "jax scan": jax_scan, "sklearn": sklearn,
}  # fmt: skip
SPATIAL: dict[str, Callable[[Case], Run]] = {"nntui[fast]": fast, "torch": torch}


def peers(case: Case) -> dict[str, Run]:
    """Those that are installed and can train the case."""
    out: dict[str, Run] = {}
    for name, make in (SPATIAL if case.channels else DENSE).items():
        try:
            out[name] = make(case)
        except ImportError:
            continue
    return out


def names(found: Sequence[dict[str, Any]]) -> list[str]:
    """Every peer that took part, in order."""
    return [n for n in DENSE if any(n in f for f in found)]

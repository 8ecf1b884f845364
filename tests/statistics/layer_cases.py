"""Cases of the statistics of layers and of the optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.statistics import base
from nntui.statistics.answers import Answers
from nntui.statistics.layers import Layers
from nntui.statistics.stability import Stability
from nntui.statistics.weights import Weights
from nntui.training.experiment import build
from nntui_core import probe
from tests.statistics.casebook import case
from tests.statistics.networks import forward, plane, standardized, view, weights


@case(Layers)
def layers(path: Path) -> None:
    experiment = plane(path, rows=600)
    trainer = experiment.trainer
    trainer.keep_next()
    before = weights(experiment)
    rows = trainer.indices().copy()
    trainer.advance()
    after = weights(experiment)
    found = Layers.compute(view(experiment), "")
    assert [row.stats.layer for row in found.rows] == ["hidden", "squash", "output"]
    chosen = probe.training_rows(trainer)
    assert found.samples == len(chosen) == 256
    x = standardized(experiment, experiment.table.x[experiment.split.train[chosen]])
    seen = [forward(after, row) for row in x]
    batch = standardized(experiment, experiment.table.x[experiment.split.train[rows]])
    labels = experiment.table.y[experiment.split.train[rows]]
    gradients = backward(before, batch, labels)
    for row, name in zip(found.rows, ("hidden", "squash", "output"), strict=True):
        a, s = np.array([answer[name] for answer in seen]), row.stats
        close = {"rel": 1e-9}
        assert s.mean == pytest.approx(sum(a.ravel()) / a.size, **close)
        assert s.spread == pytest.approx(np.sqrt(((a - a.mean()) ** 2).mean()), **close)
        assert s.units == a.shape[1]
        dead = [k for k in range(a.shape[1]) if not any(a[:, k])]
        assert s.dead == (len(dead) / a.shape[1] if name == "hidden" else None)
        assert s.dead_units == (tuple(dead) if name == "hidden" else ())
        far = np.abs(a) > 0.97
        assert s.saturated == (pytest.approx(far.sum() / far.size, **close) if name == "squash" else None)
        full = tuple(k for k in range(a.shape[1]) if far[:, k].mean() >= 0.9) if name == "squash" else ()
        assert s.saturated_units == full
        dz, dw = gradients[name]
        assert s.gradient_rms == pytest.approx(np.sqrt((dz**2).mean()), **close)
        assert s.gradient_norm == pytest.approx(np.sqrt((dw**2).sum()), **close)
        w, old = after[f"{name}.W"], before[f"{name}.W"]
        assert s.update_ratio == pytest.approx(np.sqrt(((w - old) ** 2).sum() / (old**2).sum()), rel=1e-6)
        h = row.activations
        assert h.total == a.size
        assert (h.low, h.high) == {"hidden": (0, h.high), "squash": (-1, 1), "output": (0, 1)}[name]
        assert h.zeros == ((a == 0).sum() if name == "hidden" else None)
        assert (
            h.counts[-1] == (a[a != 0] >= np.linspace(h.low, h.high, len(h.counts) + 1)[-2]).sum() - h.above
        )
    assert 1 in found.rows[0].stats.dead_units
    assert 2 in found.rows[1].stats.saturated_units


def backward(w: dict[str, Any], x: Any, labels: Any) -> dict[str, tuple[Any, Any]]:
    """∂loss/∂z (samples × units) and ∂loss/∂W of each layer, of the mean cross-entropy, by the chain rule."""
    answers = [forward(w, row) for row in x]
    a = {name: np.array([answer[name] for answer in answers]) for name in ("hidden", "squash", "output")}
    dz = (a["output"] - np.eye(3)[labels]) / len(x)
    out = {"output": (dz, a["squash"].T @ dz)}
    dz = (dz @ w["output.W"].T) * (1 - a["squash"] ** 2)
    out["squash"] = (dz, a["hidden"].T @ dz)
    dz = (dz @ w["squash.W"].T) * (a["hidden"] > 0)
    out["hidden"] = (dz, x.T @ dz)
    return out


@case(Weights)
def weights_of_dense_layers(path: Path) -> None:
    experiment = plane(path)
    w = weights(experiment)
    found = Weights.compute(view(experiment), "")
    assert [layer.name for layer in found.layers] == ["hidden", "squash", "output"]
    assert found.largest == max(np.abs(a).max() for name, a in w.items() if name.endswith(".W"))
    for layer in found.layers:
        assert layer.shape == w[f"{layer.name}.W"].shape
        assert layer.images is None
        np.testing.assert_array_equal(layer.weight, w[f"{layer.name}.W"])
        np.testing.assert_array_equal(layer.bias, w[f"{layer.name}.b"])
    digits = build(load("digits"))
    # The largest weight counts although neither its input nor its unit is shown.
    large = digits.network.parameters.view("hidden.W")
    large[3, 5] = -9.0
    first = Weights.compute(view(digits), "").layers[0]
    assert Weights.compute(view(digits), "").largest == 9.0
    assert len(first.units) == len(first.inputs) == base.UNITS - 2
    assert 3 not in first.inputs
    assert (first.units[0], first.units[-1]) == (0, large.shape[1] - 1)
    for at, unit in enumerate(first.units):
        np.testing.assert_array_equal(first.weight[:, at], large[first.inputs, unit])
        # A pixel at (row r, column c) is feature 8·r + c.
        for r, c in ((0, 0), (0, 7), (7, 0), (2, 5)):
            assert first.images[at][r, c] == large[8 * r + c, unit]


@case(Stability)
def the_optimizer_beside_its_loss(path: Path) -> None:
    experiment = plane(path)
    trainer, v = experiment.trainer, view(experiment)
    assert Stability.compute(v, "").curvature is None  # nothing is measured by asking
    before, rows = weights(experiment), trainer.indices().copy()
    trainer.keep_next()
    trainer.advance()
    v.instruments.look()
    v.instruments.finish()
    found = Stability.compute(v, "")
    # λmax: the Hessian of the mean cross-entropy over the training part, from differences of its gradient.
    x = standardized(experiment, experiment.table.x[experiment.split.train])
    y = experiment.table.y[experiment.split.train]
    now = weights(experiment)

    def flat(w: dict[str, Any]) -> Any:
        parts = backward(w, x, y)
        return np.concatenate([np.r_[dw.ravel(), dz.sum(axis=0)] for dz, dw in parts.values()])

    columns = []
    for name in ("output", "squash", "hidden"):  # the order of backward's parts
        for which in "Wb":
            for at in np.ndindex(now[f"{name}.{which}"].shape):
                sides = []
                for h in (1e-5, -1e-5):
                    moved = {k: a.copy() for k, a in now.items()}
                    moved[f"{name}.{which}"][at] += h
                    sides.append(flat(moved))
                columns.append((sides[0] - sides[1]) / 2e-5)
    hessian = np.array(columns)
    largest = np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1]
    seen = found.curvature
    assert seen.value == pytest.approx(largest, rel=1e-3)
    assert (seen.update, seen.threshold, seen.rate) == (1, pytest.approx(2 / 0.05), 0.05)
    assert seen.ratio == pytest.approx(seen.value * 0.05 / 2)
    assert (seen.rows, seen.size, seen.exact, seen.converged) == (len(x), len(x), True, True)
    assert (seen.preconditioned, seen.products > 0, seen.seconds > 0) == (False, True, True)
    # Noise: the batch's samples, one at a time.
    each: dict[str, list[Any]] = {"hidden": [], "squash": [], "output": []}
    for row in rows:
        for name, (dz, dw) in backward(before, x[row : row + 1], y[row : row + 1]).items():
            each[name].append(np.r_[dw.ravel(), dz.sum(axis=0)])
    assert [n.layer for n in found.noise] == ["hidden", "squash", "output"]
    for noise in found.noise:
        g = np.array(each[noise.layer])
        m, trace = len(g), np.trace(np.cov(g.T))
        signal = (g.mean(axis=0) ** 2).sum() - trace / m
        assert noise.sample_norm == pytest.approx(np.sqrt((g**2).sum(axis=1).mean()), rel=1e-9)
        assert noise.batch_norm == pytest.approx(np.sqrt((g.mean(axis=0) ** 2).sum()), rel=1e-9)
        assert noise.signal_to_noise == pytest.approx(signal / trace, rel=1e-6)
        scale = trace / signal if signal > 0 else np.nan
        assert noise.noise_scale == pytest.approx(scale, rel=1e-6, nan_ok=True)
    assert (found.batches, found.noise_update) == (1, 1)
    # Steps: what the weights moved by, in units of the rate.
    assert {s.parameter for s in found.steps} == now.keys()
    for s in found.steps:
        moved = np.sort(np.abs((now[s.parameter] - before[s.parameter]).ravel() / 0.05))
        assert s.median == pytest.approx(np.median(moved), rel=1e-9, abs=1e-15)
        assert (s.low, s.high) == (
            pytest.approx(np.percentile(moved, 10), rel=1e-9, abs=1e-15),
            pytest.approx(np.percentile(moved, 90), rel=1e-9, abs=1e-15),
        )
    assert (found.steps_update, found.coming, found.rated) == (1, False, True)
    assert (found.correction, found.first_correction, found.corrected) == (None, None, False)


@case(Answers)
def answers_of_every_layer(path: Path) -> None:
    experiment = plane(path)
    row = experiment.split.validation[4]
    seen = forward(weights(experiment), standardized(experiment, experiment.table.x[row]))
    found = Answers.compute(view(experiment), "4")
    assert found.index == 4
    assert found.answers("4")
    assert not found.answers("5")
    assert [layer.name for layer in found.layers] == list(seen)
    for layer in found.layers:
        np.testing.assert_allclose(layer.values, seen[layer.name][layer.units], rtol=1e-5, atol=1e-7)
    # Maps: each entry is the window beside it, times the kernel, summed over the input's channels.
    pictures = build(load("mini_vgg"))
    first = pictures.network.model(1, "predict").layers[0]
    w, b = (pictures.network.parameters.view(n) for n in (first.weight, first.bias))
    image = pictures.prepare(pictures.table.x[pictures.split.validation[:1]])[0].reshape(
        pictures.network.spec.image
    )
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    maps = Answers.compute(view(pictures), "0").layers[0]
    for c, (i, j) in ((0, (0, 0)), (1, (0, 7)), (3, (5, 2))):
        z = (padded[:, i : i + 3, j : j + 3] * w[maps.units[c]]).sum() + b[maps.units[c]]
        assert maps.values[c][i, j] == pytest.approx(max(z, 0), rel=1e-4, abs=1e-6)

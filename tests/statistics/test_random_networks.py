"""Every cell of the layers' table against plain NumPy, on ten random networks in float32."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from nntui.statistics.layers import Layers
from nntui.training.view import TrainedLayer
from nntui_core import probe
from nntui_core.network import Network
from nntui_core.optimizers.first_order import Sgd
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer
from tests.core.random_networks import _Maker


class TrainerView:
    """Of a trainer alone: what the layers' table reads."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.sample = probe.training_rows(trainer)
        layers = trainer.network.model(2, "predict").layers
        self.layers = [TrainedLayer(trainer, k, layer) for k, layer in enumerate(layers)]

    def seen(self) -> list[Any]:
        model = probe.sample_model(self.trainer.network, self.trainer.train.x[self.sample])
        return [model.plan.value(layer.a) for layer in model.layers]


def trained(seed: int) -> Trainer:
    """A random network after two updates on 300 random samples."""
    maker = _Maker(Random(seed))
    for _ in range(3 + seed % 4):
        maker.grow()
    network = Network(replace(maker.finish(), dtype="float32", l1=0.0, l2=0.0))
    draws = np.random.default_rng(seed)
    network.parameters.theta[:] += draws.normal(scale=0.3, size=len(network.parameters)).astype(np.float32)
    x = draws.normal(size=(300, network.spec.features)).astype(np.float32)
    if network.spec.classification:
        y = network.encode(draws.integers(0, 1 + max(1, network.spec.targets - 1), size=300))
    else:
        y = draws.normal(size=(300, network.outputs)).astype(np.float32)
    trainer = Trainer(network, Sgd(lr=0.01), Constant(), TrainSpec(epochs=2, batch_size=50), Part(x, y))
    trainer.advance()
    trainer.keep_next()
    trainer.advance()
    return trainer


@pytest.mark.parametrize("seed", range(10))
def test_every_cell(seed: int) -> None:
    trainer = trained(seed)
    before, network = trainer.before, trainer.network
    assert before is not None
    found = Layers.compute(TrainerView(trainer), "")  # type: ignore[arg-type]
    model, last = network.model(256, "predict"), trainer.model
    assert last is not None
    model.plan.value(model.x)[...] = trainer.train.x[probe.training_rows(trainer)]
    model.plan.run(backward=False)
    close = {"rtol": 1e-6, "atol": 1e-12}
    for row, layer, after in zip(found.rows, model.layers, last.layers, strict=True):
        s, a = row.stats, model.plan.value(layer.a).astype(np.float64)
        kind = getattr(getattr(layer.spec, "activation", None), "type", "")
        # One column a unit or channel: samples (and places) one after the other.
        units = a if a.ndim == 2 else a.transpose(0, 2, 3, 1).reshape(-1, a.shape[1])
        np.testing.assert_allclose([s.mean, s.spread], [units.mean(), units.std()], **close)
        assert s.units == units.shape[1]
        dead = [k for k, column in enumerate(units.T) if not (column > 0).any()]
        assert s.dead == (len(dead) / len(units.T) if kind == "relu" else None)
        assert s.dead_units == (tuple(dead) if kind == "relu" else ())
        if kind in ("tanh", "sigmoid"):
            middle, limit = (0.5, 0.47) if kind == "sigmoid" else (0.0, 0.97)
            far = np.abs(model.plan.value(layer.a) - np.float32(middle)) > np.float32(limit)
            assert s.saturated == pytest.approx(np.count_nonzero(far) / far.size, abs=1e-12)
        else:
            assert s.saturated is None
        g = last.plan.adjoint(after.z or after.a)
        if g is None:
            assert s.gradient_rms is None
        else:
            np.testing.assert_allclose(s.gradient_rms, np.sqrt(np.mean(g.astype(np.float64) ** 2)), **close)
        if layer.weight is None:
            assert s.gradient_norm is s.update_ratio is None
        else:
            w, old = (network.parameters.view(layer.weight, t).astype(np.float64) for t in (None, before))
            dw = network.parameters.gradient(layer.weight).astype(np.float64)
            np.testing.assert_allclose(s.gradient_norm, np.sqrt(np.sum(dw**2)), **close)
            ratio = np.sqrt(np.sum((w - old) ** 2)) / np.sqrt(np.sum(old**2))
            np.testing.assert_allclose(s.update_ratio, ratio, **close)
            assert ratio > 0 or not dw.any()
        h = row.activations
        zeros = int((units == 0).sum()) if kind in ("", "relu") else 0
        rest = units[units != 0] if kind in ("", "relu") else units.ravel()
        edges = np.linspace(h.low, h.high, len(h.counts) + 1)
        assert (h.zeros or 0, h.below, h.above) == (zeros, (rest < h.low).sum(), (rest > h.high).sum())
        # Counted up to each edge; a value within rounding of one may lie on either side of it.
        counted, room = h.below + h.counts.cumsum(), 1e-9 * (h.high - h.low)
        for edge, up_to in zip(edges[1:], counted, strict=True):
            inside = rest[rest <= h.high]
            assert (inside <= edge - room).sum() <= up_to <= (inside <= edge + room).sum()
        assert h.total == a.size

"""How noisy the gradient is: norms of each sample's own gradient, without computing these gradients.

For a dense layer z = a·W + b the gradient of one sample's loss is the outer product of its input and its δ = ∂loss/∂z, so
that its squared norm is (‖a‖² + 1)·‖δ‖² (Goodfellow 2015). Both are in the plan after a training update.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from nntui_core.memory import Array
from nntui_core.model import LayerNodes, Model
from nntui_core.network import Network
from nntui_core.ops.linear import Affine, MatMul
from nntui_core.preview import preview
from nntui_core.trainer import Trainer


@dataclass(frozen=True, eq=False)
class LayerNoise:
    """One dense layer in one batch of ``m`` samples."""

    layer: str
    squares: Array
    """‖gᵢ‖² of each sample's own loss, by the layer's trained weights and biases: m."""
    mean_square: float
    """‖mean gᵢ‖²."""

    @property
    def signal(self) -> float:
        """‖E g‖², without bias: (m·‖mean g‖² − mean ‖g‖²)/(m − 1). May be negative."""
        m = len(self.squares)
        return float((m * self.mean_square - self.squares.mean()) / (m - 1))

    @property
    def noise(self) -> float:
        """The trace of the gradients' covariance, without bias."""
        m = len(self.squares)
        return float((self.squares.mean() - self.mean_square) * m / (m - 1))


def layer_noise(network: Network, model: Model, most: int | None = None) -> dict[str, LayerNoise]:
    """The dense layers' noise after a run of ``model`` (mode "train"), by name; the penalties have no part in it.

    Of a batch of more than ``most`` samples, of some spread evenly over it. Empty where samples are not independent of
    each other (batch norm), and for fewer than two samples.
    """
    assert model.target is not None
    target = model.plan.value(model.target)
    if len(target) < 2 or model.buffers:
        return {}
    loss = network.spec.loss
    rows = np.arange(0, len(target), 1 if most is None else max(1, -(-len(target) // most)))
    # The plan's δ is of the batch's loss, Σ w·ℓ/Σ w (or Σ w·ℓ): each sample's own is that over its share.
    whole = loss.weight(target)
    shares = np.array([loss.weight(target[k : k + 1]) / whole for k in rows])
    found = (_of(network, model, layer, rows, shares) for layer in model.layers)
    return {one.layer: one for one in found if one is not None}


def _of(network: Network, model: Model, layer: LayerNodes, rows: Array, shares: Array) -> LayerNoise | None:
    """One layer's noise; None for a layer that is not dense, or of which nothing is trained."""
    node = layer.z
    if node is None or not isinstance(node.op, Affine | MatMul):
        return None
    delta = model.plan.adjoint(node)
    frozen = network.parameters.frozen
    weight, bias = (p is not None and p not in frozen for p in (layer.weight, layer.bias))
    if delta is None or not (weight or bias):
        return None
    own = delta[rows] / shares[:, None].astype(np.float64)
    a = model.plan.value(node.args[0])[rows].astype(np.float64)
    size = np.zeros(len(a))
    mean_square = 0.0
    if weight:
        size += np.square(a).sum(axis=1)
        mean_square += float(np.square(a.T @ own / len(a)).sum())
    if bias:
        size += 1
        mean_square += float(np.square(own.mean(axis=0)).sum())
    return LayerNoise(layer.name, size * np.square(own).sum(axis=1), mean_square)


class NoiseMeter:
    """Signal and noise averaged over batches before their quotient is taken: that of one batch may be anything."""

    def __init__(self, past: float = 1.0) -> None:
        """``past``: what earlier batches are multiplied by at each new one; 1 forgets nothing."""
        self.batches = 0
        self._past = past
        self._sums: dict[str, tuple[float, float]] = {}

    def add(self, found: dict[str, LayerNoise]) -> None:
        """Take in one batch."""
        self.batches += 1
        for name, one in found.items():
            signal, noise = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = self._past * signal + one.signal, self._past * noise + one.noise

    def signal_to_noise(self, layer: str) -> float:
        """‖E g‖²/tr Σ of single samples; NaN where it is not known."""
        signal, noise = self._sums.get(layer, (nan, nan))
        return signal / noise if noise else nan

    def noise_scale(self, layer: str) -> float:
        """tr Σ/‖E g‖²: about the batch size above which more samples help little (McCandlish et al. 2018).

        NaN where the signal cannot be told from 0.
        """
        signal, noise = self._sums.get(layer, (nan, nan))
        return noise / signal if signal > 0 else nan


def effective_steps(trainer: Trainer) -> dict[str, Array] | None:
    """Δw/η of the last update, by parameter, frozen ones left out; η is the rate of that update with its layer's factor.

    Needs ``trainer.keep_before``. None before the first update, and for an optimizer without a rate.
    """
    rate, before = trainer.last_rate, trainer.before
    if before is None or not rate > 0:
        return None
    parameters, out = trainer.network.parameters, {}
    for name, factor in _factors(trainer).items():
        step = parameters.view(name).astype(np.float64) - parameters.view(name, before)
        out[name] = step / (rate * factor)
    return out


def coming_steps(trainer: Trainer) -> dict[str, Array] | None:
    """Δw/η that the next update would make with ``parameters.grad`` as it is; nothing is changed.

    None as for :func:`effective_steps`, but also before the first update.
    """
    if not (trainer.optimizer.has_rate and trainer.rate > 0):
        return None
    parameters, seen = trainer.network.parameters, preview(trainer)
    step = seen.after.astype(np.float64) - seen.theta
    return {n: parameters.view(n, step) / (seen.rate * factor) for n, factor in _factors(trainer).items()}


def _factors(trainer: Trainer) -> dict[str, float]:
    """What the rate is multiplied by for each parameter that is trained."""
    parameters = trainer.network.parameters
    factors = {g.start: g.factor for g in trainer.network.groups}
    return {n: factors[s.start] for n, s in parameters.layout.items() if n not in parameters.frozen}

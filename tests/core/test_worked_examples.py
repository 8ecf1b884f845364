"""Published numbers that reductions, frozen biases and Adam's ε must give."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.activations import Sigmoid
from nntui_core.layers.dense import Dense
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.first_order import Sgd
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer


def mazur() -> Trainer:
    """Mazur, A Step by Step Backpropagation Example: E = ½Σ(target − out)², η = 0.5, biases never updated."""
    layers = (
        Dense(units=2, activation=Sigmoid(), trainable="weights", theta=((0.35, 0.15, 0.20), (0.35, 0.25, 0.30))),
        Dense(units=2, activation=Sigmoid(), trainable="weights", theta=((0.60, 0.40, 0.45), (0.60, 0.50, 0.55))),
    )
    loss = MeanSquaredError(reduction="sum", factor=0.5)
    network = Network(NetworkSpec(layers, loss, 2, targets=2, classification=False, dtype="float64"))
    part = Part(np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]]))
    return Trainer(network, Sgd(lr=0.5), Constant(), TrainSpec(epochs=10_000, batch_size="full"), part)


def test_mazur_s_page() -> None:
    trainer = mazur()
    assert trainer.evaluate()["train"].loss == pytest.approx(0.298371109, abs=5e-10)
    trainer.advance()
    # The weights as the page prints them.
    output, hidden = (trainer.network.parameters.view(f"dense{k}.W").T for k in (2, 1))
    printed = [[0.35891648, 0.408666186], [0.511301270, 0.561370121]]
    np.testing.assert_allclose(output, printed, atol=5e-9)
    printed = [[0.149780716, 0.19956143], [0.24975114, 0.29950229]]
    np.testing.assert_allclose(hidden, printed, atol=5e-9)
    # The page prints 0.291027924, from a loss that was rounded on the way; with all digits it is this.
    assert trainer.evaluate()["train"].loss == pytest.approx(0.2910278, abs=5e-8)
    for _ in range(9_998):
        trainer.advance()
    assert trainer.evaluate()["train"].loss == pytest.approx(3.51085e-5, abs=5e-11)

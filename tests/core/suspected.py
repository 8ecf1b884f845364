"""Suspects by what they would set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Softmax
from nntui_core.findings.sample import Sample
from nntui_core.findings.suspect import Suspect
from nntui_core.findings.suspects import suspects
from nntui_core.layers.dense import Dense
from nntui_core.optimizers.first_order import Sgd
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Trainer
from tests.core.samples import sample, watching
from tests.core.trainers import make

OUT = Dense(units=3, activation=Softmax())


def found(s: Sample, setting: str) -> Suspect | None:
    """The suspect whose cure sets a key that begins so."""
    with np.errstate(all="ignore"):
        those = [x for x in suspects(s, ()) if (x.cure.set or "").startswith(setting)]
    assert len(those) <= 1
    return those[0] if those else None


def seen(given: Trainer, **fields: Any) -> Sample:
    return sample(watching(given), **fields)


def of(layers: tuple[Any, ...], **more: Any) -> Sample:
    return seen(make(TrainSpec(epochs=10, batch_size=10), layers=layers, optimizer=Sgd(lr=0.1), **more))


def expect(
    suspect: Suspect | None, setting: str, text: str, weight: float, explains: set[str] | frozenset[str]
) -> None:
    assert suspect is not None
    assert suspect.cure.set == setting
    assert suspect.cure.text == text
    assert suspect.weight == pytest.approx(weight)
    assert suspect.explains == frozenset(explains)

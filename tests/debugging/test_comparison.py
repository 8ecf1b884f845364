"""Numerical beside analytic gradients of whole networks."""

from __future__ import annotations

from math import prod

import pytest

from nntui.config.load import load
from nntui.debugging.comparison import Comparison
from nntui.debugging.subject import of_experiment
from nntui.training.experiment import build


@pytest.mark.parametrize("demo", ["xor", "mini_vgg"])
def test_every_gradient_agrees_also_of_pictures_that_lie_channels_last(demo: str) -> None:
    experiment = build(load(demo, ["train.batch_size=4"]))
    comparison = Comparison(lambda: of_experiment(experiment))
    while comparison.advance():
        pass
    found = comparison.judgement
    assert found.checked == found.nodes > 0
    assert found.verdict in ("good", "acceptable"), found
    assert found.directions == 8
    subject = of_experiment(experiment)
    moved = [n for n in subject.plan.nodes if len(n.shape) == 4 and n.role == "op"]
    for node in moved[:3]:
        entry = prod(node.shape) // 2 + 1
        check = comparison.check(node, (entry,))
        assert check is not None
        assert check.verdict in ("good", "kink")


def test_draws_and_labels_have_no_gradient_to_compare() -> None:
    experiment = build(load("mini_vgg", ["train.batch_size=4"]))
    subject = of_experiment(experiment)
    comparison = Comparison(lambda: subject)
    for node in subject.plan.nodes:
        if node.role in ("random", "label"):
            assert comparison.check(node, (0,)) is None

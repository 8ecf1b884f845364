"""Every demo passes its own check, but for those that are faults on purpose, which are named."""

from __future__ import annotations

import pytest

import nntui.checks.subject as subject
import nntui.training.range_test as range_test
from nntui.checks import Subject, run_checks
from nntui.checks.overfit import OverfitSubset
from nntui.config import demos
from nntui.training.experiment import read

ON_PURPOSE = {
    "books/cs231n_softmax": {"overfit_subset": "warn"},  # lines cannot separate the arms
    "books/trask_2_layers": {"data": "warn"},  # the third input is the bias, 1 in every row
    "books/trask_3_layers": {"data": "warn"},
    "dead_relu": {"learning_rate": "fail"},
    "perceptron_limits": {"overfit_subset": "fail"},  # a line cannot separate XOR
    "rare_gradients": {"overfit_subset": "warn"},  # Adam walks to the wrong end
    "vanishing": {"initial_activations": "fail"},
}


TRAINED = [name for name in demos.names() if not name.startswith(("race_", "newton_"))]
"""Those that describe a training, and not a race over a surface alone."""


LARGE = ("mini_inception", "mini_vgg", "vehicles")


@pytest.mark.parametrize("name", TRAINED)
def test_a_demo_passes_or_fails_by_the_right_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in LARGE:  # a tenth of the budget
        monkeypatch.setattr(subject, "WORK", subject.WORK / 10)
        monkeypatch.setattr(range_test, "WORK", range_test.WORK / 10)
        monkeypatch.setattr(OverfitSubset, "WORK", OverfitSubset.WORK / 10)
    found = {r.id: r.status for r in run_checks(Subject(read(name))) if r.status in ("warn", "fail")}
    assert found == ON_PURPOSE.get(name, {})

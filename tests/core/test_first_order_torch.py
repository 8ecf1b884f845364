"""First-order optimizers take PyTorch's steps (from references/make_optimizer_references.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.optimizers.base import FirstOrder
from nntui_core.optimizers.moments import Adam
from nntui_core.optimizers.work import Group
from tests.core.runner import DECAYING, NAMES, START, path

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "optimizers.npz")

META = json.loads(str(REFERENCES["meta"]))


@pytest.mark.parametrize("name", NAMES)
def test_equals_torch_step_by_step(name: str) -> None:
    theirs = REFERENCES[f"default/{name}"]
    ours = path(catalog.build("optimizer", name))
    assert np.abs(theirs[-1] - START).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", META["settings"])
def test_settings_reach_torch_s_places(name: str) -> None:
    ours = path(special(name))
    np.testing.assert_allclose(ours, REFERENCES[f"special/{name}"], rtol=1e-12, atol=1e-12)


def special(name: str) -> FirstOrder:
    """The optimizer of an entry with settings of its own, such as ``rmsprop/centered``."""
    found: FirstOrder = catalog.build("optimizer", {"type": name.partition("/")[0], **META["settings"][name]})
    return found


@pytest.mark.parametrize("name", DECAYING)
def test_groups_are_torch_s_parameter_groups(name: str) -> None:
    """Weights decay, the others learn at another rate; neighbors may also come one by one."""
    first, slower = META["groups"]["decayed"], META["groups"]["slower"]
    n = len(START)
    whole = (Group(0, first), Group(first, n, slower, decays=False))
    parts = (
        *(Group(k, k + 1) for k in range(first)),
        *(Group(k, k + 1, slower, decays=False) for k in range(first, n)),
    )
    optimizer = catalog.build("optimizer", {"type": name, "weight_decay": META["groups"]["decay"]})
    theirs = REFERENCES[f"groups/{name}"]
    assert np.abs(theirs - REFERENCES[f"default/{name}"]).max() > 1e-3
    for groups in (whole, parts):
        np.testing.assert_allclose(path(optimizer, groups=groups), theirs, rtol=1e-12, atol=1e-12)


def test_adam_s_eps_inside_is_scikit_learn_s() -> None:
    ours = path(Adam(lr=0.1, eps=1e-3, eps_inside=True))
    np.testing.assert_allclose(ours, REFERENCES["inside"], rtol=1e-12, atol=1e-12)
    assert np.abs(ours - path(Adam(lr=0.1, eps=1e-3))).max() > 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_torch_s(name: str) -> None:
    defaults, optimizer = META["defaults"][name], catalog.build("optimizer", name)
    two = [None, None]
    betas, etas, steps = (defaults.get(key, two) for key in ("betas", "etas", "step_sizes"))
    theirs = {
        "rho": defaults.get("alpha"), "bias_correction": True, "eps_inside": False, **defaults,
        "beta1": betas[0], "beta2": betas[1], "shrink": etas[0], "grow": etas[1],
        "shortest": steps[0], "longest": steps[1],
    }  # fmt: skip
    if name in ("momentum", "nesterov"):
        theirs["momentum"] = 0.9
    assert {field: theirs[field] for field in vars(optimizer)} == vars(optimizer)

"""Activations, losses and layers against PyTorch (references/make_engine_references.py), and the page of it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.layers.regularizing import BatchNormLayer
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from tests.references import parity
from tests.references.parity import REFERENCES, deviations

BOUNDS = {"float64": 1e-12, "float32": 1e-5}


@pytest.mark.parametrize("kind", ["activation", "loss", "layer"])
def test_every_member_has_a_reference(kind: catalog.Kind) -> None:
    assert {e["spec"]["type"] for e in REFERENCES.entries.values() if e["kind"] == kind} == set(
        catalog.members(kind)
    )


@pytest.mark.parametrize("key", REFERENCES.entries)
@pytest.mark.parametrize("dtype", BOUNDS)
def test_equals_torch_in_value_and_gradient(key: str, dtype: str) -> None:
    value, gradient = deviations(key, dtype)
    assert value <= BOUNDS[dtype]
    assert gradient <= BOUNDS[dtype]


def test_running_statistics_equal_torch() -> None:
    found = REFERENCES.under("running/")
    layer = BatchNormLayer(momentum=0.2)
    spec = NetworkSpec((layer,), MeanSquaredError(), 3, targets=3, classification=False, dtype="float64")
    network = Network(spec)
    for k in range(3):
        x = found[f"x{k}"]
        model = network.model(len(x), "train")
        model.plan.value(model.x)[...] = x
        model.plan.run()
        model.absorb(network.buffers)
        np.testing.assert_allclose(network.buffers["batchnorm1.mean"], found[f"mean{k}"], rtol=1e-13)
        np.testing.assert_allclose(network.buffers["batchnorm1.var"], found[f"var{k}"], rtol=1e-13)


def test_the_documented_table_names_all_and_holds() -> None:
    rows = re.findall(r"^\| (.+?) \| ([-+.e0-9 |]+) \|$", parity.documented(), re.MULTILINE)
    names = [key.partition("/")[2] for key in REFERENCES.entries]
    assert [name for name, _ in rows] == [*names, *(name for name, _ in parity.optimizer_rows())]
    for _, cells in rows:
        numbers = [float(cell) for cell in cells.split(" | ")]
        assert max(numbers[:2]) <= 1e-12
        assert max(numbers[2:], default=0.0) <= 1e-5

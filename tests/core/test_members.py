"""The catalogue itself, and the form of the engine's messages."""

from __future__ import annotations

import pytest

from nntui_core import catalog
from nntui_core.activations import LeakyRelu, Relu
from nntui_core.errors import ConfigError, NntuiError, ShapeError

NAMES = {
    "activation": "sigmoid tanh relu leaky_relu prelu elu softplus gelu silu maxout linear softmax",
    "loss": "cross_entropy binary_cross_entropy mse mae huber hinge",
    "layer": "dense conv2d maxpool2d avgpool2d flatten dropout batchnorm maxout add concat",
    "optimizer": "sgd momentum nesterov adagrad rmsprop adam adamw nadam amsgrad adadelta adamax radam rprop "
    "newton cg bfgs lbfgs",
    "schedule": "constant inverse_sqrt inverse_time step multistep exponential cosine one_cycle plateau",
    "preprocess": "center standardize minmax binarize pca whiten polynomial",
}


@pytest.mark.parametrize("kind", NAMES)
def test_members_are_those_of_the_contract(kind: catalog.Kind) -> None:
    assert set(catalog.members(kind)) == set(NAMES[kind].split())


def test_built_from_a_name_or_a_table() -> None:
    assert catalog.build("activation", "relu") == Relu()
    spec = {"type": "leaky_relu", "slope": 0.3}
    assert catalog.build("activation", spec) == LeakyRelu(slope=0.3)
    assert spec == {"type": "leaky_relu", "slope": 0.3}
    for wrong in ("rleu", {"slope": 0.3}, {"type": ["relu"]}, {}):
        with pytest.raises(ConfigError, match=r"unknown activation.*allowed linear, sigmoid"):
            catalog.build("activation", wrong)


def test_messages_say_where_what_and_how() -> None:
    full = ShapeError("does not fit", where="dense1", given=(2, 3), allowed="3 numbers", hint="flatten it")
    assert str(full) == "dense1: does not fit (given (2, 3); allowed 3 numbers); flatten it"
    assert str(NntuiError("alone")) == "alone"
    assert str(NntuiError("zero", given=0)) == "zero (given 0)"
    assert str(NntuiError("only", allowed="1")) == "only (allowed 1)"

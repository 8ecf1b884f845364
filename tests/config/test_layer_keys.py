"""Keys of layers and of the objective: what is read, and what is refused, with place and cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import parse
from nntui.data.table import Source, Table
from nntui.errors import UserError
from nntui.training.experiment import build
from tests.config.helpers import XOR, made, messages

NET = """\
dtype = "float64"
[data]
source = "{source}"
{data}
{steps}
{layers}
[objective]
loss = "{loss}"
{objective}
[optimizer]
type = "{optimizer}"
[schedule]
{schedule}
[train]
{train}
"""


def net(*layers: str, **parts: str) -> str:
    keys = {
        "source": "xor", "data": "", "steps": "", "loss": "binary_cross_entropy", "objective": "", "optimizer": "sgd",
        "schedule": "", "train": "",
    }  # fmt: skip
    return NET.format(layers="".join(f"[[layers]]\n{layer}\n" for layer in layers), **{**keys, **parts})


HIDDEN = 'type = "dense"\nunits = 3\nactivation = "tanh"'
OUT = 'type = "dense"\nunits = 1\nactivation = "sigmoid"'
CLASSES = 'type = "dense"\nunits = {}\nactivation = "{}"'
EXACT = 'batch_size = "full"'


def test_keys_of_layers_are_read() -> None:
    built = made(net(f"{HIDDEN}\nbias = false\ntrainable = 'weights'\nlr_factor = 0.5\nrepeat = 2", OUT))
    layers = built.network.spec.layers
    assert built.network.names == ("dense1-1", "dense1", "dense2")
    assert [(x.bias, x.trainable, x.lr_factor, x.repeat) for x in layers[:2]] == [
        (False, "weights", 0.5, 1)
    ] * 2  # type: ignore[attr-defined]
    assert "dense1.b" not in built.network.parameters
    assert built.network.theta("dense1").shape == (3, 3)


def test_keys_of_the_objective_are_read() -> None:
    loss = made(XOR, ["objective.reduction=sum", "objective.factor=0.5"]).network.spec.loss
    assert (loss.reduction, loss.factor) == ("sum", 0.5)
    text = net(CLASSES.format(2, "softmax"), loss="cross_entropy", objective="label_smoothing = 0.2")
    assert made(text).network.spec.loss.label_smoothing == 0.2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (net(HIDDEN, f"{OUT}\nrepeat = 0"), "layers.1.repeat: the last layer cannot be left out (given 0; allowed at least 1)"),
        (
            net(f'{HIDDEN}\nname = "a"', 'type = "add"\ninputs = ["a", "a"]\nrepeat = 2', OUT),
            "layers.1.repeat: add joins layers and cannot be repeated (given 2; allowed 1)",
        ),
        (net(f"{HIDDEN}\nrepeat = -1", OUT), "layers.0.repeat: not allowed (given -1; allowed at least 0)"),
        (net(f"{HIDDEN}\nrepeat = 600", f"{HIDDEN}\nrepeat = 500", OUT), "layers.0.repeat: with it the network has 1,101 layers (given 600; allowed 1,000 in all)"),
        (
            net(f"{HIDDEN}\nrepeat = 3", f'{HIDDEN}\nname = "dense1-2"', OUT),
            "layers.1.name: two layers have this name (given 'dense1-2'); rename one",
        ),
        (
            net("type = 'dense'\nunits = 3\nrepeat = 2\ntheta = [[0, 1, 2], [0, 1, 2], [0, 1, 2]]", OUT),
            "layers.0.theta: theta does not fit layer dense1 of 3 units, to which dense1-1 gives 3 numbers (given 3 rows "
            "of 3; allowed 3 rows (one a unit) of 4 numbers (the bias, then one an input))",
        ),
        (
            net(f"{OUT}\nbias = false\ntheta = [[1, 2, 3]]"),
            "layers.0.theta: theta does not fit layer dense1 of 1 unit, to which input gives 2 numbers (given 1 row of "
            "3; allowed 1 row (one a unit) of 2 numbers (one an input; it has no bias))",
        ),
        (net(f"{HIDDEN}\ntrainable = false", f"{OUT}\ntrainable = false"), "layers: nothing to train: every layer with parameters is frozen"),
        (net(f"{HIDDEN}\ntrainable = 'some'", OUT), "layers.0.trainable: not a known name (given 'some'; allowed true, false, weights, bias)"),
        (net(f"{HIDDEN}\nlr_factor = 0", OUT), "layers.0.lr_factor: not allowed (given 0; allowed more than 0)"),
        *(
            (net(f"{HIDDEN}\nlr_factor = 2.0", OUT, optimizer=name, train=EXACT), f"layers.0.lr_factor: {name} has no learning rate to multiply (given 2; allowed 1)")
            for name in ("newton", "cg", "bfgs", "lbfgs", "rprop")
        ),
        (net(OUT, objective="factor = 0"), "objective.factor: not allowed (given 0; allowed more than 0)"),
        (net(OUT, objective="factor = -0.5"), "objective.factor: not allowed (given -0.5; allowed more than 0)"),
        (net(OUT, objective="reduction = 'none'"), "objective.reduction: not a known name (given 'none'; allowed mean, batch, sum)"),
        (net(OUT, objective="label_smoothing = 0.1"), "objective.label_smoothing: binary_cross_entropy has no labels to smooth (given 0.1; allowed 0, or loss cross_entropy)"),
        (net(CLASSES.format(1, "linear"), loss="hinge"), "layers.0.units: the data has 2 classes (given 1; allowed 2)"),
        (net(CLASSES.format(2, "softmax"), loss="hinge"), 'layers.0.activation: hinge needs linear at the output (given "softmax"; allowed "linear")'),
        (net(OUT, schedule="type = 'plateau'\nevery = 'update'"), "schedule.every: plateau looks at ends of epochs only (given 'update'; allowed \"epoch\")"),
        (net(OUT, schedule="type = 'plateau'\nmonitor = 'validation.loss'"), "schedule.monitor: monitors validation.loss, but nothing is held out"),
        (net(OUT, schedule="type = 'multistep'\nmilestones = []"), "schedule.milestones: too few entries (given []; allowed at least 1)"),
        (net('type = "batchnorm"', OUT, train="batch_size = 1"), "train.batch_size: batchnorm1 would see a single value a unit, which has no variance (given 1, one row; allowed at least 2 rows)"),
        (
            net('type = "conv2d"\nchannels = 2', 'type = "flatten"', CLASSES.format(10, "softmax"), source="digits",
                loss="cross_entropy", steps='[[preprocess]]\ntype = "pca"'),
            "preprocess.0: pca leaves no pictures, but layer conv2d1 needs them; remove the step, or the layers that need pictures",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(text: str, message: str) -> None:
    found = messages(text)
    assert any(message in m for m in found), found
    assert len(found) == 1, found


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (net(HIDDEN, 'type = "dense"\nunits = 1\nactivation = "sigmoid"\ninputs = ["input"]'), "layers.0: nothing reads dense1, so it has no part in the output"),
        (net(OUT, optimizer="rprop", schedule="type = 'step'"), "schedule: rprop chooses the length of its steps; the schedule changes nothing"),
        (net('type = "batchnorm"', OUT, train="batch_size = 3"), "train.batch_size: the last batch of an epoch has one row, of which batchnorm1 has no statistics"),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_said(text: str, warning: str) -> None:
    built = made(text)
    assert any(warning in w for w in built.warnings), built.warnings
    while built.trainer.status == "running":
        built.trainer.advance()
    assert built.trainer.epoch == 100


def test_frozen_evaluation_and_pictures_of_single_rows_are_fine() -> None:
    assert made(net(f"{OUT}\ntrainable = false", train="epochs = 0")).trainer.status == "completed"
    pictures = net(
        'type = "conv2d"\nchannels = 2', 'type = "batchnorm"', 'type = "flatten"', CLASSES.format(10, "softmax"), source="digits", loss="cross_entropy",
        train="batch_size = 1",
    )  # fmt: skip
    assert made(pictures).network.buffers["batchnorm1.mean"].any()


class Given(Source):
    """A source whose table is given."""

    def __init__(self, y: Any, **fields: Any) -> None:
        self.x = np.random.default_rng(0).random((8, 3))
        self.y, self.fields = y, fields

    def load(self, seed: int, base: Path) -> Table:
        return Table(
            self.x, self.y, self.fields.pop("classes", None), ("a", "b", "c"), source="given", **self.fields
        )


def given(text: str, y: Any, **fields: Any) -> Any:
    from dataclasses import replace

    return build(replace(parse(text, Path("t.toml")), source=Given(y, **fields)))  # type: ignore[arg-type]


def refused(text: str, y: Any, **fields: Any) -> str:
    with pytest.raises(UserError) as fault:
        given(text, y, **fields)
    return "\n".join(fault.value.messages)


LABELS = np.random.default_rng(1).random((8, 2)) > 0.5


def test_several_labels_a_sample() -> None:
    fields = {"targets": ("red", "round"), "task": "multilabel"}
    built = given(net(CLASSES.format(2, "sigmoid")), LABELS.astype(float), **fields)
    built.trainer.advance()
    assert built.trainer.evaluate()["train"].accuracy is not None
    assert built.table.columns.labels == ("red", "round")
    assert "sigmoid is needed" in refused(
        net(CLASSES.format(2, "softmax"), loss="mse"), LABELS.astype(float), **fields
    )
    several = refused(net(CLASSES.format(2, "softmax"), loss="cross_entropy"), LABELS.astype(float), **fields)
    assert "cross_entropy needs one class a sample, but a sample may have several labels" in several
    assert "the number of outputs is not the number of labels (given 3; allowed 2)" in refused(
        net(CLASSES.format(3, "sigmoid")), LABELS.astype(float), **fields
    )
    assert "between 0 and 1 (given 0 to 2" in refused(
        net(CLASSES.format(2, "sigmoid")), LABELS * 2.0, **fields
    )


@pytest.mark.parametrize(("loss", "activation"), [("binary_cross_entropy", "sigmoid"), ("mse", "linear")])
def test_inputs_as_targets(loss: str, activation: str) -> None:
    fields = {"targets": (), "reconstructs": True}
    built = given(net(CLASSES.format(3, activation), loss=loss), np.zeros((8, 0)), **fields)
    np.testing.assert_array_equal(built.trainer.train.y, built.trainer.train.x)
    built.trainer.advance()
    p = built.network.predict(built.trainer.train.x)
    y = built.trainer.train.y
    expected = ((p - y) ** 2).mean() if loss == "mse" else -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert built.trainer.evaluate()["train"].loss == pytest.approx(expected, rel=1e-9)
    assert built.trainer.evaluate()["train"].accuracy is None
    wrong = refused(net(CLASSES.format(2, activation), loss=loss), np.zeros((8, 0)), **fields)
    assert (
        "the number of outputs is not the number of inputs, which are the targets (given 2; allowed 3)"
        in wrong
    )


def test_inputs_beyond_0_to_1_are_no_targets_of_cross_entropy() -> None:
    standard = net(CLASSES.format(3, "sigmoid"), steps='[[preprocess]]\ntype = "standardize"')
    found = refused(standard, np.zeros((8, 0)), targets=(), reconstructs=True)
    assert "the targets must lie between 0 and 1" in found
    assert "put minmax or binarize last in preprocess" in found


def test_a_class_may_be_absent() -> None:
    y = np.array([0, 2, 0, 2, 0, 2, 0, 2])
    text = net(CLASSES.format(3, "softmax"), loss="cross_entropy", data="validation = 0.25")
    built = given(text, y, targets=("kind",), classes=("a", "b", "c"))
    built.trainer.advance()
    assert built.network.outputs == 3
    assert sorted(len(part) for part in (built.split.train, built.split.validation)) == [2, 6]

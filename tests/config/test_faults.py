"""Faults of a configuration: all at once, with file, line, key, what was given and what is allowed."""

from __future__ import annotations

import pytest

from nntui.config.load import load
from nntui.errors import UserError
from tests.config.helpers import XOR, made, messages

ALL_WRONG = """\
title = 3
seed = -1
dtype = "float16"
foo = 1
[data]
sourc = "xor"
validation = 2
[[layers]]
type = "dens"
units = 0
[[layers]]
type = "dense"
units = 1
activation = "softmax"
[objective]
loss = "binary_cross_entropy"
l2 = -1
[optimizer]
type = "adm"
lr = nan
[schedule]
typ = "step"
[train]
epochs = 1.5
batch_size = "all"
order = "random"
early_stopping = true
stop = { monitor = "validation.loss" }
[race]
surface = "hill"
"""


def test_every_fault_is_told_at_once_in_the_order_of_the_file() -> None:
    found = messages(ALL_WRONG)
    wanted = [
        "t.toml:1: title: wrong type (given 3; allowed text)",
        "t.toml:2: seed: not allowed (given -1; allowed at least 0)",
        "t.toml:3: dtype: not a known name (given 'float16'; allowed float32, float64)",
        "t.toml:4: foo: unknown key (given foo; allowed title, seed,",
        "t.toml:5: data.source: is required (allowed and, or, nand,",
        "t.toml:6: data.sourc: unknown key (given sourc; allowed source,",
        "t.toml:7: data.validation: not allowed (given 2; allowed less than 1)",
        "t.toml:9: layers.0.type: not a known name (given 'dens'; allowed dense,",
        "t.toml:10: layers.0.units: not allowed (given 0; allowed more than 0)",
        "t.toml:13: layers.1.units: softmax over one unit is always 1 (given 1; allowed the number of classes)",
        't.toml:14: layers.1.activation: binary_cross_entropy needs sigmoid at the output (given "softmax"; allowed',
        "t.toml:17: objective.l2: not allowed (given -1; allowed at least 0)",
        "t.toml:19: optimizer.type: not a known name (given 'adm'; allowed sgd,",
        "t.toml:20: optimizer.lr: not allowed (given nan; allowed a finite number)",
        "t.toml:22: schedule.typ: unknown key (given typ; allowed type, every, warmup)",
        "t.toml:24: train.epochs: wrong type (given 1.5; allowed a whole number)",
        "t.toml:25: train.batch_size: not a known name (given 'all'; allowed a whole number more than 0, or full)",
        "t.toml:26: train.order: not a known name (given 'random'; allowed",
        "t.toml:27: train.early_stopping: a table is needed (given true)",
        "t.toml:28: train.stop: monitors validation.loss, but nothing is held out",
        "t.toml:28: train.stop: needs one limit",
        "t.toml:30: race.surface: not a known name (given 'hill'; allowed saddle, long_valley,",
    ]
    for text, start in zip(found, wanted, strict=True):
        assert text.startswith(start)
    for near in ('"source"', '"dense"', '"adam"', '"float64"', '"type"'):
        assert any(text.endswith(f"; did you mean {near}?") for text in found)


def replaced(old: str, new: str) -> str:
    assert old in XOR
    return XOR.replace(old, new)


def layers(*tables: str, loss: str = "mse", data: str = 'source = "digits"', rest: str = "") -> str:
    text = "".join(f"[[layers]]\n{table}\n" for table in tables)
    return f'{text}[data]\n{data}\n[objective]\nloss = "{loss}"\n[optimizer]\ntype = "sgd"\n{rest}'


DENSE = 'type = "dense"\nunits = 10'
CONV = 'type = "conv2d"\nchannels = 3'
FAULTS = {
    "theta without the bias": (
        replaced("units = 1", "units = 1\ntheta = [[20, 20]]"),
        "t.toml:7: layers.0.theta: theta does not fit layer dense1 of 1 units, to which input gives 2 numbers (given 1 "
        "rows of 2; allowed 1 rows (one a unit) of 3",
    ),
    "ragged theta": (
        replaced("units = 1", "units = 2\ntheta = [[1, 2, 3], [1, 2]]"),
        "t.toml:7: layers.0.theta: theta does not fit layer dense1 of 2 units, to which input gives 2 numbers (given 2 "
        "rows of 2, 3; allowed",
    ),
    "theta beyond float32": (
        replaced("units = 1", "units = 1\ntheta = [[1e300, 1, 1]]"),
        "t.toml:7: layers.0.theta: too large for float32 (given 1e+300; allowed up to 3.4",
    ),
    "sigmoid of two units": (
        replaced("units = 1", "units = 2"),
        "t.toml:6: layers.0.units: the data has 2 classes (given 2; allowed 1)",
    ),
    "softmax of another width": (
        layers(
            f'{DENSE}\nactivation = "softmax"', loss="cross_entropy", data='source = "blobs"\nclasses = 3'
        ),
        "t.toml:3: layers.0.units: the data has 3 classes (given 10; allowed 3)",
    ),
    "sigmoid units, one against all": (
        layers(
            'type = "dense"\nunits = 2\nactivation = "sigmoid"',
            loss="binary_cross_entropy",
            data='source = "blobs"\nclasses = 3',
        ),
        "t.toml:3: layers.0.units: the data has 3 classes (given 2; allowed 3)",
    ),
    "cross-entropy of numbers": (
        layers(f'{DENSE}\nactivation = "softmax"', loss="cross_entropy", data='source = "sine"'),
        't.toml:8: objective.loss: cross_entropy needs classes, but the targets are numbers (given "cross_entropy"',
    ),
    "another number of targets": (
        layers(DENSE, data='source = "sine"'),
        "t.toml:3: layers.0.units: the number of outputs is not the number of targets (given 10; allowed 1)",
    ),
    "softmax inside": (
        layers(f'{DENSE}\nactivation = "softmax"', DENSE),
        't.toml:4: layers.0.activation: softmax belongs to the output layer only (given "softmax"',
    ),
    "dense on pictures": (
        layers(CONV, f'{DENSE}\nname = "output"'),
        "t.toml:4: layers.1: dense layer output needs one row of features a sample, but conv2d1 gives pictures of "
        "3×6×6 (given (3, 6, 6); allowed (features,)); put a layer of type",
    ),
    "a convolution on rows": (
        layers(DENSE, CONV),
        "t.toml:4: layers.1: conv2d layer conv2d1 needs pictures, but dense1 gives 10 numbers (given (10,); allowed",
    ),
    "a window that does not fit": (
        layers(f"{CONV}\nkernel = 9"),
        "t.toml:1: layers.0: conv2d layer conv2d1: a window of 9×9 does not fit into pictures of 8×8, which input gives "
        "(given 9×9; allowed up to 8×8); use a smaller window",
    ),
    "a sum of two widths": (
        layers(DENSE, 'type = "dense"\nunits = 3', 'type = "add"\ninputs = ["dense1", "dense2"]'),
        "t.toml:7: layers.2: add layer add1 needs inputs of one shape, but dense1 gives 10 numbers and dense2 3 numbers "
        "(given (10,) and (3,)); give dense1 and dense2 the same units",
    ),
    "pictures beside rows": (
        layers(CONV, 'type = "flatten"', 'type = "concat"\ninputs = ["conv2d1", "flatten1"]'),
        "t.toml:6: layers.2: concat layer concat1 needs inputs that differ in channels only, but conv2d1 gives pictures "
        "of 3×6×6 and flatten1 108 numbers",
    ),
    "pictures at the end": (
        layers(CONV),
        "t.toml:1: layers.0: the last layer, conv2d1, must give one row of",
    ),
    "an unknown input": (
        layers(f'{DENSE}\nname = "hidden"', f'{DENSE}\ninputs = ["hiden"]'),
        "t.toml:8: layers.1.inputs: there is no such layer (given 'hiden'; allowed input, hidden); did you mean",
    ),
    "an input that comes later": (
        layers(f'{DENSE}\ninputs = ["b"]', f'{DENSE}\nname = "b"'),
        "t.toml:4: layers.0.inputs: it comes later, and layers can only read earlier ones (given 'b'; allowed input)",
    ),
    "no input": (
        layers(f"{DENSE}\ninputs = []"),
        "t.toml:4: layers.0.inputs: the number of layers that dense reads (given 0; allowed one)",
    ),
    "one name twice": (
        layers(f'{DENSE}\nname = "dense2"', DENSE),
        "t.toml:5: layers.1.name: two layers have this name (given 'dense2'); rename one",
    ),
    "a name with control characters": (
        layers(f'{DENSE}\nname = "\\u001b[31m"'),
        "t.toml:4: layers.0.name: not a name (given '\\x1b[31m'; allowed text without dots",
    ),
    "an escape sequence as a key": (
        f'{XOR}"\\u001b[2J" = 1',
        "t.toml:12: optimizer.\\e[2J: unknown key",
    ),
    "dropout at the end": (
        layers(DENSE, 'type = "dropout"', loss="cross_entropy"),
        "t.toml:4: layers.1: cross_entropy needs a last layer with softmax (given dropout; allowed dense)",
    ),
    "accuracy of numbers": (
        layers(
            'type = "dense"\nunits = 1',
            data='source = "sine"',
            rest='[train]\nstop = { monitor = "train.accuracy", above = 1 }',
        ),
        't.toml:11: train.stop.monitor: the targets are numbers, so there is no accuracy (given "train.accuracy"; al',
    ),
    "nothing left to train on": (
        replaced('"xor"', '"xor"\nvalidation = 0.9'),
        "t.toml:3: data.validation: nothing is left to train on: 2 of the 2 rows of class 0 would be held out",
    ),
    "fewer samples than classes": (
        layers(DENSE, data='source = "spirals"\nsamples = 3\nclasses = 10'),
        "t.toml:6: data.samples: there are 10 classes (given 3; allowed at least 10)",
    ),
    "a missing file": (
        layers(DENSE, data='source = "csv"\npath = "no.csv"\ntarget = "y"'),
        "t.toml:6: data.path: cannot read no.csv: no such file",
    ),
    "inputs beyond float32": (
        replaced('"xor"', '"xor"\nnoise = 1e300'),
        "t.toml:1: dtype: the inputs are too large for float32",
    ),
    "targets beyond float32": (
        layers('type = "dense"\nunits = 1', data='source = "linear"\nnoise = 1e300'),
        "t.toml:1: dtype: the targets are too large for float32",
    ),
    "a network beyond memory": (
        replaced("units = 1", "units = 100000000000"),
        "t.toml:4: layers: this run does not fit into the memory that is free (given 32 TB: findings and statistics",
    ),
    "a number of too many bits": (
        replaced("units = 1", f"units = 0x{'f' * 20000}"),
        "t.toml:6: layers.0.units: not allowed (given a number with too many digits to show; allowed at most",
    ),
    "maxout as an activation": (
        replaced('"sigmoid"', '"maxout"'),
        "t.toml:7: layers.0.activation: not a known name (given 'maxout'; allowed linear, sigmoid, tanh, relu, leaky_"
        "relu, prelu, elu, softplus, gelu, silu, softmax); maxout is a layer of its own",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_where_what_was_given_and_what_is_allowed(name: str) -> None:
    text, start = FAULTS[name]
    found = messages(text)
    assert found[0].startswith(start), found
    assert len(found) == 1
    assert found[0].isprintable()


@pytest.mark.parametrize("name", ["newton", "cg", "bfgs", "lbfgs"])
def test_a_second_order_optimizer_says_all_that_it_needs(name: str) -> None:
    text = layers(
        DENSE, 'type = "dropout"', 'type = "batchnorm"', 'type = "dense"\nunits = 2', data='source = "xor"',
        rest='[schedule]\ntype = "cosine"\n[train]\nbatch_size = 4\nclip_norm = 1.0\n'
        "gradient_noise = {}\norder = { type = 'curriculum' }\n",
    ).replace('"sgd"', f'"{name}"')  # fmt: skip
    keys = [m.split(": ")[1] for m in messages(text)]
    assert sorted(keys) == [
        "dtype", "layers.1", "layers.2", "schedule", "train.batch_size", "train.clip_norm", "train.gradient_noise",
        "train.order",
    ]  # fmt: skip
    found = messages(XOR.replace('"sgd"', f'"{name}"\nlr = 0.1'))
    assert any("optimizer.lr: unknown key" in m for m in found)


@pytest.mark.parametrize("key", ["", "\nlr = 0.1"])
def test_a_name_that_is_only_a_little_like_one_has_no_consequences(key: str) -> None:
    found = messages(XOR.replace('"sgd"', f'"bogus"{key}'))
    assert [m.split(": ")[1] for m in found] == ["optimizer.type"], found
    slip = messages(XOR.replace('"sgd"', '"lbfs"\nlr = 0.1'))
    assert {"optimizer.type", "optimizer.lr", "train.batch_size"} <= {m.split(": ")[1] for m in slip}


def test_newton_refuses_many_parameters() -> None:
    text = layers(DENSE, rest='[train]\nbatch_size = "full"').replace('"sgd"', '"newton"')
    (found,) = messages(f'dtype = "float64"\n{text}')
    assert found.startswith(
        "t.toml:9: optimizer: newton refuses this many parameters (given 650; allowed at most 500)"
    )


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning() -> None:
    experiment = made(f"{XOR}[train]\nbatch_size = 99")
    assert experiment.trainer.batch_size == 4
    (warning,) = experiment.warnings
    assert warning.endswith(
        "t.toml:15: train.batch_size: larger than the data: 4 rows are used at once (given 99)"
    )
    assert made(XOR).warnings == ()


def test_a_layer_that_nothing_reads_is_told() -> None:
    text = layers(DENSE, f'{DENSE}\ninputs = ["input"]')
    (warning,) = made(text).warnings
    assert warning.endswith("t.toml:1: layers.0: nothing reads dense1, so it has no part in the output")


def test_a_single_class_is_refused_unless_allowed(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("single")
    (directory / "t.csv").write_text("a,kind\n1,x\n2,x\n")
    text = layers(
        'type = "dense"\nunits = 1', data=f'source = "csv"\npath = "{directory / "t.csv"}"\ntarget = "kind"'
    )
    (found,) = messages(text)
    assert found.startswith('t.toml:4: data: every row has the same class "x"')
    assert made(text, ["data.allow_single_class=true"]).trainer.update == 1


def test_what_needs_the_data_is_told_with_the_rest(tmp_path_factory: pytest.TempPathFactory) -> None:
    text = layers(
        f'{DENSE}\nactivation = "softmax"\nunit = 3', loss="cross_entropy", data='source = "blobs"\nclasses = 3',
        rest="lr = -1\n[train]\nbatch_size = 0\n",
    )  # fmt: skip
    found = messages(text)
    assert [m.split(" ")[1] for m in found] == [
        "layers.0.units:",
        "layers.0.unit:",
        "optimizer.lr:",
        "train.batch_size:",
    ]
    assert found[0] == "t.toml:3: layers.0.units: the data has 3 classes (given 10; allowed 3)"
    path = tmp_path_factory.mktemp("data") / "t.csv"
    path.write_text("a,y\nq,1\n2,2\n")
    table = layers(DENSE, data=f'source = "csv"\npath = "{path}"\ntarget = "y"', rest="lr = -1\n")
    key, cell = messages(table)
    assert key.startswith("t.toml:12: optimizer.lr: ")
    assert cell.startswith(
        f"{path}:2: column a: 1 text cell among 1 numbers (given 'q'); correct it, add it to data.na"
    )


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("optimizer.shrink", "it is a key of rprop"),
        ("optimizer.momentum", "it is a key of momentum, nesterov, rmsprop"),
        ("layers.0.kernel", "it is a key of conv2d"),
        ("layers.0.l2", "there is objective.l2"),
        ("optimizer.epochs", "there is train.epochs"),
        ("train.seed", "there is seed"),
        ("lr", "there is optimizer.lr"),
        ("train.epoch", 'did you mean "epochs"?'),
    ],
)
def test_a_key_that_is_one_elsewhere_is_told_where(path: str, hint: str) -> None:
    with pytest.raises(UserError) as raised:
        load("xor", [f"{path}=1"])
    (message,) = raised.value.messages
    assert message.endswith(f"; {hint}")


def test_keys_of_a_step_that_do_not_go_together() -> None:
    text = XOR.replace(
        "[[layers]]", '[[preprocess]]\ntype = "pca"\ncomponents = 1\nvariance = 0.5\n[[layers]]'
    )
    assert messages(text.replace("units = 1", "units = 0")) == [
        "t.toml:4: preprocess.0: give components or variance, not both (given components 1, variance 0.5)",
        "t.toml:10: layers.0.units: not allowed (given 0; allowed more than 0)",
    ]
    text = XOR.replace("[[layers]]", '[[preprocess]]\ntype = "impute"\nstrategy = "constant"\n[[layers]]')
    (found,) = messages(text)
    assert found.startswith('t.toml:4: preprocess.0: impute.value: value goes with strategy "constant"')


@pytest.mark.parametrize("value", ["-1", "0", "1.5", "true", "[1]", '"all"'])
def test_a_batch_size_may_be_the_word_full(value: str) -> None:
    (found,) = messages(XOR, [f"train.batch_size={value}"])
    assert found.endswith(", or full)")


def test_a_loss_that_is_missing_is_asked_for_with_the_losses() -> None:
    (found,) = messages(XOR.replace('loss = "binary_cross_entropy"', ""))
    losses = "cross_entropy, binary_cross_entropy, mse, mae, huber, hinge"
    assert found.endswith(f"objective.loss: is required (allowed {losses})")

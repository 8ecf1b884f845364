"""Faults of a configuration: all at once, with file, line, key, what was given and what is allowed."""

from __future__ import annotations

import pytest

from nntui.config.load import load
from nntui.errors import UserError
from tests.config.helpers import XOR, made, messages
from tests.config.mistakes import DENSE, FAULTS, layers

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
        "t.toml:28: train.stop.monitor: monitors validation.loss, but nothing is held out",
        "t.toml:28: train.stop: needs one limit",
        "t.toml:30: race.surface: not a known name (given 'hill'; allowed saddle, long_valley,",
    ]
    for text, start in zip(found, wanted, strict=True):
        assert text.startswith(start)
    for near in ('"source"', '"dense"', '"adam"', '"float64"', '"type"'):
        assert any(text.endswith(f"; did you mean {near}?") for text in found)


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
        "t.toml:7: preprocess.0.variance: give components or variance, not both (given components 1, variance 0.5)",
        "t.toml:10: layers.0.units: not allowed (given 0; allowed more than 0)",
    ]
    text = XOR.replace("[[layers]]", '[[preprocess]]\ntype = "impute"\nstrategy = "constant"\n[[layers]]')
    (found,) = messages(text)
    assert found.startswith('t.toml:4: preprocess.0.value: value goes with strategy "constant"')


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        ('type = "pca"\ncomponents = 3', "t.toml:6: preprocess.0.components: more components than features (given 3"),
        ('type = "center"\n\ncolumns = ["z"]', "t.toml:7: preprocess.0.columns: there is no such column at this step"),
        ('type = "polynomial"\ndegree = 999', "t.toml:6: preprocess.0.degree: 2 inputs have 1,000 monomials of"),
    ],
)  # fmt: skip
def test_what_the_data_refuses_of_a_step_is_told_at_its_key(keys: str, start: str) -> None:
    if "999" in keys:
        keys += "\nmemory = 1000"
    (found,) = messages(XOR.replace("[[layers]]", f"[[preprocess]]\n{keys}\n[[layers]]"))
    assert found.startswith(start)


@pytest.mark.parametrize("given", ["{}", "{ a = { b = 1 } }"])
def test_a_table_where_a_name_is_wanted_is_shown(given: str) -> None:
    (found,) = messages(XOR, [f"dtype={given}"])
    assert "not a known name (given {" in found


def test_a_text_that_must_not_be_empty() -> None:
    (found,) = messages(XOR, ['init_from=""'])
    assert found.endswith("init_from: not allowed (given ''; allowed text that is not empty)")


@pytest.mark.parametrize("value", ["-1", "0", "1.5", "true", "[1]", '"all"'])
def test_a_batch_size_may_be_the_word_full(value: str) -> None:
    (found,) = messages(XOR, [f"train.batch_size={value}"])
    assert found.endswith(", or full)")


def test_a_loss_that_is_missing_is_asked_for_with_the_losses() -> None:
    (found,) = messages(XOR.replace('loss = "binary_cross_entropy"', ""))
    losses = "cross_entropy, binary_cross_entropy, mse, mae, huber, hinge"
    assert found.endswith(f"objective.loss: is required (allowed {losses})")

"""Every name of the TOML file that is promised trains, or is refused as not in this release."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from nntui.config.load import parse
from nntui.config.matching import output_activation
from nntui.config.settings import TrainKeys
from nntui_core import catalog
from nntui_core.train_spec import Curriculum
from tests.config.helpers import XOR, made, messages

SOURCES = (
    "and or nand nor xor xnor not parity circles moons spirals blobs linear sine digits vehicles csv npz idx"
)
PREPROCESS = "center standardize minmax binarize pca whiten polynomial"
LAYERS = "dense conv2d maxpool2d avgpool2d flatten dropout batchnorm maxout add concat"
LOSSES = "cross_entropy binary_cross_entropy mse mae huber hinge"
FIRST = "sgd momentum nesterov adagrad rmsprop adam adamw nadam amsgrad adadelta adamax radam rprop"
SECOND = "newton cg bfgs lbfgs"
SCHEDULES = "constant inverse_sqrt inverse_time step multistep exponential cosine one_cycle plateau"
ACTIVATIONS = "sigmoid tanh relu leaky_relu prelu elu softplus gelu silu linear"

OUTPUT = {
    "cross_entropy": ("softmax", 2), "binary_cross_entropy": ("sigmoid", 1), "mse": ("linear", 2),
    "mae": ("tanh", 1), "huber": ("softmax", 2), "hinge": ("linear", 2),
}  # fmt: skip


def text(
    data: str,
    *layers: str,
    loss: str = "mse",
    optimizer: str = 'type = "sgd"',
    rest: str = "",
    head: str = "",
) -> str:
    tables = "".join(f"[[layers]]\n{layer}\n" for layer in layers)
    return f'{head}\n[data]\n{data}\n{tables}[objective]\nloss = "{loss}"\n[optimizer]\n{optimizer}\n{rest}\n'


def dense(units: int, activation: str = "linear") -> str:
    return f'type = "dense"\nunits = {units}\nactivation = "{activation}"'


def source(name: str, directory: Path) -> str:
    """The keys of ``[data]``, with the files that they name."""
    if name == "csv":
        (directory / "t.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n")
        return 'source = "csv"\npath = "t.csv"\ntarget = "kind"\ntask = "auto"'
    if name == "npz":
        np.savez(directory / "t.npz", x=np.eye(4), y=np.array([0, 1, 0, 1]))
        return 'source = "npz"\npath = "t.npz"\nx = "x"\ny = "y"\ntask = "auto"'
    if name == "idx":
        (directory / "x").write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, *range(8)]))
        (directory / "y").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 7]))
        return 'source = "idx"\nimages = "x"\nlabels = "y"'
    keys = {
        "moons": "samples = 20\nnoise = 0.1", "blobs": "samples = 20\nclasses = 3", "parity": "bits = 3",
        "vehicles": "samples = 20\nclasses = 2", "spirals": "samples = 20\nclasses = 3",
    }  # fmt: skip
    return (
        f'source = "{name}"\n{keys.get(name, "")}\nvalidation = 0.0\ntest = 0.0\nallow_single_class = false'
    )


@pytest.mark.parametrize("name", SOURCES.split())
def test_every_source_trains(name: str, tmp_path: Path) -> None:
    probe = parse(text(source(name, tmp_path), dense(1)), tmp_path / "t.toml")
    table = probe.source.load(0, tmp_path)
    outputs = len(table.classes) if table.classes else table.y.shape[1]
    experiment = made(text(source(name, tmp_path), dense(outputs)), directory=tmp_path)
    assert experiment.trainer.update == 1
    assert np.isfinite(experiment.trainer.loss)


@pytest.mark.parametrize("name", PREPROCESS.split())
def test_every_preprocessing_step_trains(name: str) -> None:
    rest = f'[[preprocess]]\ntype = "{name}"'
    assert made(text('source = "moons"\nsamples = 20', dense(1), rest=rest)).trainer.update == 1


@pytest.mark.parametrize("name", LAYERS.split())
def test_every_layer_trains(name: str) -> None:
    needs = {"dense": "units = 4", "maxout": "units = 4", "conv2d": "channels = 2"}
    inputs = {"add": 'inputs = ["a", "b"]', "concat": 'inputs = ["a", "b"]'}
    own = f'type = "{name}"\n{needs.get(name, "")}\n{inputs.get(name, "")}'
    branches = [f'type = "dense"\nunits = 3\nname = "{k}"\ninputs = ["input"]' for k in "ab"]
    layers = [*(branches if name in inputs else []), own, 'type = "flatten"', dense(10, "softmax")]
    assert made(text('source = "digits"', *layers, loss="cross_entropy")).trainer.update == 1


@pytest.mark.parametrize("name", LOSSES.split())
def test_every_loss_trains(name: str) -> None:
    activation, units = OUTPUT[name]
    assert made(text('source = "xor"', dense(units, activation), loss=name)).trainer.update == 1


@pytest.mark.parametrize("name", ACTIVATIONS.split())
def test_every_activation_trains(name: str) -> None:
    assert made(text('source = "xor"', dense(3, name), dense(1))).trainer.update == 1


@pytest.mark.parametrize("name", ["auto", *catalog.members("initializer")])
def test_every_initializer_trains(name: str) -> None:
    layer = dense(3, "tanh") + f'\ninit = "{name}"'
    assert made(text('source = "moons"\nsamples = 20', layer, dense(1))).trainer.update == 1


@pytest.mark.parametrize("name", FIRST.split())
def test_every_first_order_optimizer_trains_under_every_schedule(name: str) -> None:
    for schedule in SCHEDULES.split():
        every = "epoch" if schedule == "plateau" else "update"
        rest = f'[schedule]\ntype = "{schedule}"\nevery = "{every}"\nwarmup = 2'
        optimizer = f'type = "{name}"\nlr = 0.01'
        assert made(text('source = "xor"', dense(1), optimizer=optimizer, rest=rest)).trainer.update == 1


@pytest.mark.parametrize("name", SECOND.split())
def test_every_second_order_optimizer_trains(name: str) -> None:
    rest = '[train]\nbatch_size = "full"'
    optimizer = f'type = "{name}"'
    config = text('source = "xor"', dense(1), optimizer=optimizer, rest=rest, head='dtype = "float64"')
    assert made(config).trainer.update == 1


@pytest.mark.parametrize(
    "key", [
        "momentum.momentum=0.5", "adam.beta1=0.5", "adam.beta2=0.5", "rmsprop.rho=0.5", "adam.eps=1e-7",
        "adamw.weight_decay=0.1", "adam.bias_correction=false", "lbfgs.memory=3", "newton.damping=0.1",
        "sgd.weight_decay=0.1", "adam.eps_inside=true", "rmsprop.momentum=0.5", "rmsprop.centered=true",
    ],
)  # fmt: skip
def test_every_named_field_of_the_optimizers_is_read(key: str) -> None:
    name, _, setting = key.partition(".")
    field, _, value = setting.partition("=")
    config = XOR.replace('"sgd"', f'"{name}"')
    second = ['train.batch_size="full"', "dtype=float64"] if name in SECOND else []
    experiment = made(config, [f"optimizer.{setting}", *second])
    assert getattr(experiment.settings.optimizer, field) == tomllib.loads(f"v = {value}")["v"]


@pytest.mark.parametrize(
    "line", [
        "epochs = 0", 'batch_size = "full"', "batch_size = 3", 'order = "given"', 'order = "shuffle"',
        'order = { type = "curriculum", by = "loss", start = 0.3, epochs = 20 }',
        'early_stopping = { patience = 20, monitor = "train.loss", min_delta = 0.0 }',
        'stop = { monitor = "train.loss", below = 0.01 }', "gradient_noise = { eta = 0.01, gamma = 0.55 }",
        "clip_norm = 1.0", "checkpoint_seconds = 5.0",
    ],
)  # fmt: skip
def test_every_key_of_train_is_accepted(line: str) -> None:
    assert made(f"{XOR}[train]\n{line}\n").trainer.status in ("running", "completed")


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = parse(XOR, Path("some/name.toml"))
    assert (settings.title, settings.seed, settings.dtype) == ("name", 0, "float32")
    assert (settings.data.validation, settings.data.test, settings.data.allow_single_class) == (0, 0, False)
    assert (settings.objective.l1, settings.objective.l2, settings.preprocess) == (0, 0, ())
    assert (settings.schedule.type, settings.schedule.every, settings.schedule.warmup) == (
        "constant",
        "epoch",
        0,
    )
    assert settings.train == TrainKeys(
        epochs=100, batch_size=32, order="shuffle", early_stopping=None, stop=None, gradient_noise=None,
        clip_norm=None, checkpoint_seconds=5.0,
    )  # fmt: skip
    bare = parse(XOR.replace('activation = "sigmoid"', "").replace("binary_cross_entropy", "mse"), Path("t"))
    assert output_activation(bare.layers[0]) == "linear"
    adam = parse(XOR.replace("sgd", "adam"), Path("t")).optimizer
    assert [getattr(adam, k) for k in ("lr", "beta1", "beta2", "eps", "bias_correction")] == [
        0.001, 0.9, 0.999, 1e-8, True,
    ]  # fmt: skip


def test_nested_defaults_are_those_of_the_contract() -> None:
    train = "[train]\nearly_stopping = {}\ngradient_noise = {}\norder = { type = 'curriculum' }\nstop = { below = 1 }"
    config = XOR.replace('source = "xor"', 'source = "moons"\nvalidation = 0.2') + train
    spec = parse(config, Path("t")).train
    assert spec.early_stopping is not None
    assert spec.gradient_noise is not None
    assert (spec.early_stopping.patience, spec.early_stopping.monitor, spec.early_stopping.min_delta) == (
        20, "validation.loss", 0,
    )  # fmt: skip
    assert (spec.gradient_noise.eta, spec.gradient_noise.gamma) == (0.01, 0.55)
    assert spec.order == Curriculum(start=0.3, epochs=20)


def test_a_missing_table_is_required() -> None:
    assert messages("") == [
        f"t.toml:1: {k}: is required" for k in ("data", "layers", "objective", "optimizer")
    ]

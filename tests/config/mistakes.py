"""Configurations with one mistake each, and how the message about it begins."""

from __future__ import annotations

from tests.config.helpers import XOR


def replaced(old: str, new: str) -> str:
    """The configuration of xor with one text replaced."""
    assert old in XOR
    return XOR.replace(old, new)


def layers(*tables: str, loss: str = "mse", data: str = 'source = "digits"', rest: str = "") -> str:
    """A configuration with those tables of layers."""
    text = "".join(f"[[layers]]\n{table}\n" for table in tables)
    return f'{text}[data]\n{data}\n[objective]\nloss = "{loss}"\n[optimizer]\ntype = "sgd"\n{rest}'


DENSE = 'type = "dense"\nunits = 10'

CONV = 'type = "conv2d"\nchannels = 3'

FAULTS = {
    "theta without the bias": (
        replaced("units = 1", "units = 1\ntheta = [[20, 20]]"),
        "t.toml:7: layers.0.theta: theta does not fit layer dense1 of 1 unit, to which input gives 2 numbers (given 1 "
        "row of 2; allowed 1 row (one a unit) of 3",
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
        "t.toml:4: layers: this run does not fit into the memory that is free (given 28.8 TB: one batch",
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
"""By name, the text and the beginning of its message."""

"""Usual mistakes in a first TOML file, each with its cure; and the names that other libraries use."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

LISTS = ("layers", "preprocess")
"""Tables of which there may be several."""

_KEY = r"^\s*(?P<key>[\w.\"-]+)\s*=\s*"
_END = r"\s*(?:#.*)?$"
_RULES: tuple[tuple[str, str], ...] = (
    (r"[“”„‘’«»]", 'the quotes are curly; write straight ones: "'),
    (_KEY + r"(?P<word>True|False|TRUE|FALSE)" + _END, "true and false are written small: {key} = {small}"),
    (_KEY + r"(?P<word>None|null|nil|NULL)" + _END, "there is no value for nothing: leave the key {key} out"),
    (_KEY + r"(?P<sign>[+-]?)(?P<word>\.[0-9][0-9e+-]*)" + _END, "a digit is needed before the point: {key} = {sign}0{word}"),
    (_KEY + r"(?P<word>[+-]?[0-9]+\.)" + _END, "a digit is needed behind the point: {key} = {word}0"),
    (_KEY + r"(?P<word>[+-]?[0-9]+),(?P<rest>[0-9]+)" + _END, "numbers have a decimal point: {key} = {word}.{rest}"),
    (_KEY + r"(?P<word>[A-Za-z_][\w./-]*)" + _END, 'text needs quotes: {key} = "{word}"'),
    (_KEY + r"(?P<word>[A-Za-z_~/.][^\"'#=\[\]{{}}]*?)" + _END, 'text needs quotes: {key} = "{word}"'),
    (r"^\s*(?P<key>[\w.-]+)\s*:\s*\S", "a key and its value have = between them: {key} = …"),
    (_KEY + _END, "the value of {key} is missing"),
    (r"^\s*\[\[[^\]]*\]?\s*$", "a table in a list has two brackets on both sides: [[layers]]"),
)  # fmt: skip

SYNONYMS = {
    "bce": "binary_cross_entropy", "binarycrossentropy": "binary_cross_entropy", "logloss": "binary_cross_entropy",
    "bcewithlogits": "binary_cross_entropy", "ce": "cross_entropy", "crossentropy": "cross_entropy",
    "categoricalcrossentropy": "cross_entropy", "sparsecategoricalcrossentropy": "cross_entropy", "nll": "cross_entropy",
    "meansquarederror": "mse", "squarederror": "mse", "l2loss": "mse", "meanabsoluteerror": "mae", "l1loss": "mae",
    "smoothl1": "huber", "learningrate": "lr", "rate": "lr", "stepsize": "lr", "nepochs": "epochs", "numepochs": "epochs",
    "epoch": "epochs", "maxiter": "epochs", "iterations": "epochs", "batch": "batch_size", "minibatch": "batch_size",
    "neurons": "units", "nodes": "units", "size": "units", "nunits": "units", "hidden": "units", "outfeatures": "units",
    "act": "activation", "nonlinearity": "activation", "decay": "weight_decay", "fc": "dense", "linear": "dense",
    "fullyconnected": "dense", "conv": "conv2d", "maxpool": "maxpool2d", "maxpooling2d": "maxpool2d",
    "avgpool": "avgpool2d", "bn": "batchnorm", "batchnormalization": "batchnorm", "batchnorm1d": "batchnorm",
    "batchnorm2d": "batchnorm", "lrelu": "leaky_relu", "logistic": "sigmoid", "identity": "linear", "none": "linear",
    "rms": "rmsprop", "nag": "nesterov", "file": "path", "filename": "path", "label": "target", "y": "target",
    "separator": "delimiter", "sep": "delimiter", "usecols": "columns", "exclude": "drop", "navalues": "na",
    "scaler": "standardize", "standardscaler": "standardize", "zscore": "standardize", "normalize": "minmax",
    "minmaxscaler": "minmax", "imputer": "impute", "simpleimputer": "impute", "onehotencoder": "onehot", "dummies": "onehot",
    "glorot": "xavier_uniform", "glorotuniform": "xavier_uniform", "kaiming": "he_normal", "kaimingnormal": "he_normal",
}  # fmt: skip
"""Names elsewhere, without separators, and what they are called here."""


def hint(line: str, problem: str) -> str:
    """What to write instead of a line that is no TOML; empty where nothing usual is recognized."""
    table = re.match(r"^\s*\[\s*(\w+)\s*\]", line)
    if table and table.group(1) in LISTS and ("declare" in problem or "overwrite" in problem):
        return two_brackets(table.group(1))
    for pattern, cure in _RULES:
        found = re.search(pattern, line)
        if found is None:
            continue
        parts = {k: (v or "").strip() for k, v in found.groupdict().items()}
        if parts.get("word") in ("true", "false", "inf", "nan"):
            continue
        return cure.format(**parts, small=parts.get("word", "").lower())
    return ""


def two_brackets(name: str) -> str:
    """What to say to ``[layers]`` where ``[[layers]]`` is meant."""
    return f"there may be several of these tables, so each is written with two brackets: [[{name}]] (given [{name}])"


def nearest(name: object, allowed: Sequence[str]) -> str | None:
    """The allowed name that was probably meant: in other letters, under another library's name, or misspelled."""
    text = str(name)
    folded = {a.casefold().replace("_", ""): a for a in allowed}
    plain = re.sub(r"[\W_]", "", text).casefold()
    if plain in folded:
        return folded[plain]
    known = SYNONYMS.get(plain.removesuffix("loss") if plain not in SYNONYMS else plain)
    if known in allowed:
        return known
    near = difflib.get_close_matches(text, allowed, 1, 0.6) or difflib.get_close_matches(
        plain, list(folded), 1, 0.75
    )
    return (near[0] if near[0] in allowed else folded[near[0]]) if near else None

"""The mistakes of a first TOML file are told with their cures."""

from __future__ import annotations

import pytest

from nntui.config.beginners import SYNONYMS, nearest
from nntui.config.faults import suggestion
from nntui.config.models import shown_members
from nntui.config.settings import TrainKeys
from nntui_core import catalog
from tests.config.helpers import XOR, messages

SYNTAX = {
    "type = adam": 'text needs quotes: type = "adam"',
    "path = data/my file.csv": 'text needs quotes: path = "data/my file.csv"',
    "type = “adam”": 'the quotes are curly; write straight ones: "',
    "lr = .5": "a digit is needed before the point: lr = 0.5",
    "lr = -.5  # rate": "a digit is needed before the point: lr = -0.5",
    "lr = 5.": "a digit is needed behind the point: lr = 5.0",
    "lr = 0,5": "numbers have a decimal point: lr = 0.5",
    "bias = True": "true and false are written small: bias = true",
    "slope = None": "leave the key slope out",
    "lr: 0.1": "a key and its value have = between them",
    "lr =": "the value of lr is missing",
    "[layers]": "each is written with two brackets: [[layers]]",
}


@pytest.mark.parametrize("line", SYNTAX)
def test_a_line_that_is_no_toml_is_told_with_its_cure(line: str) -> None:
    text = XOR + "[schedule]\n" + line + "\n"
    (found,) = messages(text)
    number = text.count("\n", 0, text.rindex(line.split("\n")[-1])) + 1
    assert found.startswith(f"t.toml:{number}: not TOML: "), found
    assert SYNTAX[line] in found


def test_one_pair_of_brackets_is_told_beside_the_other_faults() -> None:
    found = messages(XOR.replace("[[layers]]", "[layers]").replace("units = 1", "units = 0"))
    assert found == [
        "t.toml:4: layers: there may be several of these tables, so each is written with two brackets: [[layers]] "
        "(given [layers])",
        "t.toml:4: layers.0.units: not allowed (given 0; allowed more than 0)",
    ]


WORDS = {
    ('type = "sgd"', 'type = "SGD"'): 'did you mean "sgd"?',
    ('"binary_cross_entropy"', '"bce"'): 'did you mean "binary_cross_entropy"?',
    ('"binary_cross_entropy"', '"BCELoss"'): 'did you mean "binary_cross_entropy"?',
    ('type = "sgd"', 'type = "sgd"\nlearning_rate = 0.1'): 'did you mean "lr"?',
    ("units = 1", "neurons = 1"): 'did you mean "units"?',
    ('activation = "sigmoid"', 'activation = "Logistic"'): 'did you mean "sigmoid"?',
    ('type = "dense"', 'type = "Linear"'): 'did you mean "dense"?',
}


@pytest.mark.parametrize("change", WORDS)
def test_names_of_other_libraries_are_known(change: tuple[str, str]) -> None:
    found = messages(XOR.replace(*change))
    assert any(WORDS[change] in m for m in found), found


def test_a_key_that_other_libraries_call_otherwise() -> None:
    assert nearest("Batch-Size", ["batch_size", "epochs"]) == "batch_size"
    assert nearest("max_iter", ["batch_size", "epochs"]) == "epochs"
    assert nearest("epohcs", ["batch_size", "epochs"]) == "epochs"
    assert nearest("max_iter", ["batch_size"]) is None
    assert suggestion("zebra", ["adam"]) == ""


def test_every_synonym_is_a_name_here() -> None:
    kinds: tuple[catalog.Kind, ...] = (
        "loss",
        "layer",
        "activation",
        "optimizer",
        "preprocess",
        "initializer",
    )
    names = {n for kind in kinds for n in shown_members(kind)}
    keys = {f for kind in kinds for c in shown_members(kind).values() for f in c.__dataclass_fields__}
    data = {"path", "target", "delimiter", "columns", "drop", "na"}
    assert set(SYNONYMS.values()) <= names | keys | set(TrainKeys.__dataclass_fields__) | data

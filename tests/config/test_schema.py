"""``nntui schema`` accepts exactly what the loader accepts."""

from __future__ import annotations

import copy
import json
import random
import tomllib
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from nntui.cli import group
from nntui.config import demos
from nntui.config.load import schema
from nntui.config.validate import Validation

DEMOS = {
    n: tomllib.loads((demos.directory() / f"{n}.toml").read_text(encoding="utf-8")) for n in demos.names()
}
VALUES: list[Any] = [
    0, 1, -1, 2.5, -0.5, "x", "relu", "full", "adam", True, [], {}, [1], ["a"], [[1.0, 2.0]], "auto", "shuffle",
    {"type": "normal", "std": 0.1}, {"type": "relu"}, {"type": "curriculum"}, {"start": 0.5}, {"type": "adam", "lr": 1},
    {"every": "update"}, {"type": "step", "size": 3}, "step", {"below": 1.0}, "dense", "flatten", "csv", "moons", "sgd",
    "polynomial", 10**30,
]  # fmt: skip
KEYS = [
    "type", "units", "activation", "init", "name", "inputs", "theta", "lr", "momentum", "beta1", "noise", "samples",
    "classes", "bits", "path", "target", "x", "every", "warmup", "size", "order", "stop", "early_stopping", "clip_norm",
    "batch_size", "epochs", "l1", "loss", "foo", "validation", "rate", "kernel", "channels",
]  # fmt: skip


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    found = json.loads(CliRunner().invoke(group, ["schema"]).output)
    assert found == schema()
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def places(value: Any, inside: Any = None, key: Any = None) -> list[tuple[Any, Any, Any]]:
    """Every value with what it is in and its key there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(inside, key, value), *(p for k, v in items for p in places(v, value, k))]


def mutated(draw: random.Random) -> Any:
    data = copy.deepcopy(DEMOS[draw.choice(sorted(DEMOS))])
    for _ in range(draw.choice([1, 1, 2])):
        inside, key, value = draw.choice(places(data)[1:])
        new, what = copy.deepcopy(draw.choice(VALUES)), draw.random()
        if what < 0.3 and isinstance(value, dict):
            value[draw.choice(KEYS)] = new
        elif what < 0.5 and isinstance(inside, dict):
            del inside[key]
        else:
            inside[key] = new
    return data


@pytest.mark.parametrize("name", DEMOS)
def test_the_schema_accepts_every_demo(name: str, validator: jsonschema.Draft202012Validator) -> None:
    assert not list(validator.iter_errors(DEMOS[name]))


def test_the_schema_and_the_loader_agree(validator: jsonschema.Draft202012Validator) -> None:
    draw, accepted = random.Random(0), 0
    for _ in range(300):
        data = mutated(draw)
        checked = Validation(data)
        assert validator.is_valid(data) == (not checked.found), (data, checked.found)
        # Whatever is wrong, the rest can be judged.
        assert checked.model is not None, (data, checked.found)
        accepted += not checked.found
    assert 30 < accepted < 270

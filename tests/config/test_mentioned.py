"""A file is read by the models of what it mentions alone; they say what the models of everything say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from nntui.config import demos, load, toml
from nntui.config.models import shown_members
from nntui.config.root import mentioned, root
from nntui.config.settings import Settings
from nntui.data import source_named, sources
from nntui_core import catalog
from tests.config.helpers import XOR


def tables(name: str) -> dict[str, Any]:
    path = demos.find(name)
    return toml.parse(toml.read(path), str(path))


def settings(name: str, data: dict[str, Any], *, whole: bool) -> Settings:
    parsed = root(None if whole else mentioned(data))(**data)
    origin = load.Origin(name, "", {})
    return replace(load._settings(parsed, demos.find(name), data, origin), message=str)


@pytest.mark.parametrize("name", [name for name in demos.names() if "race" not in tables(name)])
def test_demos_mean_the_same(name: str) -> None:
    assert settings(name, tables(name), whole=False) == settings(name, tables(name), whole=True)


def test_only_what_is_mentioned_is_made() -> None:
    data = {**toml.parse(XOR, "xor.toml"), "train": {"epochs": 1}}
    small = root(mentioned(data))
    assert small.model_fields.keys() == root().model_fields.keys()
    train = small.model_fields["train"].annotation
    assert train is not None
    assert set(train.model_fields) == data["train"].keys()
    data["train"]["clip_norm"] = 1.0
    assert "clip_norm" in root(mentioned(data)).model_fields["train"].annotation.model_fields  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", get_args(catalog.Kind))
def test_each_member_is_found_by_its_name(kind: catalog.Kind) -> None:
    assert {name: catalog.find(kind, name) for name in catalog.members(kind)} == catalog.members(kind)
    assert catalog.find(kind, "nothing") is None


def test_each_source_is_found_by_its_name() -> None:
    assert {name: source_named(name) for name in sources()} == sources()
    assert source_named("nothing") is None


def test_what_is_mentioned_has_its_kind() -> None:
    found = mentioned(
        {
            "title": "relu",
            "data": {"source": "xor"},
            "layers": [{"type": "dense", "name": "adam", "activation": {"type": "elu"}, "init": "zeros"}],
            "objective": {"loss": "mse"},
            "optimizer": "sgd",
        }
    )
    assert found.members == {
        ("source", "xor"), ("layer", "dense"), ("activation", "elu"), ("initializer", "zeros"), ("loss", "mse"),
        ("optimizer", "sgd"), ("schedule", "constant"),
    }  # fmt: skip
    assert {"title", "source", "activation", "type"} <= found.keys
    assert "relu" in shown_members("activation")

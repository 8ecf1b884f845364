"""Configurations for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from nntui.config.load import parse
from nntui.errors import UserError
from nntui.training.experiment import Experiment, build

XOR = """\
[data]
source = "xor"

[[layers]]
type = "dense"
units = 1
activation = "sigmoid"

[objective]
loss = "binary_cross_entropy"

[optimizer]
type = "sgd"
"""


def made(text: str, overrides: Sequence[str] = (), directory: Path = Path()) -> Experiment:
    """The experiment, after one update where it trains."""
    experiment = build(parse(text, directory / "t.toml", overrides, judge=build))
    if experiment.trainer.status == "running":
        experiment.trainer.advance()
    return experiment


def messages(text: str, overrides: Sequence[str] = (), directory: Path = Path("/nowhere")) -> list[str]:
    """The messages that refuse it, without the directory."""
    with pytest.raises(UserError) as caught:
        made(text, overrides, directory)
    assert caught.value.exit_code == 2
    return [m.replace(f"{directory}/", "") for m in caught.value.messages]

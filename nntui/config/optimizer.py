"""An optimizer by itself, from ``NAME=VALUE`` words instead of a file."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError, create_model

from nntui.config import toml
from nntui.config.faults import dotted, faults
from nntui.config.models import STRICT, members
from nntui.config.objects import instance
from nntui.config.validate import named
from nntui.display import display
from nntui.errors import UserError
from nntui_core.optimizers.base import Optimizer


def optimizer(name: str, keys: Mapping[str, str]) -> Optimizer:
    """The optimizer ``name`` with these keys, their values as text. Raises UserError with every fault."""
    data: dict[str, Any] = {"optimizer": {"type": name}}
    for key, value in keys.items():
        if key == "type":
            raise UserError(f"optimizer.type: --optimizer names it (given {display(value, 60)})")
        toml.override(data, f"optimizer.{key}={value}")
    model = create_model("optimizer_alone", __config__=STRICT, optimizer=(members("optimizer"), ...))
    try:
        found = model(**copy.deepcopy(data))
    except ValidationError as error:
        raise UserError([f"{dotted(f.path)}: {named(f, data)}" for f in faults(error, data)]) from None
    made: Optimizer = instance(found.optimizer, "optimizer")  # type: ignore[attr-defined]
    return made

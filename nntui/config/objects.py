"""Builds catalogue objects and settings from validated pydantic models."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_args

from pydantic import (
    BaseModel,
)

from nntui.config.models import hints
from nntui_core import catalog
from nntui_core.catalog import Member


def instance(value: Any, kind: catalog.Kind | None = None) -> Any:
    """The catalogue object that a validated model stands for; lists become tuples."""
    if isinstance(value, list):
        return tuple(instance(v, kind) for v in value)
    if not isinstance(value, BaseModel):
        return value
    given = {k: getattr(value, k) for k in value.model_fields_set}
    if kind is None:
        return {k: instance(v) for k, v in given.items()}
    name = given.pop("type")
    if name == "auto":
        return None
    cls = catalog.find(kind, name)
    assert cls is not None  # it was validated as one
    return build(cls, given)


def build(cls: type, given: dict[str, Any]) -> Any:
    """An object of ``cls`` from validated values; fields that were not given keep their defaults."""
    types_of = hints(cls)
    known = {f.name for f in fields(cls)}
    values = {}
    for name, value in given.items():
        if name not in known:
            continue
        member = next((m for m in get_args(types_of[name])[1:] if isinstance(m, Member)), None)
        nested = next(
            (
                t
                for t in (types_of[name], *get_args(types_of[name]))
                if isinstance(t, type) and is_dataclass(t)
            ),
            None,
        )
        if member is None and nested is not None and isinstance(value, BaseModel):
            values[name] = build(nested, {k: getattr(value, k) for k in value.model_fields_set})
        else:
            values[name] = instance(value, member.kind if member else None)
    return cls(**values)

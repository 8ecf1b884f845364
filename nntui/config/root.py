"""The model of a whole TOML file, made of the models of its tables."""

from __future__ import annotations

import inspect
import types
from functools import lru_cache
from typing import Annotated, Any, Literal

from annotated_types import MinLen
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    create_model,
)

from nntui.config.models import (
    KINDS,
    STRICT,
    Mentioned,
    Only,
    by_tag,
    constant_by_default,
    fields_of,
    members,
    model,
    nothing_fits,
)
from nntui.config.settings import DataKeys, ObjectiveKeys, Seed, SweepKeys, TrainKeys
from nntui.data import source_named, sources
from nntui.data.table import Source

MAX_LAYERS = 1000


def mentioned(data: Any) -> Mentioned:
    """The members and the source that the tables name, with the schedule that stands for none, and their keys."""
    found: set[tuple[str, str]] = {("schedule", "constant")}
    keys: set[str] = set()
    kinds = {**KINDS, "data": "source"}
    stack: list[tuple[str, Any]] = [("", data)]
    while stack:
        kind, value = stack.pop()
        if isinstance(value, str):
            found.add((kind, value))
        elif isinstance(value, list):
            stack.extend((kind, item) for item in value)
        elif isinstance(value, dict):
            keys.update(value)
            tag = "source" if kind == "source" else "type"
            stack.extend((kind if key == tag else kinds.get(key, ""), item) for key, item in value.items())
    return Mentioned(frozenset((kind, name) for kind, name in found if kind), frozenset(keys))


def _named_sources(only: Only) -> dict[str, type[Source]]:
    if only is None:
        return sources()
    found = {name: source_named(name) for kind, name in sorted(only.members) if kind == "source"}
    return {name: cls for name, cls in found.items() if cls is not None}


def _race() -> type[BaseModel]:
    from nntui.config.race import table  # imported late: it imports the models of this package

    return table()


def _sweep(only: Only) -> Any:
    return (
        types.NoneType
        if only is not None and "sweep" not in only.keys
        else model(SweepKeys, only=only) | None
    )


@lru_cache(64)  # a model for each set of keys that a file has
def root(only: Only = None) -> type[BaseModel]:
    """The model of a whole TOML file: of all that may stand there, or of what a file mentions."""
    data = []
    for name, cls in _named_sources(only).items():
        extra = fields_of(DataKeys, only=only)
        data.append(
            create_model(
                f"data_{name}",
                __config__=STRICT,
                __doc__=inspect.cleandoc(cls.__doc__ or ""),
                **{**fields_of(cls, name, "source", only), **extra},
            )
        )
    objective = create_model(
        "objective",
        __config__=STRICT,
        loss=(members("loss", only=only), Field(description="The loss.")),
        **fields_of(ObjectiveKeys, only=only),
    )
    schedule = members("schedule", only=only)

    return create_model(
        "nntui",
        __config__=STRICT,
        title=(str, Field("", description="Shown on the screen; by default the file's name.")),
        seed=(Seed, Field(0, description="Every random draw follows from it.")),
        dtype=(Literal["float32", "float64"], Field("float32", description="Type of all numbers.")),
        init_from=(
            Annotated[str, MinLen(1)] | None,
            Field(
                None, description="A .npz or .safetensors file, or a run, whose weights training starts from."
            ),
        ),
        data=(
            by_tag(data, "source") if data else Annotated[Any, BeforeValidator(nothing_fits)],
            Field(description="Where the samples come from."),
        ),
        preprocess=(
            list[members("preprocess", only=only)],
            Field(default=[], description="Applied in order, fitted on the training part."),
        ),
        layers=(
            list[members("layer", only=only)],
            Field(min_length=1, max_length=MAX_LAYERS, description="The network."),
        ),
        objective=(objective, Field(description="What is minimized.")),
        optimizer=(members("optimizer", only=only), Field(description="How it is minimized.")),
        schedule=(
            Annotated[schedule, BeforeValidator(constant_by_default)],
            Field(
                default={"type": "constant"},
                validate_default=True,
                description="The learning rate over time.",
            ),
        ),
        train=(
            model(TrainKeys, only=only),
            Field(default={}, validate_default=True, description="How long to train."),
        ),
        sweep=(
            _sweep(only),
            Field(None, description="What nntui sweep searches for; other commands leave it alone."),
        ),
        race=(
            _race() | None if only is None else types.NoneType,
            Field(None, description="Optimizers racing on this network, or over a surface."),
        ),
    )

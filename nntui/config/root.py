"""The model of a whole TOML file, made of the models of its tables."""

from __future__ import annotations

import inspect
import types
import typing
from functools import cache
from typing import Annotated, Any, Literal

from annotated_types import MinLen
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    create_model,
)

from nntui.config.models import (
    STRICT,
    Names,
    by_tag,
    constant_by_default,
    fields_of,
    members,
    model,
    nothing_fits,
    shown_members,
)
from nntui.config.settings import DataKeys, ObjectiveKeys, Seed, SweepKeys, TrainKeys
from nntui.data import sources
from nntui_core import catalog

MAX_LAYERS = 1000


def mentioned(data: Any) -> frozenset[str]:
    """Every text in the tables: the members that the file can mean, and the one that stands for no schedule."""
    found, stack = {"constant"}, [data]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    kinds = {k for kind in typing.get_args(catalog.Kind) for k in shown_members(kind)}
    return frozenset(found & {*kinds, *sources()})


def _race() -> type[BaseModel]:
    from nntui.config.race import table  # imported late: it imports the models of this package

    return table()


@cache
def root(only: Names = None) -> type[BaseModel]:
    """The model of a whole TOML file, of all members or those that it names (made in a third of the time)."""
    data = []
    for name, cls in sources().items():
        if only is not None and name not in only:
            continue
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
            model(SweepKeys, only=only) | None,
            Field(None, description="What nntui sweep searches for; other commands leave it alone."),
        ),
        race=(
            _race() | None if only is None else types.NoneType,
            Field(None, description="Optimizers racing on this network, or over a surface."),
        ),
    )

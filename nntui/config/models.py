"""Pydantic models made from the catalogue's dataclasses: a member's fields are its TOML keys."""

from __future__ import annotations

import inspect
import types
import typing
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Le, Lt
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    create_model,
)

from nntui.config.describing import Described, OrName
from nntui_core import catalog
from nntui_core.catalog import Member

STRICT = ConfigDict(
    extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=(),
    defer_build=True,  # parts are validated inside the whole only
)  # fmt: skip
LARGEST = 2**53
"""Whole numbers at most, where a field says nothing else: what is counted with them stays exact, also in JSON."""
KINDS: dict[str, catalog.Kind] = {
    "layers": "layer",
    "preprocess": "preprocess",
    "activation": "activation",
    "init": "initializer",
    "loss": "loss",
    "optimizer": "optimizer",
    "schedule": "schedule",
    "contestants": "optimizer",
}
"""Keys whose values are members of the catalogue."""
HIDDEN = {"activation": ("maxout",)}
"""Members that have a layer of their own and are no values of a field."""


@dataclass(frozen=True)
class Mentioned:
    """The members and keys that a file names: models of these alone take a fraction of the time."""

    members: frozenset[tuple[str, str]]
    """The members and the source that it names, each with its kind."""
    keys: frozenset[str]
    """Every key, wherever it stands."""


Only = Mentioned | None
"""What models are made of: of what a file mentions, or, where None, of all there is."""


@cache
def hints(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields, with what limits them."""
    return typing.get_type_hints(cls, include_extras=True)


@cache
def model(cls: type, tag: str = "", tag_key: str = "type", only: Only = None) -> type[BaseModel]:
    """A strict model of the dataclass ``cls``, with a key ``tag_key`` that must be ``tag``."""
    return create_model(
        f"{cls.__name__}_{tag}" if tag else cls.__name__,
        __config__=STRICT,
        __doc__=inspect.cleandoc(cls.__doc__ or ""),
        **fields_of(cls, tag, tag_key, only),
    )


def fields_of(cls: type, tag: str = "", tag_key: str = "type", only: Only = None) -> dict[str, Any]:
    """The fields of a model of the dataclass ``cls``, as pydantic's ``create_model`` takes them.

    With ``only``, keys that the file does not have are left out where they may be.
    """
    types_of = hints(cls)
    out: dict[str, Any] = {}
    if tag:
        out[tag_key] = (Literal[tag], Field(description="Which one."))
    elsewhere = getattr(cls, "FROM_OBJECTIVE", ())
    for f in fields(cls):
        if f.name in elsewhere:
            continue
        default: Any = ...
        if f.default is not MISSING:
            default = f.default
        if only is not None and default is not ... and f.name not in only.keys:
            continue
        kind, shown = _translate(types_of[f.name], only), default
        if default is not ... and (hasattr(default, "type") or default is None):
            # A catalogue member, or "not set": the key may be left out, and says nothing in the schema.
            shown = None
            kind = kind | None if not _has_none(kind) else kind
        out[f.name] = (Annotated[kind, Described(cls, f.name)], Field(shown))
    return out


def _has_none(kind: Any) -> bool:
    return type(None) in get_args(kind)


def _translate(hint: Any, only: Only) -> Any:
    """A dataclass field's type as pydantic is to read it from TOML."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *marks = get_args(hint)
        member = next((m for m in marks if isinstance(m, Member)), None)
        if member:
            return members(member.kind, auto=type(None) in get_args(inner), only=only)
        bounded = any(isinstance(m, Le | Lt) for m in marks)
        return Annotated[(inner if inner is int and bounded else _translate(inner, only), *marks)]
    if hint is int:
        return Annotated[int, Le(LARGEST)]
    if origin is tuple:
        item = get_args(hint)[0]
        return list[_translate(item, only)]  # type: ignore[misc]
    if origin in (Union, types.UnionType):
        return _union([_translate(a, only) for a in get_args(hint)])
    if isinstance(hint, type) and is_dataclass(hint):
        return model(hint, only=only)
    return hint


def _union(options: list[Any]) -> Any:
    """Alternatives told apart by the kind of TOML value, so that one fault gives one message."""
    rest = [o for o in options if o is not type(None)]
    kinds = [_kind_of(o) for o in rest]
    if len(rest) == 1:
        return rest[0] | None if len(options) > 1 else rest[0]
    tagged = tuple(Annotated[o, Tag(k)] for o, k in zip(rest, kinds, strict=True))

    def choose(value: Any) -> str:
        kind = next(
            (k for t, k in ((str, "text"), (dict, "table"), (list, "list")) if isinstance(value, t)), "number"
        )
        if isinstance(value, BaseModel):
            kind = "table"
        return kind if kind in kinds else kinds[0]

    chosen = Annotated[Union[tagged], Discriminator(choose)]  # noqa: UP007
    return chosen | None if len(rest) < len(options) else chosen


def _kind_of(option: Any) -> str:
    base = get_args(option)[0] if get_origin(option) is Annotated else option
    if get_origin(base) is Literal or base is str:
        return "text"
    if get_origin(base) is list:
        return "list"
    if get_origin(base) is dict:
        return "table"
    return "table" if isinstance(base, type) and issubclass(base, BaseModel) else "number"


def shown_members(kind: catalog.Kind) -> dict[str, type[Any]]:
    """Members of the catalogue that are values of a field."""
    return {k: c for k, c in catalog.members(kind).items() if k not in HIDDEN.get(kind, ())}


def named_members(kind: catalog.Kind, only: Only) -> dict[str, type[Any]]:
    """Those of :func:`shown_members` that are in ``only``; modules of others are not imported."""
    if only is None:
        return shown_members(kind)
    others = ("auto", *HIDDEN.get(kind, ()))
    found = {
        name: catalog.find(kind, name) for k, name in sorted(only.members) if k == kind and name not in others
    }
    return {name: cls for name, cls in found.items() if cls is not None}


@cache
def members(kind: catalog.Kind, *, auto: bool = False, only: Only = None) -> Any:
    """A catalogue member: its name, or a table with ``type`` and its fields."""
    found = named_members(kind, only)
    if not found and not auto:
        return Annotated[Any, BeforeValidator(nothing_fits)]

    models = {name: model(cls, name, only=only) for name, cls in found.items()}
    if kind == "schedule" and "constant" in found:
        models["constant"] = create_model(
            "Constant_by_default", __base__=models["constant"], type=(Literal["constant"], "constant")
        )
    if auto:
        models["auto"] = create_model("Auto", __config__=STRICT, type=(Literal["auto"], ...))
    return by_name(models)


def by_name(models: dict[str, type[BaseModel]]) -> Any:
    """One of the models, told by the key ``type``; a name alone stands for a table that needs no other key."""

    def spell(value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    alone = tuple(name for name, m in models.items() if required(m) <= {"type"})
    return Annotated[by_tag(list(models.values()), "type"), BeforeValidator(spell), OrName(alone)]


def by_tag(models: list[Any], key: str) -> Any:
    """The models by their tag; pydantic discriminates between two at least."""
    if len(models) == 1:
        return models[0]
    return Annotated[Union[tuple(models)], Field(discriminator=key)]  # noqa: UP007


def nothing_fits(value: Any) -> Any:
    """Validates nothing, for a kind of which the file names no member. Raises ValueError."""
    raise ValueError("no member of this kind is named in the file")


def constant_by_default(value: Any) -> Any:
    """A table of a schedule with the type that it has where none is given."""
    return {"type": "constant", **value} if isinstance(value, dict) else value


def required(cls: type[BaseModel]) -> set[str]:
    """Names of the keys that must be given."""
    return {name for name, info in cls.model_fields.items() if info.is_required()}

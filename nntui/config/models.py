"""Pydantic models made from the catalogue's dataclasses: a member's fields are its TOML keys."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Le, Lt, MinLen
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    create_model,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema

from nntui.config.settings import DataKeys, ObjectiveKeys, Seed, SweepKeys, TrainKeys
from nntui.data import sources
from nntui_core import catalog
from nntui_core.catalog import Member

STRICT = ConfigDict(
    extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=(),
    defer_build=True,  # parts are validated inside the whole only
)  # fmt: skip
MAX_LAYERS = 1000
LARGEST = 2**53
"""Whole numbers at most, where a field says nothing else: what is counted with them stays exact, also in JSON."""
HIDDEN = {"activation": ("maxout",)}
"""Members that have a layer of their own and are no values of a field."""


@cache
def descriptions(cls: type) -> dict[str, str]:
    """The docstring under each field, of ``cls`` and its bases."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for first, second in pairwise(body):
            text = second.value if isinstance(second, ast.Expr) else None
            if (
                isinstance(first, ast.AnnAssign)
                and isinstance(first.target, ast.Name)
                and isinstance(text, ast.Constant)
                and isinstance(text.value, str)
            ):
                found[first.target.id] = text.value
    return found


Names = frozenset[str] | None
"""The members that models are made of: those that a file names, or, where None, all."""


@cache
def model(cls: type, tag: str = "", tag_key: str = "type", only: Names = None) -> type[BaseModel]:
    """A strict model of the dataclass ``cls``, with a key ``tag_key`` that must be ``tag``."""
    return create_model(
        f"{cls.__name__}_{tag}" if tag else cls.__name__,
        __config__=STRICT,
        __doc__=inspect.cleandoc(cls.__doc__ or ""),
        **_fields(cls, tag, tag_key, only),
    )


def _fields(cls: type, tag: str = "", tag_key: str = "type", only: Names = None) -> dict[str, Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
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
        kind, shown = _translate(hints[f.name], only), default
        if default is not ... and (hasattr(default, "type") or default is None):
            # A catalogue member, or "not set": the key may be left out, and says nothing in the schema.
            shown = None
            kind = kind | None if not _has_none(kind) else kind
        out[f.name] = (Annotated[kind, _Described(cls, f.name)], Field(shown))
    return out


@dataclass(frozen=True)
class _Described:
    """In the JSON Schema: the docstring under a field, looked up only then (it takes the source text)."""

    cls: type
    name: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        text = descriptions(self.cls).get(self.name)
        return handler(core) | ({} if text is None else {"description": text})


def _has_none(kind: Any) -> bool:
    return type(None) in get_args(kind)


def _translate(hint: Any, only: Names) -> Any:
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


@cache
def members(kind: catalog.Kind, *, auto: bool = False, only: Names = None) -> Any:
    """A catalogue member: its name, or a table with ``type`` and its fields."""
    found = {k: c for k, c in shown_members(kind).items() if only is None or k in only}
    if not found and not auto:
        return Annotated[Any, BeforeValidator(_none_of_them)]

    def spell(value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    models = [model(cls, name, only=only) for name, cls in found.items()]
    if kind == "schedule" and "constant" in found:
        first = list(found).index("constant")
        models[first] = create_model(
            "Constant_by_default", __base__=models[first], type=(Literal["constant"], "constant")
        )
    if auto:
        models.append(create_model("Auto", __config__=STRICT, type=(Literal["auto"], ...)))
    tagged = _one_of(models, "type")
    alone = [k for m, k in zip(models, [*found, "auto"], strict=False) if required(m) <= {"type"}]
    return Annotated[tagged, BeforeValidator(spell), OrName(tuple(alone))]


def _one_of(models: list[Any], key: str) -> Any:
    """The models by their tag; pydantic discriminates between two at least."""
    if len(models) == 1:
        return models[0]
    return Annotated[Union[tuple(models)], Field(discriminator=key)]  # noqa: UP007


def _none_of_them(value: Any) -> Any:
    raise ValueError("no member of this kind is named in the file")


def required(cls: type[BaseModel]) -> set[str]:
    """Names of the keys that must be given."""
    return {name for name, info in cls.model_fields.items() if info.is_required()}


@dataclass(frozen=True)
class OrName:
    """In the JSON Schema: a name alone may stand for a table without other keys."""

    names: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"enum": list(self.names)}, handler(core)]}


class Schema(GenerateJsonSchema):
    """Without null, which TOML does not have: such a key is left out."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().default_schema(schema)
        return {k: v for k, v in found.items() if k != "default" or v is not None}


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
    from nntui.config.race import table  # it is made of models

    return table()


@cache
def root(only: Names = None) -> type[BaseModel]:
    """The model of a whole TOML file, of all members or those that it names (made in a third of the time)."""
    data = []
    for name, cls in sources().items():
        if only is not None and name not in only:
            continue
        extra = _fields(DataKeys, only=only)
        data.append(
            create_model(
                f"data_{name}",
                __config__=STRICT,
                __doc__=inspect.cleandoc(cls.__doc__ or ""),
                **{**_fields(cls, name, "source", only), **extra},
            )
        )
    objective = create_model(
        "objective",
        __config__=STRICT,
        loss=(members("loss", only=only), Field(description="The loss.")),
        **_fields(ObjectiveKeys, only=only),
    )
    schedule = members("schedule", only=only)

    def default_type(value: Any) -> Any:
        return {"type": "constant", **value} if isinstance(value, dict) else value

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
            _one_of(data, "source") if data else Annotated[Any, BeforeValidator(_none_of_them)],
            Field(description="Where the samples come from."),
        ),
        preprocess=(
            list[members("preprocess", only=only)],  # type: ignore[misc]
            Field(default=[], description="Applied in order, fitted on the training part."),
        ),
        layers=(
            list[members("layer", only=only)],
            Field(min_length=1, max_length=MAX_LAYERS, description="The network."),
        ),  # type: ignore[misc]
        objective=(objective, Field(description="What is minimized.")),
        optimizer=(members("optimizer", only=only), Field(description="How it is minimized.")),
        schedule=(
            Annotated[schedule, BeforeValidator(default_type)],
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
    return build(catalog.members(kind)[name], given)


def build(cls: type, given: dict[str, Any]) -> Any:
    """An object of ``cls`` from validated values; fields that were not given keep their defaults."""
    hints = typing.get_type_hints(cls, include_extras=True)
    known = {f.name for f in fields(cls)}
    values = {}
    for name, value in given.items():
        if name not in known:
            continue
        member = next((m for m in get_args(hints[name])[1:] if isinstance(m, Member)), None)
        nested = next((t for t in (hints[name], *get_args(hints[name])) if is_dataclass(t)), None)
        if member is None and nested is not None and isinstance(value, BaseModel):
            values[name] = build(nested, {k: getattr(value, k) for k in value.model_fields_set})
        else:
            values[name] = instance(value, member.kind if member else None)
    return cls(**values)

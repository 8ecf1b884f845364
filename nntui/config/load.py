"""From a configuration file to validated settings, every fault reported at once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import tomlkit
from pydantic import BaseModel, ValidationError

from nntui.config import checks, demos, toml
from nntui.config.faults import dotted, faults, suggestion
from nntui.config.models import build, instance, root
from nntui.config.settings import DataKeys, Settings, TrainKeys
from nntui.data import sources
from nntui.data.table import Source
from nntui.display import display
from nntui.errors import UserError


class Origin:
    """Where the keys of a configuration came from, to name file and line in messages."""

    def __init__(self, shown: str, lines: dict[toml.Path_, int], settings: dict[toml.Path_, str]) -> None:
        self.shown = shown
        self.lines = lines
        self.settings = settings

    def message(self, path: Sequence[str | int], problem: str) -> str:
        """`FILE:LINE: key.path: problem`, or `--set KEY=VALUE: …`."""
        for given, text in self.settings.items():
            if tuple(path)[: len(given)] == given:
                return f"--set {text}: {dotted(path)}: {problem}"
        where = f"{self.shown}:{toml.line_of(self.lines, path)}"
        return f"{where}: {dotted(path)}: {problem}" if path else f"{where}: {problem}"


def load(
    name: str | Path, overrides: Sequence[str] = (), *, seed: int | None = None, epochs: int | None = None
) -> Settings:
    """Settings of the file (or demo) ``name``. Raises UserError with every fault."""
    path = demos.find(name)
    return parse(toml.read(path), path, overrides, seed=seed, epochs=epochs)


def parse(
    text: str,
    path: Path,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    epochs: int | None = None,
) -> Settings:
    """Settings from TOML ``text``, its paths relative to ``path``'s directory. Raises UserError."""
    shown = display(path)
    data = toml.parse(text, shown)
    where: dict[toml.Path_, str] = {}
    extra = list(overrides)
    if seed is not None:
        extra.append(f"seed={seed}")
    if epochs is not None:
        extra.append(f"train.epochs={epochs}")
    for setting in extra:
        where |= dict.fromkeys(toml.override(data, setting), display(setting, 60))
    origin = Origin(shown, toml.lines(text), where)
    found = [_reserved(data, origin)] if "race" in data else []
    data.pop("race", None)
    try:
        parsed = root()(**copy.deepcopy(data))
    except ValidationError as error:
        listed = [origin.message(p, _named(p, problem, data)) for p, problem in faults(error, data)]
        raise UserError([*found, *listed]) from None
    if found:
        raise UserError(found)
    settings = _settings(parsed, path, data, origin)
    problems = checks.faults(settings)
    if problems:
        raise UserError([origin.message(p, problem) for p, problem in problems])
    return settings


def _reserved(data: dict[str, Any], origin: Origin) -> str:
    return origin.message(("race",), "this table is not in this release")


def _named(path: Sequence[str | int], problem: str, data: Any) -> str:
    """Add the keys that are allowed here to the message on an unknown one."""
    if problem != "no such key":
        return problem
    allowed = allowed_keys(path[:-1], data)
    hint = suggestion(path[-1], allowed)
    return f"there is no such key (given {display(path[-1], 60)}; allowed {', '.join(allowed)}){hint}"


def allowed_keys(path: Sequence[str | int], data: Any) -> list[str]:
    """The keys of the table at ``path``."""
    at: Any = root()
    table: Any = data
    for part in path:
        table = cast(Any, table)[part] if isinstance(table, dict | list) else table
        at = _descend(at, part, table)
    return list(at.model_fields) if at is not None else []


def _descend(at: Any, part: str | int, table: Any) -> Any:
    """The model that stands at ``part`` of the model ``at``, by the table's own type."""
    if at is None:
        return None
    if isinstance(part, int):
        return _choose(at, table)
    info = at.model_fields.get(part) if hasattr(at, "model_fields") else None
    if info is None:
        return None
    return _choose(info.annotation, table)


def _choose(annotation: Any, table: Any) -> Any:
    """The model inside ``annotation`` that a table (or each of a list) is to be read with."""
    options = _models(annotation)
    if isinstance(table, list):
        return annotation
    tag = None
    if isinstance(table, dict):
        tag = table.get("type", table.get("source"))
    for option in options:
        for key in ("type", "source"):
            field = option.model_fields.get(key)
            if field is not None and tag in getattr(field.annotation, "__args__", ()):
                return option
    return options[0] if len(options) == 1 else None


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in getattr(annotation, "__args__", ()) for m in _models(a)]


def _settings(parsed: Any, path: Path, tables: dict[str, Any], origin: Origin) -> Settings:
    data = {k: getattr(parsed.data, k) for k in parsed.data.model_fields_set}
    source = build(sources()[data.pop("source")], {k: _plain(v) for k, v in data.items()})
    source, tables = _absolute(source, tables, path.resolve().parent)
    train = {k: getattr(parsed.train, k) for k in parsed.train.model_fields_set}
    return Settings(
        title=parsed.title or path.stem,
        seed=parsed.seed,
        dtype=parsed.dtype,
        source=source,
        data=build(DataKeys, data),
        preprocess=instance(parsed.preprocess, "preprocess"),
        layers=instance(parsed.layers, "layer"),
        loss=instance(parsed.objective.loss, "loss"),
        l2=parsed.objective.l2,
        l1=parsed.objective.l1,
        optimizer=instance(parsed.optimizer, "optimizer"),
        schedule=instance(parsed.schedule, "schedule"),
        train=build(TrainKeys, train),
        base=path.resolve().parent,
        tables=tables,
        message=origin.message,
    )


def _absolute(source: Source, tables: dict[str, Any], base: Path) -> tuple[Source, dict[str, Any]]:
    """Paths relative to the file made absolute, so that the run can be resumed from anywhere."""
    names = [f.name for f in fields(source) if f.name in ("path", "images", "labels")]  # type: ignore[arg-type]
    full = {n: str(base / Path(getattr(source, n)).expanduser()) for n in names}
    if not full:
        return source, tables
    return replace(source, **full), {**tables, "data": {**tables["data"], **full}}  # type: ignore[type-var]


def dump(settings: Settings) -> str:
    """The configuration as TOML text, with the title, seed and dtype in force."""
    head = {"title": settings.title, "seed": settings.seed, "dtype": settings.dtype}
    return tomlkit.dumps({**head, **{k: v for k, v in settings.tables.items() if k not in head}})


def same(a: Settings, b: Settings) -> list[str]:
    """Names of what differs between two configurations of one run; the number of epochs may."""
    names = (
        "seed",
        "dtype",
        "source",
        "data",
        "preprocess",
        "layers",
        "loss",
        "l2",
        "l1",
        "optimizer",
        "schedule",
    )
    out = [n for n in names if getattr(a, n) != getattr(b, n)]
    if replace(a.train, epochs=0, checkpoint_seconds=0) != replace(b.train, epochs=0, checkpoint_seconds=0):
        out.append("train")
    return out


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the TOML file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root().model_json_schema()}


__all__ = ["dump", "load", "parse", "same", "schema"]

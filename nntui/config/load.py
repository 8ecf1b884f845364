"""From a configuration file to validated settings, every fault reported at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from nntui.config import beginners, checks, demos, racing, structure, toml
from nntui.config.describing import Schema
from nntui.config.faults import dotted
from nntui.config.lines import Path, line_of, lines
from nntui.config.objects import build, instance
from nntui.config.root import root
from nntui.config.settings import DataKeys, ObjectiveKeys, Settings, SweepKeys, TrainKeys
from nntui.config.text import written
from nntui.config.validate import Validation
from nntui.data import source_named
from nntui.data.table import Source
from nntui.display import display
from nntui.errors import UserError
from nntui.files import expanded
from nntui_core.errors import ConfigError


class Origin:
    """Where the keys of a configuration came from, to name file and line in messages."""

    def __init__(self, shown: str, text: str, settings: dict[Path, str]) -> None:
        self.shown = shown
        self._text = text
        self._settings = settings

    @cached_property
    def _lines(self) -> dict[Path, int]:
        return lines(self._text)

    def message(self, path: Sequence[str | int], problem: str) -> str:
        """`FILE:LINE: key.path: problem`, or `--set KEY=VALUE: …`."""
        setting = self._setting(tuple(path))
        where = f"--set {setting}" if setting else f"{self.shown}:{line_of(self._lines, path)}"
        return f"{where}: {dotted(path)}: {problem}" if path else f"{where}: {problem}"

    def _setting(self, path: Path) -> str:
        """The --set that gave ``path``, or, where the file does not have it, something inside it."""
        inside = (t for p, t in self._settings.items() if path[: len(p)] == p)
        around = (t for p, t in self._settings.items() if p[: len(path)] == path and path not in self._lines)
        return next(inside, "") or next(around, "")

    def messages(self, found: Iterable[tuple[Path, str]]) -> list[str]:
        """Messages in the order of the file, those of --set behind."""
        ordered = sorted(found, key=lambda f: (bool(self._setting(f[0])), line_of(self._lines, f[0])))
        return [self.message(path, problem) for path, problem in ordered]


Judge = Callable[[Settings], object]
"""Builds what the settings describe; raises UserError where they, or their data, do not fit."""


def load(
    name: str | FilePath,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    epochs: int | None = None,
    judge: Judge | None = None,
) -> Settings:
    """Settings of the file (or demo) ``name``. Raises UserError with every fault.

    Where the file has faults, ``judge`` adds those that only building would find.
    """
    path = demos.find(name)
    return parse(toml.read(path), path, overrides, seed=seed, epochs=epochs, judge=judge)


def parse(
    text: str,
    path: FilePath,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    epochs: int | None = None,
    judge: Judge | None = None,
) -> Settings:
    """Settings from TOML ``text``, its paths relative to ``path``'s directory. Raises UserError."""
    data, origin, early = tables(text, path, overrides, seed=seed, epochs=epochs)
    refuse_race(data, origin)
    return judged(Validation(data), path, origin, early, judge=judge)


def refuse_race(data: dict[str, Any], origin: Origin) -> None:
    """Raises UserError for tables of a race over a surface alone."""
    if racing.alone(data):
        message = "this file describes a race over a surface, and nothing to train; use nntui race"
        raise UserError(origin.message(("race",), message))


def resolve(data: dict[str, Any], path: FilePath, origin: Origin) -> Settings:
    """Settings from the tables of a file, its paths relative to ``path``'s directory. Raises UserError."""
    return judged(Validation(data), path, origin, ())


def tables(
    text: str, path: FilePath, overrides: Sequence[str], *, seed: int | None, epochs: int | None = None
) -> tuple[dict[str, Any], Origin, list[tuple[Path, str]]]:
    """The tables of TOML ``text`` with everything overridden, where each key came from, and what is wrong already.

    Raises UserError.
    """
    shown = display(path)
    data = toml.parse(text, shown)
    where: dict[Path, str] = {}
    extra = list(overrides)
    if seed is not None:
        extra.append(f"seed={seed}")
    if epochs is not None:
        extra.append(f"train.epochs={epochs}")
    for setting in extra:
        where |= dict.fromkeys(toml.override(data, setting), display(setting, 60))
    single = [name for name in beginners.LISTS if isinstance(data.get(name), dict)]
    data |= {name: [data[name]] for name in single}
    return data, Origin(shown, text, where), [((name,), beginners.two_brackets(name)) for name in single]


def judged(
    checked: Validation,
    path: FilePath,
    origin: Origin,
    early: Sequence[tuple[Path, str]],
    *,
    judge: Judge | None = None,
    more: Callable[[Settings], Iterable[tuple[Path, str]]] = lambda settings: (),
) -> Settings:
    """Settings from validated tables; ``early`` are faults found before, ``more`` finds further ones in the settings.

    Raises UserError with every fault.
    """
    found = [*early, *checked.found]
    settings = None
    wrong = [] if checked.model is None else _wrong_steps(checked.model)
    found += wrong
    if checked.model is not None and not wrong:
        settings = _settings(checked.model, path, checked.data, origin)
        every = [*checks.faults(settings), *more(settings)]
        found += [(p, problem) for p, problem in every if checked.judges(p)]
    if not found and settings is not None:
        return settings
    faulty = {path[0] for path, _ in found if path not in checked.surplus}
    shaping = faulty & {"data", "preprocess", "layers", "objective", "dtype"}
    later, rest = ([], []) if settings is None or shaping or judge is None else _later(settings, judge)
    uncounted = [f"{origin.shown}: and {checked.more} more faults"] * (checked.more > 0)
    raise UserError([*origin.messages([*found, *later]), *rest, *uncounted])


def _later(settings: Settings, judge: Judge) -> tuple[list[tuple[Path, str]], list[str]]:
    """What building would refuse, too: faults of keys, and messages on data files."""
    said: dict[str, tuple[Path, str]] = {}

    def message(path: Sequence[str | int], problem: str) -> str:
        text = settings.message(path, problem)
        said[text] = (tuple(path), problem)
        return text

    try:
        judge(replace(settings, message=message))
    except UserError as error:
        return [said[m] for m in error.messages if m in said], [m for m in error.messages if m not in said]
    return [], []


def _wrong_steps(parsed: Any) -> list[tuple[Path, str]]:
    """Steps whose keys, each right by itself, do not go together."""
    found: list[tuple[Path, str]] = []
    for k, step in enumerate(parsed.preprocess):
        try:
            instance(step, "preprocess")
        except ConfigError as error:
            found.append(structure.step_fault(k, step.type, error))
    return found


def _settings(parsed: Any, path: FilePath, tables: dict[str, Any], origin: Origin) -> Settings:
    data = {k: getattr(parsed.data, k) for k in parsed.data.model_fields_set}
    source = build(_source(data.pop("source")), {k: _plain(v) for k, v in data.items()})
    source, tables = absolute(source, tables, path.resolve().parent)
    if parsed.init_from is not None and FilePath(parsed.init_from).suffix:
        tables = {**tables, "init_from": str(path.resolve().parent / expanded(parsed.init_from))}
    train = {k: getattr(parsed.train, k) for k in parsed.train.model_fields_set}
    objective = build(
        ObjectiveKeys, {k: getattr(parsed.objective, k) for k in parsed.objective.model_fields_set}
    )
    return Settings(
        title=parsed.title or path.stem,
        seed=parsed.seed,
        dtype=parsed.dtype,
        source=source,
        data=build(DataKeys, data),
        preprocess=instance(parsed.preprocess, "preprocess"),
        layers=instance(parsed.layers, "layer"),
        loss=objective.applied(instance(parsed.objective.loss, "loss")),
        objective=objective,
        optimizer=instance(parsed.optimizer, "optimizer"),
        init_from=tables.get("init_from", ""),
        schedule=instance(parsed.schedule, "schedule"),
        train=build(TrainKeys, train),
        sweep=None if parsed.sweep is None else build(SweepKeys, dict(parsed.sweep)),
        base=path.resolve().parent,
        tables={k: v for k, v in tables.items() if k != "sweep"},
        message=origin.message,
    )


def _source(name: str) -> type[Source]:
    found = source_named(name)
    assert found is not None  # it was validated as one
    return found


def absolute(source: Source, tables: dict[str, Any], base: FilePath) -> tuple[Source, dict[str, Any]]:
    """Paths relative to the file made absolute, so that the run can be resumed from anywhere."""
    names = source.file_fields()
    full = {n: str(base / expanded(getattr(source, n))) for n in names}
    if not full:
        return source, tables
    return replace(source, **full), {**tables, "data": {**tables["data"], **full}}  # type: ignore[type-var]


def dump(settings: Settings) -> str:
    """The configuration as TOML text, with the title, seed and dtype in force."""
    head = {"title": settings.title, "seed": settings.seed, "dtype": settings.dtype}
    return written({**head, **{k: v for k, v in settings.tables.items() if k not in head}})


def same(a: Settings, b: Settings) -> list[str]:
    """Names of what differs between two configurations of one run; the number of epochs may."""
    names = (
        "seed",
        "dtype",
        "init_from",
        "source",
        "data",
        "preprocess",
        "layers",
        "loss",
        "objective",
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
    from nntui.config import race

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **race.schema(root().model_json_schema(schema_generator=Schema)),
    }


__all__ = ["dump", "judged", "load", "parse", "resolve", "same", "schema", "tables"]

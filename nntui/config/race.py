"""The table ``[race]``: its keys and their model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, create_model

from nntui.config.models import STRICT, by_name, constant_by_default, members, model, shown_members
from nntui.config.objects import instance
from nntui.config.settings import Seed, Settings
from nntui_core import catalog
from nntui_core.optimizers.base import Optimizer
from nntui_core.race import Contestant
from nntui_core.schedules import Schedule
from nntui_core.surfaces import SURFACES
from nntui_core.train_spec import GradientNoise

LINES = ("root", "extremum")
"""Surfaces of one name: Newton's method, step by step."""
NAMES = (*SURFACES, "network", "expression", *LINES)
MOST = 10
"""Contestants: so many can be told apart."""


@dataclass(frozen=True, kw_only=True)
class RaceKeys:
    """Validated keys of ``[race]``."""

    surface: str = "beale"
    expression: str = ""
    start: tuple[float, ...] | None = None
    window: tuple[tuple[float, float], ...] | None = None
    steps: int = 500
    plane: Literal["random", "path"] = "random"
    gradient_noise: GradientNoise | None = None
    contestants: tuple[Contestant, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RaceSettings:
    """A race as its file describes it; ``network`` is what trains, None on any other surface."""

    title: str
    seed: int
    keys: RaceKeys
    schedule: Schedule
    network: Settings | None
    message: Callable[[Sequence[str | int], str], str]
    """A fault at a key path as a line that names file and line."""


@cache
def table() -> type[BaseModel]:
    """The model of ``[race]``."""
    pair = Annotated[list[float], Field(min_length=2, max_length=2)]
    return create_model(
        "race",
        __config__=STRICT,
        surface=(Literal[NAMES], Field("beale", description="What the optimizers race over.")),
        expression=(str | None, Field(None, description="Of two names, for surface = expression; of one for root and extremum.")),
        start=(
            Annotated[list[float], Field(min_length=1, max_length=2)] | None,
            Field(None, description="Where all start; by default the surface's own."),
        ),
        window=(
            Annotated[list[pair], Field(min_length=1, max_length=2)] | None,
            Field(None, description="What is drawn: [[x from, x to], [y from, y to]]."),
        ),
        steps=(Annotated[int, Field(gt=0, le=100_000)], Field(500, description="Steps of each contestant.")),
        plane=(
            Literal["random", "path"],
            Field("random", description="Through a network: two random directions, or those of [optimizer]'s path."),
        ),
        gradient_noise=(model(GradientNoise) | None, Field(None, description="Noise on each gradient.")),
        contestants=(
            Annotated[list[contestant()], Field(max_length=MOST)],
            Field(default=[], description="Who takes part; by default a choice that fits the surface."),
        ),
    )  # fmt: skip


@cache
def contestant() -> Any:
    """An optimizer's name, or a table of its keys and ``name``."""
    return by_name(
        {
            name: create_model(
                f"contestant_{name}",
                __base__=model(cls, name),
                name=(str | None, Field(None, description="Shown; by default its type.")),
            )
            for name, cls in shown_members("optimizer").items()
        }
    )


@cache
def root() -> type[BaseModel]:
    """The model of a file that describes a race over a surface, and nothing to train."""
    return create_model(
        "nntui_race",
        __config__=STRICT,
        title=(str, Field("", description="Shown on the screen; by default the file's name.")),
        seed=(Seed, Field(0, description="Every random draw follows from it.")),
        race=(table(), Field(description="Optimizers racing over a surface.")),
        schedule=(
            Annotated[members("schedule"), BeforeValidator(constant_by_default)],
            Field(default={"type": "constant"}, validate_default=True, description="The rates over time."),
        ),
    )


def schema(whole: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a whole file, which also accepts a race over a surface alone."""
    on_a_network = {
        "properties": {"race": {"properties": {"surface": {"const": "network"}}, "required": ["surface"]}}
    }
    surface = {
        "required": ["race"],
        "propertyNames": {"enum": list(root().model_fields)},
        "not": on_a_network,
    }
    rest = {key: value for key, value in whole.items() if key != "required"}
    return {**rest, "anyOf": [{"required": whole["required"]}, surface]}


def keys_of(parsed: Any) -> RaceKeys:
    """The keys from a validated table, or the defaults for a network where there is none."""
    if parsed is None:
        return RaceKeys(surface="network")
    given = {k: getattr(parsed, k) for k in parsed.model_fields_set if getattr(parsed, k) is not None}
    given |= {k: tuple(given[k]) for k in ("start",) if k in given}
    if "window" in given:
        given["window"] = tuple((low, high) for low, high in given["window"])
    if "gradient_noise" in given:
        noise = given["gradient_noise"]
        given["gradient_noise"] = GradientNoise(**{k: getattr(noise, k) for k in noise.model_fields_set})
    given["contestants"] = tuple(named([(m.name, _optimizer(m)) for m in given.get("contestants", [])]))
    return RaceKeys(**given)


def _optimizer(parsed: BaseModel) -> Optimizer:
    given = {k: instance(getattr(parsed, k)) for k in parsed.model_fields_set - {"name"}}
    made: Optimizer = catalog.build("optimizer", given)
    return made


def named(given: Sequence[tuple[str | None, Optimizer]]) -> Iterator[Contestant]:
    """Contestants by their names; those without one by their types, numbered from the second on."""
    taken = {name for name, _ in given if name}
    for name, optimizer in given:
        wanted, k = name or optimizer.type, 2
        while not name and wanted in taken:
            wanted, k = f"{optimizer.type} {k}", k + 1
        taken.add(wanted)
        yield Contestant(wanted, optimizer)

"""What is searched for: a configuration with its ``[sweep]``, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from nntui.config import demos, toml
from nntui.config.load import Origin, judged, refuse_race, tables
from nntui.config.settings import Settings, SweepKeys
from nntui.config.validate import Validation
from nntui.errors import UserError
from nntui.search.places import Tables
from nntui.search.reading import Fault, read
from nntui.search.space import MOST_POINTS, Space, Suggest
from nntui.training.experiment import build
from nntui_core.train_spec import rises


@dataclass(frozen=True, eq=False)
class Order:
    """A search, as its file and the command line give it."""

    path: FilePath
    text: str
    tables: Tables
    """The file's tables without ``[sweep]``, with what the command line sets."""
    origin: Origin
    settings: Settings
    keys: SweepKeys
    space: Space
    study: str
    base: FilePath | None
    """What a relative storage is relative to."""

    def storage_fault(self, problem: str) -> str:
        """A fault of the storage as a line that names where it was given."""
        if self.base is None:
            return f"--storage: {problem}"
        return self.origin.message(("sweep", "storage"), problem)

    @property
    def part(self) -> str:
        """The part of the data that is judged on."""
        return self.keys.monitor.partition(".")[0]

    @property
    def measure(self) -> str:
        """What is measured there, as a key of ``fit``'s result."""
        key = self.keys.monitor.partition(".")[2]
        return "macro_f1" if key == "f1" else key

    @property
    def rises(self) -> bool:
        """Whether more is better."""
        return rises(self.keys.monitor)

    def fill(self, suggest: Suggest) -> tuple[Tables, dict[str, Any]]:
        """A trial's tables, and the values in it by key."""
        return self.space.fill(self.tables, suggest)


def load(
    name: str | FilePath,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    trials: int | None = None,
    storage: str | None = None,
    study: str | None = None,
) -> Order:
    """The search of the file (or demo) ``name``. Raises UserError with every fault."""
    path = demos.find(name)
    text = toml.read(path)
    found, origin, early = tables(text, path, overrides, seed=seed)
    refuse_race(found, origin)
    settings = judged(Validation(found), path, origin, early, judge=build)
    keys = settings.sweep
    if keys is None:
        raise UserError(
            origin.message(
                (), "there is no [sweep]: add one with its [sweep.space], see: nntui demos sweep_spirals"
            )
        )
    given = {k: v for k, v in (("trials", trials), ("storage", storage)) if v is not None}
    keys = replace(keys, **given)  # type: ignore[arg-type]
    own = {k: v for k, v in found.items() if k not in ("sweep", "race")}
    searched, faults = read(keys.space, own)
    order = Order(
        path,
        text,
        own,
        origin,
        settings,
        keys,
        searched,
        study or path.stem,
        None if storage else path.parent,
    )
    faults += [*_held_out(order), *_grid(order)]
    if faults:
        raise UserError(origin.messages(faults))
    return order


def _held_out(order: Order) -> list[Fault]:
    varies = order.space.highest("data.validation", 0.0) > 0
    if order.part != "validation" or order.settings.data.validation or varies:
        return []
    problem = (
        f"monitors {order.keys.monitor}, but nothing is held out: set data.validation, or "
        f'monitor = "train.{order.measure}"'
    )
    return [(("sweep", "monitor"), problem)]


def _grid(order: Order) -> list[Fault]:
    size = order.space.grid_size
    if order.keys.sampler != "grid" or size <= MOST_POINTS:
        return []
    problem = (
        f"too many points for a grid (given {size:.3g}; allowed up to {MOST_POINTS}); give fewer "
        'choices, points = … in a range, or sampler = "random"'
    )
    return [(("sweep", "sampler"), problem)]

"""From a configuration file to the settings of a race, every fault reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath

from nntui.config import demos, toml
from nntui.config.load import Judge, judged, tables
from nntui.config.objects import instance
from nntui.config.race import RaceKeys, RaceSettings, keys_of
from nntui.config.race_checks import faults
from nntui.config.racing import alone
from nntui.config.settings import Settings
from nntui.config.structure import Fault
from nntui.config.validate import Validation
from nntui.errors import UserError


def load_race(
    name: str | FilePath,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    judge: Judge | None = None,
) -> RaceSettings:
    """The race that the file (or demo) ``name`` describes: on its network where it has no ``[race]``.

    Raises UserError with every fault; where there are some, ``judge`` adds those that only building a network finds.
    """
    path = demos.find(name)
    return parse_race(toml.read(path), path, overrides, seed=seed, judge=judge)


def parse_race(
    text: str,
    path: FilePath,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    judge: Judge | None = None,
) -> RaceSettings:
    """As ``load_race``, but from TOML ``text``, with paths relative to the directory of ``path``."""
    data, origin, early = tables(text, path, overrides, seed=seed)
    checked = Validation(data)
    keys = RaceKeys() if checked.model is None else keys_of(checked.model.race)

    def more(settings: Settings | None) -> Iterable[Fault]:
        """What goes with a surface; nothing where it is not known which is meant."""
        return faults(keys, settings) if checked.judges(("race", "surface")) else []

    if not alone(data):
        settings = judged(checked, path, origin, early, judge=judge, more=more)
        network = settings if keys.surface == "network" else None
        return RaceSettings(
            title=settings.title, seed=settings.seed, keys=keys, schedule=settings.schedule, network=network,
            message=origin.message,
        )  # fmt: skip
    found = [*early, *checked.found]
    if checked.model is not None:
        found += [(p, problem) for p, problem in more(None) if checked.judges(p)]
    if found:
        raise UserError(origin.messages(found))
    parsed = checked.model
    return RaceSettings(
        title=parsed.title or path.stem, seed=parsed.seed, keys=keys,
        schedule=instance(parsed.schedule, "schedule"), network=None, message=origin.message,
    )  # fmt: skip

"""What is raced: the race of a file, or one on the network of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nntui.config.load import load
from nntui.config.load_race import load_race
from nntui.config.race import RaceKeys, RaceSettings
from nntui.runs.directory import RunDirectory


def of_run(run: RunDirectory, overrides: Sequence[str] = (), *, seed: int | None = None) -> RaceSettings:
    """A race on the run's own loss, by the keys of its ``[race]`` where they are for a network. Raises UserError."""
    found = load_race(run.config, overrides, seed=seed)
    if found.network is not None:
        return found
    return replace(
        found, keys=RaceKeys(surface="network"), network=load(run.config, overrides, seed=seed)
    )  # fmt: skip

"""Whether a file describes a race alone; what a race's keys are is imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

TRAINED = ("data", "layers", "objective", "optimizer")
"""Tables that a file with something to train must have."""


def alone(data: Any) -> bool:
    """Whether a file's tables are a race over a surface alone: nothing in it can train."""
    if "race" not in data or any(name in data for name in TRAINED):
        return False
    race = data["race"]
    return not (isinstance(race, dict) and race.get("surface") == "network")


def root() -> type[BaseModel]:
    """The model of such a file."""
    from nntui.config import race

    return race.root()

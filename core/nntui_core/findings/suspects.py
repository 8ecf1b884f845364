"""What in the configuration may be behind a finding, with what to set instead: the cures, the most likely first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nntui_core.findings.network_suspects import data, structure, weights
from nntui_core.findings.sample import Sample
from nntui_core.findings.suspect import Suspect
from nntui_core.findings.training_suspects import objective, steps


def suspects(s: Sample, preprocess: tuple[Any, ...]) -> Iterator[Suspect]:
    """Everything that stands out; ``preprocess`` are the steps of the configuration, as catalogue members."""
    yield from data(s, preprocess)
    yield from weights(s)
    yield from structure(s)
    yield from objective(s)
    yield from steps(s)

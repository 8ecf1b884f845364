"""What is stepped through in these tests: an expression, or a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from nntui.config.load import load
from nntui.debugging.subject import Subject, everything, nothing, of_experiment, of_expression
from nntui.training.experiment import build


def expression(text: str, *, into: bool = False, **values: Any) -> Subject:
    """An expression whose names have ``values``."""
    arrays = {k: np.array(v, dtype=float) for k, v in values.items()}
    return of_expression(text, arrays, opens=everything if into else nothing)


def network(demo: str, *overrides: str, into: bool = False) -> Subject:
    """A demo's network before its first update."""
    return of_experiment(build(load(demo, overrides)), opens=everything if into else nothing)

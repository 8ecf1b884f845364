"""Every check in the order in which they are made, and making them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter

import numpy as np

from nntui.checks.check import Check, Result, Skip
from nntui.checks.data import Data
from nntui.checks.inputs import BatchLeak, LabelSignal, ZeroInput
from nntui.checks.objective import Gradient, Regularization
from nntui.checks.overfit import OverfitSubset
from nntui.checks.scales import Preprocessing, TargetScale
from nntui.checks.start import InitialActivations, InitialLoss, Symmetry
from nntui.checks.subject import Subject
from nntui.checks.training import LearningRate, Schedule
from nntui.display import display
from nntui.errors import UserError

CHECKS: tuple[Check, ...] = (
    Data(), Preprocessing(), TargetScale(), InitialActivations(), InitialLoss(), Symmetry(), Gradient(), Regularization(),
    LearningRate(), Schedule(), ZeroInput(), BatchLeak(), LabelSignal(), OverfitSubset(),
)  # fmt: skip


def check_of(name: str) -> Check:
    """The check of that id. Raises UserError."""
    found = next((c for c in CHECKS if c.id == name), None)
    if found is None:
        near = difflib.get_close_matches(name, [c.id for c in CHECKS], 1, 0.5)
        hint = f'did you mean "{near[0]}"?' if near else f"allowed {', '.join(c.id for c in CHECKS)}"
        raise UserError(f'there is no check "{display(name, 60)}"; {hint}')
    return found


def run_checks(s: Subject, begin: Callable[[Check], object] = lambda check: None) -> Iterator[Result]:
    """Make every check, one at a time; ``begin`` is called before each."""
    for check in CHECKS:
        begin(check)
        started = perf_counter()
        try:
            with np.errstate(all="ignore"):
                found = check.run(s)
        except Skip as reason:
            found = Result(check.id, "skip", None, None, str(reason), source=check.source)
        sets = tuple(s.placed(setting) for setting in found.sets)
        found = replace(found, sets=sets, seconds=perf_counter() - started)
        s.results[check.id] = found
        yield found

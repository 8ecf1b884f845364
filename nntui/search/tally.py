"""Counts of a study's trials: which count towards its budget, and which are to be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from nntui.search.ledger import (
    FINAL,
    INVALID,
    MOST_TRIES,
    SURPLUS,
    TRIES,
)
from nntui.search.sampling import RETRY


@dataclass(frozen=True)
class Tally:
    """Numbers of trials that count towards the budget."""

    done: int
    running: int
    waiting: int
    """To be tried again, whether that is written in the study yet or not."""
    invalid: int


def unanswered(trial: FrozenTrial) -> bool:
    """Whether a failed trial is to be tried again."""
    attributes = trial.user_attrs
    ended = any(attributes.get(k) for k in (FINAL, INVALID, SURPLUS))
    return trial.state == TrialState.FAIL and not ended and int(attributes.get(TRIES, 0)) + 1 < MOST_TRIES


def count(trials: Sequence[FrozenTrial], *, invalid_count: bool = False) -> Tally:
    """The tally of ``trials``; those that could not be trained count as done where ``invalid_count`` says so."""
    live = [t for t in trials if not t.user_attrs.get(SURPLUS)]
    tried = {t.user_attrs.get(RETRY) for t in trials}
    invalid = sum(bool(t.user_attrs.get(INVALID)) for t in live)
    done = sum(
        t.state in (TrialState.COMPLETE, TrialState.PRUNED)
        or (t.state == TrialState.FAIL and bool(t.user_attrs.get(FINAL)))
        for t in live
    )
    return Tally(
        done=done + invalid * invalid_count,
        running=sum(t.state == TrialState.RUNNING for t in live),
        waiting=sum(t.state == TrialState.WAITING or (unanswered(t) and t.number not in tried) for t in live),
        invalid=invalid,
    )

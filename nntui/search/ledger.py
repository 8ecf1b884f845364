"""Keeping what trials came to in an Optuna storage: a worker without its coordinator does it, too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import ArgumentError, DBAPIError

from nntui.display import display
from nntui.files import reason
from nntui.search.sampling import RETRY
from nntui.search.storage import Place

MOST_TRIES = 5
"""A trial whose worker dies again and again is failed for good after so many."""
WAIT = 2.0
"""Seconds between two tries to reach a storage that has gone away."""

# Attributes of a trial
OWNER = "owner"
"""Identity of the process that trains it."""
RUNS = "runs"
REASON = "reason"
FINAL = "final"
"""Whether a failed trial has a result of a kind (diverged, stopped) and is not to be tried again."""
INVALID = "invalid"
SURPLUS = "surplus"
"""One too many, asked for by two hosts at once: it was never trained."""
TRIES = "tries"
STOP = "stop"
"""Somebody wants it to be ended: ``stop_trial``."""

T = TypeVar("T")
Report = Callable[[str], object]


class Ledger:
    """Writes about the trials of a study. ``report`` is told what is waited for.

    Every call waits for a storage that has gone away; :attr:`pause` says how, and may raise to give up.
    """

    def __init__(self, place: Place, report: Report) -> None:
        self.place = place
        self.report = report
        self.pause: Callable[[float], object] = time.sleep
        self.study: optuna.Study
        """Set by who opens it."""

    def why(self, error: Exception) -> str:
        """A storage's error in one line, without the password."""
        if isinstance(error, ModuleNotFoundError):
            return f"its driver is missing ({error.name}): pip install 'nntui[sweep]'"
        if isinstance(error, ArgumentError):
            return "this is no URL of a database"
        if isinstance(error, OSError) and error.errno:
            return reason(error)
        cause = error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error
        cause = getattr(cause, "orig", None) or cause
        return display(self.place.mask(" ".join(str(cause).split())), 200)

    def do(self, action: Callable[[], T]) -> T:
        """Call a function of the storage, again and again until the storage can be reached."""
        waited = False
        while True:
            try:
                found = action()
            except (DBAPIError, StorageInternalError, OSError) as error:
                if not waited:
                    self.report(
                        f"{self.place.shown}: cannot reach the storage ({self.why(error)}); waiting for it"
                    )
                waited = True
                self.pause(WAIT)
                continue
            if waited:
                self.report(f"{self.place.shown}: the storage is back")
            return found

    def trials(self) -> list[FrozenTrial]:
        """All trials, by number."""
        return self.do(lambda: self.study.get_trials(deepcopy=False))

    def beat(self, trial_ids: Sequence[int]) -> None:
        """Signs of life of trials; a journal file has none."""
        storage: Any = self.study._storage
        if self.place.database:
            for trial_id in trial_ids:
                self.do(lambda trial_id=trial_id: storage.record_heartbeat(trial_id))  # type: ignore[misc]

    def conclude(self, number: int, verdict: dict[str, Any]) -> bool:
        """Keep what a trial came to (see :mod:`nntui.search.worker`); False where it has ended already."""
        end, why = verdict["end"], verdict.get("reason", "")
        if end == "complete":
            return self.tell(number, verdict["value"], TrialState.COMPLETE)
        if end == "pruned":
            self.note(number, {REASON: why})
            return self.tell(number, None, TrialState.PRUNED)
        if end in ("lost", "interrupted"):
            return self.lose(self.trials()[number], why, counted=end == "lost")
        self.note(number, {REASON: why, FINAL: end != "invalid", INVALID: end == "invalid"})
        return self.tell(number, None, TrialState.FAIL)

    def tell(self, number: int, value: float | None, state: TrialState) -> bool:
        """End a trial; False where it has ended already."""

        def tell() -> bool:
            try:
                self.study.tell(number, value, state=state)
            except (UpdateFinishedTrialError, ValueError):
                return False
            return True

        return self.do(tell)

    def note(self, number: int, values: dict[str, Any]) -> None:
        """Set attributes of a trial; one that has ended keeps those it has."""

        def note() -> None:
            trial_id = self.study.get_trials(deepcopy=False)[number]._trial_id
            for key, value in values.items():
                self.study._storage.set_trial_user_attr(trial_id, key, value)

        try:
            self.do(note)
        except UpdateFinishedTrialError:
            return

    def lose(self, trial: FrozenTrial, why: str, *, counted: bool = True) -> bool:
        """Fail a trial and have it tried again, but for the last of MOST_TRIES; False where it has ended already."""
        tries = int(trial.user_attrs.get(TRIES, 0)) + counted
        last = tries >= MOST_TRIES
        self.note(trial.number, {REASON: f"{why} ({tries} times)", FINAL: True} if last else {REASON: why})
        if not self.tell(trial.number, None, TrialState.FAIL):
            return False
        if not last:
            self.again(trial, tries)
        return True

    def again(self, trial: FrozenTrial, tries: int) -> None:
        """Put a trial's values into the study once more, for whoever asks next."""
        attributes = {RETRY: trial.number, TRIES: tries}
        self.do(lambda: self.study.enqueue_trial(dict(trial.params), user_attrs=attributes))

    def stale(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Called by Optuna for a trial that it has failed since its signs of life stopped."""
        tries = int(trial.user_attrs.get(TRIES, 0)) + 1
        if tries < MOST_TRIES:
            self.again(trial, tries)

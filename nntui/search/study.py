"""A study: its trials in an Optuna storage, shared by any number of coordinators and viewers."""

from __future__ import annotations

import math
import random
import time
import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from nntui.display import display
from nntui.errors import UserError
from nntui.runs import identity
from nntui.search import sampling
from nntui.search.domain import Choices, Range
from nntui.search.ledger import (
    OWNER,
    REASON,
    RUNS,
    STOP,
    SURPLUS,
    TRIES,
    Ledger,
    Report,
)
from nntui.search.order import Order
from nntui.search.places import Tables
from nntui.search.sameness import describe, differences
from nntui.search.sampling import RETRY
from nntui.search.space import Dimension
from nntui.search.storage import GRACE, HEARTBEAT, Place
from nntui.search.tally import Tally, count, unanswered
from nntui.search.trials import TrialView

MAKING = 5
"""Times that opening a storage is tried again where others make its tables, too."""

# Attributes of the study
SEARCH = "nntui"
STOP_ALL = "stop_all"

STATES = {
    TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ticket:
    """A trial that is this process's to train."""

    trial: Trial
    tables: Tables

    @property
    def number(self) -> int:
        """The trial's number."""
        return self.trial.number


class Study:
    """The study of an order, made or joined. ``report`` is told what is waited for. Raises UserError."""

    def __init__(
        self, order: Order, place: Place, report: Report, *, heartbeat: int = HEARTBEAT, grace: int = GRACE
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        # What it warns of is for those who call it: experimental parts, and a heartbeat without its own loop.
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", module="optuna")
        self.order = order
        self.place = place
        self.ledger = Ledger(place, report)
        self._grace = grace
        self._sampler = sampling.sampler(order)
        self._unowned: dict[int, float] = {}
        """When a trial without an owner, or without the retry that is due, was first seen; by its number."""
        try:
            self._storage = self._opened(heartbeat, grace)
            self._study = optuna.create_study(
                storage=self._storage, study_name=order.study, load_if_exists=True,
                direction="maximize" if order.rises else "minimize",
                sampler=self._sampler, pruner=sampling.pruner(order),
            )  # fmt: skip
            self.ledger.study = self._study
            self._join()
            self._stop_token = self._study.user_attrs.get(STOP_ALL)
        except (SQLAlchemyError, StorageInternalError, OSError, ModuleNotFoundError, ValueError) as error:
            problem = f"cannot open the storage (given {place.shown}): {self.ledger.why(error)}"
            raise UserError(order.storage_fault(problem)) from None

    def _opened(self, heartbeat: int, grace: int) -> BaseStorage:
        """The storage. Hosts that make its tables at the same moment are in each other's way."""
        for _ in range(MAKING):
            try:
                return self.place.open(self.ledger.stale, heartbeat=heartbeat, grace=grace)
            except (IntegrityError, ProgrammingError):
                time.sleep(random.uniform(0.1, 1.0))
        return self.place.open(self.ledger.stale, heartbeat=heartbeat, grace=grace)

    @property
    def budget(self) -> int:
        """Trials in all."""
        trials = self.order.keys.trials
        grid = self._sampler
        return min(trials, len(grid.points)) if isinstance(grid, sampling.Grid) else trials

    def _join(self) -> None:
        """Say what is searched for, or see that the study is for the same. Raises UserError."""
        mine = describe(self.order)
        found = self._study.user_attrs.get(SEARCH)
        if found is None and not self._study.get_trials(deepcopy=False):
            self._study.set_user_attr(SEARCH, mine)
            found = self._study.user_attrs.get(SEARCH)
        if found == mine:
            return
        what = ", ".join(differences(found, mine)) if isinstance(found, dict) else "it is not nntui's"
        space = isinstance(found, dict) and found.get("space") != mine["space"]
        at = ("sweep", "space") if space else ("sweep",)
        problem = (
            f'the study "{display(self.order.study, 60)}" in {display(self.place.shown, 120)} is another search '
            f"(differs: {display(what, 200)}); name another with --study NAME or --storage, or remove it"
        )
        raise UserError(self.order.origin.message(at, problem))

    # Trials to train

    def tally(self) -> Tally:
        """How many trials count as done, are trained, wait to be tried again, or could not be."""
        return self._tally(self.ledger.trials())

    def _tally(self, trials: Sequence[FrozenTrial]) -> Tally:
        return count(trials, invalid_count=isinstance(self._sampler, sampling.Grid))

    def ask(self) -> Ticket | None:
        """The next trial; None where there are enough."""
        trials = self.ledger.trials()
        tally = self._tally(trials)
        queued = any(t.state == TrialState.WAITING for t in trials)
        if tally.done + tally.running + (0 if queued else tally.waiting) >= self.budget:
            return None
        trial = self.ledger.do(self._study.ask)
        if RETRY not in trial.user_attrs and self._surplus(trial.number):
            self.ledger.do(lambda: trial.set_user_attr(SURPLUS, True))
            self.ledger.tell(trial.number, None, TrialState.FAIL)
            return None
        tables, _ = self.order.fill(lambda dimension: self._suggest(trial, dimension))
        return Ticket(trial, tables)

    def _surplus(self, number: int) -> bool:
        """Whether other hosts have asked for the last trials at the same time, and were first."""
        grid = self._sampler
        if isinstance(grid, sampling.Grid):
            return grid.index(self._study, number) >= self.budget
        before = count(self.ledger.trials()[:number])
        return before.done + before.running + before.waiting >= self.budget

    def _suggest(self, trial: Trial, dimension: Dimension) -> Any:
        found, key = dimension.domain, dimension.key
        if isinstance(found, Choices):
            return found.value(self.ledger.do(lambda: trial.suggest_categorical(key, found.labels)))
        assert isinstance(found, Range)
        if found.whole:
            return self.ledger.do(
                lambda: trial.suggest_int(key, int(found.low), int(found.high), log=found.log)
            )
        return self.ledger.do(lambda: trial.suggest_float(key, found.low, found.high, log=found.log))

    def own(self, ticket: Ticket, process: dict[str, object]) -> None:
        """Say who trains the trial."""
        self.ledger.do(lambda: ticket.trial.set_user_attr(OWNER, process))
        self.beat([ticket])

    def beat(self, tickets: Sequence[Ticket]) -> None:
        """Signs of life of the trials that are trained here."""
        self.ledger.beat([t.trial._trial_id for t in tickets])

    def started(self, ticket: Ticket, run: str) -> None:
        """A run of the trial has begun."""
        runs = [*ticket.trial.user_attrs.get(RUNS, []), run]
        self.ledger.do(lambda: ticket.trial.set_user_attr(RUNS, runs))

    def step(self, ticket: Ticket, epoch: int, value: float) -> bool:
        """The monitored value after an epoch; whether the trial is to be pruned."""

        def report() -> bool:
            ticket.trial.report(value, epoch)
            return ticket.trial.should_prune()

        try:
            return self.ledger.do(report)
        except UpdateFinishedTrialError:
            return True  # another host took this process for dead

    # Trials that others have lost

    def reap(self, mine: Sequence[int]) -> None:
        """Fail trials whose process is gone, and have them tried again."""
        if self.place.database:
            self.ledger.do(lambda: optuna.storages.fail_stale_trials(self._study))
        trials = self.ledger.trials()
        tried = {t.user_attrs.get(RETRY) for t in trials}
        for trial in trials:
            if trial.state == TrialState.RUNNING and trial.number not in mine and self._gone(trial):
                self.ledger.lose(trial, "its process is gone")
            elif unanswered(trial) and trial.number not in tried and self._overdue(trial.number):
                self.ledger.again(trial, int(trial.user_attrs.get(TRIES, 0)) + 1)

    def _gone(self, trial: FrozenTrial) -> bool:
        owner = trial.user_attrs.get(OWNER)
        if not isinstance(owner, dict):
            return self._overdue(trial.number)
        try:
            return identity.alive(identity.Identity.from_json(owner)) is False
        except ValueError:
            return True

    def _overdue(self, number: int) -> bool:
        """Whether something that takes moments has not been done for long."""
        return time.monotonic() - self._unowned.setdefault(number, time.monotonic()) > self._grace

    # Wishes

    def unwanted(self, numbers: Sequence[int]) -> list[int]:
        """Those trials that somebody wants to be ended."""
        if not numbers:
            return []
        trials = self.ledger.trials()
        return [n for n in numbers if trials[n].user_attrs.get(STOP)]

    @property
    def stopping(self) -> bool:
        """Whether somebody has ended the search since it was opened here."""
        return bool(self.ledger.do(lambda: self._study.user_attrs.get(STOP_ALL)) != self._stop_token)

    def stop_trial(self, number: int) -> None:
        """Ask for a trial to be ended, wherever it is trained."""
        self.ledger.note(number, {STOP: True})

    def stop_all(self) -> None:
        """Ask every host to end."""
        self.ledger.do(lambda: self._study.set_user_attr(STOP_ALL, uuid.uuid4().hex))

    # What it came to

    def views(self) -> list[TrialView]:
        """The trials by number, but for those that were never begun."""
        return [
            self._view(t) for t in self.ledger.trials() if t.state in STATES and not t.user_attrs.get(SURPLUS)
        ]

    def _view(self, trial: FrozenTrial) -> TrialView:
        attributes = trial.user_attrs
        params = {
            k: self.order.space.value(k, trial.params[k]) for k in self.order.space.keys if k in trial.params
        }
        return TrialView(
            number=trial.number,
            state=STATES[trial.state],
            params=params,
            value=trial.value if trial.state == TrialState.COMPLETE else None,
            runs=tuple(map(str, attributes.get(RUNS, ()))),
            reason=str(attributes.get(REASON, "")),
            curve=tuple(sorted(trial.intermediate_values.items())),
        )

    def importance(self) -> dict[str, float] | None:
        """Each key's share in what made the best trials good; None while that cannot be told."""
        complete = [t for t in self.ledger.trials() if t.state == TrialState.COMPLETE]
        if len(complete) < max(10, 2 * len(self.order.space.keys)):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = optuna.importance.get_param_importances(self._study)
            except (ValueError, RuntimeError):
                return None
        if not found or not all(map(math.isfinite, found.values())):
            return None
        return {k: float(v) for k, v in found.items()}

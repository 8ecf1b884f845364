"""Trials whose process or host is gone, or that failed: which are tried again, and how often."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import optuna

from nntui.runs import identity
from nntui.search import ledger
from tests.search.studies import asked, complete, opened


def test_a_lost_trial_is_failed_and_its_values_are_tried_again(tmp_path: Path, url: str) -> None:
    study = opened(tmp_path, trials=2, url=url)
    ticket = asked(study)
    study.ledger.conclude(ticket.number, {"end": "lost", "reason": "its worker ended (signal 9)"})
    again = asked(study)
    assert again.trial.params == ticket.trial.params
    assert again.tables == ticket.tables
    complete(study, again)
    complete(study, asked(study))
    assert study.ask() is None
    states = Counter(v.state for v in study.views())
    assert states == {"failed": 1, "complete": 2}
    assert study.views()[0].reason == "its worker ended (signal 9)"


def test_a_trial_that_diverged_is_not_tried_again_and_counts(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=1)
    study.ledger.conclude(asked(study).number, {"end": "diverged", "reason": "not finite"})
    assert study.ask() is None
    assert study.tally().done == 1


def test_one_that_does_not_fit_costs_nothing(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=1)
    study.ledger.conclude(asked(study).number, {"end": "invalid", "reason": "does not fit"})
    assert study.tally().done == 0
    assert study.ask() is not None


def test_a_worker_that_dies_again_and_again_ends_its_trial_for_good(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=1)
    for _ in range(ledger.MOST_TRIES):
        study.ledger.conclude(asked(study).number, {"end": "lost", "reason": "killed"})
    assert study.ask() is None
    assert study.views()[-1].reason == f"killed ({ledger.MOST_TRIES} times)"


def test_interruptions_do_not_count_as_deaths(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=1)
    for _ in range(2 * ledger.MOST_TRIES):
        study.ledger.conclude(asked(study).number, {"end": "interrupted", "reason": "Ctrl-C"})
    complete(study, asked(study))
    assert study.tally().done == 1


def test_the_trial_of_a_process_that_is_gone_is_lost_at_once(tmp_path: Path, url: str) -> None:
    study, other = (opened(tmp_path, trials=1, url=url) for _ in range(2))
    mine = asked(study)
    other.reap([])
    assert other.tally().running == 1, "its process lives"
    study.own(mine, {**identity.current().to_json(), "start": 1.0})
    other.reap([mine.number])
    assert other.tally().running == 1, "nobody reaps its own"
    other.reap([])
    study.reap([])
    assert (other.tally().running, other.tally().waiting) == (0, 1), "once, whoever looks"
    assert not study.ledger.conclude(mine.number, {"end": "complete", "value": 1.0}), "it comes too late"
    assert asked(other).trial.params == mine.trial.params


def test_a_host_that_falls_silent_loses_its_trials(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    study = opened(tmp_path, trials=1, url=url, heartbeat=1, grace=1)
    ticket = asked(study)
    study.own(ticket, {**identity.current().to_json(), "host": "far away"})
    study.reap([])
    assert study.tally().running == 1
    deadline = time.monotonic() + 20
    while study.tally().running and time.monotonic() < deadline:
        study.reap([])
        time.sleep(0.1)
    assert (study.tally().running, study.tally().waiting) == (0, 1)
    assert asked(study).trial.params == ticket.trial.params


def test_a_trial_whose_owner_died_before_it_said_so_is_found(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=1, grace=0)
    ticket = study.ask()
    assert ticket is not None
    study.reap([])
    study.reap([])
    assert study.tally().waiting == 1


def test_a_failed_trial_whose_retry_was_never_written_is_found(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=2, grace=0)
    ticket = asked(study)
    complete(study, asked(study))
    study.ledger.tell(ticket.number, None, optuna.trial.TrialState.FAIL)  # and died before enqueuing
    assert study.ask() is None, "its place is kept for it"
    assert len(study.ledger.trials()) == 2, "and nothing was asked for"
    study.reap([])
    study.reap([])
    assert study.tally().waiting == 1
    study.reap([])
    assert study.tally().waiting == 1, "once"

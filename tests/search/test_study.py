"""A study: its budget, trials that are lost, and searches that are not the same."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from sqlalchemy.exc import OperationalError

from nntui.errors import UserError
from nntui.search import sampling
from nntui.search.storage import Place
from nntui.search.study import Study
from nntui.search.trials import best
from tests.search.orders import SWEEP, TINY, loaded, written
from tests.search.studies import asked, complete, opened

CONDITIONAL = """
[sweep]
sampler = "grid"
trials = 50

[sweep.space]
"optimizer.type" = ["adam", "momentum"]
"optimizer.momentum" = [0.5, 0.9]
"layers.0.units" = { low = 2, high = 4 }
"""


def test_a_study_gives_its_trials_once_and_knows_when_there_are_enough(tmp_path: Path, url: str) -> None:
    study, other = (opened(tmp_path, trials=3, url=url) for _ in range(2))
    tickets = [asked(study), asked(other), asked(study)]
    assert [t.number for t in tickets] == [0, 1, 2]
    assert study.ask() is None, "all are trained"
    for k, ticket in enumerate(tickets):
        complete(study, ticket, k)
    assert other.ask() is None
    assert other.tally().done == other.budget == 3
    found = best(other.views(), rises=False)
    assert found is not None
    assert found.number == 0
    assert {"optimizer.lr", "layers.*.units"} == set(found.params)
    assert tickets[0].tables["optimizer"]["lr"] == found.params["optimizer.lr"]
    assert tickets[0].tables["layers"][0]["units"] == found.params["layers.*.units"]


@pytest.mark.parametrize("sampler", ["random", "tpe", "cmaes"])
def test_what_is_drawn_follows_from_the_seed_and_the_trial_s_number(tmp_path: Path, sampler: str) -> None:
    text = SWEEP.replace("trials = 4", f'trials = 14\nsampler = "{sampler}"')
    drawn = []
    for name in ("a", "b"):
        params = []
        study = opened(tmp_path, text, url=str(tmp_path / name))
        for k in range(14):
            if k == 7:
                study = opened(tmp_path, text, url=str(tmp_path / name))  # resumed by another process
            ticket = asked(study)
            complete(study, ticket, ticket.trial.params["optimizer.lr"])
            params.append(ticket.trial.params)
        drawn.append(params)
    assert drawn[0] == drawn[1]
    assert len({p["optimizer.lr"] for p in drawn[0]}) == 14


def test_a_grid_is_walked_once_over_all_processes(tmp_path: Path) -> None:
    studies = [opened(tmp_path, CONDITIONAL) for _ in range(3)]
    seen = []
    while (ticket := studies[len(seen) % 3].ask()) is not None:
        seen.append(ticket.trial.params)
        complete(studies[0], ticket)
    assert len(seen) == studies[0].budget == 3 * (1 + 2)
    assert len({str(sorted(p.items())) for p in seen}) == 9


def test_a_grid_with_fewer_trials_than_points_is_spread(tmp_path: Path) -> None:
    text = CONDITIONAL.replace("trials = 50", "trials = 5")
    points = sampling.Grid(loaded(tmp_path, text)).points
    whole = sampling.Grid(loaded(tmp_path, CONDITIONAL)).points
    assert sorted(map(str, points)) == sorted(map(str, whole))
    assert points != whole


def test_one_too_many_that_two_hosts_ask_for_at_once_is_never_trained(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=1)
    study._study.ask()  # another host, between our look at the study and our asking
    looked = study.ledger.trials
    study.ledger.trials = lambda: (setattr(study.ledger, "trials", looked), [])[1]  # type: ignore[assignment]
    assert study.ask() is None
    assert [v.number for v in study.views()] == [0], "the surplus one is not shown"
    assert study.tally().running == 1


@pytest.mark.parametrize(
    ("sweep", "told"),
    [
        (SWEEP.replace("[2, 3]", "[2, 3, 4]"), "t.toml:31: sweep.space: .*space layers.*.units"),
        (SWEEP.replace("trials = 4", "trials = 4\nseeds = 2"), "sweep: .*differs: seeds"),
        (SWEEP.replace("trials = 4", 'trials = 4\nmonitor = "train.loss"'), "differs: monitor"),
    ],
)
def test_another_search_under_the_same_name_is_a_fault(tmp_path: Path, sweep: str, told: str) -> None:
    opened(tmp_path)
    with pytest.raises(UserError, match=told.removeprefix("t.toml:31: ")) as error:
        opened(tmp_path, sweep)
    assert "name another with --study NAME" in str(error.value)
    assert str(tmp_path / "tiny.toml") in str(error.value)


def test_changed_data_is_another_search_and_more_trials_are_not(tmp_path: Path) -> None:
    opened(tmp_path)
    assert opened(tmp_path, trials=9).budget == 9
    written(tmp_path, TINY.replace("samples = 40", "samples = 44") + SWEEP)
    from nntui.search import order

    with pytest.raises(UserError, match="differs: data"):
        Study(order.load(tmp_path / "tiny.toml"), Place(str(tmp_path / "s.journal")), print)


def test_somebody_else_s_study_is_refused(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "s.journal"))
    foreign = optuna.create_study(storage=place.open(), study_name="tiny")
    foreign.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(UserError, match="it is not nntui's"):
        opened(tmp_path)


def test_a_storage_that_goes_away_is_waited_for(tmp_path: Path) -> None:
    said: list[str] = []
    study = Study(loaded(tmp_path), Place(f"sqlite:///{tmp_path}/s.db"), said.append)
    waits: list[float] = []
    study.ledger.pause = waits.append
    answers = [OperationalError("", {}, Exception("gone")), OperationalError("", {}, Exception("gone")), None]

    def action() -> str:
        error = answers.pop(0)
        if error is not None:
            raise error
        return "done"

    assert study.ledger.do(action) == "done"
    assert len(waits) == 2
    assert len(said) == 2
    assert "cannot reach the storage (gone); waiting for it" in said[0]
    assert said[1].endswith("the storage is back")


def test_wishes_reach_whoever_trains(tmp_path: Path) -> None:
    study, viewer = (opened(tmp_path, trials=2) for _ in range(2))
    ticket = asked(study)
    assert study.unwanted([ticket.number]) == []
    viewer.stop_trial(ticket.number)
    assert study.unwanted([ticket.number]) == [ticket.number]
    assert not study.stopping
    viewer.stop_all()
    assert study.stopping
    assert not opened(tmp_path, trials=2).stopping, "one that begins later is not meant"


def test_pruning_compares_at_the_same_epochs(tmp_path: Path) -> None:
    text = SWEEP.replace("trials = 4", "trials = 20")
    study = opened(tmp_path, text)
    assert sampling.report_every(study.order) == 1
    for k in range(6):
        ticket = asked(study)
        assert not study.step(ticket, 1, 1.0 - k / 10)
        assert not study.step(ticket, 2, 0.5)
        complete(study, ticket, 0.5)
    bad = asked(study)
    assert study.step(bad, 2, 9.0)
    good = asked(study)
    assert not study.step(good, 2, 0.1)
    assert study.views()[-1].curve == ((2, 0.1),)


def test_importance_is_told_from_ten_trials_on(tmp_path: Path) -> None:
    text = SWEEP.replace("trials = 4", 'trials = 40\nsampler = "random"')
    study = opened(tmp_path, text)
    for _ in range(9):
        ticket = asked(study)
        complete(study, ticket, ticket.trial.params["optimizer.lr"])
    assert study.importance() is None
    for _ in range(31):
        ticket = asked(study)
        complete(study, ticket, ticket.trial.params["optimizer.lr"])
    found = study.importance()
    assert found is not None
    assert sum(found.values()) == pytest.approx(1)
    assert found["optimizer.lr"] > 0.8

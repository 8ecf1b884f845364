"""A trainer's instruments: nothing while nobody looks, a small share of the time while somebody does, no harm ever."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntui.protocol.commands import EditWeight, Resume, Rewind, StepUpdate, Want
from nntui.protocol.reports import Ended, Event, Stats, Status
from nntui.runs.metrics import STABILITY, read_metrics
from nntui.server.instruments import LOOKS, PIECES, SAVED, Ration, WatchedInstruments
from nntui.server.reporter import Reporter
from nntui.training.instruments import TrainerInstruments
from tests.server.instruments import WANT, measured, told
from tests.server.running import running, until

LONG = ("train.epochs=100000000",)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the instruments were asked to do."""
    found: list[str] = []
    for name in ("look", "go_on"):
        original = getattr(TrainerInstruments, name)

        def noted(self: TrainerInstruments, name: str = name, original: Any = original) -> Any:
            found.append(name)
            return original(self)

        monkeypatch.setattr(TrainerInstruments, name, noted)
    return found


def test_nothing_is_computed_while_nobody_looks(tmp_path: Path, calls: list[str]) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.send(Want(keys=("layers",)))
        several = viewer.wait(Stats, lambda m: m.update > 300)
        assert several.found.keys() == {"layers"}
        assert calls == []
        viewer.send(WANT)
        viewer.wait(Stats, measured)
        assert {"look", "go_on"} <= set(calls)
        viewer.send(Want(keys=("layers",)))
        until(lambda: run.hub.all_wanted() == {"layers"}, "the other wish")
        update = run.trainer.update  # what was begun may be done with
        until(lambda: run.trainer.update > update + 1, "an update")
        before, update = len(calls), run.trainer.update
        until(lambda: run.trainer.update > update + 500, "500 updates")
        assert len(calls) == before
        viewer.close()
        until(lambda: run.hub.viewers == 0, "its leaving")
        assert len(calls) == before


def test_what_is_measured_is_recorded_with_its_update(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.send(WANT)
        found = told(viewer.wait(Stats, lambda m: measured(m) and bool(told(m).steps)))  # type: ignore[union-attr]
        assert found is not None
        assert found.curvature is not None
        of, steps_of = found.curvature.update, found.steps_update

        def recorded() -> list[dict[str, Any]]:
            """All records, once those of what was told are kept: that is after viewers are told."""
            rows = [r for r in read_metrics(run.session.run.metrics)[0] if r["type"] == STABILITY]
            there = {(r["of"], key) for r in rows for key in ("sharpness", "steps") if key in r}
            return rows if {(of, "sharpness"), (steps_of, "steps")} <= there else []

        records = until(recorded, "the records of what was told")
    mine = [r for r in records if r["of"] == of and "sharpness" in r]
    assert mine[0]["sharpness"] == found.curvature.value
    assert mine[0]["update"] >= mine[0]["of"]
    steps = [r["steps"] for r in records if r["of"] == found.steps_update and "steps" in r]
    assert steps == [{s.parameter: s.median for s in found.steps}]
    updates = [r["update"] for r in records]
    assert updates == sorted(updates)  # else a resume would cut the records in the wrong place


def test_of_a_long_run_few_readings_are_recorded() -> None:
    kept: list[int] = []
    records = SimpleNamespace(measured=lambda update, values: kept.append(values["of"]))
    session: Any = SimpleNamespace(records=records, trainer=SimpleNamespace(update=0))
    measuring = WatchedInstruments(SimpleNamespace())  # type: ignore[arg-type]
    for update in range(1, 100_001):
        measuring._record(session, "steps", update, {})
    assert kept[:500] == list(range(1, 501))
    assert len(kept) < 500 * (1 + np.log(200)) + 500
    assert kept[-1] >= 100_000 * (1 - 1 / 500)
    measuring._record(session, "sharpness", 7, {})  # of another kind
    measuring._record(session, "steps", 3, {})  # after a rewind
    measuring._record(session, "steps", 4, {})
    assert kept[-3:] == [7, 3, 4]


@given(
    costs=st.lists(st.floats(1e-5, 0.5), min_size=1, max_size=30),
    gap=st.floats(1e-4, 0.1),
    share=st.floats(0.01, 0.2),
)
def test_a_ration_is_kept_whatever_the_pieces_cost(costs: list[float], gap: float, share: float) -> None:
    ration, now, spent, largest = Ration(share), 0.0, 0.0, 0.0
    for k in range(400):
        ration.begin(now)
        if ration.enough:
            cost = costs[k % len(costs)]
            ration.spend(cost)
            now, spent, largest = now + cost, spent + cost, max(largest, cost)
        now += gap
    assert spent <= share * now + largest + 1e-9


def test_what_is_saved_up_is_bounded_and_what_is_owed_stays_owed() -> None:
    ration = Ration(0.5)
    ration.begin(0.0)
    assert not ration.enough
    ration.begin(100.0)
    assert ration.enough
    ration.spend(SAVED)
    assert not ration.enough
    ration.spend(1.0)
    ration.end()
    ration.begin(1000.0)  # the time between is not counted
    assert not ration.enough
    ration.begin(1002.2)
    assert ration.enough


@pytest.mark.parametrize("piece", [0.0002, 0.003, 0.2])
def test_a_trainer_at_full_speed_keeps_nineteen_twentieths_of_its_time(piece: float) -> None:
    clock = SimpleNamespace(now=0.0, spent=0.0, pieces=0)

    def spend(seconds: float) -> None:
        clock.now += seconds
        clock.spent += seconds

    class Instruments:
        due, curvature, steps = True, None, ()

        def look(self) -> None:
            spend(piece / 10)

        def go_on(self) -> bool:
            clock.pieces += 1
            spend(piece)
            return clock.pieces % 12 == 0

    trainer = SimpleNamespace(update=0, before=object(), optimizer=SimpleNamespace(has_rate=True))
    session: Any = SimpleNamespace(trainer=trainer, view=SimpleNamespace(instruments=Instruments()))
    hub: Any = SimpleNamespace(all_wanted=lambda: frozenset({"stability"}))
    measuring = WatchedInstruments(hub, lambda: clock.now)
    while clock.now < 60:
        trainer.update += 1
        clock.now += 0.002
        measuring.go_on(session, paused=False)
    assert LOOKS + PIECES == 0.05
    assert 0.02 < clock.spent / clock.now <= 0.05 + piece / 60


def test_while_paused_the_update_that_is_shown_is_measured(tmp_path: Path) -> None:
    with running(tmp_path, "digits", *LONG, paused=True) as run:
        viewer = run.viewer()
        viewer.send(WANT)
        for update in (1, 2):
            viewer.send(StepUpdate())
            found = told(
                viewer.wait(Stats, lambda m, u=update: measured(m) and told(m).curvature.update == u)  # type: ignore[union-attr]
            )
            assert found is not None
            assert (found.steps_update, found.noise_update) == (update, update)
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=3.0))
        again = viewer.wait(Stats, lambda m: measured(m) and told(m).steps_update is None)  # type: ignore[union-attr]
        assert told(again).curvature.value != found.curvature.value  # type: ignore[union-attr]
        viewer.send(Rewind(update=0))
        viewer.wait(Stats, lambda m: measured(m) and told(m).curvature.update == 0)  # type: ignore[union-attr]


def test_an_instrument_that_fails_is_told_once_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TrainerInstruments.go_on

    def broken(self: TrainerInstruments) -> bool:
        raise ZeroDivisionError("no curvature today")

    monkeypatch.setattr(TrainerInstruments, "go_on", broken)
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.send(WANT)
        told_of = viewer.wait(Event, lambda m: "no curvature today" in m.text)
        assert told_of.level == "error"
        assert "ZeroDivisionError" in told_of.text
        update = run.trainer.update
        viewer.wait(Stats, lambda m: m.update > update + 500)
        assert len([e for e in viewer.all(Event) if "curvature" in e.text]) == 1
        monkeypatch.setattr(TrainerInstruments, "go_on", original)
        viewer.send(Want(keys=()))
        until(lambda: not run.hub.all_wanted(), "no wishes")
        update = run.trainer.update
        until(lambda: run.trainer.update > update + 3000, "that it was heard")
        viewer.send(WANT)
        viewer.wait(Stats, measured)
        assert not viewer.all(Ended)


def test_the_last_weights_are_measured_at_the_end(tmp_path: Path) -> None:
    with running(tmp_path, "xor", "train.epochs=30", paused=True) as run:
        viewer = run.viewer()
        viewer.send(WANT)
        viewer.wait(Stats)
        viewer.send(Resume())
        viewer.wait(Ended)
        last = told(viewer.all(Stats)[-1])
        run.join()
        assert run.session.records.lost == 0
        assert last is not None
        assert last.curvature is not None
        assert last.curvature.update == last.steps_update == run.trainer.update


def test_a_run_that_diverges_ends_as_ever(tmp_path: Path) -> None:
    with running(tmp_path, "sine", 'optimizer={type="sgd", lr=1e30}', paused=True) as run:
        viewer = run.viewer()
        viewer.send(WANT)
        viewer.wait(Stats)
        viewer.send(Resume())
        assert viewer.wait(Ended).status == "diverged"
        assert not [e for e in viewer.all(Event) if "instruments" in e.text]


def test_who_asks_for_the_very_next_update_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, bool]] = []
    original = Reporter.publish

    def noted(self: Reporter, session: Any, *given: Any, **more: Any) -> bool:
        again = original(self, session, *given, **more)
        seen.append((session.trainer.update, again))
        return again

    monkeypatch.setattr(Reporter, "publish", noted)
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.send(Want(keys=("layers", "stability")))
        viewer.wait(Stats, lambda m: measured(m) and m.update > 2000)
    asked = [k for k, (_, again) in enumerate(seen[:-1]) if again]
    assert asked
    assert all(seen[k + 1][0] - seen[k][0] <= 1 for k in asked)
    assert viewer.all(Status)

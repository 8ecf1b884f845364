"""A cure on a branch: where it begins, that both copies are the trainings they should be, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit

from nntui.checks.branch import Branch, Point
from nntui.config.load import load
from nntui.errors import UserError
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui.signals import Signals
from nntui.training import start
from nntui.training.experiment import build
from tests.checks.conftest import config
from tests.training.test_findings_runs import Until

SLOW: dict[str, Any] = {
    "optimizer": {"type": "sgd", "lr": 1e-4},
    "train": {"epochs": 40, "checkpoint_seconds": 0.0},
}


def trained(directory: Path, until: int | None, **tables: Any) -> RunDirectory:
    """A run of moons, stopped after so many updates."""
    path = directory / "moons.toml"
    path.write_text(tomlkit.dumps(config(**{**SLOW, **tables})))
    session = start.start(build(load(path)), directory / "runs", print)
    with Signals() as signals:
        session.train(signals, Until(until))
    session.run.unlock()
    return session.run


def contents(run: RunDirectory) -> dict[str, bytes]:
    """Every file of a run."""
    return {str(p.relative_to(run.path)): p.read_bytes() for p in sorted(run.path.rglob("*")) if p.is_file()}


def accuracy(trainer: Any) -> float:
    """Share of the held-out rows decided rightly, in NumPy alone."""
    held = trainer.validation
    return float(((trainer.network.predict(held.x)[:, 0] >= 0.5) == (held.y[:, 0] > 0.5)).mean())


def log_loss(trainer: Any) -> float:
    """Mean cross-entropy of the held-out rows, from the probabilities."""
    p, y = trainer.network.predict(trainer.validation.x)[:, 0].astype(float), trainer.validation.y[:, 0]
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def test_from_the_newest_checkpoint_both_copies_go_on_as_the_run_would(tmp_path: Path) -> None:
    run = trained(tmp_path, 50)
    before = contents(run)
    branch = Branch(run, ["optimizer.lr=1.0"])
    points = list(branch.points())
    assert (branch.begin, branch.why) == (50, "")
    assert (branch.monitor, branch.drawn) == ("validation.accuracy", "validation.loss")
    assert branch.updates == 40 * 6 - 50
    assert [points[0].updates, points[-1].updates] == [0, branch.updates]
    for k, rate in enumerate((1e-4, 1.0)):
        experiment = build(load(run.config))
        trainer = experiment.trainer
        trainer.load(checkpoint.newest_valid(run.checkpoints, print)[1])
        trainer.optimizer = replace(trainer.optimizer, lr=rate)  # type: ignore[type-var]
        for point in points:
            while trainer.update < 50 + point.updates:
                trainer.advance()
            assert point.scores[k] == pytest.approx(accuracy(trainer), abs=1e-12)
            assert point.drawn[k] == pytest.approx(log_loss(trainer), rel=1e-5)
    assert contents(run) == before
    verdict = branch.verdict(points[-1])
    assert verdict.helps
    (a, b), (c, d) = points[-1].scores, points[-1].drawn
    assert verdict.text == (
        f"it helps: validation accuracy {a:.3g} → {b:.3g}, loss {c:.3g} → {d:.3g} after 190 updates each"
    )


def test_a_rate_that_a_viewer_changed_belongs_to_the_copy_without_the_cure(tmp_path: Path) -> None:
    run = trained(tmp_path, 20)
    update, arrays, meta = checkpoint.newest_valid(run.checkpoints, print)
    arrays["live"][0] = 100.0  # times the rate: 0.01
    checkpoint.save(run.checkpoints, update, arrays, meta)
    last = list(Branch(run, ["optimizer.lr=0.01"]).points())[-1]
    assert last.drawn[0] == last.drawn[1]
    last = list(Branch(run, ["objective.l2=0.0"]).points())[-1]  # nothing changes
    assert last.drawn[0] == last.drawn[1]


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("layers.0.activation=tanh", "the setting changes the layers"),
        ("layers.*.init={type='normal', std=0.1}", "the setting changes the layers"),
        ("preprocess=[{type='standardize'}]", "the setting changes the data or the first weights"),
        ("data.noise=0.3", "the setting changes the data or the first weights"),
        ("train.batch_size=8", "the setting changes the batches"),
        ("optimizer.type=adam", "the setting needs another optimizer's memory"),
    ],
)
def test_what_a_state_means_nothing_for_begins_at_the_start(setting: str, why: str, tmp_path: Path) -> None:
    run = trained(tmp_path, 30)
    branch = Branch(run, [setting])
    assert (branch.begin, branch.why) == (0, f"from the start of the training: {why}")
    first = next(branch.points())
    plain, cured = (build(load(run.config, sets)).trainer for sets in ((), (setting,)))
    assert first.drawn == pytest.approx((log_loss(plain), log_loss(cured)), rel=1e-5)


def test_asked_to_or_at_its_end_it_begins_at_the_start_but_for_more_epochs(tmp_path: Path) -> None:
    run = trained(tmp_path, None, train={"epochs": 3, "checkpoint_seconds": 0.0})
    assert Branch(run, ["optimizer.lr=1.0"]).why.endswith("the run is at its end")
    longer = Branch(run, ["train.epochs=9"])
    assert (longer.begin, longer.why, longer.updates) == (18, "", 36)
    points = list(longer.points())
    assert {p.drawn[0] for p in points} == {points[0].drawn[0]}  # it has ended
    assert points[-1].updates == 36
    asked = Branch(run, ["train.epochs=9"], restart=True)
    assert (asked.begin, asked.updates) == (0, 54)


def test_a_copy_that_diverges_ends_and_the_other_goes_on(tmp_path: Path) -> None:
    run = trained(tmp_path, 5, optimizer={"type": "sgd", "lr": 1e38})
    branch = Branch(run, ["optimizer.lr=0.5"], restart=True)
    *_, last = branch.points()
    assert np.isnan(last.scores[0])
    assert last.scores[1] > 0.7
    verdict = branch.verdict(last)
    assert verdict.helps
    assert verdict.text.startswith(f"it helps: validation accuracy diverged → {last.scores[1]:.3g}")


def test_a_state_that_is_not_finite_begins_at_the_start(tmp_path: Path) -> None:
    run = trained(tmp_path, 20)
    update, arrays, meta = checkpoint.newest_valid(run.checkpoints, print)
    for name, array in arrays.items():
        if name.startswith("param/"):
            array[...] = np.inf
    checkpoint.save(run.checkpoints, update, arrays, meta)
    branch = Branch(run, ["optimizer.lr=0.5"])
    assert branch.why == "from the start of the training: at update 20 it was no longer finite"
    assert branch.begin == 0
    first, *_, last = branch.points()
    plain = build(load(run.config)).trainer
    assert first.drawn == pytest.approx((log_loss(plain),) * 2, rel=1e-5)
    assert last.drawn[1] < last.drawn[0] < first.drawn[0]


def numbers(tmp_path: Path, **data: Any) -> RunDirectory:
    """A regression after ten updates."""
    tables = {
        "data": {"source": "sine", **data},
        "layers": [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 1}],
        "objective": {"loss": "mse"},
    }
    path = tmp_path / "sine.toml"
    path.write_text(tomlkit.dumps({**config(), **tables}))
    session = start.start(build(load(path)), tmp_path / "runs", print)
    with Signals() as signals:
        session.train(signals, Until(10))
    session.run.unlock()
    return session.run


def test_held_out_targets_that_are_all_equal_judge_nothing(tmp_path: Path) -> None:
    branch = Branch(numbers(tmp_path, samples=8, validation=0.125), ["optimizer.lr=0.05"])
    assert branch.monitor == "train.r2"
    *_, last = branch.points()
    assert np.isfinite(last.scores).all()


def test_numbers_are_judged_by_the_share_that_is_unexplained(tmp_path: Path) -> None:
    run = numbers(tmp_path, samples=60, validation=0.25)
    path = run.config
    branch = Branch(run, ["data.scale_target=standardize"])
    assert (branch.monitor, branch.drawn) == ("validation.r2", "validation.unexplained")
    first = next(branch.points())
    for k, sets in enumerate(((), ("data.scale_target=standardize",))):
        experiment = build(load(path, sets))
        rows = experiment.split.validation
        y, p = experiment.table.y[rows], experiment.outputs(experiment.table.x[rows])
        r2 = 1 - np.square(y - p).sum() / np.square(y - y.mean()).sum()
        assert first.scores[k] == pytest.approx(r2, rel=1e-4)
        assert first.drawn[k] == pytest.approx(1 - r2, rel=1e-4)


@pytest.mark.parametrize(
    ("scores", "drawn", "helps", "words"),
    [
        ((0.5, 0.52), (1.0, 1.0), True, "it helps"),
        ((0.5, 0.51), (1.0, 0.95), False, "no change, look elsewhere"),
        ((0.5, 0.5), (1.0, 0.89), True, "it helps"),  # surer of the same decisions
        ((0.5, 0.4), (1.0, 0.5), False, "it makes it worse"),
        ((0.5, nan), (1.0, nan), False, "it makes it worse"),
        ((nan, nan), (nan, nan), False, "no change, look elsewhere"),
        ((nan, 0.1), (nan, 3.0), True, "it helps"),
        ((0.5, 0.5), (1.0, inf), False, "it makes it worse"),
        ((1.0, 1.0), (0.0, 0.0), False, "no change, look elsewhere"),
    ],
)
def test_the_verdict(
    scores: tuple[float, float], drawn: tuple[float, float], helps: bool, words: str, tmp_path: Path
) -> None:
    branch = Branch(trained(tmp_path, 1), ["optimizer.lr=0.5"])
    verdict = branch.verdict(Point(9, drawn, scores))
    assert verdict.helps == helps
    assert verdict.text.startswith(f"{words}: validation accuracy")
    assert "nan" not in verdict.text


def test_after_its_seconds_it_ends_with_the_next_point(tmp_path: Path) -> None:
    branch = Branch(trained(tmp_path, 1), ["optimizer.lr=0.5"])
    points = list(branch.points(seconds=0.0))
    assert [p.updates for p in points] == [0, branch.updates // 60]


def test_a_setting_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"optimizer\.lr"):
        Branch(trained(tmp_path, 1), ["optimizer.lr=-1"])

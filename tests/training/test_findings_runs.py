"""Findings are a function of the run: the same uninterrupted, stopped and resumed, rewound, and slow."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load, parse
from nntui.debugging.subject import of_experiment
from nntui.errors import UserError
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui.signals import Signals
from nntui.training import start
from nntui.training.experiment import build
from nntui.training.session import Session
from nntui_core.errors import NumericError
from nntui_core.findings import Cure, Watch
from nntui_core.findings.spelling import spelled, tables
from tests.corpus.whole import all_setups

TEXT = """
[data]
source = "moons"
samples = 120
validation = 0.25
[[preprocess]]
type = "polynomial"
degree = 2
[[layers]]
type = "dense"
units = 12
activation = "relu"
[[layers]]
type = "dropout"
rate = 0.1
[[layers]]
type = "dense"
units = 12
activation = "tanh"
[[layers]]
type = "dense"
units = 2
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "sgd"
lr = 400.0
[train]
epochs = 24
batch_size = 16
checkpoint_seconds = 0.0
"""


class Until:
    """Hooks that stop the training after an update, and may take their time at each."""

    def __init__(self, update: int | None = None, *, slow: bool = False) -> None:
        self._update = update
        self._slow = slow
        self.seen: list[tuple[int, list[Any]]] = []

    def begin(self, session: Session, signals: Signals) -> None:
        pass

    def update(self, session: Session) -> None:
        self.seen.append((session.trainer.update, [asdict(f) for f in session.findings]))
        if self._slow and session.trainer.update % 7 == 0:
            time.sleep(0.002)
        if session.trainer.update == self._update:
            session.stop("stopped by the test")

    def epoch(self, session: Session) -> None:
        pass

    def diverging(self, session: Session, error: NumericError) -> bool:
        return False


def settings(directory: Path) -> Any:
    return parse(TEXT, directory / "run.toml")


def trained(directory: Path, hooks: Until) -> Session:
    """A new run."""
    session = start.start(build(settings(directory)), directory / "runs", print)
    with Signals() as signals:
        session.train(signals, hooks)
    session.run.unlock()
    return session


def go_on(directory: Path, run: RunDirectory, hooks: Until) -> Session:
    """The same run, in a new session."""
    session, done = start.resume(build(settings(directory)), run, print)
    assert not done
    with Signals() as signals:
        session.train(signals, hooks)
    session.run.unlock()
    return session


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, list[Any]]]:
    """The findings after every update of the run that nothing interrupts."""
    hooks = Until()
    trained(tmp_path_factory.mktemp("whole"), hooks)
    assert len({f["id"] for _, found in hooks.seen for f in found}) >= 3
    return hooks.seen


@pytest.mark.parametrize("stops", [(1, 3), (5, 64), (6, 13, 100), (97,)], ids=str)
def test_stopped_and_resumed_equals_uninterrupted(
    stops: tuple[int, ...], whole: list[tuple[int, list[Any]]], tmp_path: Path
) -> None:
    hooks = Until(stops[0])
    session = trained(tmp_path, hooks)
    seen = hooks.seen
    for stop in (*stops[1:], None):
        hooks = Until(stop)
        session = go_on(tmp_path, session.run, hooks)
        seen += hooks.seen
    assert seen == whole
    assert session.info.findings == whole[-1][1]


def test_a_slow_machine_finds_the_same(whole: list[tuple[int, list[Any]]], tmp_path: Path) -> None:
    hooks = Until(slow=True)
    trained(tmp_path, hooks)
    assert hooks.seen == whole


def test_rewound_it_finds_the_same_again(whole: list[tuple[int, list[Any]]], tmp_path: Path) -> None:
    session = trained(tmp_path, Until(60))
    back = session.rewind(30)
    assert session.findings == session.watch.findings
    known = dict(whole)
    assert [asdict(f) for f in session.findings] == known[back]
    again = go_on(tmp_path, session.run, hooks := Until())
    assert hooks.seen == [(u, f) for u, f in whole if u > back]
    assert again.info.findings == whole[-1][1]


def test_state_that_does_not_fit_starts_afresh() -> None:
    experiment = build(load("xor"))
    other = build(load("spirals"))
    watch: Watch = experiment.watch
    watch.begin()
    before = {k: v.copy() for k, v in watch.state().items()}
    watch.load(other.watch.state())
    assert len(watch.state()["findings/history"]) == 0
    watch.load(before)
    after = watch.state()
    assert set(after) == set(before)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)


@pytest.mark.parametrize("setup", [s for s in all_setups() if s.fault][::6], ids=lambda s: s.name)
def test_every_cure_can_be_set_as_it_stands_and_every_node_is_there(setup: Any, tmp_path: Path) -> None:
    path = setup.write(tmp_path)
    experiment = build(load(path, ["train.epochs=2"] if "epochs" in setup.config["train"] else []))
    trainer, watch = experiment.trainer, experiment.watch
    watch.begin()
    try:
        while trainer.status == "running":
            watch.before()
            watch.after(epoch_done=trainer.advance())
    except NumericError:
        pass
    names = {node.name for node in of_experiment(experiment).plan.nodes}
    for found in watch.findings:
        assert found.node in names
        assert found.node.startswith(f"{found.layer}.") or not found.layer
    cures: set[Cure] = {c for f in watch.findings for c in f.cures}
    for cure in cures:
        assert cure.text
        if cure.set is not None:
            try:
                load(path, [cure.set])
            except UserError as error:
                pytest.fail(f"{cure.set}: {error}")


def test_members_are_spelled_so_that_they_are_read_as_they_were(tmp_path: Path) -> None:
    first = load("mini_vgg")
    again = load("mini_vgg", [f"layers={tables(first.layers)}"])
    assert again.layers == first.layers
    assert spelled((1, 0.5, True, 'a "b"', {"x": 1})) == '[1, 0.5, true, "a \\"b\\"", {x=1}]'
    given = parse(TEXT, tmp_path / "run.toml")
    assert tables(given.preprocess) == '[{type="polynomial"}]' or "degree" in tables(given.preprocess)
    assert (
        parse(TEXT, tmp_path / "run.toml", [f"preprocess={tables(given.preprocess)}"]).preprocess
        == given.preprocess
    )


def test_a_rewind_without_a_checkpoint_to_go_back_to_says_which_there_are(tmp_path: Path) -> None:
    session = trained(tmp_path, Until(20))
    first, *later = checkpoint.updates(session.run.checkpoints)
    checkpoint.path_of(session.run.checkpoints, first).write_bytes(b"")
    before = session.trainer.state()
    with pytest.raises(UserError) as caught:
        session.rewind(later[0] - 1)
    text = str(caught.value)
    assert str(session.run.checkpoints) in text
    assert f"at or before update {later[0] - 1} " in text
    assert ", ".join(map(str, later)) in text
    assert all(np.array_equal(before[k], a) for k, a in session.trainer.state().items())

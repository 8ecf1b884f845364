"""Which source shows a run: its trainer, or its files alone; and what is refused before any screen."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner

from nntui.cli import group, program
from nntui.protocol.commands import StepUpdate, Stop, Want
from nntui.protocol.message import Message
from nntui.protocol.reports import Disconnected, Ended, Event, Hello, Stats, Status
from nntui.runs.directory import RunDirectory
from nntui.runs.find import listed, resolve
from nntui.runs.metrics import read_metrics
from nntui.server.launch import Launched, launch
from nntui.statistics.layers import Layers
from nntui.statistics.sample import Sample
from nntui.tui.source import RunSource, Source, open_run
from tests.server.running import running, until

M = TypeVar("M", bound=Message)


class Heard:
    """What a source posts."""

    def __init__(self, source: Source) -> None:
        self.items: list[Any] = []
        self.source = source
        source.start(self.items.append)

    def wait(self, kind: type[M], text: str = "") -> M:
        found: list[M] = until(
            lambda: [i for i in list(self.items) if isinstance(i, kind) and text in str(vars(i))],
            kind.__name__,
        )
        return found[0]


@contextlib.contextmanager
def heard(run: RunDirectory) -> Iterator[Heard]:
    source = open_run(run)
    found = Heard(source)
    try:
        yield found
    finally:
        source.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    base = tmp_path_factory.mktemp("runs")
    assert CliRunner().invoke(group, ["fit", "xor", "--quiet", "--runs", str(base)]).exit_code == 0
    return listed(base)[0].run


def rewritten(run: RunDirectory, place: Path, **changes: Any) -> RunDirectory:
    """A copy whose run.json says something else."""
    shutil.copytree(run.path, place / "copy")
    path = place / "copy" / "run.json"
    values = json.loads(path.read_text())
    process = values["process"] | changes.pop("process", {})
    path.write_text(json.dumps(values | {"process": process} | changes))
    return RunDirectory(place / "copy")


def test_a_finished_run_is_shown_from_its_files(finished: RunDirectory) -> None:
    with heard(finished) as found:
        assert not found.source.live
        assert found.wait(Hello).run == finished.name
        assert found.wait(Ended).status == "completed"
        last = found.wait(Status)
        assert (last.state, last.epoch) == ("completed", 300)
        found.source.send(Want(keys=("weights",)))
        assert found.wait(Stats, "'weights'").update == last.update
        found.source.send(StepUpdate())
        found.wait(Event, "nothing can change")
        records = [i for i in found.items if isinstance(i, dict) and i["type"] == "epoch"]
        assert records[-1]["epoch"] == 300


def test_a_run_at_work_on_another_host_is_followed_by_its_files(
    finished: RunDirectory, tmp_path: Path
) -> None:
    run = rewritten(
        finished, tmp_path, state="running", process={"host": "elsewhere"}, socket="/tmp/there.sock"
    )
    run.lock()  # what the trainer there does
    with heard(run) as found:
        assert not found.source.live
        assert found.wait(Status).state == "running"
        with run.metrics.open("a") as stream:
            stream.write('{"type":"event","time":1,"update":1,"text":"from far away"}\n')
        until(lambda: [i for i in found.items if isinstance(i, dict) and i.get("text") == "from far away"])
        assert not [i for i in found.items if isinstance(i, Ended)]


def test_a_run_whose_files_are_removed_while_it_is_seen_stays_as_it_was(
    finished: RunDirectory, tmp_path: Path
) -> None:
    run = rewritten(finished, tmp_path)
    with heard(run) as found:
        found.wait(Ended)
        until(lambda: [i for i in found.items if isinstance(i, dict) and i.get("epoch") == 300])
        shutil.rmtree(run.path)
        found.wait(Event, "the run's files are gone")
        assert [i.status for i in found.items if isinstance(i, Ended)] == ["completed"]
        assert {i.state for i in found.items if isinstance(i, Status)} == {"completed"}


def test_a_run_whose_process_is_gone_is_lost(finished: RunDirectory, tmp_path: Path) -> None:
    run = rewritten(finished, tmp_path, state="running", process={"start": 1.0})
    with heard(run) as found:
        assert found.wait(Ended).status == "lost"


def test_a_run_without_any_valid_checkpoint_says_so(finished: RunDirectory, tmp_path: Path) -> None:
    run = rewritten(finished, tmp_path)
    for path in run.checkpoints.iterdir():
        path.write_bytes(b"no checkpoint")
    with heard(run) as found:
        assert found.wait(Ended).status == "failed"
        found.wait(Event, "checkpoint")


def test_the_newest_live_run_comes_first_and_speaks_through_its_socket(tmp_path: Path) -> None:
    with running(tmp_path, "xor", paused=True) as run:
        run.session.info.socket = str(run.socket)
        run.session.save_state()
        run.viewer().wait(Status, lambda m: m.state == "paused")
        later = rewritten(run.session.run, tmp_path, state="completed", started="2999-01-01T00:00:00+00:00")
        assert resolve(tmp_path, "latest").run.name == later.name
        found = resolve(tmp_path, "latest", live_first=True)
        assert found.run.name == run.session.run.name
        with heard(found.run) as live:
            assert live.wait(Hello).run == found.run.name
            assert live.source.live


def test_a_socket_that_nobody_answers(finished: RunDirectory, tmp_path: Path) -> None:
    source = RunSource(finished, tmp_path / "none.sock")
    found = Heard(source)
    assert found.wait(Ended).status == "completed"  # as its files say
    source.close()


def test_a_run_that_is_over_at_once_has_its_statistics_and_later_ones_from_its_files(tmp_path: Path) -> None:
    with running(tmp_path, "xnor_by_hand") as run:
        source = RunSource(run.session.run, run.socket)
        found = Heard(source)
        found.wait(Hello)
        source.send(Want(keys=("layers", "surface")))
        found.wait(Disconnected)
        assert found.wait(Ended).status == "completed"
        assert {"layers", "surface"} <= found.wait(Stats).found.keys()
        source.send(Want(keys=("layers", "weights", "sample/2")))
        last = found.wait(Stats, "'weights'")
        assert last.update == 0
        sample = last.found["sample/2"]
        assert isinstance(sample, Sample)
        assert sample.index == 2
        assert "layers" not in last.found  # the trainer's word stands
        source.close()


def test_what_was_never_wanted_in_time_comes_from_the_files(tmp_path: Path) -> None:
    with running(tmp_path, "xnor_by_hand") as run:
        source = RunSource(run.session.run, run.socket)
        found = Heard(source)
        found.wait(Disconnected)
        assert not [i for i in found.items if isinstance(i, Stats)]
        source.send(Want(keys=("layers", "surface")))
        assert {"layers", "surface"} <= found.wait(Stats).found.keys()
        source.close()


@pytest.mark.parametrize("stop", ["train.epochs=40", 'train.stop={ monitor = "train.loss", below = 0.6 }'])
def test_the_last_statistics_tell_what_the_last_update_changed(stop: str, tmp_path: Path) -> None:
    with running(tmp_path, "xor", stop) as run:
        viewer = run.viewer()
        viewer.send(Want(keys=("layers",)))
        viewer.wait(Ended)
        last = viewer.all(Stats)[-1]
        assert last.update == run.trainer.update > 0
        layers = last.found["layers"]
        assert isinstance(layers, Layers)
        assert all(row.stats.update_ratio is not None for row in layers.rows)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "xor"], "use fit"),
        (["attach"], "nntui runs show"),
        (["run", "xor", "--pace", "fast"], "allowed auto, max"),
        (["run", "xor", "--pace", "0"], "allowed auto, max"),
        (["run", "xor", "--pace", "nan"], "allowed auto, max"),
        (["run", "xor", "--seed", "-1"], "--seed"),
    ],
)
def test_refusals(words: list[str], says: str, tmp_path: Path) -> None:
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        assert program([*words, "--runs", str(tmp_path)]) == 2
    assert says in err.getvalue()
    assert not listed(tmp_path)


def test_breaking_off_before_there_is_a_screen_ends_the_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    launched = Launched(child, -1, -1)

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(launched, "_wait_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        launched.wait_ready(1.0)
    assert child.wait(20) == -signal.SIGTERM


def test_a_finished_run_that_was_stopped_early_is_shown_with_its_best_weights(tmp_path: Path) -> None:
    rule = 'train.early_stopping={ patience = 4, monitor = "validation.loss" }'
    words = ["fit", "digits", "--set", rule, "--set", "optimizer.lr=0.05", "--json", "--runs", str(tmp_path)]
    done = CliRunner().invoke(group, words)
    result = json.loads(done.stdout)
    assert result["status"] == "stopped_early"
    run = listed(tmp_path)[0].run
    with heard(run) as found:
        status = found.wait(Status)
        assert status.losses["validation"] == pytest.approx(result["validation"]["loss"])
        records = [r for r in read_metrics(run.metrics)[0] if r["type"] == "epoch"]
        last = records[-1]["validation"]["loss"]
        assert (
            last > min(r["validation"]["loss"] for r in records) == pytest.approx(status.losses["validation"])
        )
        assert found.wait(Ended).reason == result["reason"]


def test_a_trainer_tells_its_viewer_what_it_has_noted(tmp_path: Path) -> None:
    sets = ["train.batch_size=1000000"]
    launched = launch("digits", sets, None, tmp_path, "max", paused=True)
    ready = launched.wait_ready(60.0)
    source = RunSource(RunDirectory(ready.run_dir), ready.socket)
    found = Heard(source)
    assert "batch_size" in found.wait(Event, "batch_size").text
    assert "batch_size" in RunDirectory(ready.run_dir).log.read_text()
    source.send(Stop())
    assert found.wait(Ended).status == "interrupted"
    source.close()
    launched.process.wait(20)

"""The moments before there is a screen: a viewer that dies there leaves no trainer behind."""

import signal
import time
from pathlib import Path

import psutil
import pytest

from nntui.runs.directory import LIVE
from nntui.runs.find import listed
from tests.server.running import until
from tests.server.terminal import Terminal


def trainers(runs: Path) -> list[psutil.Process]:
    """Trainer processes that were told to train in ``runs``."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "nntui.server.process" in words and any(str(runs) in w for w in words):
            found.append(process)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.25, 0.4])
def test_a_viewer_that_dies_while_it_starts_takes_its_trainer_along(
    tmp_path: Path, number: signal.Signals, delay: float
) -> None:
    with Terminal("run", "xor", "--set", "train.epochs=1000000", runs=tmp_path, keep=True) as terminal:
        until(lambda: trainers(tmp_path) or terminal.process.poll() is not None)
        time.sleep(delay)  # the moment is the case: nothing can be waited for
        terminal.signal(number)
        terminal.wait()
    attached = b"\x1b[?1049h" in terminal.raw  # it was quick enough to show a picture: then the run may go on
    if attached:
        for process in trainers(tmp_path):
            process.kill()
        return
    until(lambda: not trainers(tmp_path), "no trainer left")
    assert all(found.state not in LIVE for found in listed(tmp_path))

"""Settings of the whole suite."""

import contextlib
import gc
import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from nntui.blas import choose_kernels

# Before NumPy is imported: small matrices are slower with more threads, several times so on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
choose_kernels()  # as the program does: what is computed here is compared with what it computes
# What would change every picture, and where runs go.
for name in ("NO_COLOR", "TEXTUAL_THEME", "NNTUI_RUNS", "NNTUI_THREADS"):
    os.environ.pop(name, None)
# Nor may the theme that the developer keeps; what a test keeps goes to a directory of its own.
os.environ["XDG_CONFIG_HOME"] = os.devnull
# A suite started in the background is born deaf to Ctrl-C, and so are the programs that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Likewise to a hangup, under nohup.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


MARK = "NNTUI_TESTS"
"""In the environment of every process that the suite starts, also of those that have left its process group."""
os.environ[MARK] = str(os.getpid())


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the order of the tests must not matter to is tried by turning it round."""
    parser.addoption("--backward", action="store_true", help="run the tests in reverse order")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Last first, where that is asked for."""
    if config.getoption("--backward"):
        items.reverse()


def pytest_collection_finish() -> None:
    """Nine thousand tests are a million objects: no collection is to go through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_process_left_behind() -> Iterator[None]:
    """Trainers outlive what started them; those of a test that failed are killed at the end of the session."""
    yield
    for process in started_here():
        with contextlib.suppress(psutil.Error):
            process.kill()


def started_here() -> list[psutil.Process]:
    """The processes, still alive, that this one has started, whoever is their parent by now."""
    return started(os.environ[MARK])


def started(mark: str, name: str = MARK) -> list[psutil.Process]:
    """The other processes, still alive, in whose environment ``name`` is ``mark``."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.pid != os.getpid() and process.environ().get(name) == mark:
                found.append(process)
    return found

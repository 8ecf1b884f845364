"""Two searches on one PostgreSQL server, started here where it is installed: nothing lost, nothing twice."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nntui.search import order
from nntui.search.storage import Place
from nntui.search.study import Study
from tests.cli.conftest import finish, start
from tests.search.orders import SWEEP, TINY, written
from tests.server.running import until

pytestmark = pytest.mark.timeout(300)
PASSWORD = "wh1sper"


def _programs() -> Path | None:
    """Where initdb and pg_ctl are."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return Path(found).parent if found else places[0].parent if places else None


class Server:
    """A server of its own on a port of its own."""

    def __init__(self, programs: Path, place: Path) -> None:
        self._programs = programs
        self._place = place
        # It refuses to run as root.
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        secret = place / "secret"
        secret.write_text(PASSWORD)
        if self._user:
            owner = pwd.getpwnam("postgres")
            for path in (place, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self._run(
            "initdb",
            "-D",
            str(place / "data"),
            "-U",
            "bob",
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "-N",
        )
        self.url = f"postgresql://bob:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [self._programs / program, *words],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._place,
            **self._user,
        )

    def start(self) -> None:
        """Until it answers."""
        options = f"-p {self.port} -k {self._place} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run(
            "pg_ctl",
            "-w",
            "-D",
            str(self._place / "data"),
            "-l",
            str(self._place / "log"),
            "-o",
            options,
            "start",
        )

    def stop(self) -> None:
        """At once."""
        self._run("pg_ctl", "-w", "-D", str(self._place / "data"), "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="nntui-pg-") as place:
        found = Server(programs, Path(place))
        found.start()
        yield found
        found.stop()


@pytest.fixture
def watched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[Path, Study]]:
    """A search of its own name, and its study."""
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("NNTUI_STORAGE", server.url)

    def make(name: str) -> tuple[Path, Study]:
        sweep = SWEEP.replace("trials = 4", 'trials = 6\npruner = "none"')
        file = written(tmp_path, TINY.replace("epochs = 4", "epochs = 2000") + sweep, f"{name}.toml")
        return file, Study(order.load(file, storage=server.url), Place(server.url), lambda words: None)

    return make


def owners(study: Study) -> list[int]:
    """Processes that train."""
    return [
        t.user_attrs["owner"]["pid"]
        for t in study.ledger.trials()
        if t.state.name == "RUNNING" and "runs" in t.user_attrs
    ]


def test_two_searches_share_a_study_and_survive_kills(
    watched: Callable[[str], tuple[Path, Study]], tmp_path: Path
) -> None:
    file, study = watched("shared")
    first, second = (start("sweep", file, "--workers", 1, "--json") for _ in range(2))
    os.kill(until(lambda: owners(study), "one to train")[0], signal.SIGKILL)
    until(lambda: any(v.state == "failed" for v in study.views()), "the trial to be failed")
    results = [finish(process) for process in (first, second)]
    assert [r.code for r in results] == [0, 0]
    result = results[0].json
    assert result == results[1].json
    assert result["storage"].startswith("postgresql://bob:***@")
    states = Counter(t["state"] for t in result["trials"])
    assert states == {"complete": 6, "failed": 1}
    runs = [run for t in result["trials"] for run in t["runs"]]
    assert len(runs) == len(set(runs)), "no run is of two trials"
    (lost,) = [t for t in result["trials"] if t["state"] == "failed"]
    same = [t for t in result["trials"] if t["params"] == lost["params"] and t is not lost]
    assert [t["state"] for t in same] == ["complete"]
    told = [line for r in results for line in r.err.splitlines() if " trial " in line]
    assert len(told) == 7, "each trial was trained by one of them"
    assert PASSWORD not in "".join(r.out + r.err for r in results)
    assert not [
        p for p in (tmp_path / "runs").rglob("*") if p.is_file() and PASSWORD.encode() in p.read_bytes()
    ]


def test_a_server_that_goes_away_is_waited_for(
    watched: Callable[[str], tuple[Path, Study]], server: Server, tmp_path: Path
) -> None:
    file, study = watched("patient")
    said = tmp_path / "said"
    with said.open("w") as stream:
        process = start("sweep", file, "--workers", 1, "--json", stderr=stream)
        until(lambda: study.tally().done >= 2, "two trials")
        server.stop()
        until(lambda: "cannot reach the storage" in said.read_text(), "a message")
        server.start()
        done = finish(process)
    assert done.code == 0
    assert "the storage is back" in said.read_text()
    assert Counter(t["state"] for t in done.json["trials"])["complete"] == 6
    assert PASSWORD not in said.read_text()

"""What a shell offers after Tab, asked for as bash asks; and the line for editors in what `demos` writes."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nntui.cli import COMPLETE, program
from nntui.config import demos
from tests.cli.conftest import Cli


@pytest.fixture
def offered(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)

    def ask(*words: str) -> list[str]:
        with monkeypatch.context() as patch:
            patch.setenv(COMPLETE, "bash_complete")
            patch.setenv("COMP_WORDS", " ".join(["nntui", *words]))
            patch.setenv("COMP_CWORD", str(len(words)))
            # click writes bytes.
            out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
            with contextlib.redirect_stdout(out):
                assert program([]) == 0
        out.seek(0)
        pairs = [line.split(",", 1) for line in out.read().splitlines() if line]
        return [value for kind, value in pairs if kind == "plain"]

    return ask


def test_demos_and_files_where_a_configuration_is_meant(offered, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "xorn.toml").touch()
    (tmp_path / "xenon.csv").touch()
    (tmp_path / "xdir").mkdir()
    (tmp_path / "xdir" / "deep.toml").touch()
    for command in ("fit", "run", "debug", "race", "sweep"):
        assert set(offered(command, "x")) == {"xnor_by_hand", "xor", "xorn.toml", "xdir/"}
    assert offered("fit", "xdir/") == ["xdir/deep.toml"]
    assert offered("fit", str(tmp_path / "xor")) == [str(tmp_path / "xorn.toml")]
    assert offered("fit", "nowhere/x") == []
    assert "books/mazur" in offered("demos", "books/m")
    assert "books/mazur" not in offered("fit", "books/m")
    assert offered("exp") == ["export"]


def test_runs_newest_first_where_a_run_is_meant(cli: Cli, offered, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert offered("predict", "") == []
    names = [cli("fit", demo, "--epochs", "0", "--json").json["run"] for demo in ("xor", "sine")]
    (tmp_path / "runs" / "stray").mkdir()
    for k, name in enumerate(names):
        os.utime(tmp_path / "runs" / name, (k + 1, k + 1))
    for words in (["predict"], ["export"], ["attach"], ["runs", "show"], ["runs", "rm"], ["fit", "--resume"]):
        assert offered(*words, "") == ["latest", *names[::-1]]
    assert offered("runs", "compare", "latest", "si") == [names[1]]
    assert offered("predict", "la") == ["latest"]
    assert offered("debug", "si") == ["sine", names[1]]
    assert offered("--runs", str(tmp_path), "predict", "") == []


def test_completing_loads_no_numpy(tmp_path: Path) -> None:
    code = (
        "import sys; from nntui.cli import program; program([]); "
        "sys.exit(bool({'numpy', 'textual', 'pydantic'} & set(sys.modules)))"
    )
    asked = {COMPLETE: "bash_complete", "COMP_WORDS": "nntui fit x", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, timeout=60
    )
    assert (done.returncode, b"xor" in done.stdout) == (0, True)


def test_what_demos_writes_names_its_schema_and_is_the_same_demo(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cli("demos", "xor")
    first, _, rest = Path("xor.toml").read_text().partition("\n")
    assert first == "#:schema ./nntui.json"
    assert rest == (demos.directory() / "xor.toml").read_text()
    cli("demos", "books/mazur")
    assert not Path("mazur.md").read_text().startswith("#:schema")

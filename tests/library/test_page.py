"""docs/library.md: every code block does what the page says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from tests.cli.conftest import Cli, cli, runs  # noqa: F401

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
PARTS = [text for kind, text in BLOCKS if kind == "python" and re.search(r"^class \w+\(", text, re.MULTILINE)]
ENTRY, CONFIG = (text for kind, text in BLOCKS if kind == "toml")


def test_every_block_runs_in_order(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.chdir(tmp_path)
    module = ModuleType("library_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    ran = 0
    for kind, text in BLOCKS:
        if kind == "sh":
            for line in text.splitlines():
                done = cli(*shlex.split(line)[1:])
                assert done.code == 0, done.err
        elif kind == "python":
            if "nntui.sklearn" in text and find_spec("sklearn") is None:
                continue
            exec(compile(text, str(PAGE), "exec"), module.__dict__)
        else:
            assert kind == "toml"  # run below
            continue
        ran += 1
    assert ran >= len(BLOCKS) - 3
    for name in ("Snake", "Scale", "SignMomentum"):
        assert len(next(t for t in PARTS if f"class {name}" in t).splitlines()) <= 35


def installed(place: Path, parts: str, entry: str) -> dict[str, str]:
    """The environment in which a package with these parts is installed in ``place``."""
    package, info = place / "mine", place / "mine-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").touch()
    (package / "parts.py").write_text(parts)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry)
    return {**os.environ, "PYTHONPATH": str(place), "NNTUI_RUNS": str(place / "runs")}


def nntui(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nntui", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_an_installed_package_adds_to_the_catalogue(tmp_path: Path) -> None:
    entry = ENTRY.replace('[project.entry-points."nntui.catalogue"]', "[nntui.catalogue]").replace('"', "")
    environment = installed(tmp_path / "site", "\n".join(PARTS), entry)
    (tmp_path / "mine.toml").write_text(CONFIG)
    done = nntui(environment, "fit", str(tmp_path / "mine.toml"), "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    done = nntui(environment, "fit", str(tmp_path / "mine.toml"), "--set", "layers.0.activation.a=-1")
    assert done.returncode == 2
    assert "layers.0.activation.a: not allowed (given -1" in done.stderr
    without = {**environment, "PYTHONPATH": ""}
    done = nntui(without, "fit", str(tmp_path / "mine.toml"))
    assert done.returncode == 2
    assert "snake" in done.stderr


def test_what_a_package_cannot_give_is_warned_of(tmp_path: Path) -> None:
    parts = PARTS[0].replace('"snake"', '"tanh"')
    environment = installed(
        tmp_path / "site", parts, "[nntui.catalogue]\nmine = mine.parts\nbad = mine.nothing\n"
    )
    done = nntui(environment, "fit", "xor", "--epochs", "1", "--quiet")
    # All that this file names is nntui's own: packages are not asked.
    assert (done.returncode, done.stderr) == (0, "")
    done = nntui(environment, "schema")
    assert done.returncode == 0
    assert "the entry point bad = mine.nothing cannot be loaded" in done.stderr
    assert "the activation 'tanh' is there already" in done.stderr

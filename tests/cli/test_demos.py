"""`nntui demos`: the list, and demos that are written here."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntui.config import demos
from nntui.config.toml import EDITOR_LINE
from tests.cli.conftest import Cli

MADE_OF_TWO = "rare_gradients"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, in which the command is given."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def test_the_list_has_each_demo_with_its_summary(cli: Cli) -> None:
    lines = cli("demos").out.splitlines()
    assert {line.split()[0] for line in lines} == {*demos.names(), *demos.pages()}
    assert next(line for line in lines if line.startswith("xor ")).endswith(demos.summary("xor"))
    assert lines[-1].split()[0].startswith("books/")


def test_a_demo_is_written_with_the_files_that_it_reads(cli: Cli, here: Path) -> None:
    done = cli("demos", MADE_OF_TWO)
    sources = demos.files(MADE_OF_TWO)
    assert (done.code, done.out.split()) == (0, [s.name for s in sources])
    for source in sources:
        first = f"{EDITOR_LINE}\n".encode() if source.suffix == ".toml" else b""
        assert (here / source.name).read_bytes() == first + source.read_bytes()
    assert cli("fit", f"{MADE_OF_TWO}.toml", "--epochs", "1", "--quiet").code == 0


def test_what_is_there_already_is_not_replaced(cli: Cli, here: Path) -> None:
    assert cli("demos", MADE_OF_TWO).code == 0
    done = cli("demos", MADE_OF_TWO)
    assert (done.code, done.out) == (2, "")
    assert f"{MADE_OF_TWO}.toml: is there already; move it away first" in done.err
    other = here / f"{MADE_OF_TWO}.csv"
    (here / f"{MADE_OF_TWO}.toml").unlink()
    other.write_text("mine\n")
    done = cli("demos", MADE_OF_TWO)
    assert (done.code, done.out) == (2, "")
    assert f"{MADE_OF_TWO}.csv: is there already" in done.err
    assert other.read_text() == "mine\n"
    other.unlink()
    other.mkdir()
    assert f"{MADE_OF_TWO}.csv: is there already" in cli("demos", MADE_OF_TWO).err


@pytest.mark.parametrize("kept", [0, 1])
def test_one_that_was_broken_off_between_two_files_is_completed(cli: Cli, here: Path, kept: int) -> None:
    assert cli("demos", MADE_OF_TWO).code == 0
    names = [s.name for s in demos.files(MADE_OF_TWO)]
    whole = (here / names[1 - kept]).read_bytes()
    (here / names[1 - kept]).unlink()
    done = cli("demos", MADE_OF_TWO)
    assert (done.code, done.out.split()) == (0, names)
    assert (here / names[1 - kept]).read_bytes() == whole


def test_an_unknown_name_has_a_suggestion(cli: Cli, here: Path) -> None:
    done = cli("demos", "spiral")
    assert (done.code, done.out) == (2, "")
    assert "spiral: no demo of this name (allowed: " in done.err
    assert 'did you mean "spirals"?' in done.err
    assert not list(here.iterdir())


def test_a_directory_that_is_gone_is_told(cli: Cli, here: Path) -> None:
    here.rmdir()
    done = cli("demos", "xor")
    assert done.code != 0
    assert "cannot write the demo" in done.err
    assert "xor.toml" in done.err

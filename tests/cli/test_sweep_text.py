"""What ``nntui sweep`` says to people: a line a trial, and the summary; and what it refuses before the search."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.search.orders import written


def test_the_summary_has_the_numbers_of_the_document(cli: Cli, runs: Path, tmp_path: Path) -> None:
    file = written(tmp_path)
    words = ("sweep", file, "--trials", 3)
    said = cli(*words, "--workers", 1)
    assert said.code == 0
    found = cli(*words, "--workers", 0, "--json").json
    best = found["best"]
    shown = {
        line[:11].strip() or line.split(" = ")[0].strip(): line[12:].strip() for line in said.out.splitlines()
    }
    assert shown["study"] == f"tiny in {runs / 'tiny.journal'}"
    states = [trial["state"] for trial in found["trials"]]
    assert shown["trials"] == ", ".join(
        f"{states.count(s)} {s}" for s in ("complete", "pruned", "failed") if s in states
    )
    assert shown["best"] == (
        f"validation.loss {best['value']:.6g}, trial {best['number']}: {', '.join(best['runs'])}"
    )
    for key, value in best["params"].items():
        assert shown[key] == f"{key} = {value:.5g}" if isinstance(value, float) else f"{key} = {value}"
    lines = said.err.splitlines()
    assert lines[0] == f"study tiny in {runs / 'tiny.journal'}: 3 trials, 1 workers"
    ended = [re.fullmatch(r"(\d)/3  trial (\d): (\S+).*", line) for line in lines[1:]]
    assert [match[1] for match in ended if match] == ["1", "2", "3"]
    values = {str(t["number"]): t["value"] for t in found["trials"]}
    for match in ended:
        assert match is not None
        value = values[match[2]]
        assert match[3] == (f"{value:.5g}" if value is not None else "pruned")

    quiet = cli("sweep", file, "--trials", 4, "--workers", 1, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--json", "--screen"), "--json and --screen do not go together; give one of them"),
        (("--out", "/nowhere/best.toml"), "--out /nowhere/best.toml: the directory is not there"),
        (("--screen",), "use: nntui sweep CONFIG --no-screen"),
    ],
)
def test_what_is_refused_before_the_search(
    cli: Cli, runs: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = cli("sweep", written(tmp_path), *words)
    assert done.code == 2
    assert told in done.err
    assert not runs.exists()

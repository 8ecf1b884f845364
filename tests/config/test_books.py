"""The shelf of worked examples: every number that a page prints comes out, to the printed digits."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from nntui.cli import debug, debugged, group
from nntui.config import demos
from nntui.debugging.subject import Subject
from nntui_core.minimizing import Minimizer


@dataclass(frozen=True)
class Row:
    """A line of a page's table: of which command, what, and the number as it is printed."""

    page: str
    command: str
    what: str
    printed: str


def rows(page: str) -> Iterator[Row]:
    commands: list[str] = []
    inside = False
    for line in (demos.directory() / f"{page}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = line == "```sh"
            commands = [] if inside else commands
        elif inside:
            commands.append(line)
        elif found := re.fullmatch(r"\| (?:(\d): )?(.+?) \| (-?[\d.]+) \|", line):
            yield Row(page, commands[int(found[1] or 1) - 1], found[2], found[3])


ROWS = [row for page in demos.pages() for row in rows(page)]
STEPS = {"books/trask": 10000, "books/mazur": 9999}
"""Steps of the pages that tell to take more than their command does."""


@cache
def ran(command: str, page: str) -> tuple[Subject, Minimizer | None]:
    """What the command shows at its start, and the way of its optimizer."""
    words = shlex.split(command)
    assert words[:2] == ["nntui", "debug"]
    params = debug.command.make_context("debug", words[2:]).params
    text, values = params["text"], params["words"]
    if params["optimizer"] is None:
        return debugged.expression(text, values, False, None), None
    minimizer = debugged.minimized(text, values, params["optimizer"], STEPS.get(page, params["steps"]))
    return debugged.expression(text, values, False, minimizer), minimizer


def entry(array: Any, index: str | None) -> float:
    found = np.asarray(array)
    return float((found[tuple(map(int, index.split(",")))] if index else found).item())


def computed(row: Row) -> float:
    subject, minimizer = ran(row.command, row.page)
    found = re.fullmatch(r"(?:step (\d+): )?(∂/∂|Δ)?(\w+)(?:\[([\d, ]+)\])?", row.what)
    assert found is not None, row.what
    step, kind, name, index = found.groups()
    if step is None:
        node = subject.output if name == "value" else subject.plan.graph[name]
        return entry(subject.plan.adjoint(node) if kind else subject.plan.value(node), index)
    assert minimizer is not None
    here, split = minimizer.path[int(step)], minimizer.function.split
    if kind == "∂/∂":
        return entry(split(here.gradient)[name], index)
    if kind:
        return entry(split(here.at)[name] - split(minimizer.path[int(step) - 1].at)[name], index)
    return here.value if name == "value" else entry({**split(here.at), **here.named}[name], index)


@pytest.mark.parametrize("page", demos.pages())
def test_every_printed_number_comes_out_to_its_digits(page: str) -> None:
    # In one test a page: its optimizers go their way once.
    wrong = {}
    for row in (row for row in ROWS if row.page == page):
        decimals = len(row.printed.partition(".")[2])
        found = computed(row)
        if not abs(found - float(row.printed)) <= 0.5 * 10.0**-decimals * (1 + 1e-9):
            wrong[row.what] = (found, row.printed)
    assert not wrong


@pytest.mark.parametrize("page", demos.pages())
def test_a_page_cites_states_and_ends_with_what_to_try(page: str) -> None:
    text = demos.files(page)[0].read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert re.search(r"^Source: .*\.", text, re.MULTILINE)
    assert text.rstrip().splitlines()[-1].strip()
    assert "\nTry next: " in text.rstrip().rpartition("\n\n")[2].join(["\n", ""])
    assert sum(row.page == page for row in ROWS) >= 3 or page == "books/nielsen_quadratic"
    assert all(len(line) <= 125 or line.startswith(("nntui ", "|")) for line in text.splitlines())


def test_the_whole_command_line_of_a_page() -> None:
    for row in ROWS:
        if row.page == "books/olah":
            done = CliRunner().invoke(group, [*shlex.split(row.command)[1:], "--trace"])
            assert done.exit_code == 0
            assert "gradient b = 3 + 2 = 5" in done.output


def test_the_shelf_is_listed_written_and_not_taken_for_a_file(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    listed = CliRunner().invoke(group, ["demos"]).output
    assert all(f"{name} " in listed for name in demos.pages())
    assert CliRunner().invoke(group, ["demos", "books/mazur"]).output.split() == ["mazur.md"]
    assert (tmp_path / "mazur.md").read_bytes() == demos.files("books/mazur")[0].read_bytes()
    assert "is a page of commands" in str(CliRunner().invoke(group, ["fit", "books/mazur"]).exception)

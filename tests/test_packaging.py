"""What is claimed of the package: its lowest versions, its links, and every command line that its pages show."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from nntui.cli import COMMANDS, group, program
from nntui.config.load import load

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MADE = ("my.toml", "penguins.toml")
"""Configurations that the reader writes."""
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "demos").rglob("*.[tm][od]*")),
]


def test_the_lowest_versions_are_those_that_are_claimed() -> None:
    claimed = {}
    for need in PROJECT["dependencies"]:
        found = re.fullmatch(r"([a-z-]+)>=([\d.]+)(,<[\d.]+)?", need)
        assert found is not None, need
        claimed[found[1]] = found[2]
    lines = [
        line for line in (ROOT / "tests/lowest.txt").read_text().splitlines() if not line.startswith("#")
    ]
    assert dict(line.split("==") for line in lines) == claimed


def commands(page: Path) -> Iterator[tuple[int, str]]:
    """Lines that are a command of the program, in a block of code or a comment."""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        found = re.match(rf"(?:# +)?(nntui (?:{'|'.join(COMMANDS)})(?: .*|$))", line.strip())
        if found is not None and (line.startswith("#") or page.suffix == ".md"):
            yield number, found[1]


SHOWN = [(page, number, text) for page in PAGES for number, text in commands(page)]


@pytest.mark.parametrize("line", SHOWN, ids=[f"{p.name}:{n}" for p, n, _ in SHOWN])
def test_every_command_line_that_is_shown_is_accepted(line: tuple[Path, int, str]) -> None:
    """Expressions are evaluated; of the others options and configuration are read: they train, or need a terminal."""
    words = shlex.split(line[2], comments=True)[1:]
    words = words[: next((k for k, word in enumerate(words) if word in (">", "|", "&")), None)]
    name, params = parsed(words)
    if (
        name == "debug"
        and params["text"] is not None
        and not any(w in words for w in ("--trace", "--latex", "--md"))
    ):
        assert program([*words, *([] if "--json" in words else ["--json"])]) == 0
    if name in ("fit", "run") and params["config"] is not None and params["config"] not in MADE:
        path = ROOT / params["config"]
        load(path if path.exists() else params["config"], params["overrides"])


def parsed(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The command's name and what its options are. Raises UsageError."""
    name, command, context = "", group, click.Context(group)
    while isinstance(command, click.Group):
        name, words = words[0], words[1:]
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
    return name, command.make_context(name, list(words)).params


def test_links_of_the_pages_lead_somewhere_that_is_packed() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    packed = tuple(built["sdist"]["include"])
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((https://[^)]+|[\w./-]+\.\w+)", page.read_text(encoding="utf-8")):
            if link.startswith("https://"):
                continue
            target = (page.parent / link).resolve()
            assert target.exists(), f"{page.name}: {link}"
            assert f"/{target.relative_to(ROOT)}".startswith(packed), link

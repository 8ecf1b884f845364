"""``nntui demos``: list the demos, or write one here."""

from __future__ import annotations

import os
from pathlib import Path

import click

from nntui.cli.completion import shelf
from nntui.display import display
from nntui.errors import UserError


@click.command(name="demos")
@click.argument("name", required=False, shell_complete=shelf)
def command(name: str | None) -> None:
    """List the demos, or write the one called NAME to this directory.

    The first line of what is written is for editors: they check and explain the file by nntui.json, which
    nntui schema > nntui.json writes.

    \b
    Examples:
      nntui demos
      nntui demos xor
      nntui demos books/mazur        # a page: a book's example, its printed numbers, the commands
    """
    from nntui.config import demos
    from nntui.config.toml import EDITOR_LINE

    found = sorted([*demos.names(), *demos.pages()], key=lambda demo: ("/" in demo, demo))
    if name is None:
        width = max(map(len, found))
        for demo in found:
            click.echo(f"{demo:<{width}}  {demos.summary(demo)}")
        return
    if name not in found:
        from nntui.config.faults import suggestion

        hint = suggestion(name, found)
        raise UserError(f"{display(name, 60)}: no demo of this name (allowed: {', '.join(found)}){hint}")

    def content(source: Path) -> bytes:
        return (f"{EDITOR_LINE}\n".encode() if source.suffix == ".toml" else b"") + source.read_bytes()

    sources = demos.files(name)
    there = [s for s in sources if os.path.lexists(s.name)]
    # One that was killed between two files can be done again.
    if obstacle := there if there == sources else [s for s in there if not _holds(Path(s.name), content(s))]:
        raise UserError(f"{obstacle[0].name}: is there already; move it away first")
    for source in sources:
        if source not in there:
            _write(Path(source.name), content(source))
        click.echo(source.name)


def _write(path: Path, data: bytes) -> None:
    from nntui.files import atomic_write, file_error

    try:
        atomic_write(path, lambda stream: stream.write(data), new=True)
    except OSError as error:
        raise file_error(path, "write the demo", error) from None


def _holds(path: Path, data: bytes) -> bool:
    from nntui.files import read_bounded

    try:
        return read_bounded(path, len(data)) == data
    except OSError:
        return False

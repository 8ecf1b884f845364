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
    from nntui.files import file_error

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
    sources = demos.files(name)
    for source in sources:
        if os.path.lexists(source.name):
            raise UserError(f"{source.name}: is there already; move it away first")
    for source in sources:
        try:
            with Path(source.name).open("xb") as stream:
                stream.write(f"{EDITOR_LINE}\n".encode() if source.suffix == ".toml" else b"")
                stream.write(source.read_bytes())
        except OSError as error:
            raise file_error(Path(source.name), "write the demo", error) from None
        click.echo(source.name)

"""``nntui demos``: list the demos, or write one here."""

from __future__ import annotations

from pathlib import Path

import click

from nntui.errors import UserError


@click.command(name="demos")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the demos, or write the one called NAME to this directory.

    \b
    Examples:
      nntui demos
      nntui demos xor
    """
    from nntui.config import demos
    from nntui.runs.files import file_error

    if name is None:
        for demo in demos.names():
            click.echo(f"{demo:<14} {demos.summary(demo)}")
        return
    if name not in demos.names():
        raise UserError(f"{name}: no demo of this name (demos: {', '.join(demos.names())})")
    target = Path(f"{name}.toml")
    text = (demos.directory() / target).read_text(encoding="utf-8")
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UserError(f"{target}: is there already; move it away first") from None
    except OSError as error:
        raise file_error(target, "write the demo", error) from None
    click.echo(str(target))

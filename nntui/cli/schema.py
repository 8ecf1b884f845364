"""``nntui schema``: the JSON Schema of the TOML file."""

from __future__ import annotations

import click

from nntui.cli.common import print_json


@click.command(name="schema")
def command() -> None:
    """Print the JSON Schema of the TOML file, for editors and scripts.

    \b
    Example:
      nntui schema > nntui.schema.json
    """
    from nntui.config.load import schema

    print_json(schema())

"""The command line. Each command is a module of its own, imported only when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from nntui import __version__
from nntui.display import display
from nntui.errors import FAILED, UserError

COMMANDS = {
    "run": "train, and watch on the screen",
    "fit": "train, without a screen",
    "attach": "the screen on a live or finished run",
    "debug": "step through backprop; -e takes an expression",
    "predict": "outputs of a trained run",
    "runs": "list, show and remove runs",
    "export": "write a run's weights to a file",
    "demos": "list the demos, or write one here",
    "schema": "JSON Schema of the TOML file",
}
LATER = ("check", "lr", "race", "sweep")
"""Commands that the contract names and this release does not have."""


class Lazy(click.Group):
    """Imports a command's module when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name in LATER:
            raise UserError(f"nntui {cmd_name}: not in this release")
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"nntui.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nntui")
@click.option("--runs", "runs", metavar="DIR", help="Where runs live (also NNTUI_RUNS; default ./runs).")
@click.pass_context
def group(ctx: click.Context, runs: str | None) -> None:
    """Train, watch and debug neural networks in the terminal.

    \b
    Examples:
      nntui run xor                      train a demo, and watch it learn
      nntui fit my.toml --set optimizer.lr=0.01 --json
      nntui debug -e "(x+y)*z" x=-2 y=5 z=-4 --trace
    """
    ctx.obj = runs


def main() -> None:
    """Run the program and exit with the code of CONTRACT."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_run())


def _run() -> int:
    try:
        result = group.main(standalone_mode=False, prog_name="nntui")
        sys.stdout.flush()
    except UserError as error:
        for line in error.messages:
            click.echo(f"error: {display(line)}", err=True)
        for line in error.context:
            click.echo(f"       {display(line)}", err=True)
        if error.exit_code == FAILED:
            _document("failed", "; ".join(error.messages))
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _document("interrupted", "ended by SIGINT")
        return 130
    except BrokenPipeError:
        # The reader has left (such as `| head`): nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result if isinstance(result, int) else 0


def _document(status: str, reason: str) -> None:
    """With --json there is a document also where a command failed before it could print its own."""
    if "--json" in sys.argv:
        from nntui.cli.common import print_json

        print_json({"status": status, "reason": reason})

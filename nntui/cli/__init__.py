"""The command line. Each command is a module of its own, imported only when it is called."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import signal
import sys
from importlib import import_module
from typing import TextIO

import click

from nntui import __version__
from nntui.cli.common import print_document, runs_option, say, say_error
from nntui.display import display
from nntui.errors import FAILED, USAGE, UserError, own_fault

COMMANDS = {
    "run": "train, and watch on the screen",
    "fit": "train, without a screen",
    "attach": "the screen on a live or finished run",
    "debug": "step through backprop; -e takes an expression",
    "init": "a commented configuration for a data file",
    "race": "optimizers race over a surface, or on a network's loss",
    "check": "find what is wrong with a configuration before it is trained",
    "lr": "learning-rate range test, with a plot",
    "predict": "outputs of a trained run",
    "runs": "list, show and remove runs",
    "export": "write a run's weights to a file",
    "sweep": "search over the fields of [sweep]",
    "reproduce": "papers' figures beside nntui's own",
    "demos": "list the demos, or write one here",
    "schema": "JSON Schema of the TOML file",
}
COMPLETE = "_NNTUI_COMPLETE"
"""Set by a shell that asks for completions."""


class Lazy(click.Group):
    """Imports a command's module when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"nntui.cli.{cmd_name}").command
        if not any(p.name == "runs" for p in command.params):
            command = runs_option(command, expose_value=False)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown name is refused with the nearest one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, list(COMMANDS), 1, 0.5)
            hint = f'; did you mean "{near[0]}"?' if near else f" (allowed {', '.join(COMMANDS)})"
            raise click.UsageError(f'there is no command "{display(name, 60)}"{hint}', ctx)
        return super().resolve_command(ctx, args)

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
    """Run the program and exit: 0 done, 1 failed, 2 usage or data, 3 diverged, 4 a check failed, 128+n signal n."""
    if sys.stdin is None:  # closed likewise (`<&-`): there is nothing to read
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us (`>&-`)
            # Results that go nowhere are an error at the first write; messages are not.
            mode = os.O_RDONLY if name == "stdout" else os.O_WRONLY
            setattr(sys, name, os.fdopen(os.open(os.devnull, mode), "w", encoding="utf-8"))
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(program(sys.argv[1:]))


def program(arguments: list[str]) -> int:
    """Run the program with what follows its name; returns the exit code."""
    try:
        code = _command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left (such as `| head`): nothing more can be said.
        _give_up(sys.stdout)
        return 0
    except OSError as error:
        return _refused(arguments, error)
    return code


def _refused(arguments: list[str], error: OSError) -> int:
    """The system refused a file, or the standard output."""
    from nntui.files import reason

    why = f"{display(error.filename)}: {reason(error)}" if error.filename else reason(error)
    try:
        _document(arguments, "failed", why)
        sys.stdout.flush()
    except OSError as output:
        _give_up(sys.stdout)
        why = "the standard output is closed" if output.errno == errno.EBADF else reason(output)
        return _say(f"error: cannot write the results: {why}", FAILED)
    return _say(f"error: {why}", FAILED)


def _command(arguments: list[str]) -> int:
    try:
        asked = os.environ.get(COMPLETE)
        if asked:
            from click.shell_completion import shell_complete

            return shell_complete(group, {}, "nntui", COMPLETE, asked)
        # Not group.main: it turns a closed pipe and Ctrl-C into answers of its own.
        with group.make_context("nntui", arguments) as ctx:
            result = group.invoke(ctx)
        return result if isinstance(result, int) else 0
    except UserError as error:
        with contextlib.suppress(OSError):
            say_error(error)
        if error.exit_code == FAILED:
            _document(arguments, "failed", "; ".join(error.messages))
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.UsageError as error:
        if error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
            click.echo(f"Try: {error.ctx.command_path} --help", err=True)
        return _say(f"error: {error.format_message()}", USAGE)
    except click.ClickException as error:
        return _say(f"error: {error.format_message()}", error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _document(arguments, "interrupted", "ended by SIGINT")
        return 128 + signal.SIGINT
    except MemoryError:
        _document(arguments, "failed", "out of memory")
        return _say("error: out of memory", FAILED)
    except OSError:
        raise
    except Exception as error:
        if os.environ.get("NNTUI_TRACEBACK"):
            raise
        fault = own_fault(error)
        _document(arguments, "failed", fault)
        return _say(f"error: {fault}; NNTUI_TRACEBACK=1 shows where", FAILED)


def _document(arguments: list[str], status: str, reason: str) -> None:
    """With --json there is a document also where a command failed before it could print its own."""
    if "--json" in arguments:
        print_document({"status": status, "reason": reason})


def _say(message: str, code: int) -> int:
    with contextlib.suppress(OSError):
        say(message)
    return code


def _give_up(stream: TextIO) -> None:
    """Whatever is left unwritten goes nowhere, instead of failing once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

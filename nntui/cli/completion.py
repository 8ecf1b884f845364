"""What a shell offers after Tab: demos and TOML files where a CONFIG is meant, runs where a RUN is. No NumPy."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from nntui.cli.common import runs_directory


def configs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Demos, TOML files, and whatever the shell itself finds where there is none."""
    from nntui.config import demos

    items = [CompletionItem(incomplete, type="file")]
    items += [CompletionItem(n, help=demos.summary(n)) for n in demos.names() if n.startswith(incomplete)]
    return items + [CompletionItem(name) for name in _files(incomplete)]


def _files(incomplete: str) -> list[str]:
    """TOML files and directories that begin so."""
    head, _, tail = incomplete.rpartition("/")
    place = Path(head or ("/" if incomplete.startswith("/") else "."))
    try:
        found = sorted(place.iterdir())
    except OSError:
        return []
    before = f"{head}/" if "/" in incomplete else ""
    return [
        f"{before}{p.name}{'/' if p.is_dir() else ''}"
        for p in found
        if p.name.startswith(tail) and not (p.name.startswith(".") and not tail)
        if p.suffix == ".toml" or p.is_dir()
    ]


def shelf(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Everything that ``nntui demos`` can write."""
    from nntui.config import demos

    found = [*demos.names(), *demos.pages()]
    return [CompletionItem(n, help=demos.summary(n)) for n in found if n.startswith(incomplete)]


def known_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """``latest`` and the runs, newest first."""
    base = runs_directory(ctx, ctx.params.get("runs") or ctx.find_root().params.get("runs"))
    try:
        places = [(p.stat().st_mtime, p.name) for p in base.iterdir() if (p / "run.json").exists()]
    except OSError:
        places = []
    names = ["latest"] * bool(places) + [name for _, name in sorted(places, reverse=True)]
    return [CompletionItem(n) for n in names if n.startswith(incomplete)]


def either(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """A CONFIG or a RUN."""
    return configs(ctx, param, incomplete) + known_runs(ctx, param, incomplete)

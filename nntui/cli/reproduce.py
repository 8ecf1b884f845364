"""``nntui reproduce``: the figures of papers beside nntui's own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nntui.cli.common import print_json, say
from nntui.display import display
from nntui.errors import UserError

if TYPE_CHECKING:
    from nntui.papers.paper import Paper, Result

CHECK_FAILED = 4


@click.command(name="reproduce")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--plot/--no-plot", "plot", default=False, help="A picture of each paper's first seed.")
@click.option("--list", "listed", is_flag=True, help="List the papers, and run none.")
def command(name: str | None, as_json: bool, plot: bool, listed: bool) -> int:
    """Run the settings of the paper NAME (default: of every paper) and compare the figures: exit 4 when one fails.

    Each paper is run with several seeds, and every seed has to pass. Settings are demos where that is possible.

    \b
    Examples:
      nntui reproduce                    # all of them (minutes)
      nntui reproduce saxe --plot
      nntui reproduce cohen --json
      nntui reproduce --list
    """
    from nntui.blas import limit_threads
    from nntui.papers import papers

    chosen = _chosen(name, papers())
    if listed:
        if as_json:
            print_json({"papers": [{"name": p.name, "paper": p.paper, "claim": p.claim} for p in chosen]})
            return 0
        for paper in chosen:
            click.echo(f"{paper.name:<10} {paper.paper}\n{'':<10} {paper.claim}")
        return 0
    limit_threads(0)
    results = []
    for paper in chosen:
        result = _run(paper)
        results.append(result)
        if not as_json:
            show(result)
        if plot:
            draw(result, to_stderr=as_json)
    if as_json:
        print_json({"papers": [r.to_json() for r in results]})
    return 0 if all(r.passed for r in results) else CHECK_FAILED


def _chosen(name: str | None, every: Sequence[Paper]) -> list[Paper]:
    found = [p for p in every if name in (None, p.name)]
    if not found:
        from nntui.config.faults import suggestion

        names = [p.name for p in every]
        hint = suggestion(str(name), names)
        raise UserError(f"{display(name, 60)}: no paper of this name (allowed: {', '.join(names)}){hint}")
    return found


def _run(paper: Paper) -> Result:
    from nntui.papers.paper import reproduce

    def report(seed: int) -> None:
        if sys.stderr.isatty():
            say(f"{paper.name}: seed {seed}")

    return reproduce(paper, report=report)


def show(result: Result) -> None:
    """The claim, and a table of its figures."""
    paper = result.paper
    seeds = ", ".join(map(str, result.seeds))
    click.echo(f"{paper.name}: {paper.paper}")
    click.echo(f"  {paper.claim}")
    where = f"   demo {paper.demo}" if paper.demo else ""
    click.echo(f"  {result.seconds:.1f} s   seeds {seeds}{where}")
    width = max(len(f.figure.name) for f in result.found)
    for found in result.found:
        verdict = "PASS" if found.passed else "FAIL"
        values = "  ".join(f"{v:.4g}" for v in found.values)
        click.echo(f"  {verdict}  {found.figure.name:<{width}}  {found.figure.allowed:>16}   nntui {values}")
    click.echo()


def draw(result: Result, *, to_stderr: bool) -> None:
    """The first seed's curves, without colors."""
    curves = [c for c in result.curves if len(c.x) > 1]
    if not curves:
        say(f"{result.paper.name}: no picture")
        return
    import plotext

    width, height = shutil.get_terminal_size()
    figure = plotext.figure
    figure.clear()
    figure.plot_size(max(40, min(width, 100)), max(10, min(height - 4, 18)))
    markers = ("braille", "+", "x", "o", "*", "#")
    for curve, marker in zip(curves, markers, strict=False):
        step = max(1, len(curve.x) // 400)
        signal = figure.signal(curve.x[::step].tolist(), curve.y[::step].tolist(), marker=marker)
        signal.lines()
        signal.label(curve.label)
        figure.draw(signal)
    right = max(float(c.x[-1]) for c in curves)
    figure.legend(x=right, y=max(float(c.y.max()) for c in curves), ha="right", va="top", relative=True)
    figure.title(result.paper.axes[1])
    figure.label(result.paper.axes[0])
    drawn = plotext.uncolorize(str(figure.build()))
    click.echo("\n".join(line.rstrip() for line in drawn.splitlines()), err=to_stderr)

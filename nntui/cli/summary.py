"""The summary of ``fit``, and its loss curve."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from typing import Any

import click

from nntui.cli.common import say
from nntui.display import display
from nntui.training.result import PARTS

POINTS = 400
MOST_CLASSES = 20
"""A table of more is not for reading."""


def summarize(result: dict[str, Any]) -> None:
    """Print the result of a training on stdout, in a few lines."""
    parameters = "" if result["parameters"] is None else f"   parameters {result['parameters']}"
    rows = [
        ("run", result["run"] or "none"),
        ("status", f"{result['status']}: {result['reason']}" if result["reason"] else result["status"]),
        ("epochs", f"{result['epochs']}   updates {result['updates']}{parameters}"),
        ("time", f"{result['seconds']:.2f} s   {result['updates_per_second']:,.0f} updates/s"),
    ]
    for part in PARTS:
        if result[part] is not None:
            rows.append((part, _measured(result[part])))
    rows += _by_class(result)
    rows += [_finding(f, result["findings"]) for f in result["findings"] if not f.get("cause")]
    for name, text in rows:
        click.echo(f"{name:<11} {display(text)}")


def _finding(finding: dict[str, Any], every: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """A finding that stands by itself, with how many follow from it; runs of earlier releases have fewer keys."""
    where = f"{finding['layer']}: " if finding["layer"] else ""
    behind = sum(f.get("cause") == finding["id"] for f in every)
    note = finding.get("severity") == "note"
    rest = f" ({behind} more follow from it)" if behind and not note else ""
    cures = finding.get("cures") or [{"set": None}]
    first = cures[0]["set"]
    setting = f" (--set '{first}')" if first else ""
    return "note" if note else "finding", f"{where}{finding['message']}{rest} → {finding['cure']}{setting}"


def _measured(values: dict[str, Any]) -> str:
    """A part's numbers in a line."""
    text = f"loss {values['loss']:.6g}"
    if "accuracy" in values:
        text += (
            f"   accuracy {values['accuracy']:.2%} (most frequent class {values['baseline_accuracy']:.2%})"
        )
    shown = (("macro_f1", "macro F1"), ("r2", "R²"), ("rmse", "RMSE"), ("mae", "MAE"))
    return text + "".join(f"   {name} {values[k]:.4g}" for k, name in shown if values.get(k) is not None)


def _by_class(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The classes one by one, on what is held out where something is."""
    part = next((p for p in reversed(PARTS) if result[p] is not None), None)
    classes = result[part].get("classes") if part is not None else None
    if not classes or len(classes) > MOST_CLASSES:
        return []
    names = [display(name, 24) for name in classes]
    width = max(map(len, names))
    rows = [(f"{part}:", f"{'':<{width}}  precision  recall      F1   count")]
    for name, c in zip(names, classes.values(), strict=True):
        cells = "  ".join(
            f"{'–' if c[k] is None else format(c[k], '.4f'):>{w}}"
            for k, w in (("precision", 9), ("recall", 6), ("f1", 6))
        )
        rows.append(("", f"{name:<{width}}  {cells}  {c['count']:>6}"))
    return rows


def plot_losses(history: Sequence[tuple[int, float, float | None]], *, to_stderr: bool) -> None:
    """Training and validation loss over the epochs that were measured, drawn without colors."""
    points = [(e, t, v) for e, t, v in history if math.isfinite(t)]
    if len(points) < 2:
        say("no loss curve: fewer than two epochs were measured")
        return
    import plotext

    points = [*points[:: max(1, len(points) // POINTS)], points[-1]]
    held = [(e, v) for e, _, v in points if v is not None and math.isfinite(v)]
    width, height = shutil.get_terminal_size()
    figure = plotext.figure
    figure.clear()
    figure.plot_size(max(40, min(width, 100)), max(10, min(height - 4, 18)))
    for label, marker, curve in (
        ("train", "braille", [(e, t) for e, t, _ in points]),
        ("validation", "+", held),
    ):
        if curve:
            signal = figure.signal(*map(list, zip(*curve, strict=True)), marker=marker)
            signal.lines()
            signal.label(label)
            figure.draw(signal)
    top = max(v for _, *values in points for v in values if v is not None and math.isfinite(v))
    figure.legend(x=points[-1][0], y=top, ha="right", va="top", relative=True)
    figure.title("loss")
    figure.label("epoch")
    drawn = plotext.uncolorize(str(figure.build()))
    click.echo("\n".join(line.rstrip() for line in drawn.splitlines()), err=to_stderr)

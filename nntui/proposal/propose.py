"""From a data file to the text of a configuration, checked before it is given out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntui.config.load import parse
from nntui.data.csv import PARQUET
from nntui.display import display
from nntui.errors import UserError
from nntui.proposal import arrays, write
from nntui.proposal.columns import look
from nntui.proposal.dialect import guess
from nntui.proposal.plan import Plan, plan
from nntui.proposal.sample import read_sample
from nntui.training.experiment import build
from nntui_core.words import many


@dataclass(frozen=True)
class Proposal:
    """A configuration, and what to say about it."""

    text: str
    made: Plan
    said: list[str]
    """What was guessed, a line each."""


def propose(data: Path, out: Path, target: str | None) -> Proposal:
    """A configuration for ``data``, to be written to ``out``. Raises UserError for what is no data."""
    base = out.resolve().parent
    name = os.path.relpath(data.resolve(), base)
    kind = _kind(data)
    share, reasons = 1.0, list[str]()
    if kind == "npz":
        made, table = arrays.npz(base, name, target)
    elif kind == "idx":
        made, table = arrays.idx(base, name)
    else:
        made, table, share, reasons = _text(base, name, target, parquet=kind == "parquet")
    for held in (True, False):
        text = _text_of(data.name, made, table, held=held)
        problem = _tried(text, out, whole=share >= 1)
        if problem is None:
            break
    said = _said(made, reasons, share)
    if problem is not None:
        said += [f"note: {line}" for line in problem.messages]
    return Proposal(text, made, said)


def _kind(data: Path) -> str:
    name = data.name.lower()
    if name.endswith(".npz"):
        return "npz"
    if name.endswith(PARQUET):
        return "parquet"
    return "idx" if "ubyte" in name or "idx3" in name or "idx1" in name else "text"


def _text(
    base: Path, name: str, target: str | None, *, parquet: bool
) -> tuple[Plan, list[str], float, list[str]]:
    if parquet:
        from nntui.proposal.parquet import sample_of

        written, share = sample_of(base, name)
    else:
        sample = read_sample(base, name)
        written, share = guess(sample), sample.share
    columns, dialect = look(written)
    made = plan(columns, target, written.count, display(base / name))
    unnamed = sum(c.kind == "unnamed" for c in columns)
    if unnamed:
        made.notes.append(f"{many(unnamed, 'column')} without a name, left out (row numbers, as a rule)")
    lines = write.csv_table(name, made, dialect, written.reasons, share)
    return made, lines, share, [f"{key}: {why}" for key, why in written.reasons.items()]


def _text_of(title: str, made: Plan, table: Sequence[str], *, held: bool) -> str:
    single = made.task == "classification" and len(made.classes) < 2
    lines = [
        *write.head(title, made), *table, *write.held_out(made, held=held, single=single), *write.columns(made),
        *write.steps(made), *write.network(made, held=held),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _tried(text: str, out: Path, *, whole: bool) -> UserError | None:
    """What is wrong with the configuration: with its keys, and with the data where that is read quickly.

    Raises UserError where the data cannot be read any more.
    """
    try:
        settings = parse(text, out)
        if whole:
            build(settings)
    except UserError as error:
        if error.refused:
            raise
        return error
    return None


def _said(made: Plan, reasons: Sequence[str], share: float) -> list[str]:
    """What was guessed, for the terminal."""
    out = [many(made.rows, "row") + (f" (about: {share:.0%} of the file was looked at)" if share < 1 else "")]
    out += reasons
    out.append(f"target: {made.target}" + (f" ({made.why_target})" if made.why_target else ""))
    out.append(f"task: {made.task} ({made.why_task})")
    if made.numbers or made.categories:
        out.append(
            f"inputs: {many(len(made.numbers), 'column')} of numbers, {many(len(made.categories), 'category', 'categories')}"
        )
    out += [f"left out: {name}: {why}" for name, why in made.drop[:20]]
    if len(made.drop) > 20:
        out.append(f"left out: {len(made.drop) - 20} more columns, named in the file")
    gaps = [f"{c.name} {c.missing:,}" for c in made.gaps[:8]]
    if gaps:
        more = f" and {len(made.gaps) - 8} more" if len(made.gaps) > 8 else ""
        out.append(f"missing cells: {', '.join(gaps)}{more}")
    out += made.notes
    return out

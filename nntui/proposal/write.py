"""The configuration as commented TOML."""

from __future__ import annotations

from typing import Any

import tomlkit

from nntui.config.toml import EDITOR_LINE
from nntui.data.text import Dialect
from nntui.display import display, listed
from nntui.proposal.plan import Plan, indicates, rare, sizes
from nntui_core.words import many


def value(given: Any) -> str:
    """A value as TOML."""
    return str(tomlkit.item(given).as_string())


def head(title: str, made: Plan) -> list[str]:
    """The first lines: what the file is, and what to do with it."""
    return [
        EDITOR_LINE,
        "# The line above is for editors: `nntui schema > nntui.json` writes that file; they then explain and check each key.",
        f"# Written by nntui init from {display(title, 80)}: {many(made.rows, 'row')}.",
        "# A first guess to begin with: read it, change what is wrong, then `nntui fit` or `nntui run` on this file.",
        "",
    ]


def csv_table(name: str, made: Plan, dialect: Dialect, reasons: dict[str, str], share: float) -> list[str]:
    """The table ``[data]`` of a CSV file."""
    usual = Dialect()
    out = ["[data]", 'source = "csv"', f"path = {value(name)}"]
    if share < 1:
        out.append(
            f"# Only {share:.0%} of the file was looked at; what is said of columns holds for that sample."
        )
    for key in ("encoding", "skip", "delimiter", "header", "decimal", "thousands"):
        given = getattr(dialect, key)
        if given != getattr(usual, key):
            out.append(f"{key} = {value(given)}" + _why(reasons.get(key, "")))
    if dialect.na != usual.na:
        added = [n for n in dialect.na if n not in usual.na]
        out.append(
            f"na = {value(list(dialect.na))}"
            + _why(f"{', '.join(display(n, 20) for n in added)}: taken as missing")
        )
    out.append(f"target = {value(made.target)}" + _why(made.why_target))
    if made.whole_target or made.task == "regression":
        out.append(f"task = {value(made.task)}" + _why(made.why_task))
    if made.dates:
        out.append(f"dates = {value(made.dates)}" + _why("read as days since 1970-01-01"))
    if made.drop:
        out.append("drop = [" + _why("columns that are left out:"))
        out += [f"  {value(n)}," + _why(why) for n, why in made.drop]
        out.append("]")
    return out


def _why(text: str) -> str:
    return f"  # {display(text)}" if text else ""


def columns(made: Plan) -> list[str]:
    """What was seen of the inputs and of the classes, as comments."""
    out = ["#"]
    if made.numbers:
        out.append(
            f"# {many(len(made.numbers), 'column')} of numbers: {listed([c.name for c in made.numbers], limit=30)}"
        )
    for c in made.categories[:20]:
        out.append(
            f"# {display(c.name, 40)}: a category of {many(len(c.values), 'value')}: {listed(sorted(c.values), limit=30)}"
        )
    if len(made.categories) > 20:
        out.append(f"# and {len(made.categories) - 20} more categories")
    for c in made.gaps[:20]:
        out.append(
            f"# {display(c.name, 40)}: {c.missing:,} of {len(c.cells):,} cells are missing ({c.missing / len(c.cells):.1%})"
        )
    if len(made.gaps) > 20:
        out.append(f"# and {len(made.gaps) - 20} more columns with missing cells")
    if made.classes:
        total = sum(n for _, n in made.classes)
        shares = [f"{c} {n / total:.1%}" for c, n in made.classes]
        out.append(f"# {many(len(made.classes), 'class', 'classes')}: {listed(shares, limit=30)}")
    out += [f"# {display(n)}" for n in made.notes]
    return out


def held_out(made: Plan, *, held: bool, single: bool) -> list[str]:
    """The keys of ``[data]`` that every source has."""
    s = sizes(made.rows, made.inputs, pictures=made.pictures)
    out = []
    if held and s.validation:
        out.append(
            f"validation = {s.validation}"
            + _why("held out to see what is learned by heart, and to stop in time")
        )
    if held and s.test:
        out.append(f"test = {s.test}" + _why("looked at only at the end"))
    if not held or not s.validation:
        out.append("# validation = 0.2" + _why("too few rows to hold some out"))
    if made.task == "regression":
        out.append(
            'scale_target = "standardize"' + _why("learned in its standard deviations, told in its own units")
        )
    if single:
        out.append(
            "allow_single_class = true" + _why("every row has the same class: there is nothing to learn yet")
        )
    few = rare(made)
    if few:
        total = sum(n for _, n in made.classes)
        names = ", ".join(f"{display(c, 20)} {n / total:.1%}" for c, n in few[:4])
        out.append(
            f'# class_weights = "balanced"  # {names}: rare, so accuracy says little; this makes all classes count alike'
        )
    return out


def steps(made: Plan) -> list[str]:
    """The tables ``[[preprocess]]``."""
    out: list[str] = []
    if made.gaps:
        out += [
            "",
            "[[preprocess]]",
            'type = "impute"' + _why("missing cells: the median, of categories the most frequent value"),
        ]
        if indicates(made):
            out.append(
                "indicator = true" + _why("and a column of 0 and 1 that says where cells were missing")
            )
    if made.categories:
        out += [
            "",
            "[[preprocess]]",
            'type = "onehot"' + _why("each category becomes a column of 0 and 1 a value"),
        ]
    if made.scale:
        out += ["", "[[preprocess]]", 'type = "standardize"' + _why("columns of numbers: mean 0, variance 1")]
    return out


def network(made: Plan, *, held: bool) -> list[str]:
    """Layers, objective, optimizer and budget."""
    s = sizes(made.rows, made.inputs, pictures=made.pictures)
    out: list[str] = [""]
    out.append(
        f"# {many(made.inputs, 'input')} and {many(made.rows, 'row')}: a small network first; more units where it learns too little."
    )
    for units in s.hidden:
        out += ["[[layers]]", 'type = "dense"', f"units = {units}", 'activation = "relu"', ""]
    count = len(made.classes)
    if made.task == "regression":
        last, activation, loss, why = made.outputs, "linear", "mse", "the number as it is"
    elif count <= 2:
        last, activation, loss, why = (
            1,
            "sigmoid",
            "binary_cross_entropy",
            "the probability of the second class",
        )
    else:
        last, activation, loss, why = count, "softmax", "cross_entropy", "a probability a class"
    out += ["[[layers]]", 'type = "dense"', f"units = {last}", f'activation = "{activation}"' + _why(why), ""]
    out += ["[objective]", f'loss = "{loss}"']
    if s.l2:
        out.append(f"l2 = {s.l2}" + _why("keeps weights small: few rows"))
    out += [
        "",
        "[optimizer]",
        'type = "adam"',
        f"lr = {s.rate}",
        "",
        "[train]",
        f"epochs = {s.epochs}",
        f"batch_size = {s.batch}",
    ]
    if held and s.validation:
        out.append(
            f"early_stopping = {{ patience = {s.patience} }}"
            + _why("ends when the validation loss no longer falls, and keeps the best")
        )
    return out

"""Some rows of a Parquet file, as texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nntui.data.parquet import names_of, opened
from nntui.data.text import Dialect
from nntui.display import display
from nntui.errors import UserError
from nntui.proposal.dialect import Written

ROWS = 4000
"""Rows that are looked at, at most."""


def sample_of(base: Path, name: str) -> tuple[Written, float]:
    """Some rows as texts, and which share of the file they are. Raises UserError."""
    path, file = opened(base, name)
    count = file.metadata.num_rows
    names = names_of(file)
    batch = next(file.iter_batches(batch_size=ROWS), None)
    if batch is None or not count:
        raise UserError(f"{display(path)}: there are no samples")
    columns = [
        ["" if v is None else _text(v) for v in batch.column(k).to_pylist()] for k in range(batch.num_columns)
    ]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Written(Dialect(), names, rows, {}, count), min(1.0, len(rows) / count)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value)

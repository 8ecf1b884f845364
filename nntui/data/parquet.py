"""Parquet files, through pyarrow (the extra nntui[parquet])."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nntui.data.files import open_data
from nntui.data.frame import Frame
from nntui.data.header import Header
from nntui.data.reader import MAX_TABLE, Wanted
from nntui.data.table import Array
from nntui.display import display
from nntui.errors import UserError


def read(base: Path, name: str, choose: Callable[[Header], Wanted]) -> Frame:
    """The columns that ``choose`` picks. Raises UserError."""
    path, file = opened(base, name)
    shown = display(path)
    names = names_of(file)
    notes = [
        f"{shown}: column {k + 1} has no name and is left out (row numbers, as a rule)"
        for k, n in enumerate(names)
        if not n
    ]
    wanted = choose(Header(tuple(names), 1, 0, None, notes))
    if not file.metadata.num_rows:
        raise UserError(f"{shown}: there are no samples")
    if file.metadata.num_rows * len(wanted.columns) * 8 > MAX_TABLE:
        raise UserError(
            f"{shown}: the table takes more than {MAX_TABLE} bytes as numbers; use fewer columns (data.columns)"
        )
    x = np.empty((file.metadata.num_rows, len(wanted.columns)))
    texts: dict[str, tuple[str, ...]] = {}
    for at, k in enumerate(wanted.columns):
        column = file.read(columns=[file.schema_arrow.names[k]]).column(0)
        values, found = _column(column, as_text=k in wanted.text)
        x[:, at] = values
        if found is not None:
            texts[names[k]] = found
    return Frame(path, tuple(names[k] for k in wanted.columns), _compact(x), texts, notes=notes)


def names_of(file: Any) -> list[str]:
    """The columns; "" for row numbers that pandas stored without a name."""
    return ["" if n.startswith("__index_level_") else n for n in file.schema_arrow.names]


def opened(base: Path, name: str) -> tuple[Path, Any]:
    """The file as pyarrow's reader. Raises UserError."""
    path, stream = open_data(base, name, "data", "path")
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        stream.close()
        raise UserError(
            f"{display(path)}: reading Parquet needs pyarrow: pip install 'nntui[parquet]', or save the table as CSV"
        ) from None
    try:
        return path, parquet.ParquetFile(stream)
    except (ArrowException, OSError) as error:
        raise UserError(
            f"{display(path)}: not a Parquet file, or a damaged one: {display(error, 120)}"
        ) from None


def _column(column: Any, *, as_text: bool) -> tuple[Array, tuple[str, ...] | None]:
    """Numbers, or the numbers of texts and the texts, sorted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    numeric = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )
    if numeric and not as_text:
        cast = column.cast(pa.int8()) if pa.types.is_boolean(kind) else column
        return np.asarray(
            cast.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64
        ), None
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan), None
    words = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
    known = words.dictionary.to_pylist()
    order = sorted(range(len(known)), key=lambda i: known[i])
    place = np.empty(len(known))
    place[order] = np.arange(len(known))
    codes = np.asarray(pc.fill_null(words.indices, -1).to_numpy(zero_copy_only=False))
    values = np.where(codes < 0, np.nan, place[np.maximum(codes, 0)] if len(known) else np.nan)
    return values, tuple(known[i] for i in order)


def _compact(x: Array) -> Array:
    """In single precision where that holds every number."""
    with np.errstate(over="ignore"):
        single = x.astype(np.float32)
    return single if ((single == x) | np.isnan(x)).all() else x

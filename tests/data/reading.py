"""A table that is read from a file of given text, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nntui.data.csv import Csv
from nntui.data.table import Table
from nntui.errors import UserError

NAN = float("nan")


def read(directory: Path, text: str | bytes, target: Any = "y", name: str = "t.csv", **keys: Any) -> Table:
    """The table of a CSV file."""
    (directory / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Csv(path=name, target=target, **keys).load(0, directory)


def refused(directory: Path, text: str | bytes, target: Any = "y", **keys: Any) -> list[str]:
    """The messages that refuse it, without the directory."""
    with pytest.raises(UserError) as caught:
        read(directory, text, target, **keys)
    return [m.replace(f"{directory}/", "") for m in caught.value.messages]

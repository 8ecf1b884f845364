"""docs/keys.md is what its script makes of the catalogue today, and names all of it."""

from __future__ import annotations

import runpy
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from nntui.config.models import shown_members
from nntui.data import sources
from nntui_core import catalog

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "keys.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    made = runpy.run_path(str(DOCS / "make_keys.py"), run_name="make_keys")["page"]()
    assert made == TEXT, "run: python docs/make_keys.py"


@pytest.mark.parametrize("kind", [k for k in get_args(catalog.Kind) if k != "op"])
def test_every_member_and_each_of_its_keys_is_there(kind: catalog.Kind) -> None:
    for name, cls in shown_members(kind).items():
        assert f'"{name}"' in TEXT
        elsewhere = getattr(cls, "FROM_OBJECTIVE", ())
        for f in fields(cls):
            assert f.name in elsewhere or f"| `{f.name}` |" in TEXT, (name, f.name)


def test_every_source_is_there() -> None:
    for name, cls in sources().items():
        section = TEXT.partition(f'### data, "{name}"')[2].partition("\n### ")[0]
        assert section
        assert all(f"| `{f.name}` |" in section for f in fields(cls)), name  # type: ignore[arg-type]

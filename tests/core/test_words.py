"""Words for numbers in messages."""

from __future__ import annotations

import pytest

from nntui_core.words import many


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12_345, "12,345 rows")]
)
def test_a_count_has_its_noun(count: int, words: str) -> None:
    assert many(count, "row") == words


@pytest.mark.parametrize(("count", "words"), [(1, "1 class"), (3, "3 classes")])
def test_a_plural_of_its_own(count: int, words: str) -> None:
    assert many(count, "class", "classes") == words

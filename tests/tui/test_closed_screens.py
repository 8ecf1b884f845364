"""What is closed, and what was drawn, leaves nothing behind, however often that is."""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate

from nntui.tui.thrift import cells
from tests.tui.fakes import status, watching


@pytest.mark.parametrize(
    ("opens", "closes"), [("question_mark", "escape"), ("f2", "escape"), ("q", "escape")]
)
async def test_a_screen_that_is_closed_is_gone_with_all_that_it_has_drawn(opens: str, closes: str) -> None:
    async with watching() as viewer:
        await viewer.press(opens)
        dialog = viewer.app.screen
        assert dialog is not viewer.screen
        kept = [ref(dialog), *map(ref, dialog.walk_children())]
        kept += [ref(widget._styles_cache) for widget in dialog.walk_children()]
        assert len(kept) > 3
        await viewer.press(closes)
        assert viewer.app.screen is viewer.screen
        del dialog
        await viewer.press("tab")  # the screen below draws
        for _ in range(100):  # until messages and workers of the closed one are done with
            gc.collect()
            if not any(r() is not None for r in kept):
                break
            await viewer.pilot.pause(0.01)
        assert [found for r in kept if (found := r()) is not None] == []


async def test_frames_that_were_drawn_are_gone_without_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watching() as viewer:
        made: list[ref[object]] = []
        for kind in (ChopsUpdate, LayoutUpdate):

            def init(self: object, *given: Any, whole: Any = kind.__init__, **named: Any) -> None:
                made.append(ref(self))
                whole(self, *given, **named)

            monkeypatch.setattr(kind, "__init__", init)
        gc.disable()
        try:
            for k in range(6):
                await viewer.post(status(update=1000 + k))
                await viewer.pilot.resize_terminal(120 + k, 40)
                await viewer.pilot.pause()
            kept = sum(r() is not None for r in made)
        finally:
            gc.enable()
        assert len(made) >= 6
        assert kept <= 2


def test_texts_share_their_cells() -> None:
    """A cache of thousands of texts is as small as the cells that there are."""
    style = Style(color="#d8dee6")
    some, more = (cells(text, style, ColorSystem.TRUECOLOR) for text in ("update 12,345", "update 54,321"))
    assert {id(cell) for cell in more} == {id(cell) for cell in some}

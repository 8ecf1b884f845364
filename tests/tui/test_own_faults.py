"""Where the program itself is at fault a screen ends with one line, and nothing of what its variables held."""

from __future__ import annotations

import pytest

from nntui.tui.caps import Caps
from nntui.tui.debugger.app import DebugApp
from tests.tui.debugging import expression


async def end_by_fault() -> int | None:
    """Let a program of the screen run into a fault of its own; returns its exit code."""
    app = DebugApp(lambda progress=None: expression("x*y", x=2.0, y=3.0), Caps())

    def fails() -> None:
        secret = "what-a-variable-held"
        raise LookupError(f"of {len(secret)} letters\x1b[31m")

    async def run() -> None:
        async with app.run_test() as pilot:
            app.call_later(fails)
            while app.is_running:
                await pilot.pause()

    with pytest.raises(LookupError):
        await run()
    return app.return_code


async def test_one_line_and_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert await end_by_fault() == 1
    told = capsys.readouterr().err
    assert " ".join(told.split()) == (
        "error: a fault in nntui itself, please report it (LookupError: of 20 letters\\e[31m); NNTUI_TRACEBACK=1 shows where"
    )


async def test_the_traceback_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNTUI_TRACEBACK", "1")
    await end_by_fault()
    assert "Traceback" in capsys.readouterr().err

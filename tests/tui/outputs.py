"""Walking through the views of the output pane, for tests."""

import re


async def go(v, view):
    """To a view by m."""
    pane = v.screen.query_one("#output")
    await v.press("3")
    for _ in range(8):
        if pane.view(v.screen.snapshot) == view:
            return pane
        await v.press("m")
    raise AssertionError(view)


def state(v):
    """What stands at the border, without its colors."""
    return re.sub(r"\[/?#?[a-z0-9_]*\]", "", str(v.screen.query_one("#output").border_subtitle))

"""Papers whose figures nntui reproduces: a paper a module."""

from __future__ import annotations

from nntui.papers.paper import Paper


def papers() -> tuple[Paper, ...]:
    """All of them, oldest first."""
    from nntui.papers.cohen import Cohen
    from nntui.papers.data_dependent import Krahenbuhl, Mishkin
    from nntui.papers.glorot import Glorot
    from nntui.papers.he import He
    from nntui.papers.reddi import Reddi
    from nntui.papers.saxe import Saxe
    from nntui.papers.smith import Smith
    from nntui.papers.sussillo import Sussillo

    return (Glorot(), Saxe(), Sussillo(), He(), Krahenbuhl(), Mishkin(), Smith(), Reddi(), Cohen())

"""nntui: train, watch and debug neural networks in the terminal."""

from __future__ import annotations

# Loading typing takes longer than all before it, and Ctrl-C is answered only afterwards.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nntui.library import load as load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    """``load`` brings NumPy: it is imported when it is asked for."""
    if name == "load":
        from nntui.library import load

        return load
    raise AttributeError(f"module 'nntui' has no attribute {name!r}")

"""Numbers in the messages of findings."""

from __future__ import annotations

from nntui_core.findings.sample import LayerView


def tiny(value: float) -> str:
    """Two digits and a power of ten, such as "6.2e-6"."""
    mantissa, _, power = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(power)}"


def part(value: float) -> str:
    """A share in percent to one place; what is not quite none is never written as such."""
    return "less than 0.1%" if 0 < value < 0.0005 else f"{value:.1%}"


def between(low: str, high: str) -> str:
    """From one number to another, in words; one where they are written alike."""
    return low if low == high else f"{low} to {high}"


def compared(layer: LayerView) -> str:
    """What the layer's update ratio is a share of: ‖W‖, but not less than that of healthy initial weights."""
    return "their size" if layer.size >= layer.healthy else "the size of healthy initial weights"

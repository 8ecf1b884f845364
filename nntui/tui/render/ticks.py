"""Round numbers for axes."""

from __future__ import annotations

from math import ceil, floor, isfinite, log10

LOG_STEPS = (1, 2, 5)


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 · 10ᵏ of which at most `most` steps fit in a span."""
    rough = span / max(1, most)
    if not isfinite(rough) or rough <= 0:
        return 1.0
    power = 10.0 ** floor(log10(rough))
    return next(power * k for k in (1, 2, 5, 10) if power * k >= rough * 0.999999)


def linear(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """At most about `most` + 1 round numbers from `low` to `high`; with `whole`, integers.

    Two at least wherever there are two such numbers: one alone does not tell a scale.
    """
    found: list[float] = []
    for finer in (1, 2, 4):
        step = nice_step(high - low, finer * most)
        if whole:
            step = max(1.0, step)
        first, last = ceil(low / step - 1e-6), floor(high / step + 1e-6)
        if last - first > 2 * finer * most + 2:
            return found
        found = [k * step for k in range(first, last + 1)]
        if len(found) > 1:
            break
    return found


def logarithmic(low: float, high: float, most: int) -> list[float]:
    """Powers of ten from `low` to `high` (both positive), with 2 and 5 between them where there is room.

    Two at least wherever there are two such numbers: one alone does not tell a scale.
    """
    first, last = floor(log10(low)), ceil(log10(high))

    def inside(ticks: list[float]) -> list[float]:
        return [t for t in ticks if low * 0.999999 <= t <= high * 1.000001]

    fine = inside([m * 10.0**k for k in range(first, last + 1) for m in LOG_STEPS])
    if 2 <= len(fine) <= most + 1:
        return fine
    apart = max(1, ceil((last - first) / max(1, most)))
    # Far enough apart for all that there may be, else nearer to each other; 1 among them where that leaves two.
    for every in (apart, *range(1, last - first + 2)):
        for offset in range(every):
            powers = inside([10.0**k for k in range(first, last + 1) if (k - offset) % every == 0])
            if 2 <= len(powers) <= most + 1:
                return powers
    if len(fine) >= 2:
        return [fine[0], fine[-1]]
    # Less than a factor of three or so: round numbers as on a linear axis.
    return next((t for n in (most, 2 * most, 4 * most) if len(t := linear(low, high, n)) >= 2), fine)

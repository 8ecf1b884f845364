"""Whether a run fits into the memory that is free: counted before anything of it is allocated."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

from nntui.config.settings import Settings
from nntui.display import display
from nntui.errors import UserError
from nntui_core.footprint import Footprint, footprint
from nntui_core.layers.repeating import layer_names, unrolled
from nntui_core.model import NetworkSpec

VARIABLE = "NNTUI_MEMORY"
SMALL = 64 << 20
"""What needs less is not held against the memory that is free: to ask for it takes longer than to train."""
UNITS = {"": 1, "b": 1, **{f"{p}b": 1000**k for k, p in enumerate("kmgtp", 1)}}
UNITS |= {f"{p}ib": 1024**k for k, p in enumerate("kmgtp", 1)}
GROUPS = Path("/sys/fs/cgroup")


def require(settings: Settings, spec: NetworkSpec, rows: Sequence[int], data: int) -> Footprint:
    """The bytes that training needs. Raises UserError where that is more than is free.

    ``rows`` are those of each part, the training part first; ``data`` the bytes of all samples as they are held.
    """
    size = settings.train.batch_size
    batch = rows[0] if size == "full" else min(size, rows[0])
    best = settings.train.early_stopping is not None
    found = footprint(spec, settings.optimizer, batch, rows=rows, best=best)
    found.parts["data"] = data
    if found.total < SMALL and VARIABLE not in os.environ:
        return found
    free = available()
    if found.total <= free:
        return found
    raise UserError(settings.message(("layers",), _problem(settings, spec, found, free)))


def require_source(settings: Settings) -> None:
    """Raises UserError where not even the samples can be made in the memory that is free."""
    size = settings.source.making
    if size < SMALL:
        return
    free = available()
    if size > free:
        problem = (
            f"making the samples does not fit into the memory that is free (given {shortened(size)}; allowed "
            f'{shortened(free)}); lower data.samples, or set {VARIABLE} (such as "8 GB") where more is free than is seen'
        )
        raise UserError(settings.message(("data", "samples"), problem))


def _problem(settings: Settings, spec: NetworkSpec, found: Footprint, free: float) -> str:
    parts = sorted(found.parts.items(), key=lambda part: -part[1])
    layers = sorted(found.layers.items(), key=lambda layer: -layer[1])
    shown = ", ".join(f"{name} {shortened(size)}" for name, size in parts if size >= 0.01 * found.total)
    counts = ", ".join(f"{display(name, 40)} {count:,}" for name, count in layers[:5])
    more = f" and {len(layers) - 5} more layers" if len(layers) > 5 else ""
    return (
        f"this run does not fit into the memory that is free (given {shortened(found.total)}: {shown}; allowed "
        f"{shortened(free)}); parameters: {counts}{more}; lower {' or '.join(_keys(settings, spec, found))}, or set "
        f'{VARIABLE} (such as "8 GB") where more is free than is seen'
    )


def _keys(settings: Settings, spec: NetworkSpec, found: Footprint) -> list[str]:
    """The configuration keys to lower, the most effective first."""
    sizes = {"batch": found.parts["one batch"] + found.parts.get("evaluation", 0)}
    sizes["slots"] = found.parts.get("optimizer", 0)
    sizes["weights"] = (
        sum(size for name, size in found.parts.items() if "weights" in name) + found.parts["gradient"]
    )
    sizes["data"] = found.parts["data"]
    keys: list[str] = []
    for what in sorted(sizes, key=lambda name: -sizes[name]):
        if sizes[what] < 0.1 * found.total and keys:
            continue
        if what == "batch":
            keys += [*_padded(settings), "train.batch_size", *_widest(settings, found)]
        elif what == "slots":
            keys += (
                ["optimizer.memory"] if hasattr(settings.optimizer, "memory") else _widest(settings, found)
            )
        elif what == "weights":
            keys += _widest(settings, found)
        else:
            keys.append("data.samples" if hasattr(settings.source, "samples") else "the number of rows")
    return list(dict.fromkeys(keys))


def _widest(settings: Settings, found: Footprint) -> list[str]:
    """The size of the layer with the most parameters, and of its input."""
    names = layer_names(unrolled(settings.layers))
    places = [k for k, layer in enumerate(settings.layers) for _ in range(layer.repeat)]
    largest = max(found.layers, key=lambda name: found.layers[name], default=None)
    if largest is None:
        return ["the size of the layers"]
    at = places[names.index(largest)]
    around = [k for k in (at, at - 1) if k >= 0]
    keys = [
        f"layers.{k}.{f}" for k in around for f in ("units", "channels") if hasattr(settings.layers[k], f)
    ]
    return [*_padded(settings), *(keys or [f"layers.{at}"])]


def _padded(settings: Settings) -> list[str]:
    """Paddings wider than their window: more of the picture is border than anything that is looked at."""
    wide = (
        k
        for k, s in enumerate(settings.layers)
        if getattr(s, "padding", 0) > max(_pair(getattr(s, "kernel", 1)))
    )
    return [f"layers.{k}.padding" for k in wide]


def _pair(size: object) -> tuple[int, ...]:
    return size if isinstance(size, tuple) else (int(str(size)),)


def shortened(size: float) -> str:
    """A number of bytes as text in three digits with a unit, such as 1.23 GB."""
    if size == inf:
        return "more than can be counted"
    for power, unit in reversed(list(enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB")))):
        if size >= 1000**power or power == 0:
            return f"{size / 1000**power:.3g} {unit}"
    raise AssertionError


def available() -> float:
    """Bytes that this process may still take: of the machine, its container and its own limits.

    NNTUI_MEMORY overrides. Raises UserError where that is not an amount.
    """
    text = os.environ.get(VARIABLE)
    if text is not None:
        return amount(text)
    import psutil

    return min([float(psutil.virtual_memory().available), *_container(), *_limits(psutil.Process())])


def amount(text: str) -> float:
    """Bytes, from text such as "8 GB" or "500MiB". Raises UserError."""
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", text)
    unit = UNITS.get(found.group(2).lower()) if found else None
    if found is None or unit is None or not float(found.group(1)) > 0:
        raise UserError(
            f"{VARIABLE}: not an amount of memory (given {display(text, 40)}; allowed a number and a unit, such as "
            '"8 GB", "500 MB" or "2 GiB")'
        )
    return float(found.group(1)) * float(unit)


def _container() -> list[float]:
    """Bytes that each limited control group around this process leaves free (version 2 or 1)."""
    names = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
    left = []
    for place in _groups():
        for limit, used in names:
            try:
                most, now = (float((place / name).read_text().strip()) for name in (limit, used))
            except (OSError, ValueError):  # "max" is no limit
                continue
            cache = _cached(place)
            left.append(max(0.0, most - now + cache))
    return left


def _cached(place: Path) -> float:
    """File pages that the kernel gives back when memory is wanted."""
    try:
        rows = (line.split() for line in (place / "memory.stat").read_text().splitlines())
        return float(next(row[1] for row in rows if row[0] in ("inactive_file", "total_inactive_file")))
    except (OSError, ValueError, StopIteration, IndexError):
        return 0.0


def _groups() -> Sequence[Path]:
    """Directories of the memory groups of this process, and of those around them."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found: list[Path] = []
    for line in lines:
        number, controllers, name = [*line.split(":", 2), "", ""][:3]
        if number != "0" and "memory" not in controllers.split(","):
            continue
        root = GROUPS if number == "0" else GROUPS / "memory"
        at = root / name.lstrip("/")
        found += [p for p in (at, *at.parents) if p == root or root in p.parents]
    return found


def _limits(process: Any) -> list[float]:
    """What the process's own limits (ulimit -v, -d) leave; ``process`` is psutil's."""
    used = process.memory_info()
    limits = ((resource.RLIMIT_AS, used.vms), (resource.RLIMIT_DATA, getattr(used, "data", used.rss)))
    found = []
    for which, now in limits:
        soft, _ = resource.getrlimit(which)
        if soft != resource.RLIM_INFINITY:
            found.append(max(0.0, float(soft - now)))
    return found

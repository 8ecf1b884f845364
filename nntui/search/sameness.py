"""Whether two searches are the same, so that their trials can be compared."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from nntui.search.order import Order


def differences(theirs: dict[str, Any], mine: dict[str, Any]) -> list[str]:
    """Names of what differs between two searches."""
    out = []
    for part in ("monitor", "seeds"):
        if theirs.get(part) != mine[part]:
            out.append(part)
    for part in ("space", "tables"):
        before = theirs.get(part) or {}
        keys = sorted({*before, *mine[part]})
        out += [f"{part} {k}" if part == "space" else k for k in keys if before.get(k) != mine[part].get(k)]
    return out


def describe(order: Order) -> dict[str, Any]:
    """The settings that two searches must share for their trials to be comparable, as JSON."""
    digests = {
        key: hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
        for key, value in order.tables.items()
        if key != "title"
    }
    # Through JSON, as the storage keeps it.
    found = {
        "space": order.space.describe(), "monitor": order.keys.monitor, "seeds": order.keys.seeds, "tables": digests,
    }  # fmt: skip
    return dict(json.loads(json.dumps(found)))

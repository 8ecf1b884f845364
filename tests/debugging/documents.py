"""The JSON of an expression as its readers get it, and whether its numbers agree with each other."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from nntui.debugging.records import document
from nntui.debugging.subject import everything, nothing, of_expression
from nntui.jsontext import pretty

Array = Any

VALUES = {
    "a": 0.7, "b": -1.3, "c": 2.1, "u": [0.3, -0.8, 1.7], "v": [1.1, 0.4, -0.6],
    "M": [[0.2, -1.5, 0.9], [1.3, 0.6, -0.4]], "N": [[-0.7, 0.5, 1.2], [0.8, -0.3, 2.2]],
}  # fmt: skip


def found(
    text: str, values: dict[str, Any] | None = None, *, into: bool = False, numeric: bool = False
) -> Any:
    """The document as a reader of the JSON gets it."""
    arrays = {k: np.array(v, dtype=np.float64) for k, v in (VALUES if values is None else values).items()}
    subject = of_expression(text, arrays, opens=everything if into else nothing)
    return json.loads(
        pretty(document(subject, numeric=numeric)), parse_constant=lambda token: pytest.fail(token)
    )


def sent(local: dict[str, Any], upstream: Any, shape: list[int]) -> Array:
    """Local × upstream, from the JSON alone."""
    value, g = np.array(local["value"], dtype=float), np.array(upstream, dtype=float)
    if local["kind"] in ("scalar", "diagonal"):
        return g * value
    return (g.ravel() @ value.reshape(g.size, -1)).reshape(shape)


def assert_consistent(document: dict[str, Any]) -> int:
    """Every product, sum and shape of the document; returns how many edges there were."""
    nodes, edges = {n["id"]: n for n in document["nodes"]}, 0
    for node in nodes.values():
        shape = tuple(node["shape"])
        assert np.shape(node["value"]) == shape
        if node["gradient"] is None:
            assert node["contributions"] == []
            assert node["op"] not in ("input", "parameter")
        else:
            assert np.shape(node["gradient"]) == shape
            assert node["op"] != "constant" or node["id"] == max(nodes)
        assert [p["input"] for p in node["local"]] == node["inputs"]
        scale = 1e-9 * max(1.0, *(np.abs(c["value"]).max() for c in node["contributions"]), 0.0)
        if node["contributions"]:
            total = sum(np.array(c["value"]) for c in node["contributions"])
            np.testing.assert_allclose(total, node["gradient"], rtol=1e-9, atol=scale)
        consumers = [
            (c["id"], k) for c in nodes.values() for k, i in enumerate(c["inputs"]) if i == node["id"]
        ]
        constant_like = [(c["from"], c["input"]) for c in node["contributions"]]
        assert set(constant_like) <= set(consumers)
        assert len(constant_like) == len(set(constant_like))
        for c in node["contributions"]:
            consumer = nodes[c["from"]]
            local = consumer["local"][c["input"]]
            product = sent(local, consumer["gradient"], node["shape"])
            np.testing.assert_allclose(product, c["value"], rtol=1e-9, atol=scale)
            edges += 1
    assert nodes[max(nodes)]["gradient"] == 1
    return edges

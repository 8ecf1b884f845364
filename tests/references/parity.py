"""Largest deviations of the engine from the PyTorch references beside this file, and the table of them.

``python -m tests.references.parity`` measures and writes the table into docs/engine.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nntui_core import catalog
from nntui_core.graph import Graph, Node, Op
from nntui_core.layers.base import Layer
from nntui_core.memory import Array
from nntui_core.ops.binary import Mul
from nntui_core.ops.reductions import Sum
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from tests.core.bench import measured

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "engine.md"
BEGIN, END = "<!-- parity: begin -->\n", "<!-- parity: end -->\n"


class References:
    """What PyTorch made of every entry."""

    def __init__(self) -> None:
        self.arrays = np.load(Path(__file__).parent / "engine.npz")
        meta = json.loads(str(self.arrays["meta"]))
        self.torch: str = meta["torch"]
        self.entries: dict[str, dict[str, Any]] = meta["entries"]

    def under(self, prefix: str) -> dict[str, Array]:
        """Arrays whose names begin so, by the rest of their names."""
        return {k.removeprefix(prefix): self.arrays[k] for k in self.arrays.files if k.startswith(prefix)}


REFERENCES = References()


def built(kind: catalog.Kind, spec: dict[str, Any]) -> Any:
    """A member, its activation and its inputs too."""
    fields = dict(spec)
    if "activation" in fields:
        fields["activation"] = catalog.build("activation", fields["activation"])
    if "inputs" in fields:
        fields["inputs"] = tuple(fields["inputs"])
    return catalog.build(kind, fields)


def ours(key: str, dtype: str) -> dict[str, Array]:
    """The engine's value ``y`` and gradients for an entry, named as in the references."""
    entry = REFERENCES.entries[key]
    given = REFERENCES.under(f"{key}/in/")
    upstream = given.pop("upstream")
    member = built(entry["kind"], entry["spec"])
    if isinstance(member, Layer):
        inputs = [given.pop(f"x{k}") for k in range(sum(name.startswith("x") for name in given))]
        return measured(member, inputs, given, upstream, training=entry.get("training", True), dtype=dtype)
    return of_op(member, given, upstream, dtype)


def of_op(op: Op, given: dict[str, Array], upstream: Array, dtype: str) -> dict[str, Array]:
    """The same for an op on leaves of its own."""
    graph = Graph()
    leaves: dict[str, Node] = {}
    for name, value in given.items():
        kind = value.dtype if value.dtype.kind == "i" else None
        role = "label" if name == "target" else "parameter"
        leaves[name] = graph.leaf(name, value.shape, role, value=value, dtype=kind)  # type: ignore[arg-type]
    y = graph.apply(op, *leaves.values())
    g = graph.leaf("upstream", y.shape, "label", value=upstream)
    learned = [n for n in leaves.values() if n.role == "parameter"]
    plan = Plan(
        graph,
        [graph.apply(Sum(), graph.apply(Mul(), y, g))],
        Parameters([(n.name, n.shape) for n in learned], dtype),
    )
    for node in (*leaves.values(), g):
        plan.value(node)[...] = node.value
    plan.run()
    return {"y": plan.value(y)} | {n.name: plan.parameters.gradient(n.name) for n in learned}


def deviation(found: Array, reference: Array) -> float:
    """The largest |ours − theirs| / max(1, |theirs|)."""
    assert found.shape == reference.shape, (found.shape, reference.shape)
    return float(np.max(np.abs(found - reference) / np.maximum(1, np.abs(reference))))


def deviations(key: str, dtype: str) -> tuple[float, float]:
    """Of an entry's value, and of its gradients."""
    reference, found = REFERENCES.under(f"{key}/{dtype}/"), ours(key, dtype)
    assert set(found) == set(reference)
    assert {a.dtype for a in found.values()} == {np.dtype(dtype)}
    each = {name: deviation(found[name], array) for name, array in reference.items()}
    return each.pop("y"), max(each.values())


def optimizer_rows() -> Iterator[tuple[str, float]]:
    """Each first-order optimizer with its largest deviation over 25 steps."""
    from tests.core import test_first_order_torch as steps
    from tests.core.runner import NAMES, path

    for name in NAMES:
        found = path(catalog.build("optimizer", name))
        yield name, deviation(found, steps.REFERENCES[f"default/{name}"])
    for name, settings in steps.META["settings"].items():
        found = path(steps.special(name))
        words = ", ".join(k if v is True else f"{k} {v:g}" for k, v in settings.items())
        yield f"{name.partition('/')[0]}, {words}", deviation(found, steps.REFERENCES[f"special/{name}"])


def table() -> str:
    """The tables of docs/engine.md, as measured now."""
    lines = [f"Measured against PyTorch {REFERENCES.torch.split('+')[0]} with NumPy {np.__version__}.", ""]
    for kind, title in (("activation", "Activations"), ("loss", "Losses"), ("layer", "Layers")):
        lines += [
            f"### {title}", "",
            "| | value, float64 | gradient, float64 | value, float32 | gradient, float32 |",
            "|---|---|---|---|---|",
        ]  # fmt: skip
        for key in REFERENCES.entries:
            if key.startswith(f"{kind}/"):
                numbers = [*deviations(key, "float64"), *deviations(key, "float32")]
                lines.append(f"| {key.partition('/')[2]} | {' | '.join(f'{n:.1e}' for n in numbers)} |")
        lines.append("")
    lines += ["### First-order optimizers", "", "| | weights over 25 steps, float64 |", "|---|---|"]
    lines += [f"| {name} | {number:.1e} |" for name, number in optimizer_rows()]
    return "\n".join(lines) + "\n"


def documented() -> str:
    """The tables as docs/engine.md has them."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def write() -> None:
    """Put the tables as measured now into docs/engine.md."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    write()

"""Writes ops.json, next to this file: values and gradients that PyTorch has for typed expressions.

Run with an interpreter that has torch 2.13; the tests need the file alone. Each entry is an expression, the values of
its names, and what torch makes of the same formula in float64: the value, and the gradient by name. Ties and kinks
are among them, where conventions could differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
V = [1.5, -0.3, 2.2, 0.7]
TIED = [2.0, -1.0, 2.0, -1.0]
M = [[0.4, -1.1, 2.0], [1.3, 0.2, -0.6]]
EQUAL = [[1.0, 3.0, 3.0], [2.0, 3.0, 0.5]]
FAR = [0.0, 1000.0, -1000.0]

ENTRIES: list[tuple[str, dict[str, Any], Callable[..., torch.Tensor]]] = [
    ("max(x, y)", {"x": 1.0, "y": 1.0}, torch.maximum),
    ("max(y, x)", {"x": 1.0, "y": 1.0}, lambda x, y: torch.maximum(y, x)),
    ("min(x, y)", {"x": 1.0, "y": 1.0}, torch.minimum),
    ("sum(max(v, u) * [1, 2, 3, 4])", {"v": V, "u": TIED},
     lambda v, u: (torch.maximum(v, u) * torch.tensor([1, 2, 3, 4.0])).sum()),
    ("max(v)", {"v": TIED}, torch.max),
    ("min(v)", {"v": TIED}, torch.min),
    ("sum(max(M, axis=0)**2)", {"M": EQUAL}, lambda m: (m.amax(0) ** 2).sum()),
    ("sum(min(M, axis=1)**2)", {"M": EQUAL}, lambda m: (m.amin(1) ** 2).sum()),
    ("abs(x)", {"x": 0.0}, torch.abs),
    ("relu(x)", {"x": 0.0}, torch.relu),
    ("x**y", {"x": 0.0, "y": 0.0}, torch.pow),
    ("x**y", {"x": 0.0, "y": 2.0}, torch.pow),
    ("x**y", {"x": 1.7, "y": -0.4}, torch.pow),
    ("sum(clip(v, -0.3, 1.5) * v)", {"v": V}, lambda v: (v.clamp(-0.3, 1.5) * v).sum()),
    ("norm(v)", {"v": V}, torch.linalg.vector_norm),
    ("norm(v)", {"v": [0.0, 0.0]}, torch.linalg.vector_norm),
    ("sum(norm(M, axis=1) * [1, -2])", {"M": M},
     lambda m: (torch.linalg.vector_norm(m, dim=1) * torch.tensor([1, -2.0])).sum()),
    ("var(v)", {"v": V}, lambda v: v.var(correction=0)),
    ("var(v, ddof=1)", {"v": V}, torch.var),
    ("std(v, ddof=1)", {"v": V}, torch.std),
    ("sum(std(M, axis=0) * [1, 2, -3])", {"M": M},
     lambda m: (m.std(0, correction=0) * torch.tensor([1, 2, -3.0])).sum()),
    ("prod(v)", {"v": V}, torch.prod),
    ("prod(v)", {"v": [2.0, 0.0, -3.0]}, torch.prod),
    ("prod(v)", {"v": [0.0, 0.0, -3.0]}, torch.prod),
    ("sum(prod(M, axis=1)**2)", {"M": M}, lambda m: (m.prod(1) ** 2).sum()),
    ("sum(tan(v))", {"v": V}, lambda v: torch.tan(v).sum()),
    ("sum(log10(v**2))", {"v": V}, lambda v: torch.log10(v**2).sum()),
    ("sum(outer(v, u) * outer(v, v))", {"v": V, "u": TIED},
     lambda v, u: (torch.outer(v, u) * torch.outer(v, v)).sum()),
    ("sum(concat(v, u)[1:7:2]**3)", {"v": V, "u": TIED}, lambda v, u: (torch.cat([v, u])[1:7:2] ** 3).sum()),
    ("sum((M[:, 1:] @ M[1, 0:2])**2)", {"M": M}, lambda m: ((m[:, 1:] @ m[1, 0:2]) ** 2).sum()),
    ("sum(M.T @ M[:, 2])", {"M": M}, lambda m: (m.T @ m[:, 2]).sum()),
    ("sum(where(v > 0.7, v**2, 3*v))", {"v": V}, lambda v: torch.where(v > 0.7, v**2, 3 * v).sum()),
    ("sum(log_softmax(v) * [1, 0, -2, 0.5])", {"v": V},
     lambda v: (F.log_softmax(v, 0) * torch.tensor([1, 0, -2, 0.5])).sum()),
    ("log_softmax(v)[0]", {"v": FAR}, lambda v: F.log_softmax(v, 0)[0]),
    ("cross_entropy(v, t)", {"v": V, "t": [0.1, 0.2, 0.3, 0.4]}, F.cross_entropy),
    ("cross_entropy(v, [1, 0, 0])", {"v": FAR}, lambda v: F.cross_entropy(v, torch.tensor([1.0, 0, 0]).double())),
    ("cross_entropy(M, [[0, 1, 0], [0.5, 0, 0.5]])", {"M": M},
     lambda m: F.cross_entropy(m, torch.tensor([[0, 1, 0], [0.5, 0, 0.5]]).double())),
    ("sum(gelu(v) + silu(v) + elu(v, alpha=0.5) + leaky_relu(v, slope=0.01))", {"v": V},
     lambda v: (F.gelu(v) + F.silu(v) + F.elu(v, 0.5) + F.leaky_relu(v, 0.01)).sum()),
    # micrograd, test/test_engine.py: test_sanity_check and test_more_ops.
    ("z = 2*x + 2 + x; q = relu(z) + z*x; h = relu(z*z); y = h + q + q*x; y", {"x": -4.0},
     lambda x: (lambda z: (lambda q: (z * z).relu() + q + q * x)(z.relu() + z * x))(2 * x + 2 + x)),
]  # fmt: skip


def run(values: dict[str, Any], function: Callable[..., torch.Tensor]) -> dict[str, Any]:
    tensors = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in values.items()}
    y = function(*tensors.values())
    y.backward()
    return {"value": y.item(), "gradients": {k: t.grad.tolist() for k, t in tensors.items()}}


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    found = [{"text": text, "values": values} | run(values, function) for text, values, function in ENTRIES]
    whole = {"torch": torch.__version__, "entries": found}
    (HERE / "ops.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")

"""Runs that no trainer trained: messages and records from formulas, the same on every machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from nntui.protocol.reports import Control, Hello, Stats, Status
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.panes.base import Pane
from nntui.tui.render.picture import plain
from nntui.tui.screens.run import RunScreen
from nntui.tui.source import FakeSource, Item

KINDS = ("plane", "picture", "maps", "curve", "table", "targets")
"""Of data; "maps" are pictures that a convolution reads."""
TABLE = ("mean", "spread", "dead", "saturated", "gradient_norm", "gradient_rms", "update_ratio")


def info(kind: str, names: Sequence[str] = (), classes: Sequence[str] = ()) -> dict[str, Any]:
    """What a hello says about the data."""
    inputs = {"plane": 2, "picture": 64, "maps": 64, "curve": 1}.get(kind, 4)
    regression = kind in ("curve", "targets")
    x = np.linspace(-1, 1, 12)
    return {
        "task": "regression" if regression else "classification",
        "features": list(names) or [f"x{k + 1}" for k in range(inputs)],
        "inputs": inputs,
        "classes": None
        if regression
        else list(classes) or (["0", "1"] if kind == "plane" else ["a", "b", "c"]),
        "targets": list(names[:2]) or ["y", "z"][: 1 + (kind == "targets")] if regression else ["class"],
        "image": [1, 8, 8] if kind in ("picture", "maps") else None,
        "optimizer": "adam",
        "window": [[-1.0] * inputs, [1.0] * inputs] if inputs <= 2 else None,
        "points": np.column_stack([x, x[::-1]][:inputs]).tolist() if inputs <= 2 else [],
        "point_targets": (np.sin(3 * x).tolist() if regression else (np.arange(12) % 2).tolist()),
        "train": 100,
        "validation": 20,
    }


def hello(kind: str = "plane", title: str = "fake", layers: int = 2, **more: Any) -> Hello:
    """A network of `layers` layers."""
    about = info(kind, **more)
    classes = about["classes"]
    outputs = len(about["targets"]) if classes is None else 1 if len(classes) == 2 else len(classes)
    shapes = [8] * (layers - 1) + [outputs]
    outline = [
        {
            "name": "output" if k == layers - 1 else f"hidden{k + 1}", "type": "dense",
            "activation": "sigmoid" if k == layers - 1 else "tanh", "shape": [n],
            "inputs": ["input" if not k else f"hidden{k}"], "parameters": n * 9, "weight": True,
        }
        for k, n in enumerate(shapes)
    ]  # fmt: skip
    if kind == "maps":
        seen = {"name": "seen", "type": "conv2d", "shape": [6, 8, 8], "inputs": ["input"], "weight": True}
        flat = {"name": "flat", "type": "flatten", "shape": [384], "inputs": ["seen"], "weight": False}
        outline = [seen | {"parameters": 60}, flat | {"parameters": 0}, *outline]
    return Hello(run="fake-1", title=title, pid=1, epochs=100, layers=tuple(outline), info=about)


def stats(greeting: Hello, update: int = 40) -> Stats:
    """All statistics of a network, smooth in the number of updates."""
    about, layers = greeting.info, greeting.layers
    arrays: dict[str, Any] = {}
    words: dict[str, Any] = {}
    n, t = len(layers), update / 100
    bins = np.exp(-(np.linspace(-3, 3, 30) ** 2)) * 100
    arrays["layers/activations"] = np.tile(bins, (n, 1))
    arrays["layers/gradients"] = np.tile(bins[::-1] ** 2, (n, 1))
    arrays["layers/activation_limits"] = arrays["layers/gradient_limits"] = np.full(n, 1.5 + t)
    arrays["layers/table"] = np.tile([0.01, 0.5, 0.0, 0.25, 0.02, 0.001, 1.5e-3], (n, 1))
    words["layers"] = {"names": [layer["name"] for layer in layers], "columns": list(TABLE)}
    before, shown = about["inputs"], {}
    for layer in layers:
        name, units = layer["name"], layer["shape"][0]
        if len(layer["shape"]) == 3:
            x, y = np.meshgrid(np.linspace(-1, 1, 8), np.linspace(-1, 1, 8))
            arrays[f"answers/{name}"] = np.array([np.cos(k) * x + np.sin(k + t) * y for k in range(units)])
        if not layer["weight"] or len(layer["shape"]) == 3:
            before = int(np.prod(layer["shape"]))
            continue
        rows = np.arange(before) if before <= 12 else np.unique(np.linspace(0, before - 1, 10).astype(int))
        columns = np.arange(min(units, 12))
        arrays[f"weights/{name}/weight"] = np.sin(1.0 + rows[:, None] + 2 * columns + t)
        arrays[f"weights/{name}/bias"] = np.cos(columns + t)
        arrays[f"answers/{name}"] = np.sin(columns + t)
        shown[name] = {"inputs": rows.tolist(), "units": columns.tolist(), "shape": [before, units]}
        before = units
    words["weights"] = {"layers": shown, "largest": 1.0}
    classes = about["classes"]
    outputs = layers[-1]["shape"][0]
    if about["inputs"] == 2:
        x, y = np.meshgrid(np.linspace(-1, 1, 48), np.linspace(1, -1, 48))
        arrays["surface/values"] = 1 / (1 + np.exp(-4 * x * y))
        arrays["surface/classes"] = (x * y > 0).astype(np.int16)
        for layer in layers:
            maps = [
                np.tanh(np.cos(k) * x + np.sin(k) * y)[::3, ::3] for k in range(min(layer["shape"][0], 12))
            ]
            arrays[f"surface/maps/{layer['name']}"] = np.array(maps)
        words["surface"] = {"wrong": [3], "outputs": outputs}
    elif about["inputs"] == 1:
        x = np.linspace(-1, 1, 120)
        arrays["curve/x"], arrays["curve/y"] = x, np.sin(3 * x)[:, None]
        words["curve"] = {}
    else:
        arrays["sample/x"] = np.linspace(0, 1, about["inputs"])
        scores = np.arange(1.0, outputs + 1)
        arrays["sample/outputs"] = scores / scores.sum()
        label = outputs - 1 if classes else [0.5] * outputs
        words["sample"] = {"index": 2, "count": 20, "part": "validation", "label": label}
    if classes is not None and len(classes) <= 20:
        arrays["confusion/counts"] = np.eye(len(classes), dtype=int) * 30 + 1
        words["confusion"] = {"part": "validation"}
    words["findings"] = []
    return Stats(update=update, arrays=arrays, epoch=update // 4, info=words)


def status(state: str = "running", update: int = 40, **more: Any) -> Status:
    """Where the run is."""
    values = {"updates_per_second": 250.0, "rate": 0.01, "remaining": 12.0} | more
    return Status(state=state, epoch=update // 4, update=update, **values)


def records(epochs: int = 10, validation: bool = True) -> tuple[dict[str, Any], ...]:
    """A falling loss."""
    out = []
    for k in range(epochs):
        record: dict[str, Any] = {"type": "epoch", "epoch": k, "update": 4 * k}
        record["train"] = {"loss": 0.9**k, "accuracy": 1 - 0.5**k}
        if validation:
            record["validation"] = {"loss": 0.95**k, "accuracy": 0.9}
        out.append(record)
    return tuple(out)


def items(kind: str = "plane", **more: Any) -> tuple[Item, ...]:
    """Everything that a viewer hears of a run within its first second."""
    greeting = hello(kind, **more)
    held = Control(held=True, holder="me", viewers=1)
    return (greeting, held, status(), *records(), stats(greeting, 20), stats(greeting, 40))


class Viewer:
    """A running screen: presses keys, and reads what is shown and sent."""

    def __init__(self, app: NntuiApp, source: FakeSource, pilot: Any) -> None:
        self.app, self.source, self.pilot = app, source, pilot

    @property
    def screen(self) -> RunScreen:
        return self.app.run_screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def post(self, *given: Item) -> None:
        """Let the source post, and wait for the next picture."""
        for item in given:
            self.source.post(item)
        self.app.tick()
        await self.pilot.pause()

    def pane(self, name: str) -> str:
        return plain(self.screen.query_one(f"#{name}", Pane).picture)

    def line(self, name: str) -> str:
        return plain(self.screen.query_one(f"#{name}").picture)

    def sent(self, kind: type) -> list[Any]:
        return [command for command in self.source.sent if isinstance(command, kind)]


@asynccontextmanager
async def watching(
    given: Sequence[Item] | None = None,
    size: tuple[int, int] = (120, 40),
    caps: Caps | None = None,
    live: bool = True,
) -> AsyncIterator[Viewer]:
    """A viewer of a fake run, at work."""
    source = FakeSource(tuple(items() if given is None else given), live=live)
    app = NntuiApp(source, caps or Caps())
    async with app.run_test(size=size) as pilot:
        viewer = Viewer(app, source, pilot)
        await pilot.pause()
        app.tick()
        await pilot.pause()
        yield viewer

"""Runs that no trainer trained: messages and records from formulas, the same on every machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from nntui.protocol.frames import from_frame, to_frame
from nntui.protocol.reports import Control, Hello, Stats, Status
from nntui.statistics.base import shown_units
from nntui.statistics.catalogue import collect
from nntui.statistics.stability import Curvature, Noise, Steps
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.panes.base import Pane
from nntui.tui.render.picture import plain
from nntui.tui.screens.run import RunScreen
from nntui.tui.source import FakeSource, Item

KINDS = ("plane", "picture", "maps", "curve", "table", "targets", "labels")
"""Of data; "maps" are pictures that a convolution reads, of "labels" a row may have several."""


def info(kind: str, names: Sequence[str] = (), classes: Sequence[str] = ()) -> dict[str, Any]:
    """What a hello says about the data."""
    inputs = {"plane": 2, "picture": 64, "maps": 64, "curve": 1}.get(kind, 4)
    regression = kind in ("curve", "targets", "labels")
    x = np.linspace(-1, 1, 12)
    return {
        "task": "multilabel" if kind == "labels" else "regression" if regression else "classification",
        "features": list(names) or [f"x{k + 1}" for k in range(inputs)],
        "inputs": inputs,
        "columns": inputs,
        "column_names": list(names) or [f"x{k + 1}" for k in shown_units(inputs)],
        "classes": None
        if regression
        else list(classes) or (["0", "1"] if kind == "plane" else ["a", "b", "c"]),
        "targets": list(names[:2]) or ["y", "z"][: 1 + (kind in ("targets", "labels"))]
        if regression
        else ["class"],
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
            "inputs": ["input" if not k else f"hidden{k}"], "parameters": n * 9, "weight": True, "bias": True,
        }
        for k, n in enumerate(shapes)
    ]  # fmt: skip
    if kind == "maps":
        seen = {"name": "seen", "type": "conv2d", "shape": [6, 8, 8], "inputs": ["input"], "weight": True}
        flat = {"name": "flat", "type": "flatten", "shape": [384], "inputs": ["seen"], "weight": False}
        outline = [seen | {"parameters": 60}, flat | {"parameters": 0}, *outline]
    return Hello(run="fake-1", title=title, pid=1, epochs=100, layers=tuple(outline), info=about)


class FakeLayer:
    """A layer of formulas, smooth in the number of updates."""

    def __init__(self, outline: dict[str, Any], before: int, t: float) -> None:
        self.name = outline["name"]
        self.op = SimpleNamespace(type=outline["activation"]) if outline.get("activation") else None
        self.shape = tuple(outline["shape"])
        units = self.shape[0]
        self.weight = self.bias = None
        if outline["weight"]:
            places = (9,) if len(self.shape) == 3 else ()
            rows, columns = np.arange(before), np.arange(units)
            self.weight = np.sin(1.0 + rows[:, None] + 2 * columns + t)
            if places:
                self.weight = np.sin(np.arange(units * 9.0)).reshape(units, 1, 3, 3)
            self.bias = np.cos(columns + t)
        self.weight_gradient = None if self.weight is None else 0.01 * self.weight
        self.weight_before = None if self.weight is None else self.weight * (1 + 1.5e-3)
        self.gradient = np.full((4, units), 1e-3)

    def answers(self, x: Any) -> Any:
        """Between -1 and 1, or 0 and 1 for a sigmoid, else probabilities."""
        s = np.asarray(x, float).sum(axis=1)
        k = np.arange(self.shape[0])
        a = np.tanh(np.cos(k) * s[:, None] + np.sin(k) * x[:, :1])
        if len(self.shape) == 3:
            y, z = np.meshgrid(np.linspace(-1, 1, self.shape[1]), np.linspace(-1, 1, self.shape[2]))
            return a[:, :, None, None] * y + (1 - a[:, :, None, None]) * z
        kind = getattr(self.op, "type", "")
        return (a + 1) / 2 if kind == "sigmoid" else a


class FakeView:
    """What statistics read, from formulas."""

    def __init__(self, greeting: Hello, update: int) -> None:
        about = greeting.info
        self.update, self.epoch = update, update // 4
        self.inputs, self.classes = about["inputs"], about["classes"]
        self.axes = self.inputs if self.inputs <= 2 else 0
        self.image = None if about["image"] is None else tuple(about["image"])
        self.window = (np.full(self.inputs, -1.0), np.full(self.inputs, 1.0))
        self.task, self.targets, self.features = about["task"], about["targets"], about["features"]
        self.categories: dict[str, tuple[str, ...]] = {}
        self.layers: list[FakeLayer] = []
        before = self.inputs
        for outline in greeting.layers:
            self.layers.append(FakeLayer(outline, before, update / 100))
            before = int(np.prod(outline["shape"]))
        self.train = FakeRows("train", self, 12)
        self.held_out = FakeRows("validation", self, 20)
        self.drawn, self.sample = np.arange(12), np.arange(12)

    @property
    def instruments(self) -> Any:
        """Readings of an update somewhat earlier."""
        t = self.update / 100
        return SimpleNamespace(
            curvature=Curvature(
                update=self.update - 1, value=190.0 + t, threshold=200.0, rate=0.01, preconditioned=False, exact=True,
                products=12, converged=True, rows=100, size=100, seconds=0.004,
            ),
            under_way=0,
            noise=tuple(Noise(layer.name, 0.5 + t, 0.25, 0.125, 8.0) for layer in self.layers if layer.weight is not None),
            batches=7, noise_update=self.update, rated=True,
            steps=tuple(
                Steps(f"{layer.name}.{which}", 0.03 + t, 0.01, 0.09)
                for layer in self.layers if layer.weight is not None for which in "Wb"
            ),
            steps_update=self.update, coming=False, corrected=True,
            correction=lambda update: (1 - 0.999**update) ** 0.5 / (1 - 0.9**update),
        )  # fmt: skip

    def seen(self) -> list[Any]:
        return self.activations(self.train.inputs(self.sample))

    def activations(self, x: Any) -> list[Any]:
        return [layer.answers(x) for layer in self.layers]

    def predict(self, x: Any) -> Any:
        outputs = self.layers[-1].answers(x)
        if self.classes is not None and outputs.shape[1] > 1:
            return np.abs(outputs) / np.abs(outputs).sum(axis=1, keepdims=True)
        return outputs

    def decide(self, outputs: Any) -> Any:
        classes = (outputs[:, 0] > 0.5).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        return np.minimum(classes, len(self.classes) - 1)


class FakeRows:
    """Rows from formulas; all but the fourth are decided right where there are classes."""

    def __init__(self, name: str, view: FakeView, count: int) -> None:
        self.name, self.view, self.count = name, view, count

    def __len__(self) -> int:
        return self.count

    def inputs(self, which: Any) -> Any:
        n = self.view.inputs
        return np.linspace(-1, 1, self.count)[which][:, None] + np.linspace(0, 1, n)

    def labels(self, which: Any) -> Any:
        if self.view.classes is None:
            return np.full((len(which), len(self.view.targets)), 0.5)
        right = self.view.decide(self.view.predict(self.inputs(which)))
        return (right + (np.asarray(which) == 3)) % len(self.view.classes)


def stats(greeting: Hello, update: int = 40, **more: Any) -> Stats:
    """All statistics that panes draw of a network, smooth in the number of updates, as they come over the wire."""
    wanted = [
        "layers",
        "weights",
        "surface",
        "curve",
        "answers/2",
        "confusion",
        "stability",
        "scatter",
        "residuals",
        "labels",
    ]
    wanted += ["sample/2"] if greeting.info["inputs"] > 2 else []
    found, failed = collect(FakeView(greeting, update), wanted)
    assert failed == {}
    message = Stats(update=update, epoch=update // 4, found=found, **more)
    again = from_frame(to_frame(message))
    assert isinstance(again, Stats)
    return again


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

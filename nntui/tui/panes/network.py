"""The network's diagram: units with what they respond to, and the weights between them; or a band a layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nntui.display import display
from nntui.statistics.answers import Answers
from nntui.statistics.layers import Layers
from nntui.statistics.sample import Sample
from nntui.statistics.surface import Surface
from nntui.statistics.weights import LayerWeights, Weights
from nntui.tui.panes.base import Pane, note
from nntui.tui.render.bands import Band, bands
from nntui.tui.render.diagram import Column, diagram
from nntui.tui.render.numbers import compact, trimmed
from nntui.tui.render.picture import Picture, pad
from nntui.tui.render.scale import limit_of, rounded_up
from nntui.tui.render.units import MARKS, Mark, Unit, units_in_words
from nntui.tui.store import Snapshot

BOUNDED = ("tanh", "sigmoid", "softmax")
"""Activations between -1 and 1."""
PLANE = 16
"""Points along each side of the plane over which an input is drawn."""
PASSING = ("flatten", "dropout")
"""Layers that answer what the one before them does."""
BLANKS = 8
"""Boxes drawn for a layer whose units are not looked at one by one."""


class NetworkPane(Pane):
    """A column a layer, of large ones some units; of convolutions, and where columns do not fit, a band a layer."""

    ID = "network"
    DRAWS = ("hello", "statistics", "sample")
    _banded = False
    """Whether columns did not fit when last drawn."""
    TITLE = "Network"
    HELP = (
        "A column a layer, a box a unit. Blue weights are positive, orange negative, thick ones large (the strongest\n"
        "are drawn). A box shows what its unit answers over the plane, or looks for in pictures; else its bias.\n"
        "Deep networks and convolutions: a band a layer, what its units or channels answer to one sample.\n"
        "Good: boxes, or maps, that differ. All alike: units that never parted (see init).\n"
        "† a dead unit (relu, 0 on every sample), ‡ a saturated one (on nine of ten). Faint lines: an ignored input."
    )

    def needs(self, snapshot: Snapshot) -> Iterable[str]:
        picture = snapshot.hello_info("image") is not None
        sample = (Sample.key(snapshot.sample),) if picture else ()
        if self._banded or _spatial(snapshot):
            return (Layers.key(), Answers.key(snapshot.sample), *sample)
        plane = (Surface.key(),) if snapshot.hello_info("inputs") == 2 else ()
        return (Layers.key(), Weights.key(), *plane, *sample)

    def state(self, snapshot: Snapshot) -> str:
        words = [self._skips(snapshot), self._marks(snapshot)]
        weights, answers = snapshot.get(Weights), snapshot.get(Answers)
        if self._banded or _spatial(snapshot):
            words.append(f"answers to sample {answers.index + 1}" if answers is not None else "")
        elif weights is not None:
            largest = weights.largest
            words.append(f"|w| max {compact(largest, 3)} · colors ±{trimmed(rounded_up(largest))}")
        return " · ".join(w for w in words if w)

    def _marks(self, snapshot: Snapshot) -> str:
        """How many units are marked, and how."""
        marks = [m for layer in _marked(snapshot).values() for m in layer.values()]
        words = []
        for mark in ("dead", "saturated"):
            if count := marks.count(mark):
                words.append(f"{count} {mark} {MARKS[mark][1 if self.ascii else 0]}")
        return " · ".join(words)

    def _skips(self, snapshot: Snapshot) -> str:
        """Connections that do not come from the layer before, in words."""
        found = []
        before = "input"
        for layer in snapshot.hello.layers if snapshot.hello else ():
            others = [display(i, 12) for i in layer.get("inputs", []) if i != before]
            if others:
                found.append(f"{'+'.join(others)} {'->' if self.ascii else '→'} {display(layer['name'], 12)}")
            before = layer["name"]
        return ", ".join(found[:3])

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        if snapshot.hello is None:
            return note("the trainer is starting", width, height)
        picture = None if _spatial(snapshot) else self._diagram(snapshot, width, height)
        self._banded = picture is None
        if picture is None:
            picture = bands(self._bands(snapshot), width, height, ascii=self.shades)
        return pad(picture, width, height)

    def _diagram(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        """Columns, where they fit."""
        assert snapshot.hello is not None
        layers = snapshot.hello.layers
        known = snapshot.get(Weights)
        shown = {} if known is None else {layer.name: layer for layer in known.layers}
        columns = [self._inputs(snapshot, shown)]
        columns += [self._column(snapshot, k, dict(layer), shown) for k, layer in enumerate(layers)]
        matrices: list[Any] = []
        for k, layer in enumerate(layers):
            found = shown.get(layer["name"])
            matrix = found.weight if found is not None else None
            sizes = (len(columns[k].units), len(columns[k + 1].units))
            matrices.append(matrix if matrix is not None and matrix.shape == sizes else None)
        limit = rounded_up(known.largest if known is not None else 1.0)
        return diagram(columns, matrices, width, height, limit=limit, ascii=self.shades)

    def _bands(self, snapshot: Snapshot) -> list[Band]:
        """The input, where it is a picture, and every layer."""
        assert snapshot.hello is not None
        found = []
        face, image = _face(snapshot), snapshot.hello_info("image")
        known, marked = snapshot.get(Answers), _marked(snapshot)
        answers = {} if known is None else {layer.name: layer.values for layer in known.layers}
        if image is not None:
            shape = "×".join(map(str, image))
            found.append(Band("input", None if face is None else face[None], shape, palette="ink"))
        for layer in snapshot.hello.layers:
            if layer.get("type") in PASSING:
                continue
            name, shape = layer["name"], "×".join(map(str, layer.get("shape", ())))
            marks = units_in_words(marked.get(name, {}), 3, ascii=self.ascii)
            found.append(Band(display(name, 12), answers.get(name), f"{shape} {marks}".rstrip()))
        return found

    def _inputs(self, snapshot: Snapshot, shown: dict[str, LayerWeights]) -> Column:
        image = snapshot.hello_info("image")
        count = snapshot.hello_info("inputs", 1)
        if image is not None:
            label = "×".join(map(str, image[1:]))
            return Column("input", (Unit(label, face=_face(snapshot), ink=True),))
        features = snapshot.hello_info("features", [])
        first = next((v.inputs.tolist() for v in shown.values() if v.shape[0] == count), None)
        rows = first if first is not None else list(range(min(count, BLANKS)))
        names = [display(features[i], 8) if i < len(features) else str(i + 1) for i in rows]
        if count == 2:
            # The inputs themselves over the plane, as the units further on are drawn.
            across = np.linspace(-1, 1, PLANE)
            faces = (np.tile(across, (PLANE, 1)), np.tile(-across[:, None], (1, PLANE)))
            units = tuple(Unit(name, face=face) for name, face in zip(names, faces, strict=True))
        else:
            units = tuple(Unit(name) for name in names)
        return Column("input", units, hidden=count - len(units))

    def _column(
        self, snapshot: Snapshot, k: int, layer: dict[str, Any], shown: dict[str, LayerWeights]
    ) -> Column:
        name, shape = layer["name"], layer.get("shape", [1])
        count = int(shape[0]) if shape else 1
        title = display(name, 12)
        chosen = shown.get(name)
        last = k == len(snapshot.hello.layers) - 1 if snapshot.hello else False
        names = self._output_names(snapshot) if last else []
        if chosen is None:
            # Before the first statistics a layer with weights is drawn as what it will be.
            several = len(shape) == 3 or last or (layer.get("weight") and not shown)
            number = min(count, BLANKS) if several else 1
            label = "×".join(map(str, shape))
            units = tuple(Unit(names[i] if i < len(names) else label if not i else "") for i in range(number))
            return Column(title, units, hidden=count - number if several else 0)
        surface = snapshot.get(Surface)
        maps = () if surface is None else surface.maps
        faces = next((m.values for m in maps if m.layer == name), None)
        images, biases = chosen.images, chosen.bias
        marks = _marked(snapshot).get(name, {})
        made = []
        limit = self._limit(layer, faces if faces is not None else images)
        for at, unit in enumerate(chosen.units.tolist()):
            label, mark = names[unit] if unit < len(names) else "", marks.get(unit, "")
            if faces is not None and at < len(faces):
                made.append(Unit(label, face=self._centered(faces[at], layer), limit=limit, mark=mark))
            elif images is not None and at < len(images):
                made.append(Unit(label, face=images[at], limit=limit, mark=mark))
            else:
                value = float(biases[at]) if biases is not None and at < len(biases) else None
                made.append(Unit(label, value=value, mark=mark))
        return Column(title, tuple(made), hidden=chosen.shape[1] - len(made))

    def _centered(self, face: Any, layer: dict[str, Any]) -> Any:
        """A sigmoid's answers are drawn around its middle, so that both halves have a color."""
        return np.clip(face, 0, 1) * 2 - 1 if layer.get("activation") == "sigmoid" else face

    def _limit(self, layer: dict[str, Any], faces: Any) -> float:
        """One scale for all units of a layer: what they can answer at most, else what they do."""
        if layer.get("activation") in BOUNDED and self.snapshot.hello_info("inputs") == 2:
            return 1.0
        return rounded_up(limit_of(faces)) if faces is not None else 1.0

    def _output_names(self, snapshot: Snapshot) -> list[str]:
        classes, targets = snapshot.hello_info("classes"), snapshot.hello_info("targets", [])
        if classes is None:
            return [display(t, 8) for t in targets]
        return [display(classes[-1], 8)] if len(classes) == 2 else [display(c, 8) for c in classes]


def _spatial(snapshot: Snapshot) -> bool:
    """Whether a layer gives pictures."""
    layers = snapshot.hello.layers if snapshot.hello is not None else ()
    return any(len(layer.get("shape", ())) == 3 for layer in layers)


def _face(snapshot: Snapshot) -> Any:
    """The sample as a picture, the mean over its channels; None before it has come."""
    image, sample = snapshot.hello_info("image"), snapshot.get(Sample)
    if image is None or sample is None or sample.x.size != int(np.prod(image)):
        return None
    return sample.x.reshape(image).mean(axis=0)


def _marked(snapshot: Snapshot) -> dict[str, dict[int, Mark]]:
    """Which units of each layer are dead or saturated; an output that is sure of itself is not."""
    layers = snapshot.get(Layers)
    out: dict[str, dict[int, Mark]] = {}
    for row in layers.rows if layers is not None else ():
        marks: dict[int, Mark] = dict.fromkeys(row.stats.dead_units, "dead")
        if layers is not None and row is not layers.rows[-1]:
            marks |= dict.fromkeys(row.stats.saturated_units, "saturated")
        out[row.stats.layer] = marks
    return out

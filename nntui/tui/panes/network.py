"""The network's diagram: units with what they respond to, and the weights between them; or a band a layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nntui.display import display
from nntui.statistics.answers import Answers
from nntui.statistics.base import shown_units
from nntui.statistics.layers import Layers
from nntui.statistics.sample import Sample
from nntui.statistics.surface import Surface
from nntui.statistics.weights import LayerWeights, Weights
from nntui.tui.panes.base import Pane
from nntui.tui.render.bands import Band, bands
from nntui.tui.render.diagram import Diagram, Link, diagram
from nntui.tui.render.labels import shortened
from nntui.tui.render.note import note
from nntui.tui.render.numbers import compact, trimmed
from nntui.tui.render.picture import Picture, pad
from nntui.tui.render.placing import Column
from nntui.tui.render.scale import limit_of, rounded_up
from nntui.tui.render.units import MARKS, Mark, Unit, units_in_words
from nntui.tui.snapshot import Snapshot

BOUNDED = ("tanh", "sigmoid", "softmax")
"""Activations between -1 and 1."""
PLANE = 16
"""Points along each side of the plane over which an input is drawn."""
PASSING = ("flatten", "dropout")
"""Layers that answer what the one before them does."""
FROZEN = {False: "", "weights": " bias", "bias": " weights"}
"""What of a layer does not learn, by its `trainable`; all, where nothing is said."""
NAME = 14
"""Cells of a layer's name in the state at most."""


class NetworkPane(Pane):
    """A column a layer, of large ones some units; of convolutions, and where columns do not fit, a band a layer."""

    ID = "network"
    DRAWS = ("hello", "statistics", "sample", "layer")
    _banded = False
    """Whether columns did not fit when last drawn."""
    _drawn = Diagram(())
    """What was drawn last in columns."""
    TITLE = "Network"
    HELP = (
        "A column a layer, a box a unit: what it answers over the plane, or looks for in pictures; else its bias (╌ none).\n"
        "Weights: blue positive, orange negative (without colors dashed), thick large; 24/256: so many of all are drawn.\n"
        "Deep networks, convolutions: a band a layer, its answers to one sample. Lines from ● to ▲ or ▶: read further on.\n"
        "Good: boxes, or maps, that differ. All alike: units that never parted (see init). ‖ a layer that does not learn,\n"
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
        answers, known, drawn = snapshot.get(Answers), snapshot.get(Weights), self._drawn
        words: list[str] = []
        last: list[str] = []
        if self._banded or _spatial(snapshot):
            words += [] if answers is None else [f"answers to sample {answers.index + 1}"]
        elif drawn.weights is not None and drawn.largest is not None and known is not None:
            largest = f"|w| max {compact(drawn.largest, 3)}"
            hidden = known.largest > drawn.largest
            words.append(f"{largest} drawn, {compact(known.largest, 3)} in all" if hidden else largest)
            words.append(f"{'scale' if self.shades else 'colors'} ±{trimmed(drawn.weights)}")
            last += ["negative dashed"] * self.shades
            last += [] if drawn.values is None else [f"bias colors ±{trimmed(drawn.values)}"]
        return " · ".join([*_unfit(snapshot), *words, *self._marks(snapshot), *self._joined(snapshot), *last])

    def _marks(self, snapshot: Snapshot) -> list[str]:
        """How many units are marked, and how; which layers do not learn."""
        marks = [m for layer in _marked(snapshot).values() for m in layer.values()]
        words = []
        for mark in ("dead", "saturated"):
            if count := marks.count(mark):
                words.append(f"{count} {mark} {MARKS[mark][1 if self.ascii else 0]}")
        layers = snapshot.hello.layers if snapshot.hello else ()
        if any(layer.get("parameters") and layer.get("trainable", True) is not True for layer in layers):
            words.append(f"{self._frozen} frozen")
        return words

    @property
    def _frozen(self) -> str:
        """The sign of a layer that does not learn."""
        return "=" if self.ascii else "‖"

    def _joined(self, snapshot: Snapshot) -> list[str]:
        """Layers that read others than the one before them, with all that they read; those that read most first."""
        layers = snapshot.hello.layers if snapshot.hello else ()
        reads = _reads(layers)
        names = shortened(["input", *(display(layer["name"]) for layer in layers)], NAME)
        arrow = "->" if self.ascii else "→"
        return [
            f"{'+'.join(names[s] for s in given)} {arrow} {names[k]}"
            for k, given in sorted(enumerate(reads), key=lambda item: -len(item[1]))
            if k and given != (k - 1,)
        ]

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        if snapshot.hello is None:
            return note("the trainer is starting", width, height)
        found = None if _spatial(snapshot) else self._diagram(snapshot, width, height)
        self._banded = found is None
        if found is not None:
            self._drawn = found
            return pad(found.picture, width, height)
        return bands(self._bands(snapshot), width, height, ascii=self.shades)

    def _diagram(self, snapshot: Snapshot, width: int, height: int) -> Diagram | None:
        """Columns, where they fit."""
        assert snapshot.hello is not None
        layers = snapshot.hello.layers
        known = snapshot.get(Weights)
        shown = {} if known is None else {layer.name: layer for layer in known.layers}
        columns = [self._inputs(snapshot)]
        columns += [self._column(snapshot, k, dict(layer), shown) for k, layer in enumerate(layers)]
        links: list[Link] = []
        for k, sources in enumerate(_reads(layers)):
            found = shown.get(layers[k - 1]["name"]) if k else None
            for source in sources:
                matrix = found.weight if found is not None else None
                sizes = (len(columns[source].units), len(columns[k].units))
                fits = matrix is not None and matrix.shape == sizes
                total = int(np.prod(found.shape)) if found is not None else 0
                links.append(Link(source, k, matrix if fits else None, total))
        return diagram(columns, links, width, height, ascii=self.shades)

    def _bands(self, snapshot: Snapshot) -> list[Band]:
        """Every layer that does more than pass on, and the input, where it is a picture or read further down."""
        assert snapshot.hello is not None
        layers = snapshot.hello.layers
        face, image = _face(snapshot), snapshot.hello_info("image")
        known, marked = snapshot.get(Answers), _marked(snapshot)
        answers = {} if known is None else {layer.name: layer.values for layer in known.layers}
        reads = list(_reads(layers))
        for k, layer in enumerate(layers, 1):
            if layer.get("type") in PASSING:
                reads = [tuple(reads[k][0] if s == k else s for s in given) for given in reads]
        skipped = {k for k, layer in enumerate(layers, 1) if layer.get("type") in PASSING}
        kept = [k for k in range(len(reads)) if k not in skipped]
        places = {k: place for place, k in enumerate(kept)}
        found = []
        shape = "×".join(map(str, image or (snapshot.hello_info("columns", 1),)))
        first = None if face is None else face[None]
        found.append(Band("input", first, shape, palette="ink"))
        for k in kept[1:]:
            layer = layers[k - 1]
            name, shape = layer["name"], "×".join(map(str, layer.get("shape", ())))
            marks = units_in_words(marked.get(name, {}), 3, ascii=self.ascii)
            title, given = self._title(layer), tuple(places[s] for s in reads[k])
            count = int(layer["shape"][0]) if layer.get("shape") else 0
            found.append(
                Band(title, answers.get(name), f"{shape} {marks}".rstrip(), reads=given, total=count)
            )
        return found

    def _title(self, layer: Mapping[str, Any]) -> str:
        """The layer's name, what of it does not learn, and whether a finding led there."""
        trainable = layer.get("trainable", True)
        frozen = (
            f"{self._frozen}{FROZEN[trainable]} " if trainable in FROZEN and layer.get("parameters") else ""
        )
        gone_to = "▸" if layer["name"] == self.snapshot.layer else ""
        return gone_to + frozen + display(layer["name"])

    def _inputs(self, snapshot: Snapshot) -> Column:
        """What the network reads: after preprocessing."""
        image = snapshot.hello_info("image")
        count = snapshot.hello_info("columns", 1)
        if image is not None:
            label = "×".join(map(str, image[1:]))
            return Column("input", (Unit(label, face=_face(snapshot), ink=True),))
        names = [display(name) for name in snapshot.hello_info("column_names", [])]
        if count == 2 and names == [display(f) for f in snapshot.hello_info("features", [])]:
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
        title = self._title(layer)
        chosen = shown.get(name)
        last = k == len(snapshot.hello.layers) - 1 if snapshot.hello else False
        names = self._output_names(snapshot, count) if last else []
        if chosen is None:
            # The same units as in the weights of the layer that reads it.
            units = tuple(Unit(names[i] if i < len(names) else "") for i in shown_units(count).tolist())
            return Column(title, units, hidden=count - len(units))
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

    def _output_names(self, snapshot: Snapshot, count: int) -> list[str]:
        """A name an output: the target's or the class's, for a single one the class that it is the probability of."""
        classes, targets = snapshot.hello_info("classes"), snapshot.hello_info("targets", [])
        if classes is None:
            return [display(t) for t in targets]
        return [display(classes[-1])] if count == 1 else [display(c) for c in classes]


def _unfit(snapshot: Snapshot) -> list[str]:
    """How many weights are NaN or infinite, where there are some."""
    found = snapshot.get(Layers)
    count = sum(row.nonfinite_weights for row in found.rows) if found is not None else 0
    return [f"{count:,} weight{'s' * (count > 1)} nan/inf"] if count else []


def _reads(layers: Sequence[Mapping[str, Any]]) -> list[tuple[int, ...]]:
    """For the input (place 0) and each layer, the places of what it reads."""
    places = {"input": 0} | {layer["name"]: k for k, layer in enumerate(layers, 1)}
    return [(), *(tuple(places[i] for i in layer.get("inputs", ()) if i in places) for layer in layers)]


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

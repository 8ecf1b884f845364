"""What statistics read of a network: a trainer, a replay from files, or a test's fake provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

if TYPE_CHECKING:
    from nntui.statistics.stability import Curvature, Noise, Steps

Array = NDArray[Any]


class LayerView(Protocol):
    """One layer: its name, and its arrays after the last update. Arrays must not be changed."""

    @property
    def name(self) -> str:
        """Unique within the network."""

    @property
    def op(self) -> Any:
        """The activation, with its name as ``type``; None where the layer has none of its own."""

    @property
    def weight(self) -> Array | None:
        """Inputs × units of a dense layer, channels × … of a convolution."""

    @property
    def bias(self) -> Array | None:
        """The biases (units)."""

    @property
    def weight_gradient(self) -> Array | None:
        """∂loss/∂weight of the last batch, in the weight's shape; None before the first."""

    @property
    def weight_before(self) -> Array | None:
        """The weight before the last update; None where it was not kept, or was changed by anything else since."""

    @property
    def gradient(self) -> Array | None:
        """∂loss/∂z of the last batch: samples × units (× height × width); None before the first."""


class Rows(Protocol):
    """One part of the data; ``which`` are numbers of its rows, 0 … len − 1."""

    @property
    def name(self) -> str:
        """ "train" or "validation"."""

    def __len__(self) -> int: ...

    def inputs(self, which: Array) -> Array:
        """len(which) × features, as the data has them: before preprocessing."""

    def labels(self, which: Array) -> Array:
        """Class indices (len(which)), or targets (len(which) × targets)."""


class Instruments(Protocol):
    """What was measured of the optimizer and its objective, by whoever has them; nothing is measured by asking.

    It takes far longer than an update: a trainer lets it go on now and then, a replay measures once.
    """

    @property
    def curvature(self) -> Curvature | None:
        """The newest; None before the first."""

    @property
    def under_way(self) -> int:
        """Products with the Hessian so far of a measurement that is under way."""

    @property
    def noise(self) -> Sequence[Noise]:
        """The noise of the gradients of the dense layers."""

    @property
    def batches(self) -> int:
        """The number of batches that the noise was averaged over."""

    @property
    def noise_update(self) -> int | None:
        """The update of the newest of these batches."""

    @property
    def rated(self) -> bool:
        """Whether the optimizer has a learning rate."""

    @property
    def steps(self) -> Sequence[Steps]:
        """The steps of the parameters that are trained."""

    @property
    def steps_update(self) -> int | None:
        """The update that made these steps."""

    @property
    def coming(self) -> bool:
        """Whether :attr:`steps` are those of an update that would come next, but was not made."""

    @property
    def corrected(self) -> bool:
        """Whether the optimizer corrects its moments."""

    def correction(self, update: int) -> float | None:
        """The factor by which this correction multiplies an update's step; None for an optimizer without it."""


class NetworkView(Protocol):
    """A network at one update, and the data that it learns from. ``x`` is samples × features, before preprocessing."""

    @property
    def update(self) -> int:
        """Updates done."""

    @property
    def epoch(self) -> int:
        """Epochs done."""

    @property
    def layers(self) -> Sequence[LayerView]:
        """The layers in the order in which they are computed."""

    @property
    def axes(self) -> int:
        """1 or 2 where samples are points on a line or in a plane; else 0."""

    @property
    def classes(self) -> Sequence[str] | None:
        """Labels of the classes; None for a regression."""

    @property
    def task(self) -> str:
        """ "classification", "multilabel" (a row may have several of the targets) or "regression"."""

    @property
    def targets(self) -> Sequence[str]:
        """Names of what is predicted: of the numbers, or of the labels; of the column of classes."""

    @property
    def features(self) -> Sequence[str]:
        """Names of the inputs, as the data has them."""

    @property
    def categories(self) -> Mapping[str, Sequence[str]]:
        """Of the inputs that are text, by name: what their numbers stand for."""

    @property
    def image(self) -> tuple[int, int, int] | None:
        """Channels, height and width of what the network reads, where that is a picture."""

    @property
    def window(self) -> tuple[Array, Array]:
        """Lower and upper bounds (features) of the inputs that are drawn."""

    @property
    def train(self) -> Rows:
        """The rows that it learns from."""

    @property
    def held_out(self) -> Rows:
        """The validation part, else the training part."""

    @property
    def drawn(self) -> Array:
        """Numbers of the training rows that are drawn as points."""

    @property
    def sample(self) -> Array:
        """Numbers of the training rows that statistics look at: a seeded random choice."""

    @property
    def instruments(self) -> Instruments | None:
        """What was measured of the optimizer; None where it is not known."""

    def seen(self) -> list[Array]:
        """What each layer answers to ``sample``: samples × units (× height × width). Valid until the next call."""

    def activations(self, x: Array) -> list[Array]:
        """What each layer answers to ``x``: samples × units (× height × width). Valid until the next call."""

    def predict(self, x: Array) -> Array:
        """Outputs, samples × outputs."""

    def decide(self, outputs: Array) -> Array:
        """Class indices from outputs."""

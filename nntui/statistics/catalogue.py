"""All statistics by their keys, and computing those that are wanted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nntui.statistics.answers import Answers
from nntui.statistics.base import Statistic
from nntui.statistics.confusion import Confusion
from nntui.statistics.curve import Curve
from nntui.statistics.labels import Labels
from nntui.statistics.layers import Layers
from nntui.statistics.residuals import Residuals
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter
from nntui.statistics.stability import Stability
from nntui.statistics.surface import Surface
from nntui.statistics.view import NetworkView
from nntui.statistics.weights import Weights

STATISTICS: dict[str, type[Statistic]] = {
    cls.KEY: cls
    for cls in (
        Layers, Weights, Surface, Curve, Sample, Answers, Confusion, Labels, Scatter, Residuals, Stability,
    )
}  # fmt: skip

Found = dict[str, Statistic | None]
"""What was computed, by the key asked for; None where it means nothing for the network."""
Failed = dict[str, str]
"""Why a statistic could not be computed, by the key asked for."""


def collect(view: NetworkView, keys: Iterable[str]) -> tuple[Found, Failed]:
    """The statistics named by ``keys``; a key may carry an argument, as in "sample/17". Unknown keys are left out.

    Whatever goes wrong in one is contained: it is told, and the others are computed all the same.
    """
    found: Found = {}
    failed: Failed = {}
    with np.errstate(all="ignore"):
        for key in sorted(keys):
            name, _, argument = key.partition("/")
            cls = STATISTICS.get(name)
            if cls is None:
                continue
            try:
                found[key] = cls.compute(view, argument)
            except Exception as error:  # one statistic's fault must not end the training
                failed[key] = f"{type(error).__name__}: {error}"
    return found, failed

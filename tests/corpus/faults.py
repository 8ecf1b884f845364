"""The half with one planted fault each, made from sound set-ups, and which findings and checks name each fault."""

from __future__ import annotations

import copy

from tests.corpus import data_faults, model_faults  # noqa: F401  # whose faults are in FAULTS, in that order
from tests.corpus.planting import FAULTS
from tests.corpus.setups import Half, Setup, sound


def faulty() -> list[Setup]:
    """The faulty half, in a fixed order; every second one of a kind is held out."""
    known = {s.name: s for s in sound()}
    out = []
    for kind, entry in FAULTS.items():
        for k, name in enumerate(entry.setups):
            base = known[name]
            config = copy.deepcopy(base.config)
            rows = entry.plant(config, base.rows)
            half: Half = "held" if k % 2 else "tune"
            out.append(base.changed(kind, half, config, rows))
    return out

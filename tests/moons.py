"""A small network on the two moons as TOML, with what differs from test to test."""

from __future__ import annotations


def moons(
    data: str,
    train: str,
    *,
    head: str = "",
    units: str = "4",
    hidden: str = 'activation = "tanh"',
    optimizer: str = 'type = "adam"',
) -> str:
    """Moons, one hidden layer of so many units, and one output.

    ``data``, ``train`` and ``optimizer`` are lines of those tables, ``hidden`` lines of the hidden layer besides its
    units, ``head`` lines before all tables.
    """
    return f"""\
{head}
[data]
source = "moons"
{data}

[[layers]]
type = "dense"
units = {units}
{hidden}

[[layers]]
type = "dense"
units = 1
activation = "sigmoid"

[objective]
loss = "binary_cross_entropy"

[optimizer]
{optimizer}

[train]
{train}
"""

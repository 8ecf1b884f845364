"""Comparison of runs: the settings in which they differ, and each one's metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nntui.config import toml
from nntui.display import display
from nntui.runs.ends import last_record
from nntui.runs.find import Found

PARTS = ("train", "validation", "test")
METRICS = ("loss", "accuracy", "macro_f1", "r2", "rmse", "mae")


def differences(runs: Sequence[Found]) -> dict[str, list[Any]]:
    """By key path, the value in each run (None where it is not set), for the keys in which they differ.

    Raises UserError for a config.toml that cannot be read.
    """
    flat = [dict(_flat(toml.parse(toml.read(f.run.config), display(f.run.config)))) for f in runs]
    keys = dict.fromkeys(key for settings in flat for key in settings)
    found = {key: [settings.get(key) for settings in flat] for key in keys}
    return {key: values for key, values in found.items() if any(v != values[0] for v in values[1:])}


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Dotted key paths with their values; lists of tables by index, other lists whole."""
    items: Sequence[tuple[Any, Any]]
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
        items = list(enumerate(value))
    else:
        return [(path, value)]
    return [pair for key, inner in items for pair in _flat(inner, f"{path}.{key}" if path else str(key))]


def measured(run: Found) -> dict[str, Any]:
    """The parts, what each came to: of the best weights where early stopping kept them, else as last measured at
    the end of an epoch; None where a run has no such part, for the test part also before its end. Raises UserError."""
    record = {**(run.info.best or last_record(run.run.metrics) or {}), "test": run.info.test or None}
    return {part: _numbers(record.get(part), run.info.baseline.get(part)) for part in PARTS}


def _numbers(value: Any, baseline: Any) -> dict[str, float] | None:
    """A part's metrics that are numbers in the file, and the accuracy of always deciding for the most frequent class."""
    if not isinstance(value, Mapping):
        return None
    found = {key: value.get(key) for key in METRICS} | {"baseline_accuracy": baseline}
    return {k: v for k, v in found.items() if isinstance(v, int | float) and not isinstance(v, bool)}


def row(run: Mapping[str, Any], settings: Mapping[str, Sequence[Any]], at: int) -> dict[str, Any]:
    """One run of a comparison as one flat row: its name and state, its metrics, the settings that differ."""
    plain = {k: v for k, v in run.items() if not isinstance(v, Mapping) and k not in PARTS}
    for part in PARTS:
        plain |= {f"{part}.{key}": (run[part] or {}).get(key) for key in (*METRICS, "baseline_accuracy")}
    return plain | {key: values[at] for key, values in settings.items()}

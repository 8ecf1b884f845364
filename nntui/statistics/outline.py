"""What a viewer is told once: the network's outline, the data's, and what its panes need to begin."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from nntui.protocol.reports import Hello
from nntui.runs.directory import RunDirectory
from nntui.statistics.base import shown_units
from nntui.training.experiment import Experiment
from nntui.training.view import drawn_rows, window


def hello(run: RunDirectory, title: str, state: str, experiment: Experiment) -> Hello:
    """The first message to a viewer."""
    trainer = experiment.trainer
    return Hello(
        run=run.name,
        title=title,
        pid=os.getpid(),
        epochs=trainer.spec.epochs,
        layers=tuple(layers(experiment)),
        run_dir=str(run.path.resolve()),
        state=state,
        info=info(experiment),
    )


def layers(experiment: Experiment) -> list[dict[str, Any]]:
    """Each layer: name, type, activation, its output's shape a sample, the layers that it reads, its parameters."""
    network = experiment.network
    model = network.model(2, "predict")
    out: list[dict[str, Any]] = []
    last = "input"
    for nodes in model.layers:
        sizes = [
            int(network.parameters.view(p).size) for p in network.parameters if p.startswith(f"{nodes.name}.")
        ]
        out.append(
            {
                "name": nodes.name,
                "type": nodes.spec.type,
                "activation": getattr(getattr(nodes.spec, "activation", None), "type", ""),
                "shape": list(nodes.a.shape[1:]),
                "inputs": list(nodes.spec.inputs or (last,)),
                "parameters": sum(sizes),
                "weight": nodes.weight is not None,
                "bias": nodes.bias is not None,
                "trainable": nodes.spec.trainable,
            }
        )
        last = nodes.name
    return out


def info(experiment: Experiment) -> dict[str, Any]:
    """The data's and the task's outline; "columns" are what the network reads, after preprocessing, with the names of
    those that are shown."""
    table, settings, split = experiment.table, experiment.settings, experiment.split
    drawn = table.axes > 0
    rows = split.train[drawn_rows(experiment)]
    points = table.rows(rows) if drawn else np.zeros((0, 0))
    targets = table.y[rows] if drawn else np.zeros(0)
    read = experiment.preparation.after.names
    return {
        "task": table.columns.task,
        "source": table.source,
        "features": list(table.features[:64]),
        "inputs": len(table.features),
        "columns": len(read),
        "column_names": [read[k] for k in shown_units(len(read))],
        "classes": list(table.classes) if table.classes is not None else None,
        "targets": list(table.targets),
        "image": list(table.image) if table.image is not None else None,
        "optimizer": settings.optimizer.type,
        "loss": settings.loss.type,
        "parameters": len(experiment.network.parameters),
        "train": len(split.train),
        "validation": len(split.validation),
        "test": len(split.test),
        "window": [bound.tolist() for bound in window(table)] if drawn else None,
        "points": points.tolist(),
        "point_targets": np.asarray(targets).tolist(),
    }

"""From the settings of a race to what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from nntui.blas import limit_threads
from nntui.config.race import LINES, RaceSettings
from nntui.config.race_checks import surface_from
from nntui.config.settings import Settings
from nntui.errors import UserError
from nntui.race.line import race_on_a_line
from nntui.race.lineup import lineup
from nntui.race.result import Array, LineRace, Race, Window
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui.training.experiment import build
from nntui.training.start import same_data
from nntui_core.errors import ConfigError
from nntui_core.lowest import lowest_points
from nntui_core.network_race import Training, reference
from nntui_core.network_race import race as train
from nntui_core.plane import Plane, filter_directions, losses_over, main_directions, window_of
from nntui_core.race import Contestant, Rules, Track, race
from nntui_core.surfaces import Surface

COLUMNS, ROWS = 128, 96
"""Points at which a surface is drawn."""
MESH = 61
"""Points along each side of a plane through a network's loss: each takes all training rows."""

FEW = 10
"""Checkpoints: with fewer the run is trained again, which gives the same path."""

Report = Callable[[str], object]
"""Told how far it is."""


def run(
    settings: RaceSettings, *, of: RunDirectory | None = None, report: Report = lambda words: None
) -> Race | LineRace:
    """Race. ``of`` is a run whose path the plane is laid through. Raises UserError."""
    keys = settings.keys
    if keys.surface in LINES:
        return race_on_a_line(settings)
    if settings.network is not None:
        return _on_a_network(settings, settings.network, of, report)
    surface = surface_from(keys)
    if keys.surface == "expression":
        surface = replace(surface, minima=lowest_points(surface))
    contestants = keys.contestants or lineup(keys.surface)
    rules = Rules(steps=keys.steps, schedule=settings.schedule, noise=keys.gradient_noise, seed=settings.seed)
    tracks = tuple(race(surface, contestants, rules))
    near = _near(surface, tracks)
    closer = None if near is None else (near, replace(surface, window=near).grid(COLUMNS, ROWS))
    return Race(keys.surface, settings.title, surface, surface.grid(COLUMNS, ROWS), closer, tracks)


def _near(surface: Surface, tracks: Sequence[Track]) -> Window | None:
    """Where the race takes place, within the window: around the start, the minima that were reached, and most of the
    ways; None where that is nearly all of it."""
    (left, right), (low, high) = surface.window
    ways = np.vstack([track.path[:, :2] for track in tracks])
    x, y = ways.T
    ways = ways[(x >= left) & (x <= right) & (y >= low) & (y <= high)]
    (a, b), (c, d) = window_of(np.vstack([ways, surface.start]))
    near = (max(a, left), min(b, right)), (max(c, low), min(d, high))
    shares = ((u - t) / (w - v) for (t, u), (v, w) in zip(near, surface.window, strict=True))
    return None if min(shares) > 0.8 else near


def _on_a_network(settings: RaceSettings, network: Settings, of: RunDirectory | None, report: Report) -> Race:
    keys = settings.keys
    experiment = build(network)
    if of is not None:
        same_data(experiment, of, of.read())
    limit_threads(len(experiment.network.parameters))
    training = Training(
        experiment.network, network.schedule, network.train, experiment.trainer.train, keys.steps
    )
    contestants = keys.contestants or lineup("network", network.optimizer)
    try:
        plane, about = _plane(settings, network, training, of, report)
        tracks, explained = train(
            training, contestants, plane, lambda name, k: report(f"{name}: update {k} of {keys.steps}")
        )
        window = window_of(np.vstack([track.path[:, :2] for track in tracks]))
        report("the loss over the plane")
        grid = losses_over(plane, training.objective_at, window, MESH)
    except ConfigError as error:
        raise UserError(settings.message(("race", "surface"), str(error))) from None
    finally:
        training.rewind()
    formula = f"{network.loss.type} over the {len(training.train):,} training rows"
    surface = Surface(
        "network", formula, "", _nowhere, _nowhere, (), window, (0.0, 0.0), ("a", "b"),
    )  # fmt: skip
    return Race("network", settings.title, surface, grid, None, tuple(tracks), explained, about)


def _nowhere(x: Array, y: Array) -> NoReturn:
    raise NotImplementedError("a plane's loss is known on its grid and along the tracks")


def _plane(
    settings: RaceSettings, network: Settings, training: Training, of: RunDirectory | None, report: Report
) -> tuple[Plane, str]:
    """The plane, through the weights that all start from, and what it is in words. Raises ConfigError."""
    start = training.start.astype(np.float64)
    if of is not None:
        report(f"the path of {of.name}")
        path, source = _path_of(of, training), "its checkpoints"
        if len(path) < FEW:
            path, source = reference(training, Contestant("reference", network.optimizer)), "trained again"
        first, second = main_directions(path, start)
        return Plane(start, first, second), f"main directions of the path of {of.name} ({source})"
    if settings.keys.plane == "path":
        report(f"the path of {network.optimizer.type}")
        path = reference(training, Contestant("reference", network.optimizer))
        first, second = main_directions(path, start)
        return Plane(start, first, second), f"main directions of {network.optimizer.type}'s path"
    first, second = filter_directions(training.network.parameters, settings.seed)
    return Plane(start, first, second), "random directions, normalized by filter"


def _path_of(run: RunDirectory, training: Training) -> Array:
    """All parameters at each checkpoint of a run that is whole and fits, in order: k × n."""
    parameters = training.network.parameters
    rows = [training.start.astype(np.float64)]
    for update in checkpoint.updates(run.checkpoints):
        try:
            arrays, _ = checkpoint.read(checkpoint.path_of(run.checkpoints, update))
            row = np.concatenate([np.ravel(arrays[f"param/{name}"]) for name in parameters])
        except (checkpoint.CheckpointError, KeyError):
            continue  # one moment less; where few are left the run is trained again
        if len(row) == len(parameters):
            rows.append(row.astype(np.float64))
    return np.array(rows)

"""A race that can be changed while it is looked at: another surface, start, noise; each change is a race of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nntui.config.race import RaceKeys, RaceSettings
from nntui.race.result import LineRace, Race
from nntui.race.running import run
from nntui.runs.directory import RunDirectory
from nntui_core.surfaces import SURFACES
from nntui_core.train_spec import GradientNoise

NOISE = GradientNoise(eta=0.1, gamma=0.0)
"""What is switched on where the file has none: of the same strength at every step."""


class RaceSession:
    """The settings as they are now; :meth:`compute` races with them."""

    def __init__(self, settings: RaceSettings, of: RunDirectory | None = None) -> None:
        self._given = settings
        self._of = of
        self.settings = settings

    @property
    def on_a_surface(self) -> bool:
        """Whether start, noise and surface can be changed here."""
        return self.settings.network is None and self.settings.keys.surface in (*SURFACES, "expression")

    def compute(self, report: Callable[[str], object]) -> Race | LineRace:
        """Compute the race. Raises UserError."""
        return run(self.settings, of=self._of, report=report)

    def place(self, start: tuple[float, float]) -> None:
        """Let the contestants start at another point."""
        self._change(start=start)

    def noise(self) -> None:
        """Noise on the gradients, or none any more."""
        some = self.settings.keys.gradient_noise
        self._change(gradient_noise=None if some else self._given.keys.gradient_noise or NOISE)

    def surface(self, by: int) -> None:
        """The next surface, or the one before: the file's own, then the textbook's with its usual contestants."""
        own = self._given.keys.surface
        names = [own, *(name for name in SURFACES if name != own)]
        name = names[(names.index(self.settings.keys.surface) + by) % len(names)]
        keys = self._given.keys if name == own else RaceKeys(surface=name, steps=self._given.keys.steps)
        noise = self.settings.keys.gradient_noise
        self.settings = replace(self.settings, keys=replace(keys, gradient_noise=noise))

    def _change(self, **keys: object) -> None:
        self.settings = replace(self.settings, keys=replace(self.settings.keys, **keys))  # type: ignore[arg-type]

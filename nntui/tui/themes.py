"""Themes, and the color of each role in each theme.

Blue is positive, orange is negative, zero fades into the background, on every theme; green, yellow and red
are for findings alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

from nntui.tui.caps import Caps
from nntui.tui.kept_theme import Tell, restore

if TYPE_CHECKING:
    from textual.app import App

DARK = {
    "text": "#d8dee6",
    "muted": "#7d8895",
    "zero": "#39424d",
    "positive": "#4aa8ff",
    "negative": "#ff9a3c",
    "train": "#4fd6be",
    "validation": "#c99bff",
    "accent": "#4fd6be",
    "fresh": "#ffffff",
    "good": "#8fd460",
    "warn": "#f2d24b",
    "bad": "#ff5d6c",
    "class0": "#ff9a3c",
    "class1": "#4aa8ff",
    "class2": "#5fd38d",
    "class3": "#f27fb2",
    "class4": "#e8dc5c",
    "class5": "#a78bfa",
    "class6": "#5de0ec",
    "class7": "#c98b5e",
    "class8": "#e4606d",
    "class9": "#b9c2cd",
}
LIGHT = {
    "text": "#1f262e",
    "muted": "#6a7480",
    "zero": "#c3cad2",
    "positive": "#0b63c5",
    "negative": "#cf5a00",
    "train": "#00806c",
    "validation": "#7c3bc9",
    "accent": "#00806c",
    "fresh": "#000000",
    "good": "#3d7d12",
    "warn": "#8f6a00",
    "bad": "#c41f33",
    "class0": "#cf5a00",
    "class1": "#0b63c5",
    "class2": "#178a4c",
    "class3": "#c22f78",
    "class4": "#857500",
    "class5": "#6a43d6",
    "class6": "#007f8c",
    "class7": "#8a5024",
    "class8": "#b52537",
    "class9": "#5c6670",
}
ANSI = {
    "text": "default",
    "muted": "bright_black",
    "zero": "bright_black",
    "positive": "bright_blue",
    "negative": "yellow",
    "train": "cyan",
    "validation": "magenta",
    "accent": "cyan",
    "fresh": "bright_white",
    "good": "green",
    "warn": "bright_yellow",
    "bad": "bright_red",
    "class0": "yellow",
    "class1": "bright_blue",
    "class2": "green",
    "class3": "magenta",
    "class4": "bright_yellow",
    "class5": "bright_magenta",
    "class6": "bright_cyan",
    "class7": "red",
    "class8": "bright_red",
    "class9": "white",
}

DEEP = ("red", "blue", "magenta", "bright_black")
"""Of the terminal's own colors, those on which black is hard to see."""

THEMES = (
    Theme(
        name="nntui-dark",
        primary="#4aa8ff",
        secondary="#c99bff",
        accent="#4fd6be",
        warning="#f2d24b",
        error="#ff5d6c",
        success="#8fd460",
        foreground="#d8dee6",
        background="#11151a",
        surface="#171c22",
        panel="#20262e",
        dark=True,
        variables={"footer-key-foreground": "#4fd6be", "border-blurred": "#39424d"},
    ),
    Theme(
        name="nntui-light",
        primary="#0b63c5",
        secondary="#7c3bc9",
        accent="#00806c",
        warning="#8f6a00",
        error="#c41f33",
        success="#3d7d12",
        foreground="#1f262e",
        background="#fafbfc",
        surface="#f0f2f5",
        panel="#e4e8ec",
        dark=False,
        variables={"footer-key-foreground": "#00806c", "border-blurred": "#c3cad2"},
    ),
    Theme(
        name="nntui-ansi",
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_magenta",
        accent="ansi_cyan",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        dark=True,
        variables={
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "border-blurred": "ansi_bright_black",
            "block-cursor-foreground": "ansi_black",
            "block-cursor-background": "ansi_white",
            "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black",
            "input-selection-background": "ansi_blue",
            "input-selection-foreground": "ansi_white",
            "screen-selection-background": "ansi_blue",
            "screen-selection-foreground": "ansi_white",
        },
    ),
)


class Palette:
    """The colors of one theme: "#rrggbb", or on an ANSI theme the names of the terminal's own colors."""

    def __init__(self, background: str, dark: bool, ansi: bool) -> None:
        self.background = background
        self.ansi = ansi
        self._roles = ANSI if ansi else DARK if dark else LIGHT
        self._cache: dict[str, str] = {}

    def color(self, role: str) -> str:
        """The color of a role.

        Raises:
            KeyError: there is no such role.
        """
        found = self._cache.get(role)
        if found is None:
            found = self._cache[role] = self._resolve(role)
        return found

    def named(self, role: str) -> str:
        """The color of a role as style sheets and borders name it, where "yellow" is not the terminal's own."""
        return f"ansi_{self.color(role)}" if self.ansi else self.color(role)

    def ink(self, role: str) -> str:
        """The color of a role as ink: the terminal's own ground has no name as a foreground."""
        color = self.color(role)
        return "black" if self.ansi and ":" in role and color == self.background else color

    def mark(self, role: str, ground: str) -> str:
        """The color of a character on the ground of another role: never that of the ground itself."""
        color = self.color(role)
        if not self.ansi or color == self.background or color != self.color(ground):
            return color
        return "bright_white" if color in DEEP else "black"

    def faded(self, color: str) -> str:
        """A color halfway into the background, for what is dim."""
        return color if self.ansi else _blend(self.background, color, 0.5)

    def _resolve(self, role: str) -> str:
        name, _, level = role.partition(":")
        if not level:
            return self._roles[name]
        k = int(level)
        if name == "scale":
            return self._level("positive" if k > 0 else "negative", abs(k) / 8)
        if name == "ink":
            return self._ink(k)
        if name == "height":
            return self._height(k)
        return self._level(name, k / 8)

    def _level(self, name: str, share: float) -> str:
        color = self._roles[name]
        if share == 0:
            return self.background
        if not self.ansi:
            # Small values are lifted a little, or the first two levels could not be told from none.
            return _blend(self.background, color, share**0.85)
        if share < 0.2:
            return self.background
        bright = {"positive": ("blue", "bright_blue"), "negative": ("yellow", "bright_yellow")}
        return bright[name][share > 0.6] if name in bright else color

    def _height(self, k: int) -> str:
        """Bands (even) from the ground up, and the lines between them (odd); dim enough for trails on them.

        In the terminal's own colors the lines alone: too few shades are there for bands.
        """
        if self.ansi:
            return "blue" if k % 2 else self.background
        return _blend(self.background, self._roles["positive"], 0.55 * min(1.0, k / 25))

    def _ink(self, k: int) -> str:
        if not self.ansi:
            return _blend(self.background, self._roles["text"], k / 15)
        return (self.background, "bright_black", "white", "bright_white")[min(3, (k + 2) // 5)]


def _blend(a: str, b: str, share: float) -> str:
    """The color that lies `share` of the way from `a` to `b`."""
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


def install(app: App[Any], caps: Caps, tell: Tell | None = None) -> None:
    """Register the themes and choose the one that was kept, where the terminal has its colors, else the one that fits it.

    Style sheets know ASCII by its class. `tell` writes what goes wrong into a log (default: Textual's).
    """
    app.set_class(caps.ascii, "-ascii")
    for theme in THEMES:
        app.register_theme(theme)
    app.theme = caps.theme
    if not caps.ansi:
        restore(app, tell or app.log.warning)


def palette(app: App[Any], background: str | None = None) -> Palette:
    """The colors of the app's theme, whichever it is, on a background ("#rrggbb", default the theme's)."""
    theme = app.current_theme
    if theme.ansi or app.ansi_color:
        return _palette("default", theme.dark, True)
    return _palette((background or app.theme_variables["background"])[:7].lower(), theme.dark, False)


@lru_cache(32)
def _palette(background: str, dark: bool, ansi: bool) -> Palette:
    return Palette(background, dark, ansi)

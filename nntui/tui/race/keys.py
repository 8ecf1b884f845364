"""The keys of a race's screen."""

from __future__ import annotations

from textual.binding import Binding

from nntui.tui.race.panes import PANES


def _key(key: str, action: str, word: str, name: str, tooltip: str) -> Binding:
    return Binding(key, action, word, tooltip=tooltip, id=f"race.{name}")


KEYS = (
    _key("space", "play", "play", "play", "Play or pause; at the end, again from the start"),
    _key("n", "go(1)", "step", "step", "One step, paused"),
    _key("b", "go(-1)", "back", "back", "One step back, paused"),
    _key("N", "go(10)", "ten", "ten", "Ten steps"),
    _key("B", "go(-10)", "ten back", "ten_back", "Ten steps back"),
    _key("less_than_sign", "hasten(-1)", "slower", "slower", "Fewer steps a second"),
    _key("greater_than_sign", "hasten(1)", "faster", "faster", "More steps a second"),
    _key("r", "rewind", "restart", "restart", "Again from the start"),
    _key("e", "end", "end", "end", "To the last step"),
    _key("up", "arrow(0,-1)", "contestant", "up", "The contestant above; while a start is chosen, the mark up"),
    _key("down", "arrow(0,1)", "contestant", "down", "The contestant below; while a start is chosen, the mark down"),
    _key("left", "arrow(-1,0)", "left", "left", "While a start is chosen: the mark to the left"),
    _key("right", "arrow(1,0)", "right", "right", "While a start is chosen: the mark to the right"),
    _key("h", "hide", "hide", "hide", "Take the chosen contestant off the map, or bring it back"),
    _key("s", "place", "start", "start", "Choose another start: arrows, then enter (or click on the map)"),
    _key("f", "surface(1)", "surface", "surface", "The next surface"),
    _key("F", "surface(-1)", "surface", "surface_back", "The surface before"),
    _key("g", "noise", "noise", "noise", "Noise on every gradient, or none"),
    _key("a", "arrows", "arrows", "arrows", "Arrows at the chosen one's head, or none"),
    _key("z", "close", "zoom", "zoom", "The part in which the race takes place, or the whole map"),
    _key("m", "view", "view", "view", "Curves over steps, or over evaluations"),
    _key("tab", "next_pane(1)", "pane", "next_pane", "The next pane"),
    _key("shift+tab", "next_pane(-1)", "pane", "previous_pane", "The pane before"),
    _key("enter", "enter", "larger", "larger", "One pane alone, or all again; takes the start that is chosen"),
    *(
        Binding(str(k), f"pane({k - 1})", name, show=False, tooltip=f"The {name} pane", id=f"race.{name}_pane")
        for k, name in enumerate(PANES, 1)
    ),
    _key("question_mark,f1", "explain", "help", "help", "This page"),
    _key("q,ctrl+c,ctrl+q,escape", "leave", "quit", "quit", "Close; first out of choosing a start"),
)  # fmt: skip

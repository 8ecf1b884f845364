"""Numbers on the command line: written in ASCII digits, within limits that are told in plain words."""

from __future__ import annotations

import re
from math import isfinite

import click

from nntui.display import display

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class Whole(click.ParamType[int]):
    """A whole number, at least ``low`` and at most ``high``."""

    name = "integer"

    def __init__(self, low: int = 0, high: int | None = None) -> None:
        self.low, self.high = low, high

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Fails with what is allowed."""
        number = int(str(value)) if _WHOLE.fullmatch(str(value)) else None
        if number is None or number < self.low or (self.high is not None and number > self.high):
            most = "" if self.high is None else f", at most {self.high}"
            allowed = f"a whole number, at least {self.low}{most}"
            self.fail(f"given {display(value, 40) or 'nothing'}; allowed {allowed}", param, ctx)
        return number


class Seconds(click.ParamType[float]):
    """A time above 0."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Fails with what is allowed."""
        number = float(str(value)) if _NUMBER.fullmatch(str(value)) else 0.0
        if not (number > 0 and isfinite(number)):
            self.fail(f"given {display(value, 40) or 'nothing'}; allowed seconds above 0", param, ctx)
        return number

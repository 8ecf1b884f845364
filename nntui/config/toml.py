"""TOML text to tables, bounded, with the line of every key."""

from __future__ import annotations

import copy
import os
import re
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nntui.display import display
from nntui.errors import UserError
from nntui.runs.files import reason

MAX_BYTES = 64 * 1024
MAX_LINE = 8192
MAX_PARTS = 16
MAX_DEPTH = 64

Path_ = tuple[str | int, ...]
_KEY = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_STEP = rf"(?:{_KEY}|\*)"
_SETTING = rf"{_STEP}(?:\s*\.\s*{_STEP})*"
_PAIR = re.compile(rf"^\s*({_DOTTED})\s*=")


def read(path: Path) -> str:
    """The text of a configuration file. Raises UserError."""
    shown = display(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        raise UserError(f"{shown}: not a usable path") from None
    except OSError as error:
        raise UserError(f"{shown}: cannot read the configuration: {reason(error)}") from None
    with os.fdopen(descriptor, "rb") as stream:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            what = "a directory" if stat.S_ISDIR(mode) else "not a plain file"
            raise UserError(f"{shown}: cannot read the configuration: this is {what}")
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UserError(f"{shown}: too large for a configuration (allowed: up to {MAX_BYTES} bytes)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{shown}:{line}: not UTF-8 text") from None


def parse(text: str, shown: str) -> dict[str, Any]:
    """The tables in ``text``. Raises UserError with ``shown`` and the line."""
    for number, line in enumerate(text.splitlines(), 1):
        key = line.partition("=")[0]
        if len(line) > MAX_LINE or key.count(".") > MAX_PARTS:
            raise UserError(f"{shown}:{number}: the line is too long, or its key has too many parts")
        if len(line) - len(line.replace("[", "").replace("{", "")) > 8 * MAX_DEPTH:
            raise UserError(f"{shown}:{number}: nested too deeply")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line_number = int(found.group(1)) if found else max(1, len(text.splitlines()))
        problem = display(re.sub(r"\s*\(at .*\)$", "", str(error)), 200)
        raise UserError(f"{shown}:{line_number}: not TOML: {problem}") from None
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else display(error, 120)
        raise UserError(f"{shown}:1: not TOML: {problem}") from None


def lines(text: str) -> dict[Path_, int]:
    """The line of each table and key, for text that :func:`parse` accepts.

    Keys inside an inline table, and entries of an array, have the line of the key they belong to.
    """
    found: dict[Path_, int] = {}
    counts: dict[Path_, int] = {}
    table: Path_ = ()
    inside = _Inside()
    for number, line in enumerate(text.splitlines(), 1):
        if inside.open:
            inside.feed(line)
            continue
        header = _HEADER.match(line)
        if header:
            table = _resolve(_split(header.group(2)), counts, new=header.group(1) == "[[")
            found.setdefault(table, number)
            continue
        pair = _PAIR.match(line)
        if pair:
            path = (*table, *_split(pair.group(1)))
            for k in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:k], number)
            inside.feed(line[pair.end() :])
    return found


def line_of(found: dict[Path_, int], path: Sequence[str | int]) -> int:
    """The line of ``path``, or of the nearest table around it."""
    at = tuple(path)
    while at and at not in found:
        at = at[:-1]
    return found.get(at, 1)


def _split(key: str) -> Path_:
    parts = re.findall(_STEP, key)
    return tuple(p[1:-1] if p[0] in "\"'" else p for p in parts)


def _resolve(path: Path_, counts: dict[Path_, int], *, new: bool) -> Path_:
    """A header's path with the index of each array of tables on the way."""
    out: Path_ = ()
    for k, key in enumerate(path):
        out = (*out, key)
        if k == len(path) - 1 and new:
            counts[out] = counts.get(out, -1) + 1
        if out in counts:
            out = (*out, counts[out])
    return out


class _Inside:
    """Whether a value goes on in the next line: brackets, and strings in three quotes."""

    def __init__(self) -> None:
        self.depth = 0
        self.quote = ""

    @property
    def open(self) -> bool:
        return bool(self.depth or self.quote)

    def feed(self, text: str) -> None:
        i = 0
        while i < len(text):
            if self.quote:
                end = text.find(self.quote, i)
                if end < 0:
                    return
                i, self.quote = end + 3, ""
                continue
            c = text[i]
            if c == "#":
                return
            if text[i : i + 3] in ('"""', "'''"):
                self.quote = text[i : i + 3]
                i += 3
                continue
            if c in "\"'":
                i += 1
                while i < len(text) and text[i] != c:
                    i += 2 if text[i] == "\\" and c == '"' else 1
            elif c in "[{":
                self.depth += 1
            elif c in "]}":
                self.depth -= 1
            i += 1


def override(data: dict[str, Any], setting: str) -> list[Path_]:
    """Apply ``KEY=VALUE`` to ``data`` and return the paths of the keys it set. Raises UserError.

    The value is read as TOML, else as text; a number in the key is a place in a list, a ``*`` every place.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key.strip() or len(setting) > MAX_LINE:
        raise UserError(f"--set {display(setting, 60)}: write it as KEY=VALUE, such as optimizer.lr=0.1")
    if not re.fullmatch(_SETTING, key.strip()) or len(_split(key)) > MAX_PARTS:
        raise UserError(f"--set {display(setting, 60)}: not a key (given {display(key, 60)!r})")
    try:
        value = tomllib.loads(f"value = {text}")["value"] if "\n" not in text else text
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        value = text
    return _set(data, (), _split(key.strip()), value, display(key, 60))


def _set(at: Any, path: Path_, rest: Path_, value: Any, shown: str) -> list[Path_]:
    """Set ``rest`` below ``at``, which stands at ``path``."""
    step, *below = rest
    where = ".".join(display(p, 30) for p in path)
    if isinstance(at, list):
        if step == "*" and at:
            return [p for k in range(len(at)) for p in _set(at, path, (str(k), *below), value, shown)]
        if not (str(step).isascii() and str(step).isdigit()) or int(step) >= len(at):
            allowed = f"0 to {len(at) - 1}, or * for all" if at else "nothing: it is empty"
            raise UserError(
                f"--set {shown}: there is no entry {display(step, 30)} in {where} (allowed {allowed})"
            )
        step = int(step)
    elif not isinstance(at, dict):
        raise UserError(f"--set {shown}: {where} is a value, not a table (given {display(at, 40)})")
    path = (*path, step)
    if not below:
        at[step] = copy.deepcopy(value)
        return [path]
    if isinstance(at, dict) and step not in at:
        at[step] = {}
    # A name such as activation = "relu" becomes a table when one of its fields is set.
    if isinstance(at[step], str):
        at[step] = {"type": at[step]}
    return _set(at[step], path, tuple(below), value, shown)

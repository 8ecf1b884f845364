"""TOML text to tables, within bounds, and the values that --set puts into them."""

from __future__ import annotations

import contextlib
import copy
import os
import re
import stat
import tomllib
from pathlib import Path as FilePath
from typing import Any

from nntui.config import beginners, syntax
from nntui.config.lines import KEY, Path, split
from nntui.display import display
from nntui.errors import UserError
from nntui.files import reason

EDITOR_LINE = "#:schema ./nntui.json"
"""By this first line, editors check and explain a file; ``nntui schema`` writes what it names."""
MAX_BYTES = 8 << 20
"""Room for the weights of an exported run as Θ."""
MAX_SETTING = 65536
MAX_PARTS = 16
MAX_DEPTH = 32

_LONG_KEY = rf"(?:{KEY}[ \t]*\.[ \t]*){{{MAX_PARTS}}}"
_TOKEN = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?+|\'[^\'\n]*+\'?+|\#[^\n]*+|[A-Za-z0-9_.-]++|.'
)
_TO_LONG_KEY = re.compile(rf"(?s:(?!{_LONG_KEY})(?:{_TOKEN}))*+{_LONG_KEY}")
"""Each token is passed once, whatever is in it, so that the time grows with the text and not with its square."""
_STEP = rf"(?:{KEY}|\*)"
_SETTING = re.compile(rf"{_STEP}(?:\s*\.\s*{_STEP})*")


def read(path: FilePath) -> str:
    """The text of a configuration file. Raises UserError."""
    shown = display(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        raise UserError(f"{shown}: not a usable path") from None
    except OSError as error:
        raise UserError(f"{shown}: cannot read the configuration: {reason(error)}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{shown}: cannot read the configuration: {reason(error)}") from None
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "not a plain file"
        raise UserError(f"{shown}: cannot read the configuration: this is {what}")
    if len(data) > MAX_BYTES:
        raise UserError(f"{shown}: too large for a configuration (allowed: up to {MAX_BYTES} bytes)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{shown}:{line}: not UTF-8 text") from None


def parse(text: str, shown: str) -> dict[str, Any]:
    """The tables in ``text``. Raises UserError with ``shown`` and the line."""
    long = _TO_LONG_KEY.match(text)
    if long:
        # tomllib reads such keys in time that grows with the square of their length.
        line = text.count("\n", 0, long.end()) + 1
        raise UserError(f"{shown}:{line}: a key has too many parts (allowed: up to {MAX_PARTS})")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        number = int(found.group(1)) if found else text.rstrip("\n").count("\n") + 1
        problem = re.sub(r"\s*\(at .*\)$", "", str(error))
        said = display(syntax.plain(problem), 200)
        lines = text.split("\n")
        cure = beginners.hint(lines[number - 1], problem) if number <= len(lines) else ""
        raise UserError(
            f"{shown}:{number}: not TOML: {said}{f'; {display(cure, 120)}' if cure else ''}"
        ) from None
    except ValueError:
        # Only a whole number can be too long to read; Python's message speaks of Python.
        found = re.search(r"[0-9][0-9_]{4000,}", text)
        number = text.count("\n", 0, found.start()) + 1 if found else 1
        raise UserError(f"{shown}:{number}: a number has too many digits") from None
    except RecursionError:
        data = None
    if data is None or _deeper(data, MAX_DEPTH):
        raise UserError(f"{shown}:{_deepest(text)}: nested too deeply (allowed: up to {MAX_DEPTH} levels)")
    return data


def _deeper(value: Any, limit: int) -> bool:
    """Whether ``value`` has more than ``limit`` levels of tables and lists."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return limit == 0 or any(_deeper(v, limit - 1) for v in inner)


def _deepest(text: str) -> int:
    """The line on which more brackets are open than on any other (near enough, with brackets in strings)."""
    depth, most, line = 0, 0, 1
    for number, content in enumerate(text.split("\n"), 1):
        depth += sum(content.count(c) for c in "[{") - sum(content.count(c) for c in "]}")
        if depth + content.count("[") > most:
            most, line = depth + content.count("["), number
    return line


def override(data: dict[str, Any], setting: str) -> list[Path]:
    """Apply ``KEY=VALUE`` to ``data`` and return the paths of the keys it set. Raises UserError.

    The value is read as TOML, else as text; a number in the key is a place in a list, a ``*`` every place.
    """
    key, equals, text = setting.partition("=")
    if len(setting) > MAX_SETTING:
        given = f"given {len(setting):,} characters; allowed up to {MAX_SETTING:,}"
        raise UserError(f"--set {display(key, 60)}: too long ({given}); put it into the file")
    if not equals or not key.strip():
        raise UserError(f"--set {display(setting, 60)}: write it as KEY=VALUE, such as optimizer.lr=0.1")
    if not _SETTING.fullmatch(key.strip()) or len(_steps(key)) > MAX_PARTS:
        raise UserError(f"--set {display(setting, 60)}: not a key (given {display(key, 60)!r})")
    try:
        value = tomllib.loads(f"value = {text}")["value"] if "\n" not in text else text
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        value = text
    if _deeper(value, MAX_DEPTH):
        raise UserError(f"--set {display(key, 60)}: nested too deeply (allowed: up to {MAX_DEPTH} levels)")
    return _set(data, (), _steps(key.strip()), value, display(key, 60))


def _set(at: Any, path: Path, rest: Path, value: Any, shown: str) -> list[Path]:
    """Set ``rest`` below ``at``, which stands at ``path``."""
    step, *below = rest
    where = ".".join(display(p, 30) for p in path)
    if isinstance(at, list):
        if step == "*" and at:
            return [p for k in range(len(at)) for p in _set(at, path, (str(k), *below), value, shown)]
        if not re.fullmatch("[0-9]{1,9}", str(step)) or int(step) >= len(at):
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


def _steps(key: str) -> Path:
    return split(key, _STEP)

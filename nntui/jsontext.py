"""Values to JSON text that every reader accepts: NumPy scalars as numbers, and never `NaN` or `Infinity`."""

from __future__ import annotations

import json
import math
import re
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any, NoReturn

NONFINITE = "nonfinite"
_BEYOND_ASCII = re.compile(r"[^\n -~]")


def plain(value: object, path: str = "", nonfinite: list[str] | None = None) -> Any:
    """`value` as JSON's own types. A non-finite number becomes None and its dotted path joins `nonfinite`.

    Arrays become lists; tuples become lists; NumPy scalars become Python's. Raises TypeError for anything
    else and for keys that are not text.
    """
    if value is None or isinstance(value, str | bool):
        return value
    np = sys.modules.get("numpy")  # where nobody has loaded it there are no arrays: lists of runs do without
    if np is not None and isinstance(value, np.ndarray | np.generic):
        finite = value.ndim and value.dtype.kind in "iuf" and np.isfinite(value).all()
        return value.tolist() if finite else plain(value.tolist(), path, nonfinite)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        if nonfinite is not None:
            nonfinite.append(path)
        return None
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{path or 'record'}: key {key!r} is not text")
        return {key: plain(item, f"{path}.{key}" if path else key, nonfinite) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{path}.{i}" if path else str(i), nonfinite) for i, item in enumerate(value)]
    raise TypeError(f"{path or 'record'}: {type(value).__name__} cannot be written as JSON")


def record_line(record: Mapping[str, object]) -> bytes:
    """One record as one line of ASCII JSON, newline included.

    Non-finite numbers are written as null and named by their dotted paths under `"nonfinite"`, a key that a
    record itself may not have (ValueError).
    """
    if NONFINITE in record:
        raise ValueError(f'the key "{NONFINITE}" is reserved')
    names: list[str] = []
    out = plain(record, "", names)
    if names:
        out[NONFINITE] = names
    return json.dumps(out, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def pretty(value: object) -> str:
    """An indented JSON document, non-finite numbers as null; an array of numbers, however deep, is one line."""
    return escaped(_indented(plain(value), ""))


def escaped(text: str) -> str:
    """JSON text without raw characters that steer a terminal, reorder or break lines: these stand in strings alone."""
    return _BEYOND_ASCII.sub(lambda found: _escape(found.group()), text)


def _escape(character: str) -> str:
    kind = unicodedata.category(character)
    return json.dumps(character)[1:-1] if kind[0] == "C" or kind in ("Zl", "Zp") else character


def _indented(value: Any, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        lines = [f"{json.dumps(k, ensure_ascii=False)}: {_indented(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(inner + line for line in lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(v, dict | str) for v in value):
        return "[\n" + ",\n".join(inner + _indented(v, inner) for v in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def document(value: object) -> bytes:
    """An indented JSON document, non-finite numbers as null."""
    return json.dumps(plain(value), indent=2, allow_nan=False).encode("ascii") + b"\n"


def parse_object(text: bytes) -> dict[str, Any]:
    """A JSON object from foreign bytes.

    Raises ValueError with a short reason for anything else: broken text, `NaN` tokens, nesting too deep.
    """
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("not acceptable JSON: nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"a JSON object is expected, not {type(value).__name__}")
    return value


def _refuse(token: str) -> NoReturn:
    raise ValueError(f"not JSON: the token {token}")

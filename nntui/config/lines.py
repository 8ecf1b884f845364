"""Where each key of a TOML text stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]

KEY = r"""(?:"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_-]++)"""
DOTTED = rf"{KEY}(?:[ \t]*\.[ \t]*{KEY})*+"

_BLANK = re.compile(r"(?:[\s,]++|\#[^\n]*+)*+")
_DOTTED = re.compile(DOTTED)
_ESCAPED = re.compile(r'(?:[^"\\]|\\.)*+"', re.DOTALL)
_BARE = re.compile(r"[^\s,\]}#]*+(?:[ ][0-9][^\s,\]}#]*+)?")


def lines(text: str) -> dict[Path, int]:
    """The line of every table, key and entry of a list, for a text that is valid TOML."""
    return _Scanner(text).found


def line_of(found: dict[Path, int], path: Sequence[str | int]) -> int:
    """The line of ``path``, or of the nearest table around it."""
    at = tuple(path)
    while at and at not in found:
        at = at[:-1]
    return found.get(at, 1)


def split(key: str, part: str = KEY) -> tuple[str, ...]:
    """The parts of a dotted key, without their quotes; ``part`` is the regular expression of one."""
    return tuple(p[1:-1] if p[0] in "\"'" else p for p in re.findall(part, key))


class _Scanner:
    """Walks the text once; ``at`` is the place of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self._counted, self._line = 0, 1
        self._counts: dict[Path, int] = {}
        table: Path = ()
        while self._blank() < len(text):
            table = self._header() if text[self.at] == "[" else self._pair(table)

    def _blank(self) -> int:
        """Skip what separates: space, line ends, commas, comments."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _note(self, path: Path) -> None:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        self.found.setdefault(path, self._line)

    def _key(self) -> tuple[str, ...]:
        found = _DOTTED.match(self.text, self._blank())
        # What is no key cannot come up in valid TOML; going on by one always ends.
        self.at = found.end() if found else self.at + 1
        return split(found.group()) if found else ("",)

    def _header(self) -> Path:
        new = self.text.startswith("[[", self.at)
        self.at += 2 if new else 1
        self._blank()
        start, key = self.at, self._key()
        end, self.at = self.text.find("]", self.at), start
        path: Path = ()
        for k, part in enumerate(key):
            path = (*path, part)
            self._note(path)
            if new and k == len(key) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
                self._note(path)
        self.at = len(self.text) if end < 0 else end + (2 if new else 1)
        return path

    def _pair(self, table: Path) -> Path:
        self._blank()
        start, path = self.at, table
        key = self._key()
        end, self.at = self.at, start
        for part in key:
            path = (*path, part)
            self._note(path)
        equals = self.text.find("=", end)
        self.at = len(self.text) if equals < 0 else equals + 1
        self._value(path)
        return table

    def _value(self, path: Path) -> None:
        text = self.text
        self._blank()
        quote = text[self.at : self.at + 3]
        if quote in ('"""', "'''"):
            self._long(quote)
        elif quote[:1] == '"':
            found = _ESCAPED.match(text, self.at + 1)
            self.at = found.end() if found else len(text)
        elif quote[:1] == "'":
            self.at = 1 + text.find("'", self.at + 1) or len(text)
        elif quote[:1] in ("[", "{"):
            self._inside(path, "]" if quote[0] == "[" else "}")
        else:
            found = _BARE.match(text, self.at)
            self.at = max(self.at + 1, found.end() if found else 0)

    def _inside(self, path: Path, close: str) -> None:
        self.at += 1
        k = 0
        while self._blank() < len(self.text) and self.text[self.at] != close:
            if close == "}":
                self._pair(path)
            else:
                self._note((*path, k))
                self._value((*path, k))
                k += 1
        self.at += 1

    def _long(self, quote: str) -> None:
        """A string in three quotes; up to two more may stand before the closing ones."""
        at = self.at + 3
        while at < len(self.text) and not self.text.startswith(quote, at):
            at += 2 if self.text[at] == "\\" and quote == '"""' else 1
        at += 3
        while at < len(self.text) and self.text[at] == quote[0]:
            at += 1
        self.at = at

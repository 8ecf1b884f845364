"""What is wrong with text that is no TOML, in plain words instead of the parser's."""

from __future__ import annotations

import re

_NAME = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_WORDS: tuple[tuple[str, str], ...] = (
    (r"Cannot declare (?P<path>\(.*\)) twice", "[{path}] is there already, by itself or as part of another value; join them"),
    (r"Cannot redefine namespace (?P<path>\(.*\))", "{path} is there already, by keys with dots; join them"),
    (
        r"Cannot mutate immutable namespace (?P<path>\(.*\))",
        "{path} has its value already and takes no more keys",
    ),
    (r"Cannot overwrite a value", "this key has a value already; leave one of them out"),
    (r"Duplicate inline table key (?P<path>.*)", "the key {path} is there twice; leave one of them out"),
    (r"Invalid statement", "neither a table, such as [data], nor KEY = VALUE"),
    (r"Expected newline or end of document after a statement", "something follows where the line should end"),
    (r"Invalid initial character for a key part", "a key is needed here: letters, digits, _ and -, or in quotes"),
    (r"Expected '=' after a key in a key/value pair", "there is no = after the key"),
    (r"Expected '\](?P<two>\]?)' at the end of an? (?:table|array) declaration", "the table's name has no closing ]{two}"),
    (r"""Expected ["']'(?:'')?["']""", "the text has no closing quote"),
    (r"Expected (?P<mark>.*)", "{mark} is missing"),
    (r"Invalid value", "this is no value that TOML knows"),
    (r"Unterminated string", "the text has no closing quote"),
    (r"(?:Illegal|Found invalid) character '\\n'", "the text has no closing quote in this line"),
    (r"Unclosed array", "the list has no closing ], or no comma between two entries"),
    (r"Unclosed inline table", "the table has no closing }}, or no comma between two keys"),
    (r"Unescaped .* in a string", 'a backslash in text is written twice, or the text in straight single quotes'),
    (r"Invalid hex value", "\\x, \\u and \\U need their hexadecimal digits"),
    (r"Escaped character is not a Unicode scalar value", "this number is no character"),
    (r"(?:Illegal|Found invalid) character (?P<mark>.*)", "a character that cannot stand here (given {mark})"),
    (r"Invalid date or datetime", "there is no such date or time"),
)  # fmt: skip


def plain(problem: str) -> str:
    """What the parser says, for somebody who has not read its source; as it is where the words are unknown."""
    for pattern, words in _WORDS:
        found = re.fullmatch(pattern, problem)
        if found is not None:
            parts = found.groupdict()
            names = [a or b for a, b in _NAME.findall(parts.get("path") or "")]
            return words.format(**{**parts, "path": ".".join(names)})
    return problem

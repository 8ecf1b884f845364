"""Makes docs/keys.md, the reference of every key of the TOML file: `python docs/make_keys.py`.

It says what the JSON Schema says, which is made from the catalogue: the same texts, limits and defaults as the messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nntui.config.load import schema

PAGE = Path(__file__).parent / "keys.md"
LARGEST = 2**53
Node = Mapping[str, Any]
HEAD = """# Every key of the TOML file

Made by `python docs/make_keys.py` from the catalogue. A key without a default must be given, or says what is done without it.
Where a table has a `type`, the name alone may stand for a table without other keys: `activation = "tanh"` is
`activation = { type = "tanh" }`. `--set` takes the same keys: `--set layers.0.units=8`.
"""


class Page:
    """The page, section by section; a table that several keys may have stands where it is first named."""

    def __init__(self, found: Node) -> None:
        self.schema = found
        self.lines: list[str] = HEAD.splitlines()
        self._told: set[str] = set()

    def write(self) -> str:
        """The whole page."""
        plain = {k: v for k, v in self.schema["properties"].items() if not self._tables(v)}
        self._section("##", "Before the tables", "", plain, ())
        for key, node in self.schema["properties"].items():
            if key not in plain:
                self._key(key, node)
        return "\n".join(self.lines).rstrip() + "\n"

    def _key(self, key: str, node: Node) -> None:
        many = "items" in node
        shown = f"`[[{key}]]`" if many else f"`[{key}]`"
        members = self._tables(node)
        self.lines += ["", f"## {shown}", "", node.get("description", "")]
        shared = _shared(list(members.values()))
        if shared:
            which = "source" if key == "data" else "type"
            self.lines += ["", f"Whatever the `{which}`:"]
            self._table("", "", {"properties": shared})
        for name, table in members.items():
            title = f"{key}, {self._tag(table)}" if len(members) > 1 or self._tag(table) else ""
            self._table("###" if title else "", title or name, table, shared)

    def _table(self, level: str, title: str, table: Node, known: Node | None = None) -> None:
        """``known`` are keys that have been told."""
        found = table.get("properties", {}).items()
        keys = {k: v for k, v in found if "const" not in v and k not in (known or {})}
        self._section(level, title, table.get("description", ""), keys, table.get("required", ()))
        for key, node in keys.items():
            for name, inner in self._tables(node).items():
                if name not in self._told:
                    self._told.add(name)
                    if inner.get("properties", {}).keys() - {"type"}:
                        self._table("####", self._tag(inner) or f"`{key}`", inner)

    def _section(self, level: str, title: str, text: str, keys: Node, required: Any) -> None:
        if level:
            self.lines += ["", f"{level} {title}"]
        if text:
            self.lines += ["", _line(text)]
        if keys:
            self.lines += ["", "| key | allowed | default | |", "|---|---|---|---|"]
        for key, node in keys.items():
            default = "" if "default" not in node or key in required else f"`{_value(node['default'])}`"
            need = "required" if key in required else default
            cells = (f"`{key}`", self._allowed(node), need, _line(node.get("description", "")))
            self.lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")

    def _resolve(self, node: Node) -> tuple[str, Node]:
        name = node.get("$ref", "").rpartition("/")[2]
        return (name, self.schema["$defs"][name]) if name else ("", node)

    def _tables(self, node: Node) -> dict[str, Node]:
        """The tables that a key may be, or its entries, by name."""
        found: dict[str, Node] = {}
        for name, inner in self._alternatives(node):
            if inner.get("type") == "object" and "properties" in inner:
                found[name or str(inner.get("title", ""))] = inner
            elif "items" in inner:
                found |= self._tables(inner["items"])
        return found

    def _alternatives(self, node: Node) -> Iterator[tuple[str, Node]]:
        name, node = self._resolve(node)
        inside = [*node.get("anyOf", ()), *node.get("oneOf", ())] if "properties" not in node else []
        if not inside:
            yield name, node
        for one in inside:
            yield from self._alternatives(one)

    def _tag(self, table: Node) -> str:
        consts = [v["const"] for v in table.get("properties", {}).values() if "const" in v]
        return f'"{consts[0]}"' if consts else ""

    def _allowed(self, node: Node) -> str:
        names: list[str] = []
        for _, one in self._alternatives(node):
            for text in self._words(one):
                if text not in names:
                    names.append(text)
        return ", ".join(names)

    def _words(self, one: Node) -> list[str]:
        if "enum" in one:
            return [f"`{_value(v)}`" for v in one["enum"]]
        if "const" in one:
            return [f"`{_value(one['const'])}`"]
        if one.get("type") == "object":
            return [f"`{self._tag(one)}`" if self._tag(one) else "a table"]
        if one.get("type") == "array":
            return [f"a list of {self._allowed(one.get('items', {})) or 'values'}"]
        kind = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true`, `false`"}
        return [f"{kind.get(one.get('type', ''), 'any value')}{_limits(one)}"]


def _shared(tables: list[Node]) -> dict[str, Node]:
    """The keys that all of several tables have alike."""
    if len(tables) < 2:
        return {}
    first, *rest = (t["properties"] for t in tables)
    return {k: v for k, v in first.items() if "const" not in v and all(o.get(k) == v for o in rest)}


def _limits(node: Node) -> str:
    words = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
    found = [f"{sign} {node[k]:g}" for k, sign in words if k in node and node[k] < LARGEST]
    return f" {', '.join(found)}" if found else ""


def _value(value: Any) -> str:
    """As TOML writes it."""
    return json.dumps(value, ensure_ascii=False)


def _line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def page() -> str:
    """The page as it should be."""
    return Page(schema()).write()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

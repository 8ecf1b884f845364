"""Additions to the JSON Schema of a file: the docstrings of fields, names that stand for tables, no null."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import (
    GetJsonSchemaHandler,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema


@cache
def descriptions(cls: type) -> dict[str, str]:
    """The docstring under each field, of ``cls`` and its bases."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for first, second in pairwise(body):
            text = second.value if isinstance(second, ast.Expr) else None
            if (
                isinstance(first, ast.AnnAssign)
                and isinstance(first.target, ast.Name)
                and isinstance(text, ast.Constant)
                and isinstance(text.value, str)
            ):
                found[first.target.id] = text.value
    return found


@dataclass(frozen=True)
class Described:
    """In the JSON Schema: the docstring under a field, looked up only then (it takes the source text)."""

    cls: type
    name: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        text = descriptions(self.cls).get(self.name)
        return handler(core) | ({} if text is None else {"description": text})


@dataclass(frozen=True)
class OrName:
    """In the JSON Schema: a name alone may stand for a table without other keys."""

    names: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"enum": list(self.names)}, handler(core)]}


class Schema(GenerateJsonSchema):
    """Without null, which TOML does not have: such a key is left out."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().default_schema(schema)
        return {k: v for k, v in found.items() if k != "default" or v is not None}

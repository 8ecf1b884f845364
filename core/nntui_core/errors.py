"""Errors of the engine. Each says where, what was given, what is allowed and what to do."""

from __future__ import annotations


class NntuiError(Exception):
    """Base of every error that the engine raises on purpose.

    ``where`` is a node path, layer name or field; ``given`` and ``allowed`` are data and must be escaped
    before they are shown on a terminal.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        given: object = None,
        allowed: object = None,
        hint: str = "",
    ) -> None:
        self.problem = problem
        self.where = where
        self.given = given
        self.allowed = allowed
        self.hint = hint
        super().__init__(f"{self.fact}; {hint}" if hint else self.fact)

    @property
    def fact(self) -> str:
        """Where and what, without what to do about it."""
        details = []
        if self.given is not None:
            details.append(f"given {self.given}")
        if self.allowed is not None:
            details.append(f"allowed {self.allowed}")
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        if details:
            text += f" ({'; '.join(details)})"
        return text


class ShapeError(NntuiError):
    """Shapes that do not fit together."""


class ConfigError(NntuiError):
    """A setting, or a combination of settings, that cannot work."""


class NumericError(NntuiError):
    """A value or gradient that is not finite; ``where`` names the first node that produced it."""


class ExpressionError(NntuiError):
    """Text that is not an allowed expression; ``position`` is the offset of the fault in the text."""

    def __init__(self, problem: str, *, position: int = 0, hint: str = "") -> None:
        self.position = position
        super().__init__(problem, hint=hint)

"""What the columns of a table of samples are called and mean, as it goes from step to step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nntui_core.errors import ConfigError

Names = tuple[str, ...]


@dataclass(frozen=True)
class Features:
    """Names of the columns, in order; a name that one step replaced by others goes on meaning all of them."""

    names: Names
    categories: Mapping[str, Names] = field(default_factory=dict)
    """Columns whose numbers stand for text, each with the texts in the order of the numbers."""
    groups: Mapping[str, Names] = field(default_factory=dict)
    """Former names, each with the names that came in its place."""
    flags: frozenset[str] = frozenset()
    """Columns of 0 and 1 that a step made: steps that scale leave them alone unless they are named."""

    def places(self, wanted: Sequence[str], where: str) -> list[int]:
        """Where these columns are, each once, in the table's order. Raises ConfigError for other names."""
        found: set[str] = set()
        for name in wanted:
            if name in self.names:
                found.add(name)
            elif name in self.groups:
                found.update(n for n in self.groups[name] if n in self.names)
            else:
                shown = ", ".join(self.names[:20]) + (", …" if len(self.names) > 20 else "")
                raise ConfigError(
                    "there is no such column at this step",
                    where=f"{where}.columns",
                    given=name,
                    allowed=shown,
                )
        return [k for k, name in enumerate(self.names) if name in found]

    def replaced(self, new: Mapping[str, Sequence[str]], *, flags: bool) -> Features:
        """Each column that is a key of ``new`` gives way to those names, in its place."""
        names = tuple(n for name in self.names for n in new.get(name, (name,)))
        made = frozenset(n for inside in new.values() for n in inside) if flags else frozenset()
        return replace(
            self,
            names=unique(names),
            categories={k: v for k, v in self.categories.items() if k not in new},
            groups={**self.groups, **{k: tuple(v) for k, v in new.items()}},
            flags=self.flags | made,
        )


def unique(names: Sequence[str]) -> Names:
    """The names, the second of two equal ones with a number behind."""
    given, out = set(names), dict[str, None]()
    for name in names:
        found, count = name, 1
        while found in out or (count > 1 and found in given):
            count += 1
            found = f"{name}_{count}"
        out[found] = None
    return tuple(out)

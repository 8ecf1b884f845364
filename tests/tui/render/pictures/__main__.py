"""Draws the approved pictures again."""

from tests.tui.render.pictures.every import APPROVED, EVERY
from tests.tui.render.pictures.kept import as_text

for name, cases in EVERY.items():
    path = APPROVED / f"{name}.txt"
    new = as_text(cases())
    if not path.exists() or path.read_text(encoding="utf-8") != new:
        path.write_text(new, encoding="utf-8")
        print(f"{path.name}: changed; read the difference")

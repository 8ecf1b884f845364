"""The faults that are planted: each kind found where it fits, in code only, and each file that results can be compiled."""

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import SHOWN, Mutant, chosen, listed, planted, summary
from tests.mutants.changes import changes


def mutants_of(text: str) -> list[str]:
    """The text with each fault in it, one after the other."""
    found = []
    for index in range(len(changes(ast.parse(text)))):
        tree = ast.parse(text)
        changes(tree)[index].apply()
        found.append(ast.unparse(tree))
    return found


@pytest.mark.parametrize(
    ("text", "mutants"),
    [
        ("a < b", ["a <= b"]),
        ("a - b", ["a + b"]),
        ("a and b", ["a or b"]),
        ("-a", ["+a"]),
        ("f(a, b)", ["f(b, a)"]),
        ("x.max(3)", ["x.min(3)", "x.max(4)"]),
        ("(a, b)", ["(b, a)"]),
        ("w.T", ["w.real"]),
        ("a if c else b", ["a if not c else b"]),
        ("f(0.5)", ["f(0.75)"]),
        ("f(True)", ["f(False)"]),
        ("f('Σ of ' + n)", ["f('mutant' + n)"]),
    ],
)
def test_each_kind(text: str, mutants: list[str]) -> None:
    assert mutants_of(text) == mutants


def test_each_is_told_in_one_line() -> None:
    (change, *_) = changes(ast.parse("if a:\n    b()\nelse:\n    c()"))
    assert (change.old, change.new) == ("if a:", "if not a:")


def test_what_is_no_code_stays() -> None:
    text = '"""A docstring."""\nimport a\n@f(1)\ndef g(x: int = a) -> "text":\n    "Of g."\n    return x'
    assert mutants_of(text) == []


def test_looking_changes_nothing() -> None:
    tree = ast.parse("a < b + 1")
    before = ast.dump(tree)
    changes(tree)
    assert ast.dump(tree) == before


def test_every_file_with_a_fault_compiles() -> None:
    for mutant in chosen(list(SHOWN), 60, 1):
        compile(planted(mutant), mutant.file, "exec")


def test_survivors_of_an_earlier_run_are_found_again(tmp_path: Path) -> None:
    some = chosen(["nntui/tui/render/ticks.py"], 5, 3)
    text = "".join(f"lived  {m.file}:{m.line + 1}  {m.old}  →  {m.new}\n" for m in some)
    path = tmp_path / "list.txt"
    path.write_text(
        f"{text}lived  nntui/tui/render/ticks.py:1  gone  →  away\n| all | 5 | 0% |\n", encoding="utf-8"
    )
    found = listed(path)
    assert [(m.file, m.old, m.new) for m in found] == [(m.file, m.old, m.new) for m in some]
    assert all(abs(a.line - b.line) <= 2 for a, b in zip(found, some, strict=True))


def test_the_table_has_each_room_s_share() -> None:
    a, b = (Mutant(f, 0, 1, "", "") for f in ("nntui/statistics/view.py", "nntui/tui/store.py"))
    assert summary([(a, True), (a, False), (b, True)]).splitlines()[3:] == [
        "| nntui/statistics | 2 | 50% |", "| nntui/tui/store.py | 1 | 100% |", "| all | 3 | 67% |",
    ]  # fmt: skip
    assert summary([]).splitlines()[-1] == "| all | 0 | 0% |"

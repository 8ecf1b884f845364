"""Reading TOML: bounds, syntax, the line of every key, and --set."""

from __future__ import annotations

import contextlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.config import lines, toml
from nntui.config.load import absolute, load, parse
from nntui.data.table import FileName, Source, Table
from nntui.errors import UserError
from tests.config.helpers import XOR, made, messages

SYNTAX = {
    "a statement that is none": ("x\n", "t.toml:1: not TOML: "),
    "a key twice": (f'{XOR}type = "adam"\n', "t.toml:14: not TOML: this key has a value already"),
    "a table twice": (f"{XOR}[data]\n", "t.toml:14: not TOML: [data] is there already"),
    "a table around a key with dots": ("a.b.c = 1\n[a.b]\n", "t.toml:2: not TOML: [a.b] is there already"),
    "a key of a finished value": ("a = {b = 1}\na.c = 2\n", "t.toml:2: not TOML: a has its value already"),
    "a key twice in braces": ("a = {b = 1, b = 2}\n", "t.toml:1: not TOML: the key b is there twice"),
    "no equals sign": ("x 1\n", "t.toml:1: not TOML: there is no = after the key"),
    "a name that is not closed": ("[data\n", "t.toml:1: not TOML: the table's name has no closing ]"),
    "a list without commas": ("x = [1 2]\n", "t.toml:1: not TOML: the list has no closing ], or no comma"),
    "braces without commas": ("x = {a = 1 b = 2}\n", "t.toml:1: not TOML: the table has no closing }, or no"),
    "a backslash": ('x = "a\\d"\n', "t.toml:1: not TOML: a backslash in text is written twice"),
    "a quote of one kind": ("x = 'a\n", "t.toml:1: not TOML: the text has no closing quote"),
    "a half of a character": ('x = "\\ud800"\n', "t.toml:1: not TOML: this number is no character"),
    "an open string": (f'{XOR}lr = "\n', "t.toml:14: not TOML: the text has no closing quote in this line"),
    "an open list": (f"{XOR}x = [\n\n", "t.toml:14: not TOML: "),
    "a NUL": ('title = "\0"\n', "t.toml:1: not TOML: a character that cannot stand here"),
    "a number of 5,000 digits": (f"\nseed = {'9' * 5000}\n", "t.toml:2: a number has too many digits"),
    "nested lists": (
        f"\na = {'[' * 2000}{']' * 2000}\n",
        "t.toml:2: nested too deeply (allowed: up to 32 levels)",
    ),
    "nested tables": (f"a = {'{a=' * 50}1{'}' * 50}\n", "t.toml:1: nested too deeply"),
    "a long key": (
        f"\n{'.'.join('a' * 20000)} = 1\n",
        "t.toml:2: a key has too many parts (allowed: up to 16)",
    ),
    "a long header": (f"[{'.'.join('a' * 20000)}]\n", "t.toml:1: a key has too many parts"),
}


@pytest.mark.parametrize("name", SYNTAX)
def test_what_is_not_toml_is_refused_with_its_line(name: str) -> None:
    text, start = SYNTAX[name]
    (found,) = messages(text)
    assert found.startswith(start), found
    assert found.isprintable()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends(tmp_path: Path, end: str) -> None:
    path = tmp_path / "t.toml"
    path.write_bytes(b"\xef\xbb\xbf" + XOR.replace("units = 1", "units = 0").replace("\n", end).encode())
    with pytest.raises(UserError, match=r":6: layers\.0\.units: not allowed"):
        load(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "latin.toml").write_bytes(b"# x\n# \xe9\n")
    (tmp_path / "large.toml").write_bytes(b"#" * (toml.MAX_BYTES + 1))
    wanted = {
        ".": "this is a directory", "fifo": "not a plain file", "loop": "no such file", "no.toml": "no such file",
        "latin.toml": "latin.toml:2: not UTF-8 text", "large.toml": "too large", "a\0b": "no such file",
        "xr": 'no demo of this name (demos: ', "x" * 5000: "not a usable path",
    }  # fmt: skip
    for name, words in wanted.items():
        with pytest.raises(UserError) as caught:
            load(name if name == "xr" else f"{tmp_path}/{name}")
        assert words in str(caught.value)
        assert caught.value.exit_code == 2
    good = tmp_path / "good.toml"
    good.write_text(XOR)
    (tmp_path / "link.toml").symlink_to(good)
    assert load(tmp_path / "link.toml").source.type == "xor"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(XOR)
    path.chmod(0)
    with pytest.raises(UserError, match="permission denied"):
        load(path)


def test_many_lines_of_many_numbers_are_read() -> None:
    rows = ",\n".join(str([0.5] * 65) for _ in range(8))
    text = f'[[layers]]\ntype = "dense"\nunits = 8\ntheta = [\n{rows}\n]\n'
    text += '[data]\nsource = "digits"\n[objective]\nloss = "mse"\n[optimizer]\ntype = "sgd"\n'
    (found,) = messages(text)
    assert found == "t.toml:3: layers.0.units: the data has 10 classes (given 8; allowed 10)"


def test_many_faults_are_counted() -> None:
    found = messages("".join(f"a{k} = 1\n" for k in range(5000)) + XOR)
    assert len(found) == 101
    assert found[0].startswith("t.toml:1: a0: unknown key")
    assert found[-1] == "t.toml: and 4900 more faults"
    (many,) = messages(XOR.replace("[[layers]]", '[[layers]]\ntype = "flatten"\n' * 1000 + "[[layers]]", 1))
    assert many == "t.toml:4: layers: too many entries (given 1001; allowed at most 1000)"


CONFIG = '''\
# [data] in a comment, and a "quote
title = """
[data]
source = 1 \\"""" # and '
title2 = QQQ
"QQQ
data.source = "xor" # [x]
"train"."batch_size" = 'full'
layers = [
  { type = "dense", units = 2 }, # a = 1

  { type = "dense", theta = [[1, 2],
      [3, 4]] },
]
[a.b]
d = 1979-05-27 07:32:00
e = [ "]", ']', """
]"""
, 5 ]
[[a.c]]
[[a.c]]
f = 1
[a.c.g]
h.i = { "x y" = 1, z = [ 1,
  2 ] }
'''.replace("QQQ", "'" * 3)


def test_the_line_of_every_key_and_entry() -> None:
    tomllib.loads(CONFIG)
    found = lines.lines(CONFIG)
    wanted: dict[tuple[str | int, ...], int] = {
        ("title",): 2, ("data", "source"): 7, ("train", "batch_size"): 8, ("layers",): 9, ("layers", 0): 10,
        ("layers", 0, "units"): 10, ("layers", 1): 12, ("layers", 1, "type"): 12, ("layers", 1, "theta"): 12,
        ("layers", 1, "theta", 0, 1): 12, ("layers", 1, "theta", 1, 0): 13, ("a", "b"): 15, ("a", "b", "d"): 16,
        ("a", "b", "e", 0): 17, ("a", "b", "e", 2): 17, ("a", "b", "e", 3): 19, ("a", "c"): 20, ("a", "c", 0): 20,
        ("a", "c", 1): 21, ("a", "c", 1, "f"): 22, ("a", "c", 1, "g"): 23, ("a", "c", 1, "g", "h", "i"): 24,
        ("a", "c", 1, "g", "h", "i", "x y"): 24, ("a", "c", 1, "g", "h", "i", "z", 1): 25,
    }  # fmt: skip
    assert {path: found.get(path) for path in wanted} == wanted


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=5)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | KEYS | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for k, v in inner for p in ((*at, k), *paths(v, (*at, k)))]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_key_of_any_text_has_a_line(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    loaded = tomllib.loads(text)
    found = lines.lines(text)
    written = text.split("\n")
    for path in paths(loaded):
        # A quoted key with escapes is found by its escaped spelling.
        if any("\\" in str(p) or '"' in str(p) for p in path):
            continue
        assert path in found
        if isinstance(path[-1], str):
            assert path[-1] in written[found[path] - 1]


def test_set_reads_toml_or_else_text() -> None:
    data: dict[str, Any] = {"layers": [{"activation": "relu"}, {}], "optimizer": "sgd"}
    for setting in (
        "title=plain text", "seed=3", "optimizer.lr=0.5", "layers.0.units=8", "layers.*.init=lsuv",
        "layers.0.activation.slope=0.2", "train.stop.below=1e-3", 'a."b.c"=[1, {x = 2}]', "data.path=a=b",
    ):  # fmt: skip
        toml.override(data, setting)
    assert data == {
        "layers": [
            {"activation": {"type": "relu", "slope": 0.2}, "units": 8, "init": "lsuv"}, {"init": "lsuv"}
        ],
        "optimizer": {"type": "sgd", "lr": 0.5}, "title": "plain text", "seed": 3,
        "train": {"stop": {"below": 1e-3}}, "a": {"b.c": [1, {"x": 2}]}, "data": {"path": "a=b"},
    }  # fmt: skip


SETTINGS = {
    "optimizer.lr": "--set optimizer.lr: write it as KEY=VALUE",
    "=3": "--set =3: write it as KEY=VALUE",
    "a..b=1": "--set a..b=1: not a key",
    "layers.5.units=1": "--set layers.5.units: there is no entry 5 in layers (allowed 0 to 0, or * for all)",
    f"layers.{'9' * 5000}.x=1": "--set layers.9",
    "layers.-1.units=1": "--set layers.-1.units: there is no entry -1 in layers",
    "seed.x=1": "--set seed.x=1: seed: wrong type",
    "optimizer.lr.x=1": "--set optimizer.lr.x=1: optimizer.lr: wrong type",
    "optimizer.lr=0": "--set optimizer.lr=0: optimizer.lr: not allowed (given 0; allowed more than 0)",
    "layers.*.units=0": "--set layers.*.units=0: layers.0.units: not allowed (given 0; allowed more than 0)",
    "foo.bar=1": "--set foo.bar=1: foo: unknown key",
    "\x1b[31m=1": "--set \\e[31m=1: not a key",
    f"title={'[' * 50}{']' * 50}": "--set title: nested too deeply",
    "data.source=xar": "--set data.source=xar: data.source: not a known name (given 'xar'",
    "race.steps=0": "--set race.steps=0: race.steps: not allowed (given 0; allowed more than 0)",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_fault_of_set_names_it(setting: str) -> None:
    found = messages(XOR, [setting])
    assert found[0].startswith(SETTINGS[setting]), found
    assert found[0].isprintable()


def test_text_of_any_kind_is_a_title() -> None:
    title = '"\\u001b[31m[b]\\u202e\\n"'
    assert parse(f"title = {title}\n{XOR}", Path("t.toml")).title == "\x1b[31m[b]\u202e\n"
    assert made(XOR, ["title=[31m"]).settings.title == "[31m"


def test_file_fields_are_made_absolute_whatever_their_name(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Odd(Source):
        type: ClassVar[str] = "odd"
        table: FileName = "t.bin"
        other: str = "t.bin"

        def load(self, seed: int, base: Path) -> Table:
            raise NotImplementedError

    source, tables = absolute(Odd(), {"data": {"source": "odd"}}, tmp_path)
    assert source == Odd(table=str(tmp_path / "t.bin"))
    assert tables == {"data": {"source": "odd", "table": str(tmp_path / "t.bin")}}


@pytest.mark.parametrize("text", ['title = "{0}"', "title = '''{0}'''", "# {0}", 'title = "{0}', '"{0}" = 1'])
def test_the_time_to_read_quotes_does_not_grow_with_their_square(text: str) -> None:
    """The quadratic form took 51 s for these; the suite's own limit would end it."""
    with contextlib.suppress(UserError):
        toml.parse(text.format('\\"' * 400_000), "t.toml")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a" + ".b" * 16 + " = 1", 1),
        ("x = 1\n[" + "a." * 16 + "b]", 2),
        ("x = 1\ny = { " + "a." * 16 + "b = 1 }", 2),
        ("'a'." * 16 + "b = 1", 1),
        ('x = "' + "a." * 20 + '"', 0),
        ("x = '''\n" + "a." * 20 + "'''", 0),
        ("# " + "a." * 20, 0),
        ("a." * 15 + "b = 1", 0),
    ],
)
def test_keys_of_too_many_parts_are_found_outside_of_strings_and_comments(text: str, found: int) -> None:
    if not found:
        toml.parse(text, "t.toml")
        return
    with pytest.raises(UserError, match=f"t.toml:{found}: a key has too many parts"):
        toml.parse(text, "t.toml")


@pytest.mark.parametrize("path", ["train.epochs", "train.batch_size", "layers.0.units"])
def test_huge_whole_numbers_are_faults_of_their_key(path: str) -> None:
    for value in ("9" * 400, str(2**53 + 1)):
        (message,) = messages(XOR, [f"{path}={value}"])
        assert f"{path}: not allowed (given 9" in message
        assert "allowed at most 9007199254740992" in message


def test_a_setting_that_is_too_long_names_its_key() -> None:
    (message,) = messages(XOR, ["title=" + "a" * 100_000])
    assert (
        message
        == "--set title: too long (given 100,006 characters; allowed up to 65,536); put it into the file"
    )

"""``nntui init``: from a raw file to a configuration that trains better than the best constant, without an edit."""

from __future__ import annotations

import csv
import errno
import io
import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntui.errors import UserError
from nntui.proposal.propose import propose
from nntui.training.experiment import Experiment, read
from tests.cli.conftest import Cli
from tests.data.tables import TABLES, text

FILES = Path(__file__).parents[1] / "data" / "files"


def better_than_a_constant(experiment: Experiment, result: dict[str, Any], part: str) -> bool:
    """Than the training part's most frequent class, or mean, on that part."""
    rows = getattr(experiment.split, part)
    y, table = experiment.table.y, experiment.table
    if table.classes is not None:
        most = np.bincount(y[experiment.split.train]).argmax()
        return bool(result[part]["accuracy"] > np.mean(y[rows] == most))
    scale = experiment.scaling
    assert scale is not None
    return bool(result[part]["loss"] < np.mean(scale.to(y[rows]) ** 2))


def begun(cli: Cli, data: Path, target: str | None = None) -> tuple[Experiment, dict[str, Any], str]:
    """The experiment, fit's answer, and the configuration's text."""
    asked = () if target is None else ("--target", target)
    done = cli("init", data, *asked)
    assert done.code == 0, done.err
    config = Path(done.out.splitlines()[0])
    result = cli("fit", config, "--json")
    assert result.code == 0, result.err
    return read(config), result.json, config.read_text()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_as_people_have_it_is_learned_without_an_edit(cli: Cli, tmp_path: Path, name: str) -> None:
    made, target = TABLES[name]
    data = tmp_path / f"{name}.csv"
    data.write_text(made())
    experiment, result, _ = begun(cli, data, target)
    assert better_than_a_constant(experiment, result, "train")
    for part in ("validation", "test"):
        assert result[part] is None or name == "rare" or better_than_a_constant(experiment, result, part)
    header = next(
        iter(csv.reader(io.StringIO(made()), delimiter={"diabetes": "\t", "births": ";"}.get(name, ",")))
    )
    assert experiment.table.targets == (target or header[-1],)
    answer = cli("predict", "latest", "--csv", data, "--json")
    assert answer.code == 0
    assert len(answer.json["outputs"]) == made().count("\n") - 1


def test_penguins_from_the_raw_file_to_predictions(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "penguins.csv"
    data.write_bytes((FILES / "penguins.csv").read_bytes())
    experiment, result, config = begun(cli, data)
    assert result["test"]["accuracy"] >= 0.95
    assert experiment.table.targets == ("species",)
    assert experiment.preparation.after.names[:3] == ("island=Biscoe", "island=Dream", "island=Torgersen")
    assert config.startswith("#:schema ")
    assert "# sex: 11 of 344 cells are missing (3.2%)" in config
    (tmp_path / "new.csv").write_text(
        "sex,year,note,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g\n"
        "NA,2009,x,Mars,50.4,15.7,222,5750\nmale,2007,y,Torgersen,39.1,18.7,181,3750\n"
    )
    answer = cli("predict", "latest", "--csv", tmp_path / "new.csv", "--json")
    assert answer.json["labels"] == ["Gentoo", "Adelie"]
    assert "1 column is no input of the run and not used: note" in answer.err
    assert "another order than in the training" in answer.err
    assert "sex: 1 cell is missing, filled in as in the training" in answer.err
    assert "new.csv:2: island: 1 cell has a value that the training part did not have: 0 in all" in answer.err
    row = '["Torgersen", 39.1, 18.7, 181, 3750, "male", 2007]'
    np.testing.assert_allclose(
        cli("predict", "latest", "--input", row, "--json").json["outputs"][0],
        answer.json["outputs"][1],
        rtol=1e-6,
    )
    assert cli("predict", "latest", "--input", '[3, 39.1, 18.7, 181, 3750, "male", 2007]').code == 2


def test_wine_with_its_line_of_counts(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "wine.csv"
    data.write_bytes((FILES / "wine.csv").read_bytes())
    experiment, result, config = begun(cli, data)
    assert tomllib.loads(config)["data"]["skip"] == 1
    assert len(experiment.table) == 178
    assert result["validation"]["accuracy"] > 0.9


WANTED = {
    "titanic": {
        "drop": ["PassengerId", "Name", "Ticket", "Cabin", "alive"], "steps": ["impute", "onehot", "standardize"],
        "said": ["may give the answer away", "its 600 texts are all different", "it counts the rows"],
    },
    "airquality": {"drop": None, "steps": ["impute", "standardize"], "said": ["without a name", "are taken as quantities"]},
    "diabetes": {"delimiter": "\t", "task": "regression", "steps": ["standardize"], "said": ["separated by tabs"]},
    "births": {
        "delimiter": ";", "decimal": ",", "scale_target": "standardize", "steps": ["onehot", "standardize"],
        "said": ["race: a category of 3 values: black, other, white"],
    },
    "rare": {"steps": ["standardize"], "said": ['# class_weights = "balanced"  # 1 2.0%']},
    "sales": {
        "dates": ["day"], "thousands": ",", "drop": ["zone", "remark", "code"], "na": ["", "NA", "nan", "N/A"],
        "steps": ["impute", "standardize"], "said": ["every cell is 'EU'", "every cell is missing"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", WANTED)
def test_what_is_guessed_is_written_with_its_reason(tmp_path: Path, name: str) -> None:
    made, target = TABLES[name]
    data = tmp_path / "t.csv"
    data.write_text(made())
    config = propose(data, tmp_path / "t.toml", target).text
    tables, wanted = tomllib.loads(config), dict(WANTED[name])
    assert [s["type"] for s in tables.get("preprocess", [])] == wanted.pop("steps")
    for words in wanted.pop("said"):
        assert words in config
    assert {key: tables["data"].get(key) for key in wanted} == wanted


def test_arrays_and_pictures(cli: Cli, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    x = rng.integers(0, 60, (300, 6, 6)).astype(np.uint8)
    x[np.arange(300), y] += 190
    np.savez(tmp_path / "p.npz", images=x, labels=y, other=np.zeros(3))
    experiment, result, config = begun(cli, tmp_path / "p.npz")
    assert better_than_a_constant(experiment, result, "validation")
    assert "bytes become 0 to 1" in config
    np.savez(tmp_path / "n.npz", x=rng.normal(size=(200, 3)), y=np.arange(200) * 7)
    _table, result, config = begun(cli, tmp_path / "n.npz")
    assert tomllib.loads(config)["data"]["task"] == "regression"
    header = b"\0\0\x08\x03" + b"".join(int(n).to_bytes(4, "big") for n in x.shape)
    (tmp_path / "a-images-idx3-ubyte").write_bytes(header + x.tobytes())
    done = cli("init", tmp_path / "a-images-idx3-ubyte")
    assert (done.code, "a-labels-idx1-ubyte" in done.err) == (2, True)
    (tmp_path / "a-labels-idx1-ubyte").write_bytes(
        b"\0\0\x08\x01" + (300).to_bytes(4, "big") + y.astype(np.uint8).tobytes()
    )
    experiment, result, _ = begun(cli, tmp_path / "a-images-idx3-ubyte")
    assert better_than_a_constant(experiment, result, "test")


def test_nothing_is_overwritten_and_paths_are_relative_to_the_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.tsv").write_text("a\ty\n" + "1\tu\n2\tv\n" * 20)
    assert cli("init", tmp_path / "in" / "t.tsv").out.startswith(f"{tmp_path}/in/t.toml\n")
    done = cli("init", tmp_path / "in" / "t.tsv")
    assert (done.code, "is there already" in done.err) == (2, True)
    done = cli("init", tmp_path / "in" / "t.tsv", "--out", tmp_path / "no" / "t.toml")
    assert (done.code, done.err) == (2, f"error: --out: there is no directory {tmp_path}/no; make it first\n")
    assert cli("init", tmp_path / "in" / "t.tsv", "--out", tmp_path / "o.toml").code == 0
    assert tomllib.loads((tmp_path / "o.toml").read_text())["data"]["path"] == "in/t.tsv"
    assert cli("fit", tmp_path / "o.toml", "--epochs", 1).code == 0
    assert cli("init", tmp_path / "none.csv").code == 2
    done = cli("init", tmp_path / "no" / "t.csv")
    assert (done.code, "--out" in done.err, "no/t.csv" in done.err) == (2, False, True)
    done = cli("init", tmp_path / "in" / "t.tsv", "--target", "yy", "--out", tmp_path / "p.toml")
    assert (done.code, 'did you mean "y"?' in done.err) == (2, True)


HOSTILE: dict[str, str | bytes] = {
    "one row": "a,b,y\n1,2,3\n",
    "one column of classes": "a,y\n" + "1,u\n" * 30,
    "ten thousand columns": ",".join(f"c{k}" for k in range(10_000)) + "\n" + (",".join(["1", "2"] * 5000) + "\n") * 3
    + ",".join(["2", "5"] * 5000) + "\n",
    "a category of many values": "a,b,y\n" + "".join(f"v{k},{k % 7},{k % 2}\n" for k in range(20_000)),
    "all missing": "a,b,y\n" + "".join(f",{k % 5},{k % 2}\n" for k in range(40)),
    "the header once more": "a,y\n1,u\n2,v\na,y\n" + "3,u\n4,v\n" * 20,
    "a class of one row": "a,y\n" + "1,u\n2,v\n" * 40 + "3,w\n",
    "no header": "".join(f"{k % 9},{k % 4},{k % 2}\n" for k in range(60)),
    "years as names": "country,2019,2020\n" + "".join(f"c{k % 5},{k},{2 * k}\n" for k in range(60)),
    "Latin-1": "café,y\n".encode("latin-1") + b"1,u\n2,v\n" * 20,
    "UTF-16": ("a,y\n" + "1,u\n2,v\n" * 20).encode("utf-16"),
    "only text": "a,y\n" + "u,p\nv,q\n" * 20,
    "control characters and markup": "a\x1b[31m,[b]y\n" + "1,\x1b[1mu\n2,[b]v\n" * 20,
    "quotes, line ends and TOML in names": '"a ""x""\n# = [[",y\n' + "1,u\n2,v\n" * 20,
    "infinite numbers": "a,b,y\n" + "1,inf,u\n2,1,v\n" * 20,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tables_are_begun_with(cli: Cli, tmp_path: Path, name: str) -> None:
    given_ = HOSTILE[name]
    (tmp_path / "t.csv").write_bytes(given_ if isinstance(given_, bytes) else given_.encode())
    done = cli("init", tmp_path / "t.csv")
    assert done.code == 0, done.err
    assert (done.out + done.err).replace("\n", "").isprintable()
    done = cli("fit", tmp_path / "t.toml", "--epochs", 1, "--json")
    assert done.code == (2 if name == "infinite numbers" else 0), done.err


NO_TABLES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"), "blank": (b"\n\n", "the file is empty"),
    "only a header": (b"a,b\n", "t.csv:1: there are no samples"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "t.csv:"), "a ragged row": (b"a,b\n" + b"1,2\n" * 9 + b"1,2,3\n", "t.csv:11: 3 cells"),
    "an open quote": (b'a,b\n1,2\n1,"x\n2,3\n', "t.csv:3: not CSV"), "a name twice": (b"a,a\n1,2\n3,4\n", "t.csv:1: column a: the name"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_is_no_table_is_refused_with_its_line(cli: Cli, tmp_path: Path, name: str) -> None:
    data, words = NO_TABLES[name]
    (tmp_path / "t.csv").write_bytes(data)
    done = cli("init", tmp_path / "t.csv")
    assert done.code == 2
    assert words in done.err
    assert not (tmp_path / "t.toml").exists()


CELL = st.one_of(
    st.sampled_from(["", "NA", "?", "red", "blue", "2024-01-31", "1,234", "x y"]),
    st.floats(-1e6, 1e6).map(lambda v: f"{v:.3f}"), st.integers(-99, 99).map(str), st.text(max_size=6),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
def test_init_never_fails_on_what_is_a_table(
    tmp_path: Path, data: st.DataObject, delimiter: str, encoding: str
) -> None:
    width, count = data.draw(st.integers(2, 4)), data.draw(st.integers(4, 30))
    kinds = [
        data.draw(st.sampled_from([CELL, st.integers(0, 3).map(str), st.sampled_from("uv")]))
        for _ in range(width)
    ]
    names = data.draw(
        st.lists(
            st.text(min_size=1, max_size=5).filter(str.strip),
            min_size=width,
            max_size=width,
            unique_by=str.strip,
        )
    )
    rows = [[data.draw(kind) for kind in kinds] for _ in range(count)]
    written = text([f"n{n}" for n in names], rows, delimiter).replace("\0", "")
    path = tmp_path / "t.csv"
    path.write_bytes(written.encode(encoding, errors="replace"))
    refusals: list[str] = []
    try:
        found = tomllib.loads(propose(path, tmp_path / "t.toml", None).text)
    except UserError as error:
        refusals, found = list(error.messages), {"layers": True}
    # A table may only be refused where nothing is in it, or in a line that is named.
    assert all(m.startswith(f"{path}") for m in refusals)
    assert found["layers"]


def test_data_that_cannot_be_read_again_is_a_fault_and_no_note(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("a,b,kind\n" + "".join(f"{k % 7},{k % 5},{'pq'[k % 2]}\n" for k in range(60)))
    real, opened = os.open, 0

    def refusing(path: Any, flags: int, *rest: int, **options: Any) -> int:
        nonlocal opened
        if os.fspath(path) == str(data):
            opened += 1
            if opened > 1:  # it was moved, or its disk is gone
                raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)
    done = cli("init", data)
    assert opened == 2
    assert done.code == 2
    assert f"cannot read {data}: permission denied" in done.err
    assert not (tmp_path / "rows.toml").exists()

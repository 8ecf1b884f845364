"""Where a study is kept: passwords that are never shown, files that are no journals, and locks."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from nntui.search import storage
from nntui.search.storage import FileLock, Place, masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://bob:s3cret@host:5432/db", "postgresql://bob:***@host:5432/db"),
        ("postgresql://bob:p%40ss%3Aword@host/db", "postgresql://bob:***@host/db"),
        ("postgresql://host/db?user=bob&password=s3cret", "postgresql://host/db?user=bob&password=***"),
        ("postgresql+psycopg://bob:x@host/db", "postgresql+psycopg://bob:***@host/db"),
        ("postgresql://bob@host/db", "postgresql://bob@host/db"),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("runs/a.journal", "runs/a.journal"),
    ],
)
def test_a_password_is_shown_as_stars(url: str, shown: str) -> None:
    assert Place(url).shown == shown


def test_a_password_is_masked_in_what_a_driver_says_too() -> None:
    place = Place("postgresql://bob:p%40ss@host/db")
    assert place.mask("cannot log in with p@ss or p%40ss") == "cannot log in with *** or ***"
    assert (
        masked("postgresql://a:b@h:notaport/x", "postgresql://a:b@h:notaport/x")
        == "postgresql://a:***@h:notaport/x"
    )


@pytest.mark.parametrize("given", ["mysql://a:secret@b/c", "http://x", "sqlite://", "", "a\0b"])
def test_other_storages_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"allowed a journal file, sqlite:///FILE, postgresql://") as error:
        Place(given)
    assert "secret" not in str(error.value)


def test_a_relative_file_is_beside_the_configuration_that_names_it(tmp_path: Path) -> None:
    assert Place("a.journal", tmp_path).path == tmp_path / "a.journal"
    assert Place("sqlite:///a.db", tmp_path).path == tmp_path / "a.db"
    assert Place(f"sqlite:///{tmp_path}/b.db", Path("elsewhere")).path == tmp_path / "b.db"


@pytest.mark.parametrize("text", ["a = 1", "a = 1\n", '{"x": 1}\n'])
def test_a_file_that_is_no_journal_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match="not a journal"):
        Place(str(file)).open()
    assert file.read_text() == text


def test_a_line_that_a_crash_cut_off_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "a.journal"
    study = Place(str(file)).open()
    study.create_new_study([1], "one")  # type: ignore[list-item]
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"op_code":0,"worker')
    again = Place(str(file)).open()
    again.create_new_study([1], "two")  # type: ignore[list-item]
    assert {s.study_name for s in again.get_all_studies()} == {"one", "two"}
    assert file.read_bytes().startswith(whole)


def _hold(path: Path, ready: object) -> None:
    FileLock(path).acquire()
    ready.set()  # type: ignore[attr-defined]
    signal.pause()


def test_a_lock_is_free_as_soon_as_its_holder_is_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "a", ready))
    holder.start()
    assert ready.wait(10)
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    lock = FileLock(tmp_path / "a")
    assert lock.acquire()
    lock.release()


def test_optuna_that_is_missing_or_too_old_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert storage.optuna_problem() == ""
    monkeypatch.setattr(storage.metadata, "version", lambda name: "4.9.1")
    assert (
        "needs a newer Optuna (given 4.9.1; allowed 5.0 or later): pip install -U 'nntui[sweep]'"
        in storage.optuna_problem()
    )

    def missing(name: str) -> str:
        raise storage.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(storage.metadata, "version", missing)
    assert storage.optuna_problem() == "nntui sweep needs Optuna: pip install 'nntui[sweep]'"

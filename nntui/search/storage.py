"""Where a study is kept: a journal file, or a database by its URL."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from nntui.display import display
from nntui.errors import UserError
from nntui.files import expanded, file_error

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

    from nntui.search.order import Order

OLDEST = 5
"""The first release of Optuna that this works with."""
HEARTBEAT = 10
"""Seconds between the signs of life of a trial in a database."""
GRACE = 60
"""Seconds without one after which a trial is lost."""
PATIENCE = 10
"""Seconds that connecting to a server may take."""
ALLOWED = "a journal file, sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE"


def optuna_problem() -> str:
    """What is wrong with the Optuna that is installed; empty where nothing is."""
    try:
        version = metadata.version("optuna")
    except metadata.PackageNotFoundError:
        return "nntui sweep needs Optuna: pip install 'nntui[sweep]'"
    found = re.match(r"[0-9]+", version)
    if found is None or int(found.group()) < OLDEST:
        return (
            f"nntui sweep needs a newer Optuna (given {display(version, 40)}; allowed {OLDEST}.0 or later): "
            "pip install -U 'nntui[sweep]'"
        )
    return ""


class Place:
    """A storage as it was given, and as it is shown. Raises ValueError where it is none that is known."""

    def __init__(self, given: str, base: Path | None = None) -> None:
        self.given = given
        self.shown = masked(given, given)
        scheme, separator, rest = given.partition("://")
        self.scheme = scheme.partition("+")[0] if separator else "journal"
        self.path: Path | None = None
        """The file, where it is one."""
        if self.scheme in ("journal", "sqlite"):
            name = rest.removeprefix("/") if separator else given
            if not name or "\0" in name:
                raise ValueError(f"this names no file (given {display(self.shown, 80)}; allowed {ALLOWED})")
            self.path = (base or Path()) / expanded(name)
        elif self.scheme != "postgresql":
            raise ValueError(f"not a known storage (given {display(self.shown, 80)}; allowed {ALLOWED})")

    @property
    def database(self) -> bool:
        """Whether trials give signs of life there."""
        return self.scheme != "journal"

    def mask(self, text: str) -> str:
        """Text without the password."""
        return masked(text, self.given)

    def open(
        self,
        lost: Callable[[Any, Any], None] | None = None,
        *,
        heartbeat: int = HEARTBEAT,
        grace: int = GRACE,
    ) -> BaseStorage:
        """The storage, made where it is a file that is not there; ``lost`` is called with study and trial.

        Raises OSError, ValueError, or what the database raises.
        """
        if not self.database:
            assert self.path is not None
            return _journal(self.path)
        from optuna.storages import RDBStorage

        options: dict[str, Any] = {"pool_pre_ping": True}
        url = self.given
        if self.scheme == "postgresql":
            options["connect_args"] = {"connect_timeout": PATIENCE}
            # Without a driver's name SQLAlchemy would look for the older psycopg2.
            url = re.sub(r"^postgresql://", "postgresql+psycopg://", url)
        else:
            options["connect_args"] = {"timeout": 60}
            url = f"sqlite:///{self.path}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # heartbeats are marked as experimental
            return RDBStorage(
                url, engine_kwargs=options, heartbeat_interval=heartbeat, grace_period=grace,
                heartbeat_stale_trial_callback=lost,
            )  # fmt: skip


def place_of(order: Order, runs: Path) -> Place:
    """Where an order's study is kept, in the runs' directory unless it says otherwise. Raises UserError."""
    if order.keys.storage is None:
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_error(runs, "keep a study", error) from None
        return Place(str(runs / f"{order.study}.journal"))
    try:
        return Place(order.keys.storage, order.base)
    except ValueError as error:
        raise UserError(order.storage_fault(str(error))) from None


def masked(text: str, url: str) -> str:
    """``text`` with the password of ``url`` as ***, wherever it stands."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(f":{secret}@", ":***@").replace(f"={secret}", "=***")
        if len(secret) > 2:  # a shorter one is a part of many words
            text = text.replace(secret, "***")
    return text


def _secrets(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        given = parts.password
    except ValueError:
        found = re.search(r"://[^/@:]*:([^@]*)@", url)
        return {found.group(1)} if found else set()
    query = {v for k, v in parse_qsl(parts.query) if "password" in k or "passwd" in k}
    return {s for s in (given, unquote(given or ""), *query) if s}


def _journal(path: Path) -> BaseStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    with path.open("ab"):
        pass  # made where it is not there
    lock = FileLock(path)
    _mend(path, lock)
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"not a journal of studies: {display(error, 120)}") from None


class FileLock:
    """Optuna's lock of a journal as the system's own: it is free as soon as its holder is gone."""

    def __init__(self, path: Path) -> None:
        # Not Optuna's own name for it: where that exists, its dashboard would wait for it to go away.
        self._path = path.with_name(f".{path.name}.lock")
        self._held: int | None = None

    def acquire(self) -> bool:
        """Wait for the lock, and take it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._held = descriptor
        return True

    def release(self) -> None:
        """Release the lock."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock during a ``with`` block."""
        self.acquire()
        try:
            yield
        finally:
            self.release()


def _mend(path: Path, lock: FileLock) -> None:
    """Cut a last line that a crash left unfinished: the next one would be appended to it.

    Raises ValueError for a file that is no journal, which stays as it is.
    """
    with lock.held(), path.open("r+b") as stream:
        first = stream.readline(1 << 16)
        if first and b'"op_code"' not in first:
            raise ValueError("not a journal of studies")
        size = stream.seek(0, os.SEEK_END)
        at = size
        while at > 0:
            stream.seek(at - 1)
            if stream.read(1) == b"\n":
                break
            at -= 1
            if size - at > 1 << 20:
                return  # not a line of a journal: reading it will say so
        if at < size:
            stream.truncate(at)

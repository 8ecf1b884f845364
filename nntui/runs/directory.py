"""A run's directory: settings, state, metrics and checkpoints, and the lock of its one trainer."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from nntui.display import display
from nntui.errors import UserError
from nntui.files import atomic_write, file_error, read_bounded
from nntui.jsontext import document, parse_object
from nntui.runs import identity

STATE = "run.json"
LOCK = "lock"
MAX_STATE = 1 << 20
# "lost" and "damaged" are told by readers; no run.json says so of itself.
ENDED = ("completed", "stopped_early", "diverged", "interrupted", "failed")
LIVE = ("running", "paused")


@dataclass
class RunInfo:
    """What run.json holds. ``started`` is ISO 8601 with its offset; ``loss`` the training loss of the weights that are
    reported: the best ones where early stopping kept them and has ended, else the last that was measured."""

    title: str = ""
    state: str = "running"
    reason: str = ""
    started: str = ""
    seed: int = 0
    epochs: int = 0
    updates: int = 0
    loss: float | None = None
    seconds: float = 0.0
    update_seconds: float = 0.0
    best: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """By part, what the best weights of an early stopping come to, after its end."""
    test: dict[str, float | None] = field(default_factory=dict)
    """What the weights that are reported come to on the test part, after the end of the training."""
    baseline: dict[str, float] = field(default_factory=dict)
    """By part, the accuracy of always deciding for what is most frequent in the training part."""
    digest: str = ""
    socket: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    process: dict[str, Any] = field(default_factory=dict)
    findings: list[Any] = field(default_factory=list)
    findings_update: int | None = None
    """When they were last looked for."""
    best_update: int | None = None
    best_value: float | None = None
    """The best checkpoint by the monitored value, which is negative where more is better."""
    rewinding: int | None = None
    """The update that a rewind went back to, until the later checkpoints are removed."""

    def forget_best_after(self, update: int) -> None:
        """A checkpoint later than ``update`` is no longer there to be the best."""
        if self.best_update is not None and self.best_update > update:
            self.best_update = self.best_value = None


class RunDirectory:
    """Paths and state of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def name(self) -> str:
        """The run's name, its directory's."""
        return self.path.name

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.toml"

    @property
    def metrics(self) -> Path:
        """Records of the training."""
        return self.path / "metrics.jsonl"

    @property
    def activations(self) -> Path:
        """Records of the distributions of activations."""
        return self.path / "activations.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Directory of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def log(self) -> Path:
        """What a detached trainer says."""
        return self.path / "trainer.log"

    @classmethod
    def create(cls, base: Path, title: str) -> RunDirectory:
        """A fresh directory in ``base``, named by title and time. Raises UserError."""
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-") or "run"
        try:
            base.mkdir(parents=True, exist_ok=True)
            while True:
                name = f"{slug}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
                try:
                    (base / name).mkdir()
                    break
                except FileExistsError:
                    continue
            run = cls(base / name)
            try:
                run.checkpoints.mkdir()
            except OSError:
                run.discard()
                raise
        except OSError as error:
            hint = "; name another place with --runs or NNTUI_RUNS"
            raise UserError(str(file_error(base, "create a run", error)) + hint) from None
        return run

    def discard(self) -> None:
        """Remove a run that could not begin, as far as that can be done, and let its lock go."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.unlock()

    def lock(self) -> None:
        """Become the run's one trainer. Raises UserError where another is at work."""
        try:
            # Closed to other users, who could hold it: any open file can be locked.
            self._lock = os.open(
                self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            with contextlib.suppress(PermissionError):
                os.fchmod(self._lock, 0o600)
            _lock_soon(self._lock)
        except BlockingIOError:
            self.unlock()
            raise UserError(
                f"{display(self.path)}: another trainer is at work on this run; attach to it, or wait"
            ) from None
        except OSError as error:
            self.unlock()
            raise file_error(self.path, "lock the run", error) from None

    def locked(self) -> bool | None:
        """Whether a trainer holds the lock; None where that cannot be told."""
        if self._lock is not None:
            return True
        try:
            descriptor = os.open(self.path / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return False

    def unlock(self) -> None:
        """Let another trainer take over."""
        if self._lock is not None:
            descriptor, self._lock = self._lock, None
            with contextlib.suppress(OSError):  # whatever it says, the lock is gone
                os.close(descriptor)

    def write(self, info: RunInfo) -> None:
        """Replace run.json. Raises UserError."""
        path = self.path / STATE
        try:
            atomic_write(path, lambda stream: stream.write(document(asdict(info))))
        except OSError as error:
            raise file_error(path, "write the run's state", error, exit_code=1) from None

    def read(self) -> RunInfo:
        """What run.json says. Raises UserError where it is missing or foreign."""
        path = self.path / STATE
        try:
            values = parse_object(read_bounded(path, MAX_STATE))
        except OSError as error:
            raise file_error(path, "read the run's state", error) from None
        except ValueError as error:
            raise UserError(f"{display(path)}: not the state of a run: {error}") from None
        info = RunInfo()
        for f in fields(RunInfo):
            value, default = values.get(f.name), getattr(info, f.name)
            if _fits(value, default):
                setattr(info, f.name, value)
        state = values.get("state")
        if state not in ENDED + LIVE:
            raise UserError(f"{display(path)}: not the state of a run: unknown state {display(state, 30)}")
        return info

    def sign(self, info: RunInfo) -> None:
        """Note this process as the run's trainer, and which directory it trains in: a copy has another.

        Raises UserError.
        """
        try:
            info.process = identity.current().to_json() | {"inode": self.path.stat().st_ino}
        except OSError as error:
            raise file_error(self.path, "sign the run", error, exit_code=1) from None

    def state(self, info: RunInfo) -> str:
        """The true state: ``lost`` where the process is gone without an ending, or trains elsewhere.

        Where the process cannot be seen from here (another host, another container), the lock tells.
        """
        if info.state in LIVE:
            try:
                alive = identity.alive(identity.Identity.from_json(info.process))
                inode = info.process.get("inode", self.path.stat().st_ino)
            except (ValueError, OSError):
                return "lost"
            if alive is None and self.locked() is False:
                return "lost"
            if alive is False or (alive and inode != self.path.stat().st_ino):
                return "lost"
        return info.state


def _lock_soon(descriptor: int) -> None:
    """Lock it, past those who look for a moment whether it is locked. Raises OSError."""
    for _ in range(10):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _fits(value: Any, default: Any) -> bool:
    if default is None or isinstance(default, float):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number or (value is None and default is None)
    return type(value) is type(default)


def now() -> str:
    """The time as run.json has it."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")

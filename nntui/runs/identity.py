"""Which process this is, and whether a process written down earlier is still that one."""

from __future__ import annotations

import functools
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nntui.errors import FAILED, UserError

# Process start times are counted in clock ticks (10 ms on Linux); psutil's, derived from the wall clock
# elsewhere, move by up to a second or two when the clock is set.
_TOLERANCE = 0.02 if sys.platform == "linux" else 2.0


@dataclass(frozen=True)
class Identity:
    """A process, told apart from any other, also from a later one that got the same number.

    `start` is in seconds: since boot on Linux, since 1970 elsewhere (compared only on the same boot).
    `namespace` is Linux's PID namespace: process numbers of another container mean nothing here.
    """

    host: str
    boot: str
    pid: int
    start: float
    namespace: str = ""

    def to_json(self) -> dict[str, object]:
        """As kept in run.json."""
        return {
            "host": self.host,
            "boot": self.boot,
            "pid": self.pid,
            "start": self.start,
            "namespace": self.namespace,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Identity:
        """Raises ValueError naming the first field that is missing or of the wrong type."""
        host, boot, namespace = value.get("host"), value.get("boot"), value.get("namespace", "")
        pid, start = value.get("pid"), value.get("start")
        for key, text in (("host", host), ("boot", boot), ("namespace", namespace)):
            if not isinstance(text, str):
                raise ValueError(f"process.{key} is not text")
        # 0 and negative numbers stand for groups of processes, never for one.
        if not isinstance(pid, int) or isinstance(pid, bool) or not 1 <= pid < 2**31:
            raise ValueError("process.pid is not a process number")
        if not isinstance(start, int | float) or isinstance(start, bool):
            raise ValueError("process.start is not a number")
        return cls(str(host), str(boot), pid, float(start), str(namespace))


def current() -> Identity:
    """This process's identity. Raises UserError where the system does not tell it."""
    pid = os.getpid()
    start = _start(pid)
    if start is None:
        raise UserError(
            "this process's own start time cannot be read (too many open files?)", exit_code=FAILED
        )
    return Identity(platform.node(), _boot(), pid, start, _namespace())


def alive(identity: Identity) -> bool | None:
    """Whether that very process still runs; None when it cannot be told from here.

    It cannot on another host, from another PID namespace, or where the system hides other users'
    processes. A reboot ended it. A zombie has ended: only its parent has not asked for its exit status.
    """
    if identity.host != platform.node():
        return None
    if identity.boot != _boot():
        return False
    if identity.namespace != _namespace():
        return None
    hidden = False
    try:
        os.kill(identity.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        hidden = True
    start = _start(identity.pid)
    if start is None:
        # Another user's that the system does not show us (hidepid), or one that ended just now.
        return None if hidden else False
    if abs(start - identity.start) > _TOLERANCE:
        return False
    import psutil  # only where a process is asked about: loading it takes 10 ms

    try:
        return psutil.Process(identity.pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _start(pid: int) -> float | None:
    """When a process started, in seconds (see Identity.start); None when it is gone or hidden."""
    if sys.platform == "linux":
        # psutil adds the boot time, which moves with the clock; the ticks themselves never do.
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            # The name, in parentheses, may contain anything: count the fields after its end. proc(5): 22.
            return int(text.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        except (OSError, IndexError, ValueError):
            return None
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


@functools.cache
def _boot() -> str:
    """The kernel's own text for this boot; empty where there is none, and start times count from 1970."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


@functools.cache
def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""

"""What must hold after a fault: truth, nothing left over, and the newest saved state goes on bit for bit."""

from __future__ import annotations

import contextlib
import io
import signal
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from nntui.config import demos
from nntui.protocol import sockets
from nntui.runs import checkpoint
from nntui.runs.directory import LIVE
from nntui.runs.find import Found, listed
from nntui.runs.recover import DAMAGED
from tests.cli.trainings import final
from tests.faults.child import Outcome
from tests.faults.scenarios import BEFORE, DEMO, EPOCHS, Scenario, Told, call, export, same, write_here
from tests.faults.shim import FULL

_ENDS = {"completed": 0, "stopped_early": 0, "diverged": 3, "failed": 1, "interrupted": 1}
"""Nobody interrupts these runs, but the only viewer may lose its connection before it has a screen: the run ends then."""


def judge(
    scenario: Scenario,
    place: Path,
    template: Path,
    fault: str,
    outcome: Outcome,
    reference: dict[str, Any],
) -> list[str]:
    """What does not hold; nothing when all is well."""
    wrong: list[str] = []
    said = outcome.said + "".join(p.read_text(errors="replace") for p in place.rglob("trainer.log"))
    for words in ("Traceback", "fault in nntui itself", "Exception ignored", "Exception in thread"):
        if words in said:
            wrong.append(f"said: {said[-3000:]}")
            break
    if outcome.signal not in (0, signal.SIGKILL):
        return [*wrong, f"ended by signal {outcome.signal}"]
    killed = outcome.signal == signal.SIGKILL
    if not killed and outcome.value is None:
        return [*wrong, "it ended without an answer"]
    told = None if killed else outcome.value
    if told is not None:
        if (
            told["struck"] == "unlink"
        ):  # a socket that could not be removed is left until another trainer begins
            sockets.sweep(place / "tmp" / sockets.directory().name)
        wrong += _left(place, template)
        if told["open"]:
            wrong.append(f"descriptors left open: {told['open']}")
    if not scenario.trains:
        return wrong + _files(scenario, place, template)
    found = listed(place / "runs")
    if len(found) > 1:
        return [*wrong, f"{len(found)} runs"]
    if told is not None:
        wrong += _truth(found[0] if found else None, told, fault)
    return wrong + (_goes_on(found[0], place, reference) if found else [])


def _left(place: Path, template: Path | None = None) -> list[str]:
    """Temporary files and sockets."""
    before = {p.name for p in template.rglob("*.tmp")} if template else set()
    found = [p for p in place.rglob("*") if p.suffix in (".tmp", ".sock") and p.name not in before]
    return [f"left over: {', '.join(p.name for p in found)}"] if found else []


def _truth(found: Found | None, told: Told, fault: str) -> list[str]:
    """The list of runs, the JSON and the exit code say the same, of what is on the disk."""
    code, status = told["code"], (told["json"] or {}).get("status")
    wrong = []
    if status is not None and _ENDS.get(status) != code:
        wrong.append(f"JSON says {status}, the exit code {code}")
    if found is None:
        return wrong if code else [*wrong, "exit code 0 and no run"]
    state = found.state
    if state in LIVE:
        wrong.append(f"listed as {state} after its end")
    elif state in _ENDS and _ENDS[state] != code and not (code and not _changed(found)):
        wrong.append(f"listed as {state} ({found.info.reason}), exit code {code}")
    elif state not in _ENDS and not (fault == FULL and code) and (code == 0 or _changed(found)):
        wrong.append(f"listed as {state}, exit code {code}")
    if state in ("completed", "stopped_early"):
        have = checkpoint.updates(found.run.checkpoints)
        if not have or have[-1] != found.info.updates:
            wrong.append(f"listed as {state} at update {found.info.updates}, saved is {have[-1:]}")
    return wrong


def _changed(found: Found) -> bool:
    """Whether the run is other than the killed one that a resume begins with."""
    return not (found.state == "lost" and found.info.epochs == BEFORE)


def _goes_on(found: Found, place: Path, reference: dict[str, Any]) -> list[str]:
    """Resumed, the run ends as the one that nothing disturbed; without a saved state it can be removed."""
    run, said = found.run, io.StringIO()
    with contextlib.redirect_stderr(said):
        done = call("fit", "--resume", run.name, "--epochs", EPOCHS, "--json", "--runs", place / "runs")
    if "Traceback" in said.getvalue() or "fault in nntui" in said.getvalue():
        return [f"the resume said: {said.getvalue()[-2000:]}"]
    if done["code"] == 2 and (found.state in (DAMAGED, "lost") or not checkpoint.updates(run.checkpoints)):
        whole = run.config.exists() and _readable(run.checkpoints)
        wrong = [f"whole, but not resumed: {said.getvalue()}"] if whole else []
        with contextlib.redirect_stderr(said):
            gone = call("runs", "rm", run.name, "--runs", place / "runs")
        return wrong + ([] if gone["code"] == 0 and not run.path.exists() else ["it cannot be removed"])
    if done["code"]:
        return [f"the resume ended with {done['code']}: {said.getvalue()}"]
    wrong = [] if same(final(run.path), reference) else ["resumed, it is not bit for bit the same"]
    state = listed(place / "runs")[0].state
    sockets.sweep(place / "tmp" / sockets.directory().name)
    return wrong + _left(place) + ([] if state == "completed" else [f"resumed, it is listed as {state}"])


def _readable(checkpoints: Path) -> bool:
    for update in checkpoint.updates(checkpoints):
        with contextlib.suppress(checkpoint.CheckpointError):
            checkpoint.read(checkpoint.path_of(checkpoints, update))
            return True
    return False


def _files(scenario: Scenario, place: Path, template: Path) -> list[str]:
    """A file is whole or not there, and the work can be done again."""
    if scenario.work is export:
        before = {p.name: p.read_bytes() for p in template.iterdir() if p.is_file()}
        wrong = [
            f"{path.name} is neither the old file nor a whole one"
            for path in place.iterdir()
            if path.suffix in _WHOLE and path.read_bytes() != before.get(path.name) and not _whole(path)
        ]
        again = export(place)
    else:
        wrong = []
        for source in demos.files(DEMO):
            path = place / source.name
            if path.exists() and not path.read_bytes().endswith(source.read_bytes()):
                wrong.append(f"{path.name} is not whole")
        made = [place / source.name for source in demos.files(DEMO)]
        for path in made if all(p.exists() for p in made) else []:
            path.unlink()  # what was written whole is not written over
        proposal = place / "rows.toml"
        written = proposal.read_bytes() if proposal.exists() else None
        proposal.unlink(missing_ok=True)
        with contextlib.chdir(place):
            again = write_here(place)
        if written is not None and written != proposal.read_bytes():
            wrong.append("rows.toml was not whole")
    return [*wrong, f"done again, it ends with {again['code']}"] if again["code"] else wrong


def _whole(path: Path) -> bool:
    try:
        _WHOLE[path.suffix](path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False
    return True


def _arrays(path: Path) -> None:
    with np.load(path) as archive:
        for name in archive.files:
            archive[name]


_WHOLE: dict[str, Callable[[Path], Any]] = {
    ".npz": _arrays,
    ".toml": lambda path: tomllib.loads(path.read_text()),
    ".safetensors": load_file,
}

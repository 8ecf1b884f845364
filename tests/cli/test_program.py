"""The program itself: help, usage faults, closed and full outputs, hostile names."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntui.cli import COMMANDS, group, program
from nntui.runs.directory import RunDirectory, RunInfo
from tests.cli.conftest import Cli, finish, start

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _commands() -> list[click.Command]:
    context = click.Context(group)
    found = [group.get_command(context, name) for name in COMMANDS]
    return [
        c
        for f in found
        if f is not None
        for c in (list(f.commands.values()) if isinstance(f, click.Group) else [f])
    ]


@pytest.mark.parametrize("command", _commands(), ids=lambda c: c.name)
def test_every_command_has_help_with_an_example_and_takes_runs(command: click.Command) -> None:
    assert re.search(r"Examples?:\n\s+nntui ", command.help or "")
    assert any("--runs" in p.opts for p in command.params)


def test_help_imports_neither_numpy_nor_textual() -> None:
    code = (
        "import sys\nfrom nntui.cli import program\nassert program(['--help']) == 0\n"
        "heavy = {'numpy', 'textual', 'pydantic', 'rich', 'plotext', 'psutil', 'tomlkit'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


def test_fit_loads_only_what_it_needs(runs: Path) -> None:
    code = (
        "import sys\nfrom nntui.cli import program\nassert program(['fit', 'xor', '--quiet']) == 0\n"
        "kept = {'textual', 'rich', 'plotext', 'safetensors', 'asyncio', 'numpy.ma', 'nntui.config.race', 'nntui_core.race'}\n"
        "import numpy\nkept -= {'numpy.ma'} if numpy.__version__ < '2' else set()  # which loads it itself\n"
        "kept |= {f'nntui_core.{m}' for m in ('layers.spatial', 'ops.convolution', 'optimizers.second_order',\n"
        "    'preprocessing.scaling', 'initializers.fitted', 'curvature')} | {'nntui.data.csv'}\n"
        "heavy = kept & set(sys.modules)\n"
        "from nntui.config.describing import descriptions\n"
        "parsed = descriptions.cache_info().currsize\n"
        "sys.exit(f'imported {heavy}, parsed {parsed} sources' if heavy or parsed else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_runs_are_listed_without_numpy(runs: Path) -> None:
    run = RunDirectory.create(runs, "one")
    run.write(RunInfo(state="completed", reason="done"))
    code = (
        "import sys\nfrom nntui.cli import program\nassert program(['runs', 'list', '--json']) == 0\n"
        "sys.exit('imported NumPy' if 'numpy' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [(r["run"], r["state"]) for r in json.loads(done.stdout)] == [(run.name, "completed")]


def test_python_m_nntui_is_the_program() -> None:
    done = finish(start("--version"))
    assert (done.code, done.out) == (0, "nntui, version 0.1.0\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["ftt"], 'did you mean "fit"?'),
        (["fit", "--jsn", "xor"], "--json"),
        (["fit"], "name a CONFIG"),
        (["fit", "xor", "extra"], "extra"),
        (["fit", "xro"], 'did you mean the demo "xor"?'),
        (["fit", "xor", "--epochs", "-1"], "--epochs"),
        (["fit", "xor", "--epochs", "many"], "'--epochs': given many; allowed a whole number, at least 0"),
        (["fit", "xor", "--epochs", "1_0"], "'--epochs': given 1_0; allowed a whole number"),
        (["fit", "xor", "--seed", "\u0663"], "'--seed': given \u0663; allowed a whole number"),
        (["fit", "xor", "--epochs", "9" * 5000], "'--epochs': given 9"),
        (
            ["debug", "-e", "x", "x=1", "--digits", "18"],
            "given 18; allowed a whole number, at least 1, at most 17",
        ),
        (["sweep", "xor", "--timeout", "nan"], "'--timeout': given nan; allowed seconds above 0"),
        (["sweep", "xor", "--timeout", "1e999"], "'--timeout': given 1e999; allowed seconds above 0"),
        (["fit", "xor", "--seed", str(2**63)], "seed"),
        (["fit", "xor", "--resume"], "--resume"),
        (["runs", "lst"], "list"),
        (["runs", "compare"], "two"),
        (["predict", "latest"], "--input"),
        (["export", "latest"], "FILE"),
        (["reproduce", "sax"], 'did you mean "saxe"?'),
        (["reproduce", "x"], "saxe"),
    ],
)
def test_usage_faults_are_one_message_and_exit_2(cli: Cli, arguments: list[str], text: str) -> None:
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert text in done.err
    assert "error: " in done.err


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40),
    before=st.sampled_from(
        [
            (),
            ("fit",),
            ("predict",),
            ("runs", "show"),
            ("runs", "rm"),
            ("debug",),
            ("export",),
            ("fit", "xor", "--set"),
        ]
    ),
)
def test_hostile_names_are_refused_and_shown_escaped(cli: Cli, name: str, before: tuple[str, ...]) -> None:
    done = cli(*before, "\x1b[31m[bold]\u202e" + name)
    assert done.code == 2
    assert done.out == ""
    assert not _UNSAFE.search(done.err)


def test_names_that_are_not_utf8_or_very_long(cli: Cli) -> None:
    for name in (
        b"\xff\xfe".decode(errors="surrogateescape"),
        "a" * 100_000,
        "../" * 3000,
        "~nobody/x",
        "/dev/zero",
    ):
        done = cli("fit", name)
        assert done.code == 2
        assert len(done.err) < 2000


def test_a_home_that_is_not_known(cli: Cli) -> None:
    for arguments in (("runs", "show", "~nobody/x"), ("fit", "~nobody/x"), ("export", "~nobody/x", "w.npz")):
        assert cli(*arguments).code == 2
    assert cli("runs", "list", "--runs", "~nobody/x", "--json").json == []


def test_interrupted_at_any_moment_of_its_start(runs: Path) -> None:
    for k in range(8):
        process = start("fit", "digits", "--epochs", "100000", "--json")
        time.sleep(0.2 + 0.07 * k)  # at whatever it does then: loading, reading, building, training
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        if "in main" in err or process.returncode == 130:  # else Python itself was not up yet
            assert (process.returncode, err) == (130, "")
            assert not out or json.loads(out)["status"] == "interrupted"


def test_a_closed_pipe_ends_quietly(runs: Path) -> None:
    for arguments in (["demos"], ["fit", "xor", "--json"]):
        process = start(*arguments)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_a_full_device_behind_stdout_is_said(runs: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as stream:
        process = start("fit", "xor", "--json", stdout=stream)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(60) == 1
    assert said == "error: cannot write the results: the disk is full; free some space\n"


def test_an_unforeseen_fault_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("\x1b[31mboom")

    monkeypatch.setattr("nntui.config.demos.names", broken)
    done = cli("demos")
    assert done.code == 1
    assert r"RuntimeError: \e[31mboom" in done.err
    monkeypatch.setenv("NNTUI_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        program(["demos"])


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [(MemoryError(), 1, "out of memory"), (KeyboardInterrupt(), 130, "ended by SIGINT"), (click.Abort(), 130, "ended by SIGINT")],
    ids=["memory", "interrupt", "abort"],
)  # fmt: skip
def test_a_command_that_is_broken_off_has_its_code_and_a_document(
    fault: BaseException, code: int, reason: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr("nntui.runs.find.listed", broken)
    done = cli("runs", "list", "--json")
    assert (done.code, done.json["reason"]) == (code, reason)
    assert done.err == ("error: out of memory\n" if code == 1 else "")


def test_results_that_cannot_be_written_are_a_failure(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "nntui", "--runs", str(tmp_path)]
    for command, code in (
        (["fit", "xor", "--epochs", "1", "--json"], 1),
        (["fit", "xor", "--epochs", "1", "--quiet"], 0),
    ):
        done = subprocess.run(
            ["sh", "-c", '"$@" >&-', "sh", *words, *command], capture_output=True, text=True
        )
        assert done.returncode == code
        assert ("the standard output is closed" in done.stderr) == bool(code)


def test_a_closed_input_is_an_empty_one(runs: Path) -> None:
    words = [sys.executable, "-m", "nntui", "--runs", str(runs)]
    closed = ["sh", "-c", '"$@" <&-', "sh", *words]
    assert subprocess.run([*words, "fit", "xor", "--epochs", "0", "--quiet"]).returncode == 0
    done = subprocess.run(
        [*closed, "predict", "latest", "--csv", "-", "--json"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: <stdin>: the file is empty")


@pytest.mark.parametrize("command", ["fit", "check", "lr", "init"])
def test_an_empty_name_is_not_the_directory(cli: Cli, command: str) -> None:
    done = cli(command, "")
    assert done.code == 2
    assert "is empty; give a" in done.err

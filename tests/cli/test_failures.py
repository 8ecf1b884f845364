"""With --json there is one document on stdout also where a command fails, and the state on the disk says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nntui.cli import group, main
from nntui.errors import FAILED, UserError
from nntui.runs.find import resolve
from nntui.runs.metrics import MetricsError, MetricsWriter
from nntui.training.session import Session


def fit(base: Path) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(group, ["fit", "xor", "--json", "--runs", str(base)], standalone_mode=False)
    return result.return_value, json.loads(result.stdout)


def test_a_second_interrupt_ends_at_once_with_a_document(tmp_path: Path, monkeypatch: Any) -> None:
    def interrupted(self: Session, hooks: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "_epoch", interrupted)
    code, document = fit(tmp_path)
    assert (code, document["status"]) == (130, "interrupted")
    assert resolve(tmp_path, "latest").state == "interrupted"


@pytest.mark.parametrize(
    ("fault", "code", "status", "reason"),
    [
        (KeyboardInterrupt(), 130, "interrupted", "ended by SIGINT"),
        (MemoryError(), FAILED, "failed", "out of memory; lower train.batch_size or the size of the layers"),
        (UserError("it cannot be saved", exit_code=FAILED), FAILED, "failed", "it cannot be saved"),
    ],
)
def test_what_goes_wrong_while_the_result_is_measured_ends_with_its_code(
    fault: BaseException, code: int, status: str, reason: str, tmp_path: Path, monkeypatch: Any
) -> None:
    def broken(session: Session) -> None:
        raise fault

    monkeypatch.setattr("nntui.cli.fit.outcome", broken)
    found, document = fit(tmp_path)
    assert (found, document["status"], document["reason"]) == (code, status, reason)
    assert document["epochs"] > 0


def test_metrics_that_cannot_be_opened_fail_the_run(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(self: MetricsWriter, path: Path) -> None:
        raise MetricsError(f"{path}: cannot open the metrics: the disk is full")

    monkeypatch.setattr(MetricsWriter, "__init__", refuse)
    code, document = fit(tmp_path)
    assert (code, document["status"]) == (FAILED, "failed")
    assert "disk is full" in document["reason"]
    assert resolve(tmp_path, "latest").state == "failed"


def test_other_commands_that_fail_print_a_document(
    tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(tmp_path)
    run = resolve(tmp_path, "latest").run

    def refuse(path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("shutil.rmtree", refuse)
    monkeypatch.setattr("sys.argv", ["nntui", "runs", "rm", run.name, "--json", "--runs", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    document = json.loads(capsys.readouterr().out)
    assert (ended.value.code, document["status"]) == (FAILED, "failed")
    assert "input/output error" in document["reason"]

"""The error boundary: which status a run ends with when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from tailgate import cli as command_line

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (OSError(28, "No space left on device", "verdict.json"), "tailgate: [Errno 28] No space left on device"),
        (ZeroDivisionError("of ours"), "ZeroDivisionError: of ours"),
    ],
)
def test_what_breaks_a_run_is_never_taken_for_a_regression(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: Exception, told: str
) -> None:
    @click.command()
    def breaks() -> None:
        raise raised

    monkeypatch.setitem(command_line.main.commands, "breaks", breaks)
    monkeypatch.setattr(sys, "argv", ["tailgate", "breaks"])
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert left.value.code == 2
    assert told in capsys.readouterr().err


def test_a_reader_that_has_gone_is_no_regression() -> None:
    command = [sys.executable, "-m", "tailgate.cli", "--help"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 141  # as of a program that SIGPIPE ended
        assert process.stderr.read() == b""

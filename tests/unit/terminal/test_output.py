"""What every command line does when its standard output takes no more."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.terminal.output import watched_output

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = {
    "tailgate": ["-m", "tailgate.cli", "--help"],
    "build_interpreter": ["scripts/build_interpreter.py", "--cache", "/nonexistent", "list"],
    "tailgate isolate": ["scripts/isolate_cpus.py", "status", "--state", "/nonexistent/record"],
    "download_captures": ["scripts/download_captures.py", "--list"],
    "suites.wire": ["-m", "suites.wire", "--help"],
    "suites.exchange": ["-m", "suites.exchange", "--help"],
    "suites.ledger": ["-m", "suites.ledger", "--help"],
    "suites.interpreters": ["-m", "suites.interpreters", "--help"],
    "reports": ["-m", "reports", "--help"],
    "reports.ledger": ["-m", "reports.ledger", "--help"],
}
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def python(*arguments: str, out: int, environ: dict[str, str] = BUFFERED) -> tuple[int, str]:
    """Run Python in the checkout; return its status and what it said on the standard error."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def left(*arguments: str, environ: dict[str, str] = BUFFERED) -> tuple[int, str]:
    """Run it with an output that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return python(*arguments, out=writer, environ=environ)
    finally:
        os.close(writer)


def full(*arguments: str, environ: dict[str, str] = BUFFERED) -> tuple[int, str]:
    """Run it with an output that has no room."""
    with Path("/dev/full").open("w") as device:
        return python(*arguments, out=device.fileno(), environ=environ)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_reader_that_has_gone_is_what_sigpipe_makes_of_any_program(name: str) -> None:
    assert left(*PROGRAMS[name]) == (141, "")


@needs_full
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_output_without_room_is_one_error_that_names_the_program(name: str) -> None:
    status, told = full(*PROGRAMS[name])
    assert status == 2
    assert told.startswith(f"{name}: the output cannot be written: No space left on device\n")
    assert "Traceback" not in told


@needs_full
@pytest.mark.parametrize("environ", [BUFFERED, {**BUFFERED, "PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("size", [10, 100_000])
def test_it_does_not_matter_how_much_was_written_and_when_it_is_noticed(environ: dict[str, str], size: int) -> None:
    code = (
        "import sys; from tailgate.terminal.output import watched_output\n"
        f"with watched_output('program', 'the way out'): print('x' * {size}); sys.exit(1)"
    )
    assert left("-c", code, environ=environ) == (141, "")
    told = "program: the output cannot be written: No space left on device\n  the way out\n"
    assert full("-c", code, environ=environ) == (2, told)


def test_what_breaks_elsewhere_is_not_the_outputs_fault() -> None:
    with pytest.raises(OSError, match="a disk"), watched_output("program"):
        raise OSError(errno.ENOSPC, "a disk")
    with pytest.raises(BrokenPipeError), watched_output("program"):
        raise BrokenPipeError(errno.EPIPE, "a socket")


def test_what_was_printed_comes_and_the_status_stays(tmp_path: Path) -> None:
    code = (
        "import sys; from tailgate.terminal.output import watched_output\n"
        "with watched_output('program'): print('answer'); sys.exit(3)"
    )
    with (tmp_path / "out").open("w") as file:
        assert python("-c", code, out=file.fileno()) == (3, "")
    assert (tmp_path / "out").read_text() == "answer\n"


def test_a_program_may_be_started_without_an_output() -> None:
    code = "from tailgate.terminal.output import watched_output\nwith watched_output('program'): print('nowhere')"
    done = subprocess.run(["/bin/sh", "-c", f'exec {sys.executable} -c "{code}" >&-'], cwd=ROOT, check=False)
    assert done.returncode == 0

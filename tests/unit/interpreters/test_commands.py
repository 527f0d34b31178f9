from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.commands import LoggedRunner
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

ENV = {"PATH": os.environ["PATH"]}


def ends(pid: int) -> bool:
    """Wait, at most ten seconds, until a process that is no child of ours has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


def test_output_goes_to_the_log_after_the_command_that_made_it(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "build.log"
    runner = LoggedRunner(lambda _line: None)
    runner(["sh", "-c", "echo one; echo two >&2"], cwd=tmp_path, env=ENV, log=log)
    runner(["sh", "-c", "echo three"], cwd=tmp_path, env=ENV, log=log)
    text = log.read_text()
    assert text.index("$ cd") < text.index("one") < text.index("two") < text.index("three")


def test_a_failure_names_the_line_that_says_why_and_not_one_of_an_earlier_command(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    runner = LoggedRunner(lambda _line: None)
    runner(["sh", "-c", "echo an old error: harmless"], cwd=tmp_path, env=ENV, log=log)
    script = "echo compiling; echo 'x.c:1: error: expected ;'; echo leaving; exit 3"
    with pytest.raises(TailgateError, match=r"status 3: x\.c:1: error: expected") as caught:
        runner(["sh", "-c", script], cwd=tmp_path, env=ENV, log=log)
    assert str(log) in caught.value.hint


def test_the_cause_is_what_stands_before_make_gave_up_and_not_a_harmless_line_long_before(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    script = """
        echo "find: 'build': No such file or directory"
        for i in $(seq 30); do echo "gcc -Werror=implicit -Wno-error=coverage-mismatch -c $i.c"; done
        echo "ld: cannot find libclang_rt.profile.a"
        echo "clang: error: linker command failed"
        echo "make: *** [Makefile:1: all] Error 1"
        exit 2
    """
    with pytest.raises(TailgateError, match=r"status 2: ld: cannot find libclang_rt\.profile\.a"):
        LoggedRunner(lambda _line: None)(["sh", "-c", script], cwd=tmp_path, env=ENV, log=log)


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="no-such-program could not be started"):
        LoggedRunner(lambda _line: None)(["no-such-program"], cwd=tmp_path, env=ENV, log=tmp_path / "log")


def test_nothing_but_the_given_environment_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    LoggedRunner(lambda _line: None)(["env"], cwd=tmp_path, env=ENV, log=tmp_path / "log")
    assert "CFLAGS" not in (tmp_path / "log").read_text()


def test_an_interruption_stops_the_command_and_what_it_started(tmp_path: Path) -> None:
    """The heartbeat stands for the person at the keyboard: it interrupts as soon as the grandchild is known."""
    note = tmp_path / "pid"

    def interrupt(_line: str) -> None:
        if note.exists() and note.read_text().strip():
            raise KeyboardInterrupt

    script = f"sleep 1000 & echo $! > {note}; wait"
    with pytest.raises(KeyboardInterrupt):
        LoggedRunner(interrupt, heartbeat_s=0.01)(["sh", "-c", script], cwd=tmp_path, env=ENV, log=tmp_path / "log")
    assert ends(int(note.read_text()))


def test_a_heartbeat_tells_the_last_line(tmp_path: Path) -> None:
    beats = []
    go = tmp_path / "go"

    def beat(line: str) -> None:
        beats.append(line)
        if "compiling ast.c" in line:
            go.touch()

    script = f"echo compiling ast.c; while [ ! -e {go} ]; do sleep 0.01; done"
    LoggedRunner(beat, heartbeat_s=0.01)(["sh", "-c", script], cwd=tmp_path, env=ENV, log=tmp_path / "log")
    assert "compiling ast.c" in beats[-1]

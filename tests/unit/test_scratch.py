"""Temporary folders: whose they are, and when they go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from tailgate import scratch

if TYPE_CHECKING:
    from pathlib import Path

OWNER = """
import sys
from pathlib import Path
from tailgate import scratch
with scratch.scratch() as folder:
    shared = folder.with_name(scratch.SHARED + "abc")
    shared.mkdir(exist_ok=True)
    (shared / "tailgate").touch()
    assert scratch.share(shared)
    print(folder, shared, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def owner(root: Path, place: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(place)}
    command = [sys.executable, "-c", OWNER]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True)


def test_a_folder_goes_with_its_block(place: Path) -> None:
    made = scratch.scratch()
    folder = made.__enter__()
    (folder / "inner").mkdir()
    assert list(place.iterdir()) == [folder]
    made.__exit__(KeyError, KeyError(), None)
    assert not list(place.iterdir())


@pytest.mark.parametrize("killed", [True, False])
def test_what_a_killed_process_left_goes_with_the_next_run_and_what_lives_stays(
    root: Path, place: Path, *, killed: bool
) -> None:
    (place / "tailgate-other").mkdir()
    with owner(root, place) as process:
        assert process.stdout is not None
        names = process.stdout.readline().split()
        with scratch.scratch() as folder:
            assert {str(each) for each in place.iterdir()} == {*names, str(folder), str(place / "tailgate-other")}
        if killed:
            process.send_signal(signal.SIGKILL)
        process.communicate()
    left = set() if not killed else set(names)
    assert {str(each) for each in place.iterdir()} == left | {str(place / "tailgate-other")}
    with scratch.scratch():
        pass
    assert [each.name for each in place.iterdir()] == ["tailgate-other"]


def test_a_folder_that_two_runs_share_goes_with_the_last(root: Path, place: Path) -> None:
    with owner(root, place) as one, owner(root, place) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline()
        one.communicate()
        assert (place / f"{scratch.SHARED}abc").is_dir()
        other.communicate()
    assert not list(place.iterdir())


def test_what_is_gone_already_cannot_be_shared(place: Path) -> None:
    assert not scratch.share(place / f"{scratch.SHARED}gone")

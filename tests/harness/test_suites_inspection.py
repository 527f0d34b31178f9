"""A capture is checked once, before any worker starts, and what it lacks is said."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from suites.tapes.generator import generate
from tailgate.benchmark import load_suite
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
from tailgate import Setting, TailgateError, Workload, benchmark

SETTINGS = (Setting("file", "A file.", ""),)

def inspect(settings):
    if settings.get("file") == "bad":
        raise TailgateError("bad, line 3: expected a number", hint="fetch it again")
    return [f"{settings.get('file')}: nothing was left out"]

@benchmark("lines/plain")
def plain(_settings):
    return Workload(inputs=[1] * 100, start=lambda: str)
"""


def capture(folder: Path, *, broken_at: int = -1) -> Path:
    frames = [bytes(frame) for frame in generate(3, 200).frames]
    if broken_at >= 0:
        frames[broken_at] = b'[{"T":"o","S":"BTC/USD"'
    path = folder / "feed.jsonl"
    path.write_bytes(b"".join(b"%d %s\n" % (10**18 + 1000 * at, frame) for at, frame in enumerate(frames[5:])))
    return path


def test_a_suite_inspects_its_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inspecting_suite.py").write_text(SUITE)
    monkeypatch.syspath_prepend(tmp_path)
    suite = load_suite("inspecting_suite")
    assert suite.inspect({"file": "good"}) == ["good: nothing was left out"]
    with pytest.raises(TailgateError, match="line 3"):
        suite.inspect({"file": "bad"})


def test_a_suite_without_inspection_has_nothing_to_say() -> None:
    assert tuple(load_suite("tailgate.judge.fixtures").inspect({})) == ()


def test_what_a_capture_lacks_is_said_and_where_it_is_broken_too(tmp_path: Path) -> None:
    inspect = load_suite("suites.benchmarks").inspect
    [note] = inspect({"capture": str(capture(tmp_path))})
    assert "before the first snapshot" in note
    with pytest.raises(TailgateError, match=r"feed.jsonl, line 36, byte \d+: expected"):
        inspect({"capture": str(capture(tmp_path, broken_at=40))})


@pytest.mark.parametrize(
    "command",
    [
        ("bench", "limiter"),
        ("duel", "limiter=try-first", "limiter=await-always"),
        ("gate", "--base", "HEAD"),
        pytest.param(("profile", "cprofile", "limiter"), marks=pytest.mark.slow),
        pytest.param(("anatomy", "limiter"), marks=pytest.mark.slow),
        pytest.param(("allocations", "limiter"), marks=pytest.mark.slow),
    ],
)
def test_no_command_starts_a_worker_on_a_broken_capture(tmp_path: Path, root: Path, command: tuple[str, ...]) -> None:
    line = [sys.executable, "-m", "tailgate.cli", *command, "--capture", str(capture(tmp_path, broken_at=40))]
    done = subprocess.run(
        [*line, "--output", str(tmp_path / "out")], cwd=root, capture_output=True, text=True, check=False,
        env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "feed.jsonl, line 36, byte" in done.stderr
    assert "side" not in done.stderr
    assert "failed" not in done.stderr

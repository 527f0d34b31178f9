"""In CI a test that could have run and was skipped fails the run; elsewhere it is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NOT_HERE = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason="%s")
def test_is_skipped(): pass
"""


@pytest.mark.parametrize(
    ("reason", "ci", "processes", "status"),
    [
        ("Chromium is not here", "true", "0", 1),
        ("Chromium is not here", "true", "2", 1),  # as `nox -s tests` runs most of them
        ("Chromium is not here", "", "0", 0),
        ("this interpreter has it", "true", "0", 0),
    ],
)
def test_only_ci_fails_for_a_skipped_test(
    root: Path, tmp_path: Path, reason: str, ci: str, processes: str, status: int
) -> None:
    (tmp_path / "test_one.py").write_text(NOT_HERE % reason)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.skipping",
            "-p",
            "no:cacheprovider",
            "-n",
            processes,
            str(tmp_path),
        ],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert (f"test_is_skipped: Skipped: {reason}" in done.stdout) == bool(status)


def test_a_module_that_is_skipped_whole_counts_too(root: Path, tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("import pytest\n\npytest.importorskip('no_such_package')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.skipping", str(tmp_path)]
    environ = {**os.environ, "CI": "true", "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no_such_package" in done.stdout

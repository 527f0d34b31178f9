"""The step of .github/workflows/p99-gate.yml, run in a clone with a nox that only answers."""

from __future__ import annotations

import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

WORKFLOW = Path(__file__).resolve().parents[2] / ".github" / "workflows" / "p99-gate.yml"


def step() -> str:
    lines = WORKFLOW.read_text().split("run: |\n")[1].splitlines()
    indent = " " * 10
    body = [line for line in lines if line.startswith(indent)]
    return textwrap.dedent("\n".join(body[: next(i for i, line in enumerate(body) if 'exit "$status"' in line) + 1]))


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A branch that left main one commit ago, checked out detached as actions/checkout does."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    git(origin, "commit", "-q", "--allow-empty", "-m", "where the branch left")
    git(origin, "checkout", "-q", "-b", "change")
    git(origin, "commit", "-q", "--allow-empty", "-m", "the change")
    git(origin, "checkout", "-q", "main")
    git(origin, "commit", "-q", "--allow-empty", "-m", "somebody else's")
    subprocess.run(["git", "clone", "-q", str(origin), str(tmp_path / "clone")], check=True)
    git(tmp_path / "clone", "checkout", "-q", "--detach", "origin/change")
    return tmp_path / "clone"


def run(clone: Path, status: int) -> Any:
    stubs = clone.parent / "bin"
    stubs.mkdir()
    for name, text in (("python", "exit 0"), ("nox", f'echo "asked: $*"; exit {status}')):
        (stubs / name).write_text(f"#!/bin/sh\n{text}\n")
        (stubs / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{stubs}:{os.environ['PATH']}", "GITHUB_BASE_REF": "main"}
    command = ["bash", "-e", "-c", step()]
    return subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("status", "job"), [(0, 0), (1, 1), (2, 2), (3, 0), (4, 0), (137, 137)])
def test_only_a_gate_that_could_not_tell_is_let_through(clone: Path, status: int, job: int) -> None:
    done = run(clone, status)
    assert done.returncode == job, done.stderr
    assert ("::warning::" in done.stdout) == (status in {3, 4})


def test_the_base_is_where_the_branch_left(clone: Path) -> None:
    left = git(clone, "merge-base", "origin/main", "origin/change")
    assert left != git(clone, "rev-parse", "origin/main")
    assert f"asked: -s gate -- --base {left}" in run(clone, 0).stdout

"""`tailgate init` in a project that has nothing yet: what it writes is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument

ROOT = Path(__file__).resolve().parents[2]


def test_what_it_writes_measures_and_gates(tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text('"""Words."""\n')
    (tmp_path / ".gitignore").write_text("build/\n__pycache__/\n")
    run(tmp_path, "git", "init", "-q", "-b", "main")
    said = tailgate(tmp_path, "init").stdout
    assert "Found: words.py, no benchmarks yet, pip" in said
    assert "Next: tailgate bench --quick" in said  # nothing has to be installed first
    assert os.access(tmp_path / ".git" / "hooks" / "pre-push", os.X_OK)
    config = tmp_path / "pyproject.toml"  # a short gate will do
    config.write_text(config.read_text() + "operations = 500\npasses = 2\n")
    run(tmp_path, "git", "add", "-A")
    run(tmp_path, "git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", "commit", "-q", "-m", "all")
    assert tailgate(tmp_path, "bench", "--list").stdout == "words/first  (recommended)\n"
    done = tailgate(tmp_path, "gate", "--quick", "--base", "HEAD", "--head", "worktree", "--budget", "1")
    assert done.returncode in {0, 3, 4}, done.stderr  # what a busy machine can tell in a second; no error
    (judged,) = load(tmp_path / "build" / "gate" / "verdict.json", GateDocument).benchmarks
    assert judged.name == "words/first"
    assert judged.blocks


def run(root: Path, *command: str) -> None:
    subprocess.run(command, cwd=root, check=True, capture_output=True)


def tailgate(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tailgate.cli", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)

"""Compiled projects: each revision is built by its own command, and what is judged is the extension module."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.config import load_config
from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument
from tailgate.statistics.estimate import ratio_percent

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "compiled"


@pytest.mark.parametrize("name", ["cython", "mypyc", "maturin"])
def test_an_example_names_what_a_revision_brings_along_and_what_builds_it(name: str) -> None:
    config = load_config(EXAMPLES / name)
    assert config.build
    assert [each for each in config.subject if not (EXAMPLES / name / each).exists()] == []
    assert (EXAMPLES / name / f"{config.benchmarks}.py").is_file()


@pytest.mark.slow  # an environment and a run of the C compiler for each of three sides
@pytest.mark.parametrize(("name", "source"), [("cython", "_count.pyx"), ("mypyc", "_count.py")])
def test_a_slower_extension_module_is_a_regression(name: str, source: str, tmp_path: Path) -> None:
    if name == "mypyc":
        pytest.importorskip("mypyc", reason="mypy is not installed, which brings mypyc")
    root = shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=shutil.ignore_patterns("*.so", "*.c", "build"))
    shutil.copy2(EXAMPLES / ".gitignore", root)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "fast")
    code = root / "fastwords" / source
    code.write_text(code.read_text().replace("return found", "return found if len(text) < 0 else len(text.split())"))
    git(root, "commit", "-q", "-am", "count again, by another way")
    command = [sys.executable, "-m", "tailgate.cli", "gate", "--quick", "--base", "HEAD~1", "--budget", "600"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    (judged,) = load(root / "build" / "gate" / "verdict.json", GateDocument).benchmarks
    assert ratio_percent(judged.figures["reproducible"].shift.log_ratio) > 20


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    subprocess.run(command, check=True, capture_output=True)

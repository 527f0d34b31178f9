"""Answers that change on purpose: accepted by name and reason, and said in the verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.documents.envelope import load
from tailgate.documents.gate import GateDocument
from tailgate.results.gate_report import gate_markdown, gate_text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SUITE = """
from tailgate import Workload, benchmark
from words import clean

@benchmark("words/clean")
def prepared(settings):
    return Workload([f"  Word {n}" for n in range(300)], lambda: clean)
"""
CONFIG = """
[tool.tailgate]
benchmarks = "suite"
subject = ["words.py"]
[tool.tailgate.gate]
operations = 300
passes = 2
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "suite.py").write_text(SUITE)
    (tmp_path / "words.py").write_text("def clean(word):\n    return word.strip()\n")
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    (tmp_path / "words.py").write_text("def clean(word):\n    return word.strip().lower()\n")
    git(tmp_path, "commit", "-q", "-am", "lower case")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def gate(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tailgate.cli", "gate", "--quick", "--base", "HEAD~1", "--budget", "1"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)


def accept(root: Path, name: str) -> None:
    with (root / "pyproject.toml").open("a") as config:
        config.write(f'accept-answers = {{ "{name}" = "lower case from now on, #12" }}\n')


def lines_of(text: str, words: str) -> Iterator[str]:
    return (line for line in text.splitlines() if words in line)


def test_a_change_of_answers_names_the_way_to_accept_it(repository: Path) -> None:
    done = gate(repository)
    assert done.returncode == 2
    assert "operation 0 is the first that differs" in done.stderr
    assert 'accept-answers = { "words/clean" = "the reason" } in [tool.tailgate.gate]' in done.stderr


def test_an_accepted_change_is_judged_and_said_in_the_verdict(repository: Path) -> None:
    accept(repository, "words/clean")
    done = gate(repository)
    assert done.returncode != 2, done.stderr
    found = load(repository / "build" / "gate" / "verdict.json", GateDocument)
    (judged,) = found.benchmarks
    assert judged.blocks
    assert judged.answers is not None
    assert judged.answers.reason == "lower case from now on, #12"
    assert "'word 0'" in judged.answers.differs
    for text in (gate_text(found), gate_markdown(found)):
        (line,) = lines_of(text, "its answers changed, accepted: lower case from now on, #12")
        assert "operation 0 is the first that differs" in line


def test_an_entry_that_is_not_needed_is_told(repository: Path) -> None:
    (repository / "words.py").write_text("def clean(word):\n    return str.strip(word)\n")
    git(repository, "commit", "-q", "-am", "the answers of before")
    git(repository, "commit", "-q", "--allow-empty", "-m", "nothing")
    accept(repository, "words/clean")
    done = gate(repository)
    assert done.returncode != 2, done.stderr
    assert "accept-answers names it, but its answers are equal: that entry can go" in done.stdout

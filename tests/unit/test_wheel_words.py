"""What the wheel says: of what it brings, in words that are no one project's, each command in one whole line."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tailgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = re.compile(r"\b(scripts/|reports/|suites[./]|docs/|nox\b|python -m reports|implementations/)")
SUBJECT = re.compile(
    r"\b(books?|bids?|order book|market data|trading|exchange|limiter|heap-|book=bisect)\b", re.IGNORECASE
)


def said(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each string of a module that is no docstring."""
    tree = ast.parse(path.read_text())
    silent = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield node.lineno, node.value


def test_no_message_names_what_only_this_repository_has() -> None:
    named = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in sorted((ROOT / "tailgate").rglob("*.py"))
        for line, text in said(path)
        if ELSEWHERE.search(text)
    ]
    assert named == []


def test_each_command_is_told_in_one_whole_line() -> None:
    done = CliRunner().invoke(main, ["--help"], terminal_width=80)
    lines = done.output.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(main.commands)
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_help_of_a_command_speaks_of_no_books(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # outside of any project, whose settings would be told too
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert SUBJECT.findall(done.output) == []
    assert "Examples:" in done.output or name == "isolate"

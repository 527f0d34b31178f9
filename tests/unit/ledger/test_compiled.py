"""The modules are built for the interpreter that the rows run on, or the reason is one line."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from suites.ledger import compiled
from suites.ledger.builds import RUNNING
from suites.ledger.compiled import TOOLS, build_compiled
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

    from suites.ledger.builds import Builds


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every command end with 1, and note which interpreter was started."""
    found: list[str] = []

    def run(command: list[str], **_: object) -> Any:
        found.append(command[0])
        return SimpleNamespace(returncode=1, stderr="", stdout="book: built\nthere is no C compiler: apt-get install\n")

    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_another_interpreter_builds_in_an_environment_that_has_the_tools(
    builds: Builds, tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, ...]] = []

    def prepare(_project: Any, python: str, extra: tuple[str, ...]) -> str:
        made.append((python, *extra))
        return "/tools/python"

    monkeypatch.setattr(compiled, "environment_for", prepare)
    project: Any = SimpleNamespace(root=tmp_path)
    assert build_compiled(project, builds) == "there is no C compiler: apt-get install"
    assert build_compiled(project, replace(builds, base_name=RUNNING, base="/running")) != ""
    assert made == [("/no/plain/python", *TOOLS)]
    assert ran == ["/tools/python", "/running"]


def test_without_the_tools_their_reason_is_told(
    builds: Builds, tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> str:
        raise TailgateError("cython has no wheel")

    monkeypatch.setattr(compiled, "environment_for", refused)
    project: Any = SimpleNamespace(root=tmp_path)
    assert build_compiled(project, builds) == "cython has no wheel"
    assert ran == []

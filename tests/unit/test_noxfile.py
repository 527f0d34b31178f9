"""The sessions hand over what they were given."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Session:
    """Notes what would run."""

    def __init__(self, *posargs: str) -> None:
        self.posargs = list(posargs)
        self.ran: list[tuple[str, ...]] = []
        self.bin: Path | str = ""

    def install(self, *_: str) -> None: ...

    def run(self, *command: str) -> None:
        self.ran.append(command[2:])


@pytest.fixture
def sessions(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.chdir(root)
    import noxfile  # it reads pyproject.toml where it stands

    return noxfile


@pytest.mark.parametrize(
    ("arguments", "read", "page"),
    [
        ((), "build/ledger/ledger.json", "docs/ledger.md"),
        (("--quick",), "build/ledger/ledger.json", "build/ledger/ledger.md"),
        (("--output", "x"), "x/ledger.json", "x/ledger.md"),
        (("--quick", "--output=x y"), "x y/ledger.json", "x y/ledger.md"),
        (("--only", "B1", "--out", "x"), "x/ledger.json", "x/ledger.md"),
    ],
)
def test_the_ledgers_page_is_of_what_was_measured(
    sessions: Any, arguments: tuple[str, ...], read: str, page: str
) -> None:
    session = Session(*arguments)
    sessions.ledger(session)
    assert session.ran == [("suites.ledger", *arguments), ("reports.ledger", read, "--output", page)]


def test_every_session_stands_on_the_page_of_commands(root: Path, sessions: Any) -> None:
    from nox import registry

    told = re.findall(
        r"^\| `nox -s ([a-z]+)", (root / "docs" / "commands.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(told) == sorted(registry.get())
    assert callable(sessions.docs)


def test_ci_runs_every_session(root: Path, sessions: Any) -> None:
    from nox import registry

    ran = re.findall(r"^(?:run|judged) ([a-z]+)", (root / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(ran) == sorted(registry.get())


def test_help_writes_nothing(sessions: Any) -> None:
    session = Session("--help")
    sessions.ledger(session)
    assert session.ran == [("suites.ledger", "--help")]


def test_ctrl_c_leaves_a_command_the_time_to_write_what_it_has(sessions: Any, tmp_path: Path) -> None:
    """The command stands for the terminal too: it interrupts nox, and is slow to end."""
    ends = "import os, signal, sys, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(1); sys.exit(130)"
    session = Session()
    session.bin = tmp_path
    with pytest.raises(SystemExit) as caught:
        sessions.with_status(session, sys.executable, "-c", ends)
    assert caught.value.code == 130


def test_the_tests_of_every_folder_run_and_a_failure_hides_no_other(
    root: Path, sessions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    class Failing(Session):
        def run(self, *command: str) -> None:
            ran.extend(command)
            raise sessions.CommandFailed

        def error(self, text: str) -> None:
            raise SystemExit(text)

    monkeypatch.setattr(sessions, "browser", lambda _: None)
    with pytest.raises(SystemExit, match="tests failed"):
        sessions.tests(Failing())
    there = {f"tests/{each.name}" for each in (root / "tests").iterdir() if any(each.glob("**/test_*.py"))}
    assert {each for each in ran if each.startswith("tests/")} == there

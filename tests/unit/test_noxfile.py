"""The sessions hand over what they were given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("nox", reason="the sessions are nox's")


class Session:
    """Notes what would run."""

    def __init__(self, *posargs: str) -> None:
        self.posargs = list(posargs)
        self.ran: list[tuple[str, ...]] = []

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
    ],
)
def test_the_ledgers_page_is_of_what_was_measured(
    sessions: Any, arguments: tuple[str, ...], read: str, page: str
) -> None:
    session = Session(*arguments)
    sessions.ledger(session)
    assert session.ran == [("suites.ledger", *arguments), ("reports.ledger", read, "--output", page)]


def test_help_writes_nothing(sessions: Any) -> None:
    session = Session("--help")
    sessions.ledger(session)
    assert session.ran == [("suites.ledger", "--help")]
